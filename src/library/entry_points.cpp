#include "library/entry_points.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "index/segment.h"
#include "library/code_names.h"

namespace sonde::library {

namespace {

// How sure it is that what nothing names is not used. Orders of magnitude, not measurements.
constexpr double kPrivate = 0.95;
constexpr double kUnknown = 0.7;
constexpr double kPublic = 0.5;   // others may use it
constexpr double kDynamic = 0.9;  // a member where names are looked up at run time
constexpr double kValue = 0.9;    // a constant
constexpr double kAnnotation = 0.4;
constexpr double kBase = 0.4;  // a member of a class with a base

bool is_any(std::string_view value, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), names_character) &&
         !(name[0] >= '0' && name[0] <= '9') &&
         name.find_first_not_of('_') != std::string_view::npos;
}

/// Names that runtimes, tools and languages call by themselves.
bool is_called_by_itself(std::string_view name, std::string_view language) {
  if (is_any(name, {"main",
                    "wmain",
                    "WinMain",
                    "wWinMain",
                    "DllMain",
                    "_start",
                    "_init",
                    "_fini",
                    "Main",
                    "setup",
                    "setUp",
                    "tearDown",
                    "setUpClass",
                    "tearDownClass",
                    "setUpModule",
                    "teardown",
                    "constructor",
                    "initialize",
                    "init",
                    "deinit",
                    "subscript",
                    "LLVMFuzzerTestOneInput",
                    "serialVersionUID",
                    "readObject",
                    "writeObject",
                    "readResolve",
                    "writeReplace",
                    "Meta",
                    "Config",
                    "method_missing",
                    "respond_to_missing",
                    "inherited",
                    "included",
                    "extended",
                    "getInitialProps",
                    "getServerSideProps",
                    "getStaticProps",
                    "getStaticPaths",
                    "upgrade",
                    "downgrade",
                    "pytest_configure",
                    "panic",
                    "finalize",
                    "apply",
                    "unapply"})) {
    return true;
  }
  const bool dunder = name.starts_with("__") && (language == "php" || name.ends_with("__"));
  return dunder || name.starts_with("operator") || name.starts_with('~') ||
         name.starts_with("pytest_");
}

bool is_test(std::string_view name, std::string_view path) {
  const std::string_view file = path.substr(path.rfind('/') + 1);
  return name.starts_with("test_") ||
         (name.starts_with("Test") && file.find("_test.") != file.npos) ||
         name.starts_with("Benchmark") || name.starts_with("Fuzz") || name.starts_with("Example");
}

bool is_header(std::string_view path) {
  return path.ends_with(".h") || path.ends_with(".hh") || path.ends_with(".hpp") ||
         path.ends_with(".hxx") || path.ends_with(".inl") || path.ends_with(".ipp");
}

/// Names that are looked up while the program runs.
bool is_dynamic(std::string_view language) {
  return is_any(language, {"python", "ruby", "javascript", "jsx", "typescript", "tsx", "php", "lua",
                           "elixir"});
}

bool inherits(const text::Structure& structure, std::uint32_t definition) {
  return std::any_of(structure.references.begin(), structure.references.end(),
                     [definition](const text::Reference& reference) {
                       return reference.kind == text::EdgeKind::Inherit &&
                              reference.within == definition + 1;
                     });
}

/// Functions, classes and types; and constants that stand by themselves, not fields.
bool is_solid(const text::Structure& structure, const text::Definition& definition) {
  const bool function_or_type = definition.kind == text::ChunkKind::Function ||
                                definition.kind == text::ChunkKind::Class ||
                                definition.kind == text::ChunkKind::Type;
  const bool constant =
      definition.kind == text::ChunkKind::Constant &&
      (definition.parent == 0 ||
       structure.definitions[definition.parent - 1].kind == text::ChunkKind::Module);
  return (function_or_type || constant) && !definition.opens_only && !definition.declaration;
}

void weigh_visibility(const CodeFile& file, const text::Definition& definition,
                      UnusedCandidate& candidate) {
  const bool header = is_any(file.row.language, {"c", "cpp"}) && is_header(file.row.path);
  if (definition.visibility == text::Visibility::Public || header) {
    candidate.confidence = kPublic;
    candidate.reason =
        header ? "in a header: other projects may use it" : "public: other projects may use it";
  } else if (definition.visibility == text::Visibility::Private) {
    candidate.confidence = kPrivate;
    candidate.reason = "private";
  } else {
    candidate.confidence = kUnknown;
    candidate.reason = "not said to be private";
  }
}

void lower(UnusedCandidate& candidate, double factor, std::string_view why) {
  candidate.confidence *= factor;
  candidate.reason += "; ";
  candidate.reason += why;
}

}  // namespace

UnusedCandidate candidate_of(const CodeFile& file, std::uint32_t index) {
  const text::Structure& structure = file.structure;
  const text::Definition& definition = structure.definitions[index];
  const std::string& name = structure.name_of(definition);
  const std::string& language = file.row.language;
  UnusedCandidate candidate;
  constexpr std::uint32_t kNoCode =
      index::kTest | index::kExample | index::kGenerated | index::kVendored | index::kStub;
  if (!is_solid(structure, definition) || (file.row.traits & kNoCode) != 0 || !is_name(name) ||
      is_called_by_itself(name, language) || is_test(name, file.row.path) ||
      (definition.marks & text::kOverrides) != 0) {
    return candidate;
  }
  const bool inner = definition.parent != 0;
  const text::Definition* around = inner ? &structure.definitions[definition.parent - 1] : nullptr;
  const bool member = inner && around->kind == text::ChunkKind::Class;
  const bool of_base = member && inherits(structure, definition.parent - 1);
  const bool implements = member && around->opens_only && (of_base || language == "haskell");
  const bool constructs = member && name == structure.name_of(*around);
  const bool qualified_constructor = name == structure.names[definition.scope];
  if (implements || constructs || qualified_constructor) {
    return candidate;
  }
  candidate.counts = true;
  weigh_visibility(file, definition, candidate);
  if ((definition.marks & text::kAnnotated) != 0) {
    lower(candidate, kAnnotation, "an annotation may hand it to a framework");
  }
  if (of_base && (definition.visibility != text::Visibility::Private || is_dynamic(language))) {
    lower(candidate, kBase, "it may stand for something of a base class");
  }
  if (member && is_dynamic(language)) {
    lower(candidate, kDynamic, "members may be called by computed names");
  }
  if (definition.kind == text::ChunkKind::Constant) {
    lower(candidate, kValue, "a constant");
  }
  return candidate;
}

}  // namespace sonde::library
