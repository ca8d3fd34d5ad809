#pragma once
// Symbols as they are asked for, and the definitions that have their name.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "library/code_lookup.h"
#include "library/library.h"

namespace sonde::library {

/// A symbol as it was asked for.
struct Asked {
  std::string name;   // the last of it
  std::string scope;  // "Session" of "Session.get", dots between; may be empty
};

/// Errors: InvalidArgument.
Result<Asked> parse_symbol(std::string_view symbol);

/// How a written name has to look like to be the one asked for.
class NameMatch {
 public:
  enum class Case { Exact, Folded };
  NameMatch(std::string name, Case how);
  [[nodiscard]] bool fits(const std::string& written) const;
  [[nodiscard]] bool fits(const text::Structure& structure, const text::Reference& ref) const;
  /// Bytes that a structure with the name holds; null when that cannot be said.
  [[nodiscard]] const std::string* sought() const { return how_ == Case::Exact ? &name_ : nullptr; }

 private:
  std::string name_;
  Case how_;
};

/// A definition in a file that was read.
struct FoundDefinition {
  CodeFilePtr file;
  std::uint32_t index = 0;

  [[nodiscard]] const text::Definition& definition() const {
    return file->structure.definitions[index];
  }
};

/// A place before it is compared with the disk and its line is read.
struct FoundPlace {
  CodeFilePtr file;
  std::uint32_t line = 1;
  std::uint32_t within = 0;  // one more than the index of a definition
  std::string kind;
};

/// Compared with the disk; nothing when the file is gone from there. Errors: those of CodeLookup.
Result<std::optional<CodePlace>> place_of(CodeLookup& lookup, const FoundDefinition& found);
Result<std::optional<CodePlace>> place_of(CodeLookup& lookup, const FoundPlace& found);

/// Definitions before declarations and what has weight before constants; else in the given order,
/// which is that of the files.
void put_in_order(std::vector<FoundDefinition>& found);

/// Those of one file. @param scope  that the definition's must end with; may be empty
void append_definitions(const CodeFilePtr& file, const NameMatch& match, const std::string& scope,
                        std::vector<FoundDefinition>& found);

/// How a symbol was found, when not just as it was asked for.
struct Lenience {
  NameMatch::Case how = NameMatch::Case::Exact;
  std::vector<std::string> notes;
};

/// Every definition of the name in all files that have its words; when there is none, in whatever
/// scope, then in whatever case. Errors: those of CodeLookup.
Result<std::vector<FoundDefinition>> definitions_of(CodeLookup& lookup, Asked& asked,
                                                    Lenience& lenience);

/// Part of a name, in nearly all languages.
bool names_character(char c);

/// The places of the first `limit` that are still there.
template <typename Found>
Status show(CodeLookup& lookup, const std::vector<Found>& found, std::size_t limit,
            std::vector<CodePlace>& places) {
  for (const Found& each : found) {
    if (places.size() >= limit) {
      break;
    }
    TRY_ASSIGN(std::optional<CodePlace> place, place_of(lookup, each));
    if (place) {
      places.push_back(std::move(*place));
    }
  }
  return {};
}

}  // namespace sonde::library
