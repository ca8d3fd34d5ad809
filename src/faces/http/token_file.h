#pragma once
// The secret that requests carry: a file that only its owner can read, made at the first start.

#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace sonde::faces::http {

/// `bytes` random bytes of the kernel's as hexadecimal digits. Errors: Io.
Result<std::string> random_digits(std::size_t bytes);

/// Errors: NotFound; InvalidArgument (others may read the file, it is no regular file, or holds no
/// token: one line of 32 to 512 visible characters).
Result<std::string> read_token(io::FileSystem& files, const std::string& path);

/// The token of the file, which is made where there is none; its folder too. Errors also: Io.
Result<std::string> read_or_make_token(io::FileSystem& files, const std::string& path);

}  // namespace sonde::faces::http
