#include "text/decode.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace sonde::text {

namespace {

constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16LeBom = "\xFF\xFE";
constexpr std::string_view kUtf16BeBom = "\xFE\xFF";
constexpr std::size_t kSample = 4'096;  // bytes that decide about UTF-16 without a mark

// Windows-1252 where it differs from Latin-1: 0x80 to 0x9F. Its five holes are Latin-1's controls.
constexpr std::array<char32_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

/// UTF-16 of western text has a zero in every other byte; text in bytes has none at all.
bool zeros_alternate(std::string_view bytes, std::size_t zero_at) {
  const std::size_t pairs = std::min(bytes.size(), kSample) / 2;
  if (pairs < 2) {
    return false;
  }
  std::size_t zeros = 0;
  std::size_t others = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    zeros += bytes[2 * i + zero_at] == '\0' ? 1 : 0;
    others += bytes[2 * i + 1 - zero_at] == '\0' ? 1 : 0;
  }
  return zeros * 10 >= pairs * 7 && others * 50 <= pairs;
}

std::string from_utf16(std::string_view bytes, std::size_t high_byte) {
  std::string text;
  text.reserve(bytes.size());
  const auto unit = [&](std::size_t i) {
    const auto high = static_cast<unsigned char>(bytes[i + high_byte]);
    const auto low = static_cast<unsigned char>(bytes[i + 1 - high_byte]);
    return static_cast<char32_t>((high << 8U) | low);
  };
  std::size_t i = 0;
  for (; i + 2 <= bytes.size(); i += 2) {
    char32_t point = unit(i);
    if (point >= 0xD800 && point < 0xDC00 && i + 4 <= bytes.size()) {
      const char32_t low = unit(i + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
        i += 2;
      }
    }
    append_utf8(text, point);  // a lone surrogate becomes U+FFFD
  }
  if (i < bytes.size()) {
    append_utf8(text, 0xFFFD);
  }
  return text;
}

std::string from_latin1(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(text, byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80U] : byte);
  }
  return text;
}

}  // namespace

std::string_view encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::Utf8: return "utf-8";
    case Encoding::Utf8Bom: return "utf-8 with bom";
    case Encoding::Utf16Le: return "utf-16le";
    case Encoding::Utf16Be: return "utf-16be";
    case Encoding::Latin1: return "latin-1";
  }
  return "utf-8";
}

Encoding detect_encoding(std::string_view bytes) {
  if (bytes.starts_with(kUtf8Bom) && is_valid_utf8(bytes)) {
    return Encoding::Utf8Bom;
  }
  if (bytes.starts_with(kUtf16LeBom)) {
    return Encoding::Utf16Le;
  }
  if (bytes.starts_with(kUtf16BeBom)) {
    return Encoding::Utf16Be;
  }
  if (zeros_alternate(bytes, 1)) {
    return Encoding::Utf16Le;
  }
  if (zeros_alternate(bytes, 0)) {
    return Encoding::Utf16Be;
  }
  return is_valid_utf8(bytes) ? Encoding::Utf8 : Encoding::Latin1;
}

DecodedText decode_text(std::string_view bytes) {
  const Encoding encoding = detect_encoding(bytes);
  switch (encoding) {
    case Encoding::Utf8: return {std::string(bytes), encoding};
    case Encoding::Utf8Bom: return {std::string(bytes.substr(kUtf8Bom.size())), encoding};
    case Encoding::Utf16Le:
      return {from_utf16(bytes.starts_with(kUtf16LeBom) ? bytes.substr(2) : bytes, 1), encoding};
    case Encoding::Utf16Be:
      return {from_utf16(bytes.starts_with(kUtf16BeBom) ? bytes.substr(2) : bytes, 0), encoding};
    case Encoding::Latin1: return {from_latin1(bytes), encoding};
  }
  return {std::string(bytes), encoding};
}

}  // namespace sonde::text
