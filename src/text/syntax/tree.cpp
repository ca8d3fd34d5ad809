#include "text/syntax/tree.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "text/syntax/node.h"

namespace sonde::text {

namespace {

/// Processor time, so that a busy machine does not change how a file is chunked.
std::int64_t thread_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000 + now.tv_nsec / 1'000'000;
}

constexpr std::uint32_t kCallsBetweenLooks = 32;  // asking for the time is a system call

struct Deadline {
  std::int64_t at_ms = 0;
  std::uint32_t calls = 0;
};

bool past_deadline(TSParseState* state) {
  auto& deadline = *static_cast<Deadline*>(state->payload);
  return ++deadline.calls % kCallsBetweenLooks == 0 && thread_milliseconds() > deadline.at_ms;
}

/// Serves the text, with a newline behind it when it has none: the scanner of Kotlin looks for
/// white space behind an annotation without asking whether the text has ended, and never returns.
const char* read_text(void* payload, std::uint32_t byte, TSPoint, std::uint32_t* length) {
  const auto& text = *static_cast<const std::string_view*>(payload);
  if (byte < text.size()) {
    *length = static_cast<std::uint32_t>(text.size() - byte);
    return text.data() + byte;
  }
  *length = byte == text.size() && !text.ends_with('\n') ? 1 : 0;
  return *length == 1 ? "\n" : "";
}

/// Bytes in ERROR nodes that no well-formed child covers. Enters only nodes that hold an error.
std::size_t error_bytes(TSNode root) {
  std::size_t errors = 0;
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  bool inside = true;
  while (inside) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    const std::size_t size = ts_node_end_byte(node) - ts_node_start_byte(node);
    if (ts_node_is_error(node)) {
      errors += size;
    }
    if (ts_node_has_error(node) && ts_tree_cursor_goto_first_child(&cursor)) {
      if (ts_node_is_error(node)) {
        // Count the children that were understood out again; nested errors count themselves.
        do {
          const TSNode child = ts_tree_cursor_current_node(&cursor);
          if (ts_node_is_named(child)) {
            errors -= ts_node_end_byte(child) - ts_node_start_byte(child);
          }
        } while (ts_tree_cursor_goto_next_sibling(&cursor));
        ts_tree_cursor_goto_parent(&cursor);
        ts_tree_cursor_goto_first_child(&cursor);
      }
      continue;
    }
    while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
      if (!ts_tree_cursor_goto_parent(&cursor)) {
        inside = false;
        break;
      }
    }
  }
  ts_tree_cursor_delete(&cursor);
  return errors;
}

/// Types of leaves that are names. Members (`property_identifier`, `field_identifier`) are not:
/// what they are members of is not known.
constexpr std::array<std::string_view, 5> kPlainNames = {
    "identifier", "simple_identifier", "name", "variable", "shorthand_property_identifier"};

}  // namespace

LanguageParser::LanguageParser(const Grammar& grammar, TSParser* parser)
    : grammar_(grammar), rules_(rules_by_symbol(grammar)), parser_(parser) {
  const TSLanguage* language = grammar.tree_sitter();
  const std::span<const EdgeRule> edges = edge_rules(grammar.language);
  edges_.assign(rules_.size(), nullptr);
  flows_.assign(rules_.size(), Flow::None);
  plain_names_.assign(rules_.size(), false);
  for (std::size_t symbol = 0; symbol < rules_.size() && !edges.empty(); ++symbol) {
    const auto id = static_cast<TSSymbol>(symbol);
    if (ts_language_symbol_type(language, id) != TSSymbolTypeRegular) {
      continue;
    }
    const std::string_view name = ts_language_symbol_name(language, id);
    const auto rule = std::find_if(edges.begin(), edges.end(),
                                   [name](const EdgeRule& edge) { return edge.type == name; });
    flows_[symbol] = flow_of(grammar.language, name);
    edges_[symbol] = rule == edges.end() ? nullptr : &*rule;
    plain_names_[symbol] =
        std::find(kPlainNames.begin(), kPlainNames.end(), name) != kPlainNames.end();
  }
}

Result<std::unique_ptr<LanguageParser>> LanguageParser::create(const Grammar& grammar) {
  TSParser* parser = ts_parser_new();
  if (parser == nullptr || !ts_parser_set_language(parser, grammar.tree_sitter())) {
    ts_parser_delete(parser);
    return Error{Code::Internal,
                 "the grammar of " + std::string(grammar.language) + " does not fit the parser"};
  }
  return std::unique_ptr<LanguageParser>(new LanguageParser(grammar, parser));
}

Result<TreePtr> LanguageParser::parse(std::string_view text) {
  if (text.size() > kMaxParsedBytes) {
    return Error{Code::Limit, "not tried on more than 2 MiB"};
  }
  const std::string rewritten =
      grammar_.rewrite == nullptr ? std::string() : grammar_.rewrite(text);
  std::string_view parsed = rewritten.empty() ? text : std::string_view(rewritten);
  Deadline deadline{thread_milliseconds() + kParseSeconds * 1'000, 0};
  const TSInput input{&parsed, read_text, TSInputEncodingUTF8, nullptr};
  const TSParseOptions options{&deadline, past_deadline};
  TreePtr tree(ts_parser_parse_with_options(parser_.get(), nullptr, input, options));
  if (tree == nullptr) {
    ts_parser_reset(parser_.get());
    return Error{Code::Limit, "given up after 5 s"};
  }
  const TSNode root = ts_tree_root_node(tree.get());
  if (ts_node_has_error(root) && error_bytes(root) * 2 > text.size()) {
    return Error{Code::Limit, "left out: most of the text is not understood"};
  }
  return tree;
}

}  // namespace sonde::text
