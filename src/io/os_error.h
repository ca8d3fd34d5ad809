#pragma once
// Turns errno into an Error whose message says what was tried, on what, and why it failed.

#include <cerrno>
#include <string_view>

#include "base/result.h"

namespace sonde::io {

/// "cannot ACTION 'WHAT': REASON". ENOSPC and EDQUOT become NoSpace; ENOENT and ENOTDIR NotFound;
/// EEXIST, EISDIR, ENOTEMPTY, ENAMETOOLONG and EINVAL InvalidArgument; the rest Io.
Error os_error(int error_number, std::string_view action, std::string_view what);

/// Calls `call` until it does not fail with EINTR; returns what it returned.
template <typename Call>
auto retry_interrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) {
      return result;
    }
  }
}

}  // namespace sonde::io
