#include "text/chunk_plan.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/utf8.h"

namespace sonde::text {

namespace {

constexpr std::size_t kBlock = 256;         // bytes between two counts of a ruler
constexpr std::size_t kHashedBytes = 96;    // of a mark's line, and again of what follows it
constexpr std::uint32_t kSyntaxRanks = 8;   // ranks below are those of plain lines
constexpr std::uint32_t kDeepest = 63;      // deeper marks rank like this one
constexpr std::size_t kInlineStep = 1'000;  // characters between marks in one long line
constexpr std::size_t kInlineSearch = 300;  // of these, how many are searched for a gap
constexpr std::size_t kLongSpan = 12'000;   // characters without a cut: only where lines repeat
constexpr std::size_t kSmallestPart = 300;  // characters, when joined neighbours are split again

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::size_t count_characters(std::string_view bytes) {
  std::size_t count = 0;
  for (const char c : bytes) {
    count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  }
  return count;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::size_t line_end(std::string_view text, std::size_t from) {
  const std::size_t end = text.find('\n', from);
  return end == std::string_view::npos ? text.size() : end;
}

/// What breaks ties between marks of one rank.
struct Strength {
  std::uint32_t rank = 0;
  bool forced = false;
  std::uint64_t hash = 0;
  std::uint64_t following = 0;
};

std::uint64_t hash_trimmed(std::string_view bytes) {
  while (!bytes.empty() && is_space(bytes.front())) {
    bytes.remove_prefix(1);
  }
  while (!bytes.empty() && is_space(bytes.back())) {
    bytes.remove_suffix(1);
  }
  return checksum64(bytes.substr(0, kHashedBytes));
}

Strength strength_of(std::string_view text, const Mark& mark) {
  const std::size_t end =
      line_end(text.substr(0, std::min(text.size(), mark.anchor + kHashedBytes)), mark.anchor);
  return {mark.rank, mark.forced, hash_trimmed(text.substr(mark.anchor, end - mark.anchor)),
          hash_trimmed(text.substr(end, kHashedBytes))};
}

/// Equal marks: the one that stands first is the stronger.
bool stronger_than_later(const Strength& first, const Strength& later) {
  if (first.forced != later.forced) {
    return first.forced;
  }
  if (first.rank != later.rank) {
    return first.rank > later.rank;
  }
  if (first.hash != later.hash) {
    return first.hash > later.hash;
  }
  return first.following >= later.following;
}

/// The cuts of a plan, as indexes of marks. The text before the first mark is white.
class CutChooser {
 public:
  CutChooser(const Ruler& ruler, const Plan& plan) : marks_(plan.marks) {
    offsets_.reserve(marks_.size());
    strengths_.reserve(marks_.size());
    for (const Mark& mark : marks_) {
      offsets_.push_back(ruler.before(mark.position));
      strengths_.push_back(strength_of(ruler.text(), mark));
    }
    end_ = ruler.before(ruler.text().size());
  }

  std::vector<std::size_t> choose() {
    mark_local_maxima();
    std::vector<std::size_t> cuts{0};
    std::size_t from = 0;
    for (std::size_t i = 1; i <= marks_.size(); ++i) {
      if (i == marks_.size() || cut_[i]) {
        split_long(from, i, cuts);
        if (i < marks_.size()) {
          cuts.push_back(i);
        }
        from = i;
      }
    }
    return cuts;
  }

 private:
  [[nodiscard]] std::size_t offset(std::size_t mark) const {
    return mark < offsets_.size() ? offsets_[mark] : end_;
  }

  /// cut_[i]: no stronger mark within the radius. Two passes with a stack of decreasing strength.
  void mark_local_maxima() {
    const std::size_t count = marks_.size();
    cut_.assign(count, true);
    std::vector<std::size_t> stack;
    for (std::size_t i = 0; i < count; ++i) {
      while (!stack.empty() && !stronger_than_later(strengths_[stack.back()], strengths_[i])) {
        stack.pop_back();
      }
      const std::size_t distance = offsets_[i] - (stack.empty() ? 0 : offsets_[stack.back()]);
      cut_[i] = marks_[i].forced || distance >= kCutRadius;
      stack.push_back(i);
    }
    stack.clear();
    for (std::size_t i = count; i-- > 0;) {
      while (!stack.empty() && stronger_than_later(strengths_[i], strengths_[stack.back()])) {
        stack.pop_back();
      }
      const std::size_t distance = (stack.empty() ? end_ : offsets_[stack.back()]) - offsets_[i];
      cut_[i] = cut_[i] && (marks_[i].forced || distance >= kCutRadius);
      stack.push_back(i);
    }
  }

  /// Cuts the span from mark `from` to mark `to` further while it is longer than kJoinLimit.
  void split_long(std::size_t from, std::size_t to, std::vector<std::size_t>& cuts) const {
    std::vector<std::size_t> ends{to};
    while (!ends.empty()) {
      const std::size_t end = ends.back();
      const std::size_t length = offset(end) - offset(from);
      const std::size_t inner = length > kJoinLimit ? best_inner_mark(from, end) : end;
      if (inner != end) {
        ends.push_back(inner);
        continue;
      }
      ends.pop_back();
      if (!ends.empty()) {
        cuts.push_back(end);
      }
      from = end;
    }
  }

  /// The strongest mark that leaves both parts a fair size: the same one whatever is edited beside
  /// it. In a very long span (equal lines, all of one strength) only its beginning is looked at.
  [[nodiscard]] std::size_t best_inner_mark(std::size_t from, std::size_t to) const {
    const std::size_t length = offset(to) - offset(from);
    const std::size_t highest =
        length > kLongSpan ? kJoinLimit : length - std::min(length, kSmallestPart);
    std::size_t best = to;
    std::size_t fallback = to;
    for (std::size_t i = from + 1; i < to && offset(i) - offset(from) <= highest; ++i) {
      fallback = offset(i) - offset(from) <= kChunkLimit || fallback == to ? i : fallback;
      if (offset(i) - offset(from) >= kSmallestPart &&
          (best == to || !stronger_than_later(strengths_[best], strengths_[i]))) {
        best = i;
      }
    }
    if (best != to || length <= kChunkLimit) {
      return best;
    }
    return fallback != to ? fallback : std::min(from + 1, to);
  }

  const std::vector<Mark>& marks_;
  std::vector<std::size_t> offsets_;
  std::vector<Strength> strengths_;
  std::vector<bool> cut_;
  std::size_t end_ = 0;
};

bool is_strong(ChunkKind kind) {
  return kind == ChunkKind::Function || kind == ChunkKind::Class || kind == ChunkKind::Type;
}

/// The owner that names a chunk: what it continues, or the first thing of weight it defines.
const Owner& primary_owner(const Plan& plan, const Owner& start, std::uint32_t begin,
                           const std::vector<const Owner*>& defined) {
  const bool continues = !start.symbol.empty() && start.position < begin;
  if (continues && start.kind == ChunkKind::Function) {
    return start;
  }
  for (const Owner* owner : defined) {
    if (is_strong(owner->kind)) {
      return *owner;
    }
  }
  if (continues || defined.empty()) {
    return start;
  }
  return defined.empty() ? plan.owners.front() : *defined.front();
}

/// Turns spans into chunks in one pass over the text: counts lines, trims, names.
class ChunkMaker {
 public:
  ChunkMaker(const Ruler& ruler, const Plan& plan)
      : text_(ruler.text()), ruler_(ruler), plan_(plan) {
    for (const Owner& owner : plan.owners) {
      if (owner.defines) {
        definitions_.push_back(&owner);
      }
    }
    std::stable_sort(definitions_.begin(), definitions_.end(),
                     [](const Owner* a, const Owner* b) { return a->position < b->position; });
  }

  void add(const Mark& mark, std::size_t end) {
    std::size_t begin = mark.position;
    while (begin < end && is_space(text_[begin])) {
      ++begin;
    }
    if (begin == end) {
      return;
    }
    begin = start_of_indentation(begin, mark.position);
    const std::size_t span_end = end;
    while (is_space(text_[end - 1])) {
      --end;
    }
    Chunk chunk;
    chunk.start_byte = static_cast<std::uint32_t>(begin);
    chunk.end_byte = static_cast<std::uint32_t>(end);
    chunk.start_line = count_lines_to(begin);
    chunk.end_line = count_lines_to(end);
    name(chunk, plan_.owners[mark.owner], span_end);
    if (!joins_previous(mark, chunk)) {
      chunks_.push_back(std::move(chunk));
    }
  }

  std::vector<Chunk> take() { return std::move(chunks_); }

 private:
  [[nodiscard]] std::size_t start_of_indentation(std::size_t position, std::size_t lowest) const {
    while (position > lowest && text_[position - 1] != '\n') {
      --position;
    }
    return position;
  }

  std::uint32_t count_lines_to(std::size_t position) {
    const std::string_view part = text_.substr(counted_, position - counted_);
    line_ += static_cast<std::uint32_t>(std::count(part.begin(), part.end(), '\n'));
    counted_ = position;
    return line_;
  }

  void name(Chunk& chunk, const Owner& start, std::size_t span_end) {
    std::vector<const Owner*> defined;
    for (; next_ < definitions_.size() && definitions_[next_]->position < span_end; ++next_) {
      defined.push_back(definitions_[next_]);
      const std::string& symbol = definitions_[next_]->symbol;
      if (chunk.defines.size() < kMaxDefines &&
          std::find(chunk.defines.begin(), chunk.defines.end(), symbol) == chunk.defines.end()) {
        chunk.defines.push_back(symbol);
      }
    }
    const Owner& owner = primary_owner(plan_, start, chunk.start_byte, defined);
    chunk.kind = owner.kind;
    chunk.symbol = owner.symbol;
    chunk.scope = owner.scope;
  }

  /// A few lines between two forced cuts are no chunk of their own, unless they define something.
  bool joins_previous(const Mark& mark, const Chunk& chunk) {
    if (!mark.forced || chunks_.empty() || is_strong(chunk.kind) ||
        ruler_.between(chunk.start_byte, chunk.end_byte) >= kTinyTail ||
        ruler_.between(chunks_.back().start_byte, chunk.end_byte) > kJoinLimit) {
      return false;
    }
    Chunk& previous = chunks_.back();
    previous.end_byte = chunk.end_byte;
    previous.end_line = chunk.end_line;
    for (const std::string& name : chunk.defines) {
      if (previous.defines.size() < kMaxDefines &&
          std::find(previous.defines.begin(), previous.defines.end(), name) ==
              previous.defines.end()) {
        previous.defines.push_back(name);
      }
    }
    return true;
  }

  std::string_view text_;
  const Ruler& ruler_;
  const Plan& plan_;
  std::vector<const Owner*> definitions_;
  std::size_t next_ = 0;
  std::size_t counted_ = 0;
  std::uint32_t line_ = 1;
  std::vector<Chunk> chunks_;
};

/// Marks at every line of a span, and within lines that are too long.
class LineMarker {
 public:
  LineMarker(const Ruler& ruler, std::vector<Mark>& marks) : ruler_(ruler), marks_(marks) {}

  /// @param from  a mark's position, itself not marked again unless it is the start of the text
  void add(std::size_t from, std::size_t to, std::uint32_t owner) {
    const std::string_view text = ruler_.text();
    bool blank_before = false;
    for (std::size_t line = from; line < to;) {
      const std::size_t end = std::min(line_end(text, line), to);
      const std::size_t first = text.find_first_not_of(" \t\r\f\v", line);
      const bool blank = first == std::string_view::npos || first >= end;
      if (!blank && line != from) {
        push(line, owner, line_rank(first - line, blank_before));
      }
      if (!blank) {
        add_within_line(line, end, owner);
      }
      blank_before = blank;
      line = end + 1;
    }
  }

 private:
  static std::uint32_t line_rank(std::size_t indentation, bool blank_before) {
    const std::uint32_t shallow =
        3 - static_cast<std::uint32_t>(std::min<std::size_t>(indentation / 2, 3));
    return (blank_before ? 4U : 0U) + shallow;
  }

  void push(std::size_t position, std::uint32_t owner, std::uint32_t rank) {
    const auto at = static_cast<std::uint32_t>(position);
    marks_.push_back({at, at, owner, rank, false});
  }

  void add_within_line(std::size_t begin, std::size_t end, std::uint32_t owner) {
    const std::string_view text = ruler_.text();
    // Four bytes a character at most, so a shorter line needs no count.
    while (end - begin > kUnitLimit && ruler_.between(begin, end) > kUnitLimit) {
      std::size_t cut = begin;
      for (std::size_t i = 0; i < kInlineStep; ++i) {
        next_code_point(text, cut);
      }
      const std::size_t lowest = cut - kInlineSearch;
      const std::size_t gap = text.find_last_of(" \t,;>}", cut - 1);
      if (gap != std::string_view::npos && gap >= lowest && gap + 1 > begin) {
        cut = gap + 1;
      }
      push(cut, owner, 0);
      begin = cut;
    }
  }

  const Ruler& ruler_;
  std::vector<Mark>& marks_;
};

}  // namespace

Ruler::Ruler(std::string_view text) : text_(text) {
  if (is_ascii(text)) {
    return;
  }
  blocks_.reserve(text.size() / kBlock + 1);
  std::size_t count = 0;
  for (std::size_t i = 0; i <= text.size(); i += kBlock) {
    blocks_.push_back(static_cast<std::uint32_t>(count));
    count += count_characters(text.substr(i, kBlock));
  }
}

std::size_t Ruler::before(std::size_t position) const {
  if (blocks_.empty()) {
    return position;
  }
  const std::size_t block = position / kBlock;
  return blocks_[block] + count_characters(text_.substr(block * kBlock, position % kBlock));
}

std::uint32_t syntax_rank(std::uint32_t depth, bool definition, bool blank_line_before) {
  return kSyntaxRanks + (kDeepest - std::min(depth, kDeepest)) * 4 + (definition ? 2U : 0U) +
         (blank_line_before ? 1U : 0U);
}

void fill_with_lines(const Ruler& ruler, Plan& plan) {
  std::vector<Mark>& marks = plan.marks;
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) {
    return a.position != b.position ? a.position < b.position : a.rank > b.rank;
  });
  // Of two marks in one place the stronger stays, with the forcing of both.
  std::vector<Mark> filled;
  filled.reserve(marks.size() + 1);
  for (const Mark& mark : marks) {
    if (!filled.empty() && filled.back().position == mark.position) {
      filled.back().forced = filled.back().forced || mark.forced;
    } else {
      filled.push_back(mark);
    }
  }
  if (filled.empty() || filled.front().position != 0) {
    filled.insert(filled.begin(), Mark{});
  }
  const bool all_lines = marks.empty();
  const std::size_t count = filled.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = filled[i].position;
    const std::size_t end = i + 1 < count ? filled[i + 1].position : ruler.text().size();
    if (all_lines || ruler.between(begin, end) > kUnitLimit) {
      LineMarker(ruler, filled).add(begin, end, filled[i].owner);
    }
  }
  std::stable_sort(filled.begin(), filled.end(),
                   [](const Mark& a, const Mark& b) { return a.position < b.position; });
  marks = std::move(filled);
}

std::vector<Chunk> make_chunks(const Ruler& ruler, const Plan& plan) {
  ChunkMaker maker(ruler, plan);
  const std::vector<std::size_t> cuts = CutChooser(ruler, plan).choose();
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const std::size_t end =
        i + 1 < cuts.size() ? plan.marks[cuts[i + 1]].position : ruler.text().size();
    maker.add(plan.marks[cuts[i]], end);
  }
  return maker.take();
}

std::string join_scope(std::string_view outer, std::string_view inner) {
  std::string joined(outer);
  if (!outer.empty() && !inner.empty()) {
    joined += '.';
  }
  joined += inner;
  if (joined.size() > kMaxScopeBytes) {
    joined.resize(utf8_boundary_before(joined, kMaxScopeBytes));
  }
  return joined;
}

}  // namespace sonde::text
