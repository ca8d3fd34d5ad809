#include "text/structure.h"

#include <algorithm>
#include <array>

#include "base/codec.h"
#include "base/utf8.h"
#include "text/chunk_plan.h"

namespace sonde::text {

namespace {

constexpr std::uint8_t kFormat = 2;
constexpr std::uint8_t kCutFlag = 1;
constexpr std::uint8_t kOpensFlag = 16;        // above the kinds of chunks
constexpr std::uint8_t kDeclarationFlag = 32;  // likewise
constexpr std::uint8_t kMarksFlag = 64;        // marks follow
constexpr std::uint8_t kKindMask = 15;
constexpr std::uint8_t kVisibilityMask = 3;  // of marks
constexpr std::uint8_t kHighestMarks = 15;
constexpr std::uint64_t kEdgeMask = 7;   // of a reference's head: its kind,
constexpr std::uint64_t kMovedFlag = 8;  // whether it stands in another definition,
constexpr unsigned kLineShift = 4;       // and how many lines further
constexpr auto kHighestEdge = static_cast<std::uint64_t>(EdgeKind::ImportedName);
constexpr auto kHighestKind = static_cast<std::uint8_t>(ChunkKind::Cell);
constexpr std::uint32_t kScopeDepth = 64;  // of names joined

Error corrupt(const std::string& what) {
  return Error{Code::Corruption, "the structure of a file does not check: " + what};
}

std::uint64_t zigzag(std::uint32_t from, std::uint32_t to) {
  const std::int64_t gap = static_cast<std::int64_t>(to) - from;
  return static_cast<std::uint64_t>(gap) << 1 ^ static_cast<std::uint64_t>(gap >> 63);
}

/// "lib/http.js" and "fs.h" are files and also called without their extension; "os.path" is none.
bool is_file(std::string_view imported, std::string_view extension) {
  constexpr std::array<std::string_view, 16> kExtensions = {
      "h",  "hh",  "hpp", "hxx", "inc", "js", "mjs", "cjs",
      "ts", "tsx", "jsx", "php", "rb",  "sh", "zig", "dart"};
  return imported.find('/') != std::string_view::npos ||
         std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

/// Reads what encode_structure() wrote.
class StructureReader {
 public:
  StructureReader(std::string_view bytes, std::uint32_t last_line)
      : reader_(bytes), last_line_(last_line) {}

  Result<Structure> read() {
    TRY_ASSIGN(const std::uint8_t format, reader_.u8());
    TRY_ASSIGN(const std::uint8_t flags, reader_.u8());
    if (format != kFormat || flags > kCutFlag) {
      return corrupt("an unknown version or flag");
    }
    structure_.cut = flags == kCutFlag;
    TRY(read_names());
    TRY(read_definitions());
    TRY(read_references());
    if (!reader_.at_end()) {
      return corrupt("bytes follow its end");
    }
    return std::move(structure_);
  }

 private:
  Status read_names() {
    TRY_ASSIGN(const std::uint64_t count, reader_.varint_at_most(kMaxStructureNames));
    structure_.names.reserve(std::min<std::size_t>(count, reader_.remaining()) + 1);
    structure_.names.emplace_back();
    for (std::uint64_t i = 0; i < count; ++i) {
      TRY_ASSIGN(const std::string_view name, reader_.string());
      if (name.empty() || name.size() > kMaxNameBytes || !is_valid_utf8(name)) {
        return corrupt("a name that is empty, too long or not UTF-8");
      }
      structure_.names.emplace_back(name);
    }
    return {};
  }

  Status read_definitions() {
    TRY_ASSIGN(const std::uint64_t count, reader_.varint_at_most(kMaxDefinitions));
    for (std::uint32_t i = 0; i < count; ++i) {
      Definition definition;
      TRY_ASSIGN(const std::uint8_t head, reader_.u8());
      if ((head & kKindMask) > kHighestKind || head >= kMarksFlag * 2) {
        return corrupt("an unknown kind of definition");
      }
      definition.kind = static_cast<ChunkKind>(head & kKindMask);
      definition.opens_only = (head & kOpensFlag) != 0;
      definition.declaration = (head & kDeclarationFlag) != 0;
      TRY_ASSIGN(definition.name, read_name());
      TRY_ASSIGN(const std::uint64_t scope, reader_.varint_at_most(structure_.names.size() - 1));
      definition.scope = static_cast<std::uint32_t>(scope);
      TRY_ASSIGN(const std::uint64_t parent, reader_.varint_at_most(i));
      definition.parent = static_cast<std::uint32_t>(parent);
      TRY_ASSIGN(definition.line, read_line());
      TRY_ASSIGN(const std::uint64_t lines, reader_.varint_at_most(last_line_ - definition.line));
      definition.end_line = definition.line + static_cast<std::uint32_t>(lines);
      if ((head & kMarksFlag) != 0) {
        TRY(read_marks(definition));
      }
      if (definition.measured()) {
        TRY(read_measures(definition.measures));
      }
      structure_.definitions.push_back(definition);
    }
    return {};
  }

  Status read_marks(Definition& definition) {
    TRY_ASSIGN(const std::uint8_t marks, reader_.u8());
    const bool visible = (marks & kVisibilityMask) <= static_cast<std::uint8_t>(Visibility::Public);
    if (marks == 0 || marks > kHighestMarks || !visible) {
      return corrupt("an unknown mark of a definition");
    }
    definition.visibility = static_cast<Visibility>(marks & kVisibilityMask);
    definition.marks = marks & static_cast<std::uint8_t>(~kVisibilityMask);
    return {};
  }

  Status read_measures(Measures& measures) {
    for (std::uint32_t* each :
         {&measures.cyclomatic, &measures.cognitive, &measures.nesting, &measures.parameters}) {
      TRY_ASSIGN(const std::uint64_t value, reader_.varint_at_most(UINT32_MAX));
      *each = static_cast<std::uint32_t>(value);
    }
    return {};
  }

  Status read_references() {
    TRY_ASSIGN(const std::uint64_t count, reader_.varint_at_most(kMaxReferences));
    line_ = 1;
    std::uint32_t within = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      Reference reference;
      TRY_ASSIGN(const std::uint64_t head, reader_.varint());
      if ((head & kEdgeMask) > kHighestEdge) {
        return corrupt("an unknown kind of reference");
      }
      reference.kind = static_cast<EdgeKind>(head & kEdgeMask);
      if (head >> kLineShift > last_line_ - line_) {
        return corrupt("a line beyond the file's last");
      }
      line_ += static_cast<std::uint32_t>(head >> kLineShift);
      reference.line = line_;
      if ((head & kMovedFlag) != 0) {
        TRY_ASSIGN(const std::uint64_t next, reader_.varint_at_most(structure_.definitions.size()));
        within = static_cast<std::uint32_t>(next);
      }
      reference.within = within;
      TRY_ASSIGN(reference.name, read_name());
      structure_.references.push_back(reference);
    }
    return {};
  }

  Result<std::uint32_t> read_name() {
    TRY_ASSIGN(const std::uint64_t name, reader_.varint_at_most(structure_.names.size() - 1));
    if (name == 0) {
      return corrupt("something without a name");
    }
    return static_cast<std::uint32_t>(name);
  }

  /// Lines of definitions mostly ascend; the name of one may stand behind what it encloses.
  Result<std::uint32_t> read_line() {
    TRY_ASSIGN(const std::uint64_t coded, reader_.varint());
    const auto gap = static_cast<std::int64_t>(coded >> 1 ^ (0 - (coded & 1)));
    if (gap < 1 - static_cast<std::int64_t>(line_) ||
        gap > static_cast<std::int64_t>(last_line_) - line_) {
      return corrupt("a line beyond the file's last");
    }
    line_ = static_cast<std::uint32_t>(line_ + gap);
    return line_;
  }

  ByteReader reader_;
  const std::uint32_t last_line_;
  std::uint32_t line_ = 1;
  Structure structure_;
};

}  // namespace

std::string_view edge_name(EdgeKind kind) {
  switch (kind) {
    case EdgeKind::Call: return "call";
    case EdgeKind::Import: return "import";
    case EdgeKind::Inherit: return "inherit";
    case EdgeKind::Type: return "type";
    case EdgeKind::Use: return "use";
    case EdgeKind::ImportedName: return "import";
  }
  return "call";
}

std::string Structure::scope_of(const Definition& definition) const {
  std::string scope = names[definition.scope];
  std::uint32_t parent = definition.parent;
  for (std::uint32_t depth = 0; parent != 0 && depth < kScopeDepth; ++depth) {
    const Definition& outer = definitions[parent - 1];
    scope = join_scope(join_scope(names[outer.scope], names[outer.name]), scope);
    parent = outer.parent;
  }
  return scope;
}

std::string Structure::qualified(const Definition& definition) const {
  return join_scope(scope_of(definition), name_of(definition));
}

bool Structure::stands_in(std::uint32_t inner, std::uint32_t outer) const {
  while (inner > outer && definitions[inner].parent != 0) {
    inner = definitions[inner].parent - 1;  // a parent stands before its children
  }
  return inner == outer;
}

bool import_names(std::string_view imported, std::string_view name) {
  if (imported == name) {
    return true;
  }
  const auto ends = [name](std::string_view path) {
    return path.size() > name.size() && path.ends_with(name) &&
           std::string_view("./\\:").find(path[path.size() - name.size() - 1]) !=
               std::string_view::npos;
  };
  if (ends(imported)) {
    return true;
  }
  const std::size_t dot = imported.rfind('.');
  return dot != std::string_view::npos && is_file(imported, imported.substr(dot + 1)) &&
         (imported.substr(0, dot) == name || ends(imported.substr(0, dot)));
}

std::string encode_structure(const Structure& structure) {
  if (structure.definitions.empty() && structure.references.empty() && !structure.cut) {
    return {};
  }
  ByteWriter writer;
  writer.u8(kFormat);
  writer.u8(structure.cut ? kCutFlag : 0);
  writer.varint(structure.names.size() - 1);
  for (std::size_t i = 1; i < structure.names.size(); ++i) {
    writer.string(structure.names[i]);
  }
  writer.varint(structure.definitions.size());
  std::uint32_t line = 1;
  for (const Definition& definition : structure.definitions) {
    const auto marks = static_cast<std::uint8_t>(static_cast<std::uint8_t>(definition.visibility) |
                                                 definition.marks);
    writer.u8(static_cast<std::uint8_t>(
        static_cast<std::uint8_t>(definition.kind) | (definition.opens_only ? kOpensFlag : 0U) |
        (definition.declaration ? kDeclarationFlag : 0U) | (marks != 0 ? kMarksFlag : 0U)));
    writer.varint(definition.name);
    writer.varint(definition.scope);
    writer.varint(definition.parent);
    writer.varint(zigzag(line, definition.line));
    writer.varint(definition.end_line - definition.line);
    if (marks != 0) {
      writer.u8(marks);
    }
    if (definition.measured()) {
      writer.varint(definition.measures.cyclomatic);
      writer.varint(definition.measures.cognitive);
      writer.varint(definition.measures.nesting);
      writer.varint(definition.measures.parameters);
    }
    line = definition.line;
  }
  writer.varint(structure.references.size());
  line = 1;
  std::uint32_t within = 0;
  for (const Reference& reference : structure.references) {
    const bool moved = reference.within != within;
    writer.varint(std::uint64_t{reference.line - line} << kLineShift | (moved ? kMovedFlag : 0U) |
                  static_cast<std::uint64_t>(reference.kind));
    if (moved) {
      writer.varint(reference.within);
    }
    writer.varint(reference.name);
    line = reference.line;
    within = reference.within;
  }
  return writer.take();
}

Result<Structure> decode_structure(std::string_view bytes, std::uint32_t last_line) {
  if (bytes.empty()) {
    Structure none;
    none.names.emplace_back();
    return none;
  }
  Result<Structure> structure = StructureReader(bytes, std::max(last_line, 1U)).read();
  if (!structure.ok() && structure.error().code != Code::Corruption) {
    return corrupt(structure.error().message);
  }
  return structure;
}

}  // namespace sonde::text
