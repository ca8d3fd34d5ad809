#pragma once
// Where a text may be cut, and where it is.
//
// A plan is a list of marks: places where a chunk may begin, each with a rank. A mark becomes a cut
// when no stronger mark stands within kCutRadius characters of it on either side. That rule looks
// at a bounded neighbourhood only, so an edit moves only the cuts beside it (greedy packing from
// the left would move all that follow), and two cuts are never closer than the radius, so small
// neighbours are joined. Strength is rank first, then a hash of the line, which spreads cuts evenly
// over places of one rank: content-defined chunking by local maxima (Bjoerner, Blass and Gurevich,
// "Content-dependent chunking for differential compression: the local maximum approach", 2010).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/chunk.h"

namespace sonde::text {

inline constexpr std::size_t kCutRadius = 375;     // characters; measured: means of 700 to 800
inline constexpr std::size_t kUnitLimit = 1'200;   // larger nodes are split at inner marks
inline constexpr std::size_t kJoinLimit = 1'500;   // joined neighbours beyond it are split again
inline constexpr std::size_t kTinyTail = 200;      // what is left between two forced cuts is joined
inline constexpr std::size_t kMaxDefines = 200;    // names in one chunk
inline constexpr std::size_t kMaxNameBytes = 200;  // longer ones are cut
inline constexpr std::size_t kMaxScopeBytes = 1'000;

/// Characters (code points) between two places of a text. Keeps a view of it.
/// Threads: safe. Cost: one pass; constant for ASCII, 256 bytes a call otherwise.
class Ruler {
 public:
  explicit Ruler(std::string_view text);
  [[nodiscard]] std::size_t before(std::size_t position) const;
  [[nodiscard]] std::size_t between(std::size_t from, std::size_t to) const {
    return before(to) - before(from);
  }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  std::vector<std::uint32_t> blocks_;  // characters before each 256th byte; empty for ASCII
};

/// What a part of the text belongs to. Number 0 of a plan is the file itself, without a symbol.
struct Owner {
  std::string symbol;
  std::string scope;
  ChunkKind kind = ChunkKind::Text;
  std::uint32_t position = 0;  // where it begins
  bool defines = false;        // it is a definition (an impl block or an extension is not)
};

/// A place where a chunk may begin.
struct Mark {
  std::uint32_t position = 0;  // the start of a line, or within a long line
  std::uint32_t anchor = 0;    // whose line is hashed: the definition behind its comments
  std::uint32_t owner = 0;     // index into Plan::owners
  std::uint32_t rank = 0;      // see line_rank and syntax_rank
  bool forced = false;         // always a cut: joining across it would lose a scope
};

struct Plan {
  std::vector<Owner> owners;
  std::vector<Mark> marks;
};

/// The rank of a mark that a syntax tree gives; above that of every line without one.
std::uint32_t syntax_rank(std::uint32_t depth, bool definition, bool blank_line_before);

/// Adds marks where more than kUnitLimit characters have none: at lines, and within lines that are
/// too long. With no marks yet, all lines become marks. Leaves the marks sorted.
void fill_with_lines(const Ruler& ruler, Plan& plan);

/// Chooses the cuts and makes the chunks. The marks must be filled.
std::vector<Chunk> make_chunks(const Ruler& ruler, const Plan& plan);

/// `a.b` from "a" and "b"; either may be empty. Cut at kMaxScopeBytes.
std::string join_scope(std::string_view outer, std::string_view inner);

}  // namespace sonde::text
