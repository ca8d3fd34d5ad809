#include "base/utf8.h"

#include <cstring>

namespace sonde {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// Decodes one sequence at the start of `text`. `length` becomes the bytes consumed: the whole
/// sequence, or the maximal ill-formed subpart (then the result is U+FFFD and `valid` is false).
char32_t decode(std::string_view text, std::size_t& length, bool& valid) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  valid = true;
  length = 1;
  if (first < 0x80) {
    return first;
  }
  std::size_t need = 0;
  char32_t value = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    need = 1;
    value = first & 0x1FU;
  } else if (first >= 0xE0 && first <= 0xEF) {
    need = 2;
    value = first & 0x0FU;
    low = first == 0xE0 ? 0xA0 : 0x80;
    high = first == 0xED ? 0x9F : 0xBF;
  } else if (first >= 0xF0 && first <= 0xF4) {
    need = 3;
    value = first & 0x07U;
    low = first == 0xF0 ? 0x90 : 0x80;
    high = first == 0xF4 ? 0x8F : 0xBF;
  } else {
    valid = false;
    return kReplacement;
  }
  for (std::size_t i = 0; i < need; ++i) {
    if (length >= text.size() || byte(length) < low || byte(length) > high) {
      valid = false;
      return kReplacement;
    }
    value = (value << 6) | (byte(length) & 0x3FU);
    low = 0x80;
    high = 0xBF;
    ++length;
  }
  return value;
}

std::size_t ascii_prefix(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080808080808080ULL) != 0) {
      break;
    }
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) {
    ++i;
  }
  return i;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(ascii_prefix(text));
    while (!text.empty() && static_cast<unsigned char>(text.front()) >= 0x80) {
      std::size_t length = 0;
      bool valid = false;
      decode(text, length, valid);
      if (!valid) {
        return false;
      }
      text.remove_prefix(length);
    }
  }
  return true;
}

std::string to_valid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t ascii = ascii_prefix(text);
    result += text.substr(0, ascii);
    text.remove_prefix(ascii);
    while (!text.empty() && static_cast<unsigned char>(text.front()) >= 0x80) {
      std::size_t length = 0;
      bool valid = false;
      append_utf8(result, decode(text, length, valid));
      text.remove_prefix(length);
    }
  }
  return result;
}

char32_t next_code_point(std::string_view text, std::size_t& position) {
  std::size_t length = 0;
  bool valid = false;
  const char32_t value = decode(text.substr(position), length, valid);
  position += length;
  return value;
}

void append_utf8(std::string& text, char32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
    code_point = kReplacement;
  }
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xC0 | (code_point >> 6));
    add(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    add(0xE0 | (code_point >> 12));
    add(0x80 | ((code_point >> 6) & 0x3F));
    add(0x80 | (code_point & 0x3F));
  } else {
    add(0xF0 | (code_point >> 18));
    add(0x80 | ((code_point >> 12) & 0x3F));
    add(0x80 | ((code_point >> 6) & 0x3F));
    add(0x80 | (code_point & 0x3F));
  }
}

std::size_t utf8_boundary_before(std::string_view text, std::size_t position) {
  if (position >= text.size()) {
    return text.size();
  }
  std::size_t start = position;
  for (int back = 0; back < 3 && start > 0; ++back) {
    if ((static_cast<unsigned char>(text[start]) & 0xC0) != 0x80) {
      break;
    }
    --start;
  }
  std::size_t length = 0;
  bool valid = false;
  decode(text.substr(start), length, valid);
  return valid && start + length > position ? start : position;
}

}  // namespace sonde
