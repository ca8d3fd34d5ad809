#include "index/analyze.h"

#include <algorithm>
#include <numeric>

#include "base/hash.h"
#include "index/embed_text.h"
#include "index/symbols.h"
#include "text/analyzer.h"

namespace sonde::index {
namespace {

/// The terms of a file, numbered as they are first seen and sorted once a file, so that its docs
/// sort numbers and not strings.
class TermTable {
 public:
  std::uint32_t number_of(std::string_view term) {
    if (names_.size() * 2 >= slots_.size()) {
      grow();
    }
    std::uint32_t& slot = slots_[slot_of(term)];
    if (slot == kFree) {
      slot = static_cast<std::uint32_t>(names_.size());
      names_.emplace_back(term);
    }
    return slot;
  }

  /// Sorts the terms. Afterwards rank() and ranked_name() answer.
  void sort() {
    by_rank_.resize(names_.size());
    std::iota(by_rank_.begin(), by_rank_.end(), 0U);
    std::sort(by_rank_.begin(), by_rank_.end(),
              [this](std::uint32_t a, std::uint32_t b) { return names_[a] < names_[b]; });
    rank_.resize(names_.size());
    for (std::uint32_t rank = 0; rank < by_rank_.size(); ++rank) {
      rank_[by_rank_[rank]] = rank;
    }
  }
  [[nodiscard]] std::uint32_t rank(std::uint32_t number) const { return rank_[number]; }
  [[nodiscard]] const std::string& ranked_name(std::uint32_t rank) const {
    return names_[by_rank_[rank]];
  }

 private:
  static constexpr std::uint32_t kFree = ~0U;

  /// The slot that holds `term`, or the free one where it belongs.
  [[nodiscard]] std::size_t slot_of(std::string_view term) const {
    std::size_t slot = static_cast<std::size_t>(checksum64(term)) & (slots_.size() - 1);
    while (slots_[slot] != kFree && names_[slots_[slot]] != term) {
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return slot;
  }
  void grow() {
    slots_.assign(std::max<std::size_t>(1024, slots_.size() * 2), kFree);
    for (std::uint32_t number = 0; number < names_.size(); ++number) {
      slots_[slot_of(names_[number])] = number;
    }
  }

  std::vector<std::string> names_;
  std::vector<std::uint32_t> slots_;  // power of two, at most half full
  std::vector<std::uint32_t> by_rank_;
  std::vector<std::uint32_t> rank_;
};

/// The occurrences of one field of a doc: the term's number above, its position below.
using Occurrences = std::vector<std::uint64_t>;

void add_words(text::Analyzer& analyzer, std::string_view text, TermTable& table,
               Occurrences& occurrences) {
  for (const text::Word& word : analyzer.analyze(text)) {
    const std::uint64_t number = table.number_of(analyzer.term(word));
    occurrences.push_back(number << 32 | word.position);
  }
}

void append_terms(const TermTable& table, Field field, Occurrences& occurrences,
                  std::vector<TermOccurrences>& terms) {
  for (std::uint64_t& each : occurrences) {
    const std::uint64_t rank = table.rank(static_cast<std::uint32_t>(each >> 32));
    each = rank << 32 | (each & 0xFFFFFFFF);
  }
  std::sort(occurrences.begin(), occurrences.end());
  for (std::size_t i = 0; i < occurrences.size();) {
    std::size_t end = i;
    while (end < occurrences.size() && occurrences[end] >> 32 == occurrences[i] >> 32) {
      ++end;
    }
    TermOccurrences& term = terms.emplace_back();
    term.field = field;
    term.term = table.ranked_name(static_cast<std::uint32_t>(occurrences[i] >> 32));
    term.frequency = static_cast<std::uint32_t>(end - i);
    if (field == Field::Body) {
      term.positions.reserve(end - i);
      for (; i < end; ++i) {
        term.positions.push_back(static_cast<std::uint32_t>(occurrences[i]));
      }
    }
    i = end;
  }
}

struct DocWords {
  Occurrences body;
  Occurrences defines;
  Occurrences symbols;
  std::uint32_t length = 0;
};

DocWords words_of(text::Analyzer& analyzer, const DocInput& doc, TermTable& table) {
  DocWords words;
  words.body.reserve(doc.text.size() / 5);
  add_words(analyzer, doc.text, table, words.body);
  words.length = analyzer.length();
  const auto add_name = [&](std::string_view name, std::string_view scope) {
    add_words(analyzer, name, table, words.defines);
    for (const std::string& form : symbol_forms(name, scope)) {
      words.symbols.push_back(static_cast<std::uint64_t>(table.number_of(form)) << 32);
    }
  };
  bool symbol_listed = false;
  if (doc.defines != nullptr) {
    for (const std::string& name : *doc.defines) {
      symbol_listed = symbol_listed || name == doc.symbol;
      add_name(name, name == doc.symbol ? doc.scope : std::string_view{});
    }
  }
  if (!symbol_listed && !doc.symbol.empty()) {
    add_name(doc.symbol, doc.scope);
  }
  return words;
}

AnalyzedDoc finish_doc(const DocInput& doc, DocWords& words, const TermTable& table) {
  AnalyzedDoc analyzed;
  analyzed.kind = doc.kind;
  analyzed.symbol = doc.symbol;
  analyzed.scope = doc.scope;
  analyzed.start_byte = doc.start_byte;
  analyzed.end_byte = doc.end_byte;
  analyzed.start_line = doc.start_line;
  analyzed.end_line = doc.end_line;
  analyzed.length = words.length;
  analyzed.terms.reserve(words.body.size() / 2);
  append_terms(table, Field::Body, words.body, analyzed.terms);
  append_terms(table, Field::Defines, words.defines, analyzed.terms);
  append_terms(table, Field::Symbol, words.symbols, analyzed.terms);
  return analyzed;
}

}  // namespace

AnalyzedFile analyze_file(const FileInput& file) {
  // One analyzer a thread: its cache of stems is what makes it fast. No answer depends on it.
  thread_local text::Analyzer analyzer(text::kStemCacheForCorpus);
  AnalyzedFile analyzed;
  analyzed.source = file.source;
  analyzed.path = file.path;
  analyzed.language = file.language;
  analyzed.traits = file.traits;
  analyzed.hash = file.hash;

  TermTable table;
  Occurrences path_words;
  add_words(analyzer, without_extension(file.path), table, path_words);
  std::vector<DocWords> words;
  words.reserve(file.docs.size());
  for (const DocInput& doc : file.docs) {
    words.push_back(words_of(analyzer, doc, table));
  }
  table.sort();
  append_terms(table, Field::Path, path_words, analyzed.path_terms);
  analyzed.docs.reserve(file.docs.size());
  for (std::size_t i = 0; i < file.docs.size(); ++i) {
    AnalyzedDoc& doc = analyzed.docs.emplace_back(finish_doc(file.docs[i], words[i], table));
    doc.embedded = content_hash(
        embed_text(file.language, file.path, doc.scope, doc.symbol, file.docs[i].text));
  }
  return analyzed;
}

}  // namespace sonde::index
