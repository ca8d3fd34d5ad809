#pragma once
// The numbers of docs/formats/segment.md and its table of sections.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/block_file.h"

namespace sonde::index::format {

inline constexpr std::string_view kMagic = "SONDESEG";
inline constexpr std::uint32_t kVersion = 2;
inline constexpr std::size_t kHeadBytes = 16;
inline constexpr std::size_t kTrailerBytes = 24;
inline constexpr std::size_t kFooterFixedBytes = 24;
inline constexpr std::size_t kSectionEntryBytes = 24;
inline constexpr std::uint32_t kSectionRequired = 1;

inline constexpr std::size_t kFileRowBytes = 52;
inline constexpr std::size_t kDocRowBytes = 28;

// Limits; a builder gives Limit beyond them, a reader Corruption.
inline constexpr std::uint32_t kIdLimit = (1U << 30) - 1;  // docs, and files
inline constexpr std::size_t kStringLimit = 65'535;        // path, symbol, scope
inline constexpr std::size_t kNameLimit = 4'096;           // source, language
inline constexpr std::size_t kNamesLimit = 65'535;         // distinct sources, distinct languages
inline constexpr std::size_t kTermLimit = 255;
inline constexpr std::size_t kKeyLimit = kTermLimit + 1;
inline constexpr std::uint32_t kFrequencyLimit = 1U << 24;
inline constexpr std::uint32_t kSectionLimit = 64;

// Terms.
inline constexpr std::size_t kTermsPerBlock = 64;
inline constexpr std::size_t kGroupBytes = 1024 * 1024;  // postings and positions that end a group
inline constexpr std::uint32_t kInlineDocs = 4;
inline constexpr std::uint32_t kInlineOccurrences = 8;
// A term is at most three varints, its key and an inline list: far below 512 bytes.
inline constexpr std::size_t kTermBlockLimitBytes = kTermsPerBlock * 512 + 32;

enum class SectionKind : std::uint32_t {
  DocStrings = 1,
  Files = 2,
  Paths = 3,
  FirstDocs = 4,
  Names = 5,
  Docs = 6,
  Kinds = 7,
  Lengths = 8,
  Terms = 9,
  TermIndex = 10,
  Embedded = 11,
};
inline constexpr std::size_t kKnownSections = 11;
inline constexpr std::size_t kHashBytes = 16;

struct Section {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// What the footer says.
struct Layout {
  std::uint32_t files = 0;
  std::uint32_t docs = 0;
  std::uint64_t body_length = 0;
  std::uint32_t analyzer_version = 0;
  std::array<Section, kKnownSections> sections;

  [[nodiscard]] const Section& at(SectionKind kind) const {
    return sections[static_cast<std::size_t>(kind) - 1];
  }
  [[nodiscard]] Section& at(SectionKind kind) {
    return sections[static_cast<std::size_t>(kind) - 1];
  }
};

/// The 16 bytes a segment begins with.
std::string head();
/// The zeroes, footer and trailer that end a segment whose sections end at `position`.
std::string tail(const Layout& layout, std::uint64_t position);
/// Reads and checks head, trailer and footer. Errors: Corruption, Unsupported, Io.
Result<Layout> read_layout(io::ByteSource& source);

}  // namespace sonde::index::format
