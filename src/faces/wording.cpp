#include "faces/wording.h"

#include <fmt/format.h>

#include <array>

namespace sonde::faces {

std::string with_commas(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) {
    digits.insert(i - 3, ",");
  }
  return digits;
}

std::string human_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"bytes", "KB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) {
    return "a while";
  }
  if (seconds < 1) {
    return fmt::format("{:.0f} ms", seconds * 1000);
  }
  if (seconds < 10) {
    return fmt::format("{:.1f} s", seconds);
  }
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) {
    return fmt::format("{} s", whole);
  }
  if (whole < 3600) {
    return fmt::format("{} min {} s", whole / 60, whole % 60);
  }
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", with_commas(number), number == 1 ? singular : plural);
}

std::string completeness_note(const library::Completeness& index) {
  std::string note;
  const auto add = [&note](const std::string& part) { note += (note.empty() ? "" : "; ") + part; };
  if (index.stale_files > 0) {
    add(counted(index.stale_files, "file", "files") + (index.stale_files == 1 ? " has" : " have") +
        " changed since the library read them");
  }
  if (!index.scan_finished) {
    add("not every file could be compared with the disk");
  }
  if (index.pending_chunks > 0) {
    add(counted(index.pending_chunks, "place is", "places are") + " not searchable by meaning yet");
  }
  if (!note.empty()) {
    note += "; `sonde index` brings it up to date";
  }
  if (index.quarantined > 0) {
    add(counted(index.quarantined, "file", "files") +
        " could not be read (`sonde status --quarantine`)");
  }
  return note;
}

}  // namespace sonde::faces
