#include "io/os_error.h"

#include <string>
#include <system_error>

#include "base/utf8.h"

namespace sonde::io {

namespace {
Code code_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT: return Code::NoSpace;
    case ENOENT:
    case ENOTDIR: return Code::NotFound;
    case EEXIST:
    case EISDIR:
    case ENOTEMPTY:
    case ENAMETOOLONG:
    case EINVAL: return Code::InvalidArgument;
    default: return Code::Io;
  }
}
}  // namespace

Error os_error(int error_number, std::string_view action, std::string_view what) {
  std::string message = "cannot ";
  message += action;
  message += " '";
  message += to_valid_utf8(what);
  message += "': ";
  message += std::system_category().message(error_number);
  return Error{code_of(error_number), std::move(message)};
}

}  // namespace sonde::io
