// What nothing in a library seems to use.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "library/code_analysis.h"
#include "library/entry_points.h"
#include "library/name_uses.h"

namespace sonde::library {

namespace {

constexpr std::size_t kMaxCandidates = 1'000'000;
// How much a name elsewhere lowers the confidence: it may be looked up by it, or be spoken of.
constexpr double kInString = 0.4;
constexpr double kInOtherFile = 0.5;
constexpr double kInComment = 0.85;

/// The last part of a name as an import writes it.
std::string_view last_part(std::string_view name) {
  const std::size_t cut = name.find_last_of("./\\:");
  return cut == std::string_view::npos ? name : name.substr(cut + 1);
}

/// True when the reference stands in a definition of the same name: a function that calls itself.
bool refers_to_itself(const text::Structure& structure, const text::Reference& reference) {
  std::uint32_t within = reference.within;
  while (within != 0) {
    const text::Definition& definition = structure.definitions[within - 1];
    if (definition.name == reference.name) {
      return true;
    }
    within = definition.parent;
  }
  return false;
}

class UnusedSearch {
 public:
  UnusedSearch(const CodeContext& context, CodeLookup& lookup)
      : context_(context), lookup_(lookup) {}

  Status run() {
    TRY(lookup_.for_each_file(CodeLookup::Which::All, [&](const CodeFile& file) -> Status {
      collect(file);
      return {};
    }));
    std::erase_if(found_, [&](const Found& each) { return referred_.contains(each.place.symbol); });
    referred_.clear();
    for (const Found& each : found_) {
      elsewhere_[each.place.symbol];
    }
    TRY(lookup_.for_each_file(CodeLookup::Which::All,
                              [&](const CodeFile& file) { return read_texts(file); }));
    return {};
  }

  void fill(const UnusedRequest& request, UnusedAnswer& answer) {
    answer.definitions = definitions_;
    for (Found& each : found_) {
      const Elsewhere& elsewhere = elsewhere_[each.place.symbol];
      if (elsewhere.code) {
        continue;
      }
      UnusedSymbol symbol = judge(each, elsewhere);
      if (symbol.confidence < request.min_confidence) {
        ++answer.less_sure;
      } else {
        answer.symbols.push_back(std::move(symbol));
      }
    }
    answer.total = answer.symbols.size();
    std::sort(answer.symbols.begin(), answer.symbols.end(),
              [](const UnusedSymbol& a, const UnusedSymbol& b) {
                return std::tie(a.place.source, a.place.path, a.place.line, a.place.symbol) <
                       std::tie(b.place.source, b.place.path, b.place.line, b.place.symbol);
              });
    answer.symbols.resize(std::min(answer.symbols.size(), request.limit));
  }
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  struct Found {
    CodePlace place;
    double confidence = 0;
    std::string reason;
  };
  /// Where a name stands beside its definitions.
  struct Elsewhere {
    bool code = false;
    std::string string;  // "path:line" of the first; empty: none
    std::string other;
    std::string comment;
  };

  void collect(const CodeFile& file) {
    const text::Structure& structure = file.structure;
    for (const text::Reference& reference : structure.references) {
      if (!refers_to_itself(structure, reference)) {
        const std::string& name = structure.names[reference.name];
        referred_.emplace(text::is_import(reference.kind) ? last_part(name) : name);
      }
    }
    if (!lookup_.in_scope(file)) {
      return;
    }
    for (std::uint32_t i = 0; i < structure.definitions.size(); ++i) {
      UnusedCandidate candidate = candidate_of(file, i);
      definitions_ += candidate.counts ? 1 : 0;
      if (!candidate.counts || referred_.contains(structure.name_of(structure.definitions[i]))) {
        continue;
      }
      if (found_.size() >= kMaxCandidates) {
        cut_ = true;
        return;
      }
      found_.push_back({place_without_disk(file, structure.definitions[i]), candidate.confidence,
                        std::move(candidate.reason)});
    }
  }

  Status read_texts(const CodeFile& file) {
    if (elsewhere_.empty()) {
      return {};
    }
    TRY_ASSIGN(const std::vector<store::ChunkRecord> chunks, context_.reader.chunks(file.row.id));
    std::optional<std::multimap<std::string_view, const text::Definition*>> own;
    for (const store::ChunkRecord& chunk : chunks) {
      for_each_name(chunk.text, chunk.start_line,
                    [&](std::string_view name, std::uint32_t line, std::size_t byte) {
                      const auto known = elsewhere_.find(name);
                      if (known == elsewhere_.end() || known->second.code) {
                        return;
                      }
                      if (!own) {
                        own = definitions_by_name(file.structure);
                      }
                      if (!in_own(*own, name, line)) {
                        note(file, line, use_at(chunk.text, byte, file.row.language),
                             known->second);
                      }
                    });
    }
    return {};
  }

  static std::multimap<std::string_view, const text::Definition*> definitions_by_name(
      const text::Structure& structure) {
    std::multimap<std::string_view, const text::Definition*> own;
    for (const text::Definition& definition : structure.definitions) {
      own.emplace(structure.name_of(definition), &definition);
      if (definition.scope != 0) {  // `void A::f()` is no use of A
        own.emplace(last_part(structure.names[definition.scope]), &definition);
      }
    }
    return own;
  }

  /// In a definition of the name itself: where it is defined, or calls itself.
  static bool in_own(const std::multimap<std::string_view, const text::Definition*>& own,
                     std::string_view name, std::uint32_t line) {
    const auto [first, last] = own.equal_range(name);
    return std::any_of(first, last, [line](const auto& each) {
      return each.second->line <= line && line <= each.second->end_line;
    });
  }

  static void note(const CodeFile& file, std::uint32_t line, NameUse use, Elsewhere& elsewhere) {
    std::string* const where = use == NameUse::String    ? &elsewhere.string
                               : use == NameUse::Other   ? &elsewhere.other
                               : use == NameUse::Comment ? &elsewhere.comment
                                                         : nullptr;
    if (where == nullptr) {
      elsewhere.code = true;
    } else if (where->empty()) {
      *where = fmt::format("{}:{}", file.row.path, line);
    }
  }

  static UnusedSymbol judge(Found& found, const Elsewhere& elsewhere) {
    UnusedSymbol symbol;
    symbol.place = std::move(found.place);
    symbol.confidence = found.confidence;
    symbol.reason = std::move(found.reason);
    const auto lower = [&](const std::string& where, double factor, const char* what) {
      if (!where.empty()) {
        symbol.confidence *= factor;
        symbol.reason += fmt::format("; {} ({})", what, where);
      }
    };
    lower(elsewhere.string, kInString, "its name stands in a string");
    lower(elsewhere.other, kInOtherFile, "its name stands in a file that is no code");
    lower(elsewhere.comment, kInComment, "a comment or text speaks of it");
    symbol.confidence = std::round(symbol.confidence * 100) / 100;
    return symbol;
  }

  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };

  const CodeContext& context_;
  CodeLookup& lookup_;
  std::unordered_set<std::string, NameHash, std::equal_to<>> referred_;
  std::unordered_map<std::string, Elsewhere, NameHash, std::equal_to<>> elsewhere_;
  std::vector<Found> found_;
  std::uint64_t definitions_ = 0;
  bool cut_ = false;
};

}  // namespace

Result<UnusedAnswer> answer_unused(const CodeContext& context, const UnusedRequest& request) {
  TRY_ASSIGN(CodeLookup lookup,
             CodeLookup::create(context.fs, context.reader, context.segments, context.cancel));
  TRY(restrict_to(lookup, request.scope));
  UnusedSearch search(context, lookup);
  TRY(search.run());
  UnusedAnswer answer;
  search.fill(request, answer);
  for (UnusedSymbol& symbol : answer.symbols) {
    TRY(lookup.look_at_disk(symbol.place));
  }
  std::vector<std::string> notes = {
      "by name alone: what is used by a computed name or by other projects is not seen"};
  if (search.cut()) {
    notes.push_back("more definitions have no use than were looked at");
  }
  TRY(finish_answer(context, lookup, std::move(notes), answer));
  return answer;
}

}  // namespace sonde::library
