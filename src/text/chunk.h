#pragma once
// Text to chunks. Runs in a worker process; the job's payload and answer are encoded in
// chunk_job.h.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::text {

/// The version of what chunk_text() does; stored with each file. Raise it when its answers change.
inline constexpr std::uint32_t kChunkerVersion = 1;

/// What a chunk is. Numbered for ever: stored in the truth and in segments.
enum class ChunkKind : std::uint8_t {
  Text = 0,      // a window of text, or code between definitions
  Function = 1,  // function, method, macro with parameters
  Class = 2,     // class, struct, enum, trait, interface, protocol, object
  Module = 3,    // module or namespace, imports, module-level code
  Type = 4,      // type alias, typedef
  Constant = 5,  // constant, variable, field at the top level
  Doc = 6,       // a section of prose
  Data = 7,      // a part of JSON, YAML, TOML, CSS, HTML, SQL data
  Cell = 8,      // a cell of a notebook
};
/// "text", "function", "class", "module", "type", "constant", "doc", "data", "cell".
std::string_view kind_name(ChunkKind kind);
/// The inverse; also accepts "method", "struct", "enum", "interface", "trait". Errors:
/// InvalidArgument (the message lists the names).
Result<ChunkKind> kind_from_name(std::string_view name);

/// One chunk: a span of the text. The spans of a file ascend, do not overlap, and leave out nothing
/// but white space.
struct Chunk {
  std::uint32_t start_byte = 0;  // in the UTF-8 text
  std::uint32_t end_byte = 0;    // one past the last
  std::uint32_t start_line = 1;  // from 1
  std::uint32_t end_line = 1;    // inclusive
  ChunkKind kind = ChunkKind::Text;
  std::string symbol;  // the name defined here ("get", "Session"): of the first function, class or
                       // type when several are joined, else of the first name; in the later parts
                       // of a split definition its name; empty when none
  std::string scope;   // enclosing symbols, outermost first, joined by "."; empty at the top level
  std::vector<std::string> defines;  // every name defined in the span, in order; symbol is among
                                     // them unless the chunk is a later part of its definition
};

struct ChunkedText {
  std::vector<Chunk> chunks;
  bool windowed = false;  // no syntax tree was used
  std::string reason;     // why not, when a grammar exists ("syntax tree given up after 5 s", ...)
  std::string structure;  // encode_structure() of text/structure.h; empty without a syntax tree
  std::string text;       // what the spans are of, when it is not the text that was given: the
                          // readable form of a notebook; else empty
};

/// Splits `text` into chunks aimed at kChunkTarget characters.
/// @param language  as language_of() names it; one without a grammar gives windows
/// @param text      valid UTF-8, at most 64 MiB
/// Errors: InvalidArgument (not UTF-8), Limit.
/// Boundaries are local: one inserted line changes at most three chunks, with or without a grammar.
/// Lives in sonde_syntax, which only worker programs link.
/// Threads: safe. Cost: 3 to 10 MB/s with a grammar, 100 MB/s by windows.
Result<ChunkedText> chunk_text(std::string_view language, std::string_view text);

/// Windows only: what a file gets whose syntax tree costs too much. Never fails on valid UTF-8.
ChunkedText chunk_windows(std::string_view language, std::string_view text);

inline constexpr std::size_t kChunkTarget = 750;              // characters a chunk aims at
inline constexpr std::size_t kChunkLimit = 1'800;             // characters it never passes
inline constexpr std::size_t kMaxChunkedBytes = 64ULL << 20;  // of a text

}  // namespace sonde::text
