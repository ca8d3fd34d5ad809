#pragma once
// Numbers and states as all faces say them to people.

#include <cstdint>
#include <string>
#include <string_view>

#include "library/library.h"

namespace sonde::faces {

/// "1,234,567".
std::string with_commas(std::uint64_t number);
/// "3.4 MB", powers of 1024.
std::string human_size(std::uint64_t bytes);
/// "850 ms", "12 s", "3 min 20 s", "2 h 5 min".
std::string human_duration(double seconds);
/// "1 file", "2,000 files".
std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural);

/// What is to be said about how complete an answer is; empty when it is.
/// "3 files changed since they were read; ... `sonde index` brings the library up to date"
std::string completeness_note(const library::Completeness& index);

}  // namespace sonde::faces
