#pragma once
// The bytes of a file to UTF-8 text. Whether they are text at all is decided elsewhere.

#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde::text {

enum class Encoding {
  Utf8,
  Utf8Bom,
  Utf16Le,
  Utf16Be,
  Latin1,  // Windows-1252, of which Latin-1's printable characters are a part
};
/// "utf-8", "utf-8 with bom", "utf-16le", "utf-16be", "latin-1".
std::string_view encoding_name(Encoding encoding);

struct DecodedText {
  std::string text;  // valid UTF-8, without a byte order mark; line ends as they are
  Encoding encoding = Encoding::Utf8;
};

/// Says how `bytes` are encoded: by their byte order mark; without one, UTF-16 when every other
/// byte of the first KiBs is mostly zero; UTF-8 when it is valid; Latin-1 otherwise. Threads: safe.
/// Cost: one pass.
Encoding detect_encoding(std::string_view bytes);

/// Never fails: what is ill-formed in UTF-16 becomes U+FFFD.
/// Threads: safe. Cost: one pass; UTF-8 is copied.
DecodedText decode_text(std::string_view bytes);

}  // namespace sonde::text
