#include "library/code_references.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sonde::library {

namespace {

constexpr std::size_t kMentionChunks = 20'000;  // looked through for a name in the text
constexpr std::size_t kMentions = 20'000;       // of them kept and counted

/// Lines of `text` that hold `name` as a whole word. @param line  of its first
std::vector<std::uint32_t> lines_with(std::string_view text, std::string_view name,
                                      std::uint32_t line) {
  std::vector<std::uint32_t> lines;
  std::size_t counted = 0;
  for (std::size_t at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool whole = (at == 0 || !names_character(text[at - 1])) &&
                       (end == text.size() || !names_character(text[end]));
    if (!whole) {
      continue;
    }
    line += static_cast<std::uint32_t>(
        std::count(text.begin() + static_cast<std::ptrdiff_t>(counted),
                   text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    counted = at;
    if (lines.empty() || lines.back() != line) {
      lines.push_back(line);
    }
  }
  return lines;
}

/// The innermost definition around a line, one more than its index.
std::uint32_t definition_at(const text::Structure& structure, std::uint32_t line) {
  std::uint32_t within = 0;
  for (std::uint32_t i = 0; i < structure.definitions.size(); ++i) {
    const text::Definition& each = structure.definitions[i];
    if (each.line <= line && line <= each.end_line) {
      within = i + 1;  // what begins later is further inside
    }
  }
  return within;
}

}  // namespace

Status References::collect(const std::string& name, bool mentions) {
  TRY_ASSIGN(const std::vector<NamedFile> files, lookup_.files_with(name));
  for (const NamedFile& named : files) {
    TRY_ASSIGN(const CodeFilePtr file, lookup_.read(named.source, named.path, nullptr));
    std::set<std::uint32_t> taken;
    collect_edges(file, taken);
    // Prose and data mention everything; only code is looked through.
    if (mentions && !file->structure.references.empty()) {
      TRY(collect_mentions(named, file, name, taken));
    }
  }
  return {};
}

std::vector<FoundPlace> References::take() {
  std::move(mentioned_.begin(), mentioned_.end(), std::back_inserter(found_));
  return std::move(found_);
}
bool References::cut() const { return chunks_ >= kMentionChunks; }

void References::collect_edges(const CodeFilePtr& file, std::set<std::uint32_t>& taken) {
  const text::Structure& structure = file->structure;
  for (const text::Definition& definition : structure.definitions) {
    if (match_.fits(structure.name_of(definition))) {
      taken.insert(definition.line);
    }
  }
  for (const text::Reference& ref : structure.references) {
    const bool again = !found_.empty() && found_.back().file == file &&
                       found_.back().line == ref.line &&
                       found_.back().kind == text::edge_name(ref.kind);
    if (!again && match_.fits(structure, ref)) {
      found_.push_back({file, ref.line, ref.within, std::string(text::edge_name(ref.kind))});
      taken.insert(ref.line);
    }
  }
}

Status References::collect_mentions(const NamedFile& named, const CodeFilePtr& file,
                                    const std::string& name, const std::set<std::uint32_t>& taken) {
  for (const std::uint32_t ordinal : named.chunks) {
    if (++chunks_ > kMentionChunks || mentioned_.size() >= kMentions) {
      return {};
    }
    TRY_ASSIGN(const std::optional<store::ChunkRecord> chunk, lookup_.chunk(*file, ordinal));
    if (!chunk) {
      return Error{Code::Corruption, "a segment holds a chunk of " + file->row.path +
                                         " that library.db does not have"};
    }
    for (const std::uint32_t line : lines_with(chunk->text, name, chunk->start_line)) {
      if (!taken.contains(line)) {
        mentioned_.push_back({file, line, definition_at(file->structure, line), "mention"});
      }
    }
  }
  return {};
}

}  // namespace sonde::library
