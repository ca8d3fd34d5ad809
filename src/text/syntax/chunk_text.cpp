#include <memory>
#include <unordered_map>

#include "base/utf8.h"
#include "text/chunk.h"
#include "text/chunk_job.h"
#include "text/syntax/leaks.h"
#include "text/syntax/notebook.h"
#include "text/syntax/splitter.h"
#include "text/syntax/structure_walk.h"

namespace sonde::text {

namespace {

/// One parser a language, kept for the life of a thread: making one costs more than a small file.
class Parsers {
 public:
  Result<LanguageParser*> of(const Grammar& grammar) {
    auto& parser = parsers_[grammar.language];
    if (parser == nullptr) {
      TRY_ASSIGN(parser, LanguageParser::create(grammar));
    }
    return parser.get();
  }

 private:
  std::unordered_map<std::string_view, std::unique_ptr<LanguageParser>> parsers_;
};

Result<ChunkedText> chunk_by_tree(LanguageParser& parser, std::string_view text) {
  TRY_ASSIGN(const TreePtr tree, parser.parse(text));
  const Ruler ruler(text);
  Plan plan = plan_from_tree(parser, tree.get(), ruler);
  fill_with_lines(ruler, plan);
  ChunkedText chunked;
  chunked.chunks = make_chunks(ruler, plan);
  chunked.structure = encode_structure(structure_from_tree(parser, tree.get(), text));
  return chunked;
}

}  // namespace

Result<ChunkedText> chunk_text(std::string_view language, std::string_view text) {
  if (text.size() > kMaxChunkedBytes) {
    return Error{Code::Limit, "a text of more than 64 MiB is not chunked"};
  }
  if (!is_valid_utf8(text)) {
    return Error{Code::InvalidArgument, "a text to chunk must be UTF-8"};
  }
  if (language == "notebook") {
    return chunk_notebook(text);
  }
  const Grammar* grammar = grammar_of(language);
  if (grammar == nullptr) {
    return chunk_windows(language, text);
  }
  keep_leak_suppressions();
  thread_local Parsers parsers;
  TRY_ASSIGN(LanguageParser * parser, parsers.of(*grammar));
  Result<ChunkedText> chunked = chunk_by_tree(*parser, text);
  if (chunked.ok()) {
    return chunked;
  }
  ChunkedText windows = chunk_windows(language, text);
  windows.reason = "syntax tree " + chunked.error().message;
  return windows;
}

Result<std::string> handle_chunk_job(std::string_view payload) {
  TRY_ASSIGN(const ChunkRequest request, decode_chunk_request(payload));
  TRY_ASSIGN(const ChunkedText chunked, chunk_text(request.language, request.text));
  return encode_chunk_answer(chunked);
}

}  // namespace sonde::text
