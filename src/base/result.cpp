#include "base/result.h"

namespace sonde {

const char* code_name(Code code) {
  switch (code) {
    case Code::NotFound: return "not found";
    case Code::InvalidArgument: return "invalid argument";
    case Code::Corruption: return "corruption";
    case Code::Io: return "input/output error";
    case Code::NoSpace: return "no space";
    case Code::Busy: return "busy";
    case Code::Cancelled: return "cancelled";
    case Code::Unsupported: return "unsupported";
    case Code::Limit: return "limit";
    case Code::Internal: return "internal error";
  }
  return "unknown";
}

Error Error::with_context(std::string_view context) const {
  std::string text(context);
  text += ": ";
  text += message;
  return Error{code, std::move(text)};
}

}  // namespace sonde
