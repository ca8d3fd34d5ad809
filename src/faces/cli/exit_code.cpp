#include "faces/cli/exit_code.h"

namespace sonde::faces::cli {

int exit_code_of(Code code) {
  switch (code) {
    case Code::Corruption: return kNeedsRepair;
    case Code::Busy: return kHeld;
    case Code::Cancelled: return kInterrupted;
    case Code::NotFound:
    case Code::InvalidArgument:
    case Code::Io:
    case Code::NoSpace:
    case Code::Unsupported:
    case Code::Limit:
    case Code::Internal: return kFailure;
  }
  return kFailure;
}

}  // namespace sonde::faces::cli
