#pragma once
// UTF-8: validity, repair and walking. Everything that Sonde prints or stores as text is valid
// UTF-8; names of files are bytes and may not be.

#include <cstdint>
#include <string>
#include <string_view>

namespace sonde {

/// True when `text` is well-formed UTF-8 (no overlong forms, surrogates or values over U+10FFFF).
/// Cost: about 8 bytes a cycle on ASCII.
bool is_valid_utf8(std::string_view text);

/// `text` with every maximal ill-formed part replaced by U+FFFD (Unicode 15, section 3.9,
/// "substitution of maximal subparts").
std::string to_valid_utf8(std::string_view text);

/// The code point at `position` (< text.size()); moves `position` behind it. Ill-formed bytes give
/// U+FFFD and move by one byte or by the maximal subpart.
char32_t next_code_point(std::string_view text, std::size_t& position);

/// Appends `code_point` in UTF-8; a surrogate or a value over U+10FFFF appends U+FFFD.
void append_utf8(std::string& text, char32_t code_point);

/// The largest position <= `position` that does not cut a well-formed sequence of `text`.
std::size_t utf8_boundary_before(std::string_view text, std::size_t position);

}  // namespace sonde
