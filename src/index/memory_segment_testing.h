#pragma once
// For tests: a segment kept as plain tables in memory. Simple before fast.

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "index/analyze.h"
#include "index/segment.h"

namespace sonde::index::search_testing {

struct Entry {
  Postings postings;
  std::vector<std::vector<std::uint32_t>> positions;
};

class MemorySegment final : public Segment {
 public:
  MemorySegment(const std::vector<AnalyzedFile>& files, std::string name) : name_(std::move(name)) {
    for (const AnalyzedFile& file : files) {
      add(file);
    }
    first_docs_->push_back(static_cast<std::uint32_t>(docs_.size()));
  }

  [[nodiscard]] std::uint32_t files() const override {
    return static_cast<std::uint32_t>(files_.size());
  }
  [[nodiscard]] std::uint32_t docs() const override {
    return static_cast<std::uint32_t>(docs_.size());
  }
  [[nodiscard]] std::uint64_t body_length() const override { return body_length_; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::uint32_t analyzer_version() const override { return kAnalyzerVersion; }
  Result<FileMeta> file(std::uint32_t ordinal) const override {
    if (ordinal >= files_.size()) {
      return Error{Code::Corruption, name_ + ": no such file"};
    }
    return files_[ordinal];
  }
  Result<DocMeta> doc(std::uint32_t doc) const override {
    if (doc >= docs_.size()) {
      return Error{Code::Corruption, name_ + ": no such doc"};
    }
    return docs_[doc];
  }
  Result<std::uint32_t> find_file(std::string_view source, std::string_view path) const override {
    for (std::uint32_t i = 0; i < files_.size(); ++i) {
      if (files_[i].source == source && files_[i].path == path) {
        return i;
      }
    }
    return Error{Code::NotFound, name_ + ": no such file"};
  }
  Result<std::shared_ptr<const std::vector<std::uint32_t>>> first_docs() const override {
    return std::shared_ptr<const std::vector<std::uint32_t>>(first_docs_);
  }
  Result<std::shared_ptr<const std::vector<std::uint32_t>>> lengths() const override {
    return std::shared_ptr<const std::vector<std::uint32_t>>(lengths_);
  }
  Result<std::shared_ptr<const std::vector<std::uint8_t>>> kinds() const override {
    return std::shared_ptr<const std::vector<std::uint8_t>>(kinds_);
  }
  Result<std::shared_ptr<const std::vector<ContentHash>>> embedded() const override {
    return std::shared_ptr<const std::vector<ContentHash>>(embedded_);
  }
  Status for_each_file(
      const std::function<Status(std::uint32_t, const FileMeta&)>& visit) const override {
    for (std::uint32_t i = 0; i < files_.size(); ++i) {
      TRY(visit(i, files_[i]));
    }
    return {};
  }
  Result<Postings> postings(Field field, std::string_view term) const override {
    const Entry* entry = find(field, term);
    return entry == nullptr ? Postings{} : entry->postings;
  }
  Result<std::vector<std::vector<std::uint32_t>>> positions(std::string_view term) const override {
    const Entry* entry = find(Field::Body, term);
    return entry == nullptr ? std::vector<std::vector<std::uint32_t>>{} : entry->positions;
  }
  Result<std::vector<std::vector<std::uint32_t>>> positions_in(
      std::string_view term, const std::vector<std::uint32_t>& docs) const override {
    std::vector<std::vector<std::uint32_t>> found(docs.size());
    const Entry* entry = find(Field::Body, term);
    for (std::size_t i = 0; entry != nullptr && i < docs.size(); ++i) {
      for (std::size_t p = 0; p < entry->postings.docs.size(); ++p) {
        if (entry->postings.docs[p] == docs[i]) {
          found[i] = entry->positions[p];
        }
      }
    }
    return found;
  }
  Result<std::vector<std::string>> terms(Field field, std::string_view prefix,
                                         std::size_t limit) const override {
    std::vector<std::string> found;
    const auto& table = terms_[static_cast<std::size_t>(field)];
    for (auto it = table.lower_bound(prefix); it != table.end() && found.size() < limit; ++it) {
      if (!it->first.starts_with(prefix)) {
        break;
      }
      found.push_back(it->first);
    }
    return found;
  }
  Status check() const override { return {}; }

 private:
  void add(const AnalyzedFile& file) {
    FileMeta meta;
    meta.source = file.source;
    meta.path = file.path;
    meta.language = file.language;
    meta.traits = file.traits;
    meta.hash = file.hash;
    meta.first_doc = docs();
    meta.doc_count = static_cast<std::uint32_t>(file.docs.size());
    for (const TermOccurrences& term : file.path_terms) {
      add_term(term, files());
    }
    first_docs_->push_back(docs());
    for (std::uint32_t ordinal = 0; ordinal < file.docs.size(); ++ordinal) {
      meta.body_length += file.docs[ordinal].length;
      add_doc(file.docs[ordinal], ordinal);
    }
    body_length_ += meta.body_length;
    files_.push_back(std::move(meta));
  }
  void add_doc(const AnalyzedDoc& doc, std::uint32_t ordinal) {
    for (const TermOccurrences& term : doc.terms) {
      add_term(term, docs());
    }
    lengths_->push_back(doc.length);
    kinds_->push_back(doc.kind);
    embedded_->push_back(doc.embedded);
    DocMeta meta;
    meta.file = files();
    meta.ordinal = ordinal;
    meta.kind = doc.kind;
    meta.length = doc.length;
    meta.start_byte = doc.start_byte;
    meta.end_byte = doc.end_byte;
    meta.start_line = doc.start_line;
    meta.end_line = doc.end_line;
    meta.symbol = doc.symbol;
    meta.scope = doc.scope;
    docs_.push_back(std::move(meta));
  }
  void add_term(const TermOccurrences& term, std::uint32_t owner) {
    Entry& entry = terms_[static_cast<std::size_t>(term.field)][term.term];
    entry.postings.docs.push_back(owner);
    entry.postings.frequencies.push_back(term.frequency);
    entry.positions.push_back(term.positions);
  }
  [[nodiscard]] const Entry* find(Field field, std::string_view term) const {
    const auto& table = terms_[static_cast<std::size_t>(field)];
    const auto it = table.find(term);
    return it == table.end() ? nullptr : &it->second;
  }

  std::string name_;
  std::vector<FileMeta> files_;
  std::vector<DocMeta> docs_;
  std::uint64_t body_length_ = 0;
  std::shared_ptr<std::vector<std::uint32_t>> first_docs_ =
      std::make_shared<std::vector<std::uint32_t>>();
  std::shared_ptr<std::vector<std::uint32_t>> lengths_ =
      std::make_shared<std::vector<std::uint32_t>>();
  std::shared_ptr<std::vector<std::uint8_t>> kinds_ = std::make_shared<std::vector<std::uint8_t>>();
  std::shared_ptr<std::vector<ContentHash>> embedded_ =
      std::make_shared<std::vector<ContentHash>>();
  std::array<std::map<std::string, Entry, std::less<>>, kFieldCount> terms_;
};

/// Errors: InvalidArgument (a file twice).
inline Result<std::shared_ptr<const Segment>> make_memory_segment(std::vector<AnalyzedFile> files,
                                                                  std::string name) {
  const auto key = [](const AnalyzedFile& file) { return std::tie(file.source, file.path); };
  std::sort(files.begin(), files.end(),
            [&](const AnalyzedFile& a, const AnalyzedFile& b) { return key(a) < key(b); });
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (key(files[i - 1]) == key(files[i])) {
      return Error{Code::InvalidArgument, name + ": " + files[i].path + " is there twice"};
    }
  }
  return std::shared_ptr<const Segment>(std::make_shared<MemorySegment>(files, std::move(name)));
}

}  // namespace sonde::index::search_testing
