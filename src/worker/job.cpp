#include "worker/job.h"

namespace sonde::worker {

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::Done: return "done";
    case Outcome::Failed: return "failed";
    case Outcome::Crashed: return "crashed";
    case Outcome::TimedOut: return "timed out";
    case Outcome::OutOfMemory: return "out of memory";
    case Outcome::Garbled: return "garbled";
    case Outcome::Cancelled: return "cancelled";
    case Outcome::Unavailable: return "unavailable";
  }
  return "unknown";
}

}  // namespace sonde::worker
