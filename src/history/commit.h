#pragma once
// A commit as the search over history sees it: its message and what it changed.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/result.h"

namespace sonde::history {

// What is read of a repository. More is left out, and answers say so.
inline constexpr std::size_t kCommitLimit = 100'000;             // commits, the newest
inline constexpr std::size_t kFileLimit = 300;                   // changed files of one commit
inline constexpr std::size_t kRenameLimit = 100;                 // files compared to find renames
inline constexpr std::size_t kHunkTextLimit = 64 * 1024;         // bytes of one commit's lines
inline constexpr std::size_t kHunkLimit = 512;                   // of one commit
inline constexpr std::size_t kPieceBytes = 4 * 1024;             // a longer hunk is several
inline constexpr std::uint64_t kContentLimitBytes = 1ULL << 20;  // a larger file is not compared
inline constexpr std::size_t kMessageLimit = 16 * 1024;          // bytes
inline constexpr std::size_t kNameLimit = 1024;     // bytes of an author's name or address
inline constexpr std::size_t kPathLimit = 4096;     // bytes of a path
inline constexpr std::size_t kFunctionLimit = 200;  // bytes of the enclosing line

/// A commit's name, SHA-1.
struct CommitId {
  std::array<std::uint8_t, 20> bytes{};

  auto operator<=>(const CommitId&) const = default;
  /// 40 lower-case hexadecimal digits.
  [[nodiscard]] std::string hex() const;
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// Nothing unless it is 40 hexadecimal digits.
  static std::optional<CommitId> from_hex(std::string_view hex);
};

/// Lines of one file that a commit changed, next to each other.
struct Hunk {
  std::string path;
  std::string old_path;          // when the file was renamed; else empty
  std::uint32_t start_line = 0;  // in the new file; 0: no line (a rename, what was not compared)
  std::uint32_t end_line = 0;    // of lines taken out: the line before which they stood, twice
  std::string function;  // the line that begins what encloses it, as far as git's rule finds it
  std::string text;      // the lines, each with "+" or "-" before it
};

/// Why lines of a commit are not there.
enum Missing : std::uint8_t {
  kParentMissing = 1,   // a shallow clone ends here: nothing to compare with
  kObjectMissing = 2,   // a partial clone, or damage
  kFilesLeftOut = 4,    // more than kFileLimit
  kTextCut = 8,         // more than kHunkTextLimit or kHunkLimit
  kLargeLeftOut = 16,   // a file of more than kContentLimitBytes
  kBinaryLeftOut = 32,  // nothing that a search could want
  kUnreadable = 64,     // the commit cannot be read at all; only its id is there
};

struct Commit {
  CommitId id;
  std::int64_t time_s = 0;      // when it was written, since 1970-01-01 UTC
  std::int32_t offset_min = 0;  // of the author's clock from UTC
  std::string author;
  std::string email;
  std::string message;
  std::uint32_t parents = 0;
  std::uint32_t files = 0;   // that it changed
  std::uint8_t missing = 0;  // bits of Missing
  bool elsewhere = false;    // changes nothing below the folder that is looked at
  std::vector<Hunk> hunks;

  /// The message's first line.
  [[nodiscard]] std::string_view subject() const;
};

void encode_commit(ByteWriter& writer, const Commit& commit);
/// Errors: Corruption, Limit (a field longer than what is ever written).
Result<Commit> decode_commit(ByteReader& reader);

/// At most `limit` bytes of it, cut between characters.
std::string_view cut_text(std::string_view text, std::size_t limit);

}  // namespace sonde::history
