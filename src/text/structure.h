#pragma once
// The structure of a file, as its syntax tree tells it: what it defines, and which names it calls,
// imports, inherits from and uses as types. By name alone: nothing here knows which of two
// functions of one name is meant.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/chunk.h"

namespace sonde::text {

/// The version of what a structure holds; stored with each. Raise it when its answers change: the
/// next `sonde index` reads the structure of every file again, and no chunk and no vector.
inline constexpr std::uint32_t kStructureVersion = 2;

inline constexpr std::size_t kMaxDefinitions = 50'000;      // of a file; more are left out
inline constexpr std::size_t kMaxReferences = 200'000;      // likewise
inline constexpr std::size_t kMaxStructureNames = 100'000;  // distinct ones, likewise

/// How a place names something. Numbered for ever: stored in the truth.
enum class EdgeKind : std::uint8_t {
  Call = 0,
  Import = 1,
  Inherit = 2,
  Type = 3,
  Use = 4,  // as a value, of a name that the same file defines or imports: a callback in a table
  ImportedName = 5,  // a name out of the module that the Import before it names; or an import that
                     // does nothing when the program runs (of types alone)
};
/// "call", "import" (for both), "inherit", "type", "use".
std::string_view edge_name(EdgeKind kind);
inline bool is_import(EdgeKind kind) {
  return kind == EdgeKind::Import || kind == EdgeKind::ImportedName;
}

/// How complex a function is; text/syntax/complexity.h says how each is counted.
struct Measures {
  std::uint32_t cyclomatic = 1;
  std::uint32_t cognitive = 0;
  std::uint32_t nesting = 0;  // of flow within flow, and of functions without a name
  std::uint32_t parameters = 0;
  bool operator==(const Measures&) const = default;
};

/// From where a definition can be named, by its language's rules. Numbered for ever.
enum class Visibility : std::uint8_t {
  Unknown = 0,  // nothing says, or it depends
  Private = 1,  // from its file, class or package alone
  Public = 2,   // from everywhere
};

/// What is written at a definition about who uses it. Numbered for ever.
enum MarkFlag : std::uint8_t {
  kAnnotated = 4,  // an annotation, attribute or decorator that may hand it to a framework
  kOverrides = 8,  // it says that it overrides something
};

struct Definition {
  std::uint32_t name = 0;    // index into Structure::names
  std::uint32_t scope = 0;   // likewise: what the name itself states ("Foo" of `void Foo::bar()`);
                             // names[0], the empty one, when nothing
  std::uint32_t parent = 0;  // one more than the index of what it stands in; 0: the file
  std::uint32_t line = 1;    // of its name
  std::uint32_t end_line = 1;
  ChunkKind kind = ChunkKind::Text;
  bool opens_only = false;   // an impl block or extension: encloses, but defines nothing
  bool declaration = false;  // a prototype or signature: the body is elsewhere
  Visibility visibility = Visibility::Unknown;
  std::uint8_t marks = 0;  // of MarkFlag
  Measures measures = {};

  /// True for a function with a body: only that has measures.
  [[nodiscard]] bool measured() const {
    return kind == ChunkKind::Function && !declaration && !opens_only;
  }
};

struct Reference {
  std::uint32_t name = 0;    // index into Structure::names
  std::uint32_t within = 0;  // one more than the index of the innermost definition; 0: none
  std::uint32_t line = 1;
  EdgeKind kind = EdgeKind::Call;
};

struct Structure {
  std::vector<std::string> names;       // [0] is ""
  std::vector<Definition> definitions;  // in the order they begin: parents before children
  std::vector<Reference> references;    // in the order of the text
  bool cut = false;                     // a limit was met: there is more in the file

  [[nodiscard]] const std::string& name_of(const Definition& definition) const {
    return names[definition.name];
  }
  /// What encloses a definition, outermost first, joined by "."; empty at the top level.
  [[nodiscard]] std::string scope_of(const Definition& definition) const;
  /// Its scope, ".", and its name.
  [[nodiscard]] std::string qualified(const Definition& definition) const;
  /// True when the definition `inner` (an index) is `outer` or stands in it.
  [[nodiscard]] bool stands_in(std::uint32_t inner, std::uint32_t outer) const;
};

/// An import of "os.path" or "./lib/http.js" is one of "path" or "http" too.
bool import_names(std::string_view imported, std::string_view name);

/// docs/formats/structure.md. Empty for a structure without definitions and references.
std::string encode_structure(const Structure& structure);
/// Checks everything: bounds, order, UTF-8. @param last_line  no line may be beyond it
/// Errors: Corruption.
Result<Structure> decode_structure(std::string_view bytes, std::uint32_t last_line = UINT32_MAX);

}  // namespace sonde::text
