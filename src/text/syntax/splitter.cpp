#include "text/syntax/splitter.h"

#include <algorithm>
#include <utility>

#include "text/syntax/node.h"

namespace sonde::text {

namespace {

constexpr std::size_t kMaxOwners = 200'000;     // definitions in one text; more get no name
constexpr std::size_t kMaxIndentation = 1'000;  // bytes before a node that starts its line
constexpr std::uint32_t kTopDepth = 1;          // "near the root", for kCollectAtTop

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

/// Comments and attributes that wait for the node they belong to.
struct Pending {
  std::uint32_t start = 0;
  std::uint32_t end = 0;
  bool waiting = false;
  bool sticky = false;  // an attribute: blank lines do not part it from its node
};

/// A node that was entered.
struct Frame {
  std::uint32_t owner = 0;     // what its text belongs to
  std::uint32_t depth = 0;     // of its children's marks
  std::uint32_t previous = 0;  // the definition before the current child; 0: none
  bool opened = false;         // what follows belongs to `previous`
  bool in_function = false;    // constants here are local variables
  bool wrapper = false;
  bool transparent = false;
  bool quiet = false;       // only names are collected
  bool forces_cut = false;  // a definition: what follows must not be joined to its last part
  Pending pending;
};

class Splitter {
 public:
  Splitter(const LanguageParser& parser, const Ruler& ruler)
      : parser_(parser), ruler_(ruler), text_(ruler.text()) {
    Owner file;
    file.kind = parser.grammar().other;
    plan_.owners.push_back(std::move(file));
  }

  Plan run(TSTree* tree) {
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
    frames_.emplace_back();
    bool more = ts_tree_cursor_goto_first_child(&cursor);
    while (more) {
      if (visit(ts_tree_cursor_current_node(&cursor)) && ts_tree_cursor_goto_first_child(&cursor)) {
        frames_.push_back(entered_);
        continue;
      }
      while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
        leave();
        if (frames_.empty() || !ts_tree_cursor_goto_parent(&cursor)) {
          more = false;
          break;
        }
      }
    }
    ts_tree_cursor_delete(&cursor);
    return std::move(plan_);
  }

 private:
  /// Handles one child of the current frame; true when it shall be entered, as entered_ says.
  bool visit(TSNode node) {
    if (!ts_node_is_named(node)) {
      return false;
    }
    const NodeRule* rule = parser_.rule(node);
    const std::uint32_t flags = ts_node_is_error(node) ? kTransparent : (rule ? rule->flags : 0);
    if ((flags & (kComment | kAttribute)) != 0) {
      wait(node, (flags & kAttribute) != 0 || is_doc_comment(node));
      return false;
    }
    if ((flags & kTransparent) != 0) {
      return enter_transparent();
    }
    if ((flags & kWrapper) != 0 && wraps_definition(node)) {
      return enter_wrapper(node);
    }
    Found found;
    if (rule != nullptr && rule->describe != nullptr) {
      found.kind = rule->kind;
      rule->describe(text_, node, found);
      if (found.attribute) {
        wait(node, true);
        return false;
      }
    }
    if (frames_.back().in_function && found.kind == ChunkKind::Constant) {
      found.names.clear();
    }
    return place(node, flags, found);
  }

  // --- comments and attributes

  void wait(TSNode node, bool sticky) {
    Frame& frame = frames_.back();
    if (frame.quiet) {
      return;
    }
    const std::uint32_t start = start_of(node);
    if (!frame.pending.waiting && !starts_line(start)) {
      return;  // behind something on its line, and part of that
    }
    if (frame.pending.waiting && !frame.pending.sticky &&
        blank_line_between(frame.pending.end, start)) {
      flush(frame);
    }
    if (!frame.pending.waiting) {
      frame.pending = {start, start, true, false};
    }
    frame.pending.end = trimmed_end(node);
    frame.pending.sticky = frame.pending.sticky || sticky;
  }

  /// Comments that document what follows by their form, also across a blank line.
  [[nodiscard]] bool is_doc_comment(TSNode node) const {
    const std::string_view start = text_.substr(start_of(node), 3);
    return start == "///" || start == "/**";
  }

  /// What waits belongs to nothing: a place of its own.
  void flush(Frame& frame) {
    if (frame.pending.waiting) {
      mark(frame.pending.start, frame.pending.start, current_owner(frame), frame.depth, false);
      frame.pending.waiting = false;
    }
  }

  /// Where the unit of `node` starts: at its comments and attributes, if they belong to it.
  std::uint32_t unit_start(Frame& frame, std::uint32_t node_start) {
    if (!frame.pending.waiting) {
      return node_start;
    }
    if (!frame.pending.sticky && blank_line_between(frame.pending.end, node_start)) {
      flush(frame);
      return node_start;
    }
    frame.pending.waiting = false;
    return frame.pending.start;
  }

  // --- entering

  bool enter_transparent() {
    Frame& frame = frames_.back();
    entered_ = frame;
    entered_.wrapper = false;
    entered_.transparent = true;
    entered_.forces_cut = false;
    frame.pending.waiting = false;  // it went along
    return true;
  }

  bool enter_wrapper(TSNode node) {
    Frame& frame = frames_.back();
    entered_ = frame;
    entered_.wrapper = true;
    entered_.transparent = false;
    entered_.forces_cut = false;
    if (!frame.quiet) {
      const std::uint32_t start = start_of(node);
      entered_.pending = {unit_start(frame, start), start, true, true};
    }
    return true;
  }

  [[nodiscard]] bool wraps_definition(TSNode node) const {
    for (int depth = 0; depth < 4; ++depth) {
      TSNode inner{};
      bool defines = false;
      each_child(node, [&](TSNode child, std::string_view) {
        const NodeRule* rule = ts_node_is_error(child) ? nullptr : parser_.rule(child);
        if (rule == nullptr) {
          return true;
        }
        defines = rule->describe != nullptr && (rule->flags & kComment) == 0;
        inner = (rule->flags & (kWrapper | kTransparent)) != 0 ? child : inner;
        return !defines && none(inner);
      });
      if (defines || none(inner)) {
        return defines;
      }
      node = inner;
    }
    return false;
  }

  void leave() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.transparent && !frames_.empty()) {
      Frame& parent = frames_.back();
      parent.pending = frame.pending;
      parent.previous = frame.previous;
      parent.opened = frame.opened;
    } else if (!frame.quiet) {
      flush(frame);
    }
    force_next_ = force_next_ || frame.forces_cut;
  }

  // --- places

  /// Marks the node's start, notes what it defines, and says whether to enter it.
  bool place(TSNode node, std::uint32_t flags, Found& found) {
    Frame& frame = frames_.back();
    const bool defines = !found.names.empty();
    if (frame.wrapper && !defines) {
      return false;  // type parameters and the like; what waits is for the definition
    }
    const std::uint32_t start = start_of(node);
    const bool again = defines && repeats(frame, found);
    const std::uint32_t owner = owner_for(frame, start, flags, found);
    bool large = false;
    if (!frame.quiet) {
      large = ruler_.between(start, end_of(node)) > kUnitLimit;
      place_marks(frame, node, flags, owner, defines && !again, large);
    }
    if ((flags & kFileScope) != 0 && defines && none(field(node, "body"))) {
      frame.owner = owner;
      return false;
    }
    if (defines) {
      frame.previous = owner;
      frame.opened = (flags & kOpens) != 0;
      frame.depth += frame.wrapper ? 1 : 0;  // the next of a group stands below the group
    }
    return enters(frame, flags, found, owner, large);
  }

  void place_marks(Frame& frame, TSNode node, std::uint32_t flags, std::uint32_t owner,
                   bool defines, bool large) {
    const std::uint32_t start = start_of(node);
    if ((flags & kContinues) != 0 && frame.previous != 0) {
      return;
    }
    const std::uint32_t unit = unit_start(frame, start);
    const std::uint32_t depth = frame.depth + (frame.opened && !defines ? 1 : 0);
    mark(unit, start, owner, depth, defines);
    if (unit != start && (large || ruler_.between(unit, end_of(node)) > kUnitLimit)) {
      mark(start, start, owner, depth + 1, false);
    }
  }

  bool enters(const Frame& frame, std::uint32_t flags, const Found& found, std::uint32_t owner,
              bool large) {
    const bool collects =
        (flags & kCollect) != 0 || ((flags & kCollectAtTop) != 0 && frame.depth <= kTopDepth);
    if (!large && !collects) {
      return false;
    }
    const bool defines = !found.names.empty();
    entered_ = Frame{};
    entered_.owner = owner;
    entered_.depth = frame.depth + 1;
    entered_.quiet = !large;
    entered_.forces_cut = large && defines;
    entered_.in_function = defines ? found.kind == ChunkKind::Function : frame.in_function;
    return true;
  }

  /// A clause or a signature of what was just defined, or an overload: a weaker place to cut.
  [[nodiscard]] bool repeats(const Frame& frame, const Found& found) const {
    const Owner& previous = plan_.owners[frame.previous];
    return frame.previous != 0 && previous.symbol == found.names.front() &&
           previous.kind == found.kind && previous.defines == found.defines;
  }

  static std::uint32_t current_owner(const Frame& frame) {
    return frame.opened && frame.previous != 0 ? frame.previous : frame.owner;
  }

  /// The owner of a node's text: a new one when it defines something.
  std::uint32_t owner_for(const Frame& frame, std::uint32_t start, std::uint32_t flags,
                          Found& found) {
    if (found.names.empty() || plan_.owners.size() + found.names.size() > kMaxOwners) {
      return (flags & kContinues) != 0 && frame.previous != 0 ? frame.previous
                                                              : current_owner(frame);
    }
    const Owner& around = plan_.owners[frame.owner];
    const std::string scope = join_scope(join_scope(around.scope, around.symbol), found.scope);
    const auto first = static_cast<std::uint32_t>(plan_.owners.size());
    for (std::string& name : found.names) {
      plan_.owners.push_back({name, scope, found.kind, start, found.defines});
    }
    return first;
  }

  /// A chunk may begin at `position`, if it starts its line or its line is too long for one.
  void mark(std::uint32_t position, std::uint32_t anchor, std::uint32_t owner, std::uint32_t depth,
            bool definition) {
    const bool at_start = starts_line(position);
    if (!at_start && line_end_ - line_start_ <= kUnitLimit) {
      return;
    }
    const auto place = static_cast<std::uint32_t>(at_start ? line_start_ : position);
    const bool blank = at_start && blank_line_before(line_start_);
    plan_.marks.push_back(
        {place, anchor, owner, syntax_rank(depth, definition, blank), force_next_});
    force_next_ = false;
  }

  // --- lines

  // The parser saw a newline behind a text without one.
  [[nodiscard]] std::uint32_t start_of(TSNode node) const {
    return std::min(ts_node_start_byte(node), static_cast<std::uint32_t>(text_.size()));
  }
  [[nodiscard]] std::uint32_t end_of(TSNode node) const {
    return std::min(ts_node_end_byte(node), static_cast<std::uint32_t>(text_.size()));
  }

  /// Moves line_start_ and line_end_ to the line of `position`; positions mostly ascend.
  void find_line(std::size_t position) {
    if (position >= line_start_ && position <= line_end_ && line_end_ != 0) {
      return;
    }
    const std::size_t before =
        position == 0 ? std::string_view::npos : text_.rfind('\n', position - 1);
    line_start_ = before == std::string_view::npos ? 0 : before + 1;
    line_end_ = std::min(text_.find('\n', position), text_.size());
  }

  bool starts_line(std::size_t position) {
    find_line(position);
    const std::string_view before = text_.substr(line_start_, position - line_start_);
    return before.size() <= kMaxIndentation && std::all_of(before.begin(), before.end(), is_blank);
  }

  [[nodiscard]] bool blank_line_before(std::size_t line) const {
    if (line == 0) {
      return true;
    }
    std::size_t i = line - 1;  // the newline that ends the line before
    while (i > 0 && line - i < kMaxIndentation && is_blank(text_[i - 1])) {
      --i;
    }
    return i == 0 || text_[i - 1] == '\n';
  }

  [[nodiscard]] bool blank_line_between(std::size_t from, std::size_t to) const {
    if (to <= from) {
      return false;
    }
    const std::string_view part = text_.substr(from, std::min(to - from, kMaxIndentation));
    return std::count(part.begin(), part.end(), '\n') > 1;
  }

  /// Some comments end with their line's newline.
  [[nodiscard]] std::uint32_t trimmed_end(TSNode node) const {
    const std::uint32_t start = start_of(node);
    std::uint32_t end = end_of(node);
    while (end > start && (is_blank(text_[end - 1]) || text_[end - 1] == '\n')) {
      --end;
    }
    return end;
  }

  const LanguageParser& parser_;
  const Ruler& ruler_;
  const std::string_view text_;
  Plan plan_;
  std::vector<Frame> frames_;
  Frame entered_;
  bool force_next_ = false;
  std::size_t line_start_ = 0;
  std::size_t line_end_ = 0;
};

}  // namespace

Plan plan_from_tree(const LanguageParser& parser, TSTree* tree, const Ruler& ruler) {
  return Splitter(parser, ruler).run(tree);
}

}  // namespace sonde::text
