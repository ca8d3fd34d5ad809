#include <algorithm>
#include <deque>
#include <unordered_map>

#include "base/codec.h"
#include "base/hash.h"
#include "index/analyze.h"
#include "index/segment.h"
#include "index/segment_pool.h"
#include "index/segment_writer.h"

namespace sonde::index {
namespace {

Error invalid(const AnalyzedFile& file, const char* what) {
  return {Code::InvalidArgument, file.path + ": " + what};
}

Error limit(const AnalyzedFile& file, const char* what) {
  return {Code::Limit, file.path + ": " + what};
}

std::string key_of(Field field, std::string_view term) {
  std::string key(1, static_cast<char>(field));
  key += term;
  return key;
}

Status check_occurrences(const AnalyzedFile& file, const TermOccurrences& term) {
  if (term.term.empty() || term.frequency == 0) {
    return invalid(file, "a term without text or occurrences");
  }
  if (term.term.size() > format::kTermLimit) {
    return limit(file, "a term of more than 255 bytes");
  }
  if (term.frequency > format::kFrequencyLimit) {
    return limit(file, "a term that occurs more than 2^24 times in a chunk");
  }
  const std::size_t expected = term.field == Field::Body ? term.frequency : 0;
  if (term.positions.size() != expected ||
      !std::is_sorted(term.positions.begin(), term.positions.end())) {
    return invalid(file, "positions that do not fit the frequency or do not ascend");
  }
  return {};
}

enum class Owner : std::uint8_t { Doc, File };

Status check_terms(const AnalyzedFile& file, const std::vector<TermOccurrences>& terms,
                   Owner owner) {
  const TermOccurrences* before = nullptr;
  for (const TermOccurrences& term : terms) {
    TRY(check_occurrences(file, term));
    if (static_cast<std::size_t>(term.field) >= kFieldCount ||
        (term.field == Field::Path) != (owner == Owner::File)) {
      return invalid(file, "a term in a field that is not its place");
    }
    if (before != nullptr &&
        std::tie(before->field, before->term) >= std::tie(term.field, term.term)) {
      return invalid(file, "terms that are not sorted, or not unique");
    }
    before = &term;
  }
  return {};
}

Status check_file(const AnalyzedFile& file) {
  if (file.source.size() > format::kNameLimit || file.language.size() > format::kNameLimit ||
      file.path.size() > format::kStringLimit) {
    return limit(file, "a path, source or language that is too long");
  }
  TRY(check_terms(file, file.path_terms, Owner::File));
  for (const AnalyzedDoc& doc : file.docs) {
    if (doc.symbol.size() > format::kStringLimit || doc.scope.size() > format::kStringLimit) {
      return limit(file, "a symbol of more than 65,535 bytes");
    }
    if (doc.start_byte > doc.end_byte || doc.start_line > doc.end_line) {
      return invalid(file, "a chunk that ends before it begins");
    }
    TRY(check_terms(file, doc.terms, Owner::Doc));
  }
  return {};
}

/// An upper bound of what the terms add to the pool, but for the growth of streams already there.
std::uint64_t pool_cost(const std::vector<TermOccurrences>& terms) {
  std::uint64_t cost = 0;
  for (const TermOccurrences& term : terms) {
    cost += term.term.size() + 64 + std::uint64_t{15} * term.positions.size();
  }
  return cost;
}

}  // namespace

struct SegmentBuilder::Impl {
  struct Term {
    SegmentPool::Stream stream;
    std::uint32_t key = 0;  // in the pool
    std::uint32_t hash = 0;
    std::uint32_t next_id = 0;  // one more than the last id
    std::uint32_t count = 0;    // ids
    std::uint16_t key_length = 0;
  };
  struct DocRow {
    std::uint32_t length, start_byte, end_byte, start_line, end_line;
    std::uint32_t symbol, scope;  // in the pool
    std::uint16_t symbol_length, scope_length;
    std::uint8_t kind;
    ContentHash embedded;
  };
  struct FileRow {
    std::uint32_t source, language, path;  // in the pool
    std::uint16_t source_length, language_length, path_length;
    std::uint32_t traits, first_doc, doc_count;
    ContentHash hash;
  };

  [[nodiscard]] std::string_view source(const FileRow& row) const {
    return pool.view(row.source, row.source_length);
  }
  [[nodiscard]] std::string_view path(const FileRow& row) const {
    return pool.view(row.path, row.path_length);
  }
  [[nodiscard]] std::string_view key(const Term& term) const {
    return pool.view(term.key, term.key_length);
  }

  [[nodiscard]] std::uint64_t name_hash(const AnalyzedFile& file) const {
    return checksum64(file.path, checksum64(file.source));
  }
  [[nodiscard]] bool contains(const AnalyzedFile& file) const;
  Status check_room(const AnalyzedFile& file) const;
  void add_file(const AnalyzedFile& file);
  void add_doc(const AnalyzedDoc& doc);
  void add_terms(const std::vector<TermOccurrences>& terms, std::uint32_t id);
  Term& find_or_add(Field field, std::string_view term);
  void grow_table();

  void order_files();
  [[nodiscard]] std::vector<std::uint32_t> sorted_terms() const;
  Status feed(const FileVisitor& visit) const;
  void load(const Term& term, std::string& scratch, PostingList& list) const;

  SegmentPool pool;
  std::deque<Term> terms;            // a vector's doubling would cost as much as the terms
  std::vector<std::uint32_t> table;  // place in `terms` + 1; open addressing
  std::vector<DocRow> docs;
  std::vector<FileRow> files;
  std::unordered_multimap<std::uint64_t, std::uint32_t> names;  // name_hash to file

  // Set by order_files(): files in order, and what became of each id.
  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> new_files;
  std::vector<std::uint32_t> new_docs;
};

bool SegmentBuilder::Impl::contains(const AnalyzedFile& file) const {
  const auto [first, last] = names.equal_range(name_hash(file));
  return std::any_of(first, last, [&](const auto& entry) {
    const FileRow& row = files[entry.second];
    return source(row) == file.source && path(row) == file.path;
  });
}

Status SegmentBuilder::Impl::check_room(const AnalyzedFile& file) const {
  std::uint64_t cost = file.source.size() + file.path.size() + file.language.size() + 4096 +
                       pool_cost(file.path_terms);
  for (const AnalyzedDoc& doc : file.docs) {
    cost += doc.symbol.size() + doc.scope.size() + pool_cost(doc.terms);
  }
  // A stream at most doubles when it grows, and the ends of the pool's chunks are lost to strings.
  if (2 * pool.used() + 2 * cost > SegmentPool::kAddressLimit) {
    return limit(file, "the segment's builder is full (2 GiB); write it first");
  }
  if (files.size() >= format::kIdLimit || file.docs.size() > format::kIdLimit - docs.size()) {
    return limit(file, "a segment holds at most 2^30 - 1 files and docs");
  }
  return {};
}

void SegmentBuilder::Impl::add_file(const AnalyzedFile& file) {
  const auto ordinal = static_cast<std::uint32_t>(files.size());
  FileRow row{};
  const FileRow* before = files.empty() ? nullptr : &files.back();
  const bool same_source = before != nullptr && source(*before) == file.source;
  row.source = same_source ? before->source : pool.add(file.source);
  row.source_length = static_cast<std::uint16_t>(file.source.size());
  const bool same_language =
      before != nullptr && pool.view(before->language, before->language_length) == file.language;
  row.language = same_language ? before->language : pool.add(file.language);
  row.language_length = static_cast<std::uint16_t>(file.language.size());
  row.path = pool.add(file.path);
  row.path_length = static_cast<std::uint16_t>(file.path.size());
  row.traits = file.traits;
  row.hash = file.hash;
  row.first_doc = static_cast<std::uint32_t>(docs.size());
  row.doc_count = static_cast<std::uint32_t>(file.docs.size());
  names.emplace(name_hash(file), ordinal);
  files.push_back(row);
  add_terms(file.path_terms, ordinal);
  for (const AnalyzedDoc& doc : file.docs) {
    add_doc(doc);
  }
}

void SegmentBuilder::Impl::add_doc(const AnalyzedDoc& doc) {
  const auto id = static_cast<std::uint32_t>(docs.size());
  DocRow row{};
  row.kind = doc.kind;
  row.embedded = doc.embedded;
  row.length = doc.length;
  row.start_byte = doc.start_byte;
  row.end_byte = doc.end_byte;
  row.start_line = doc.start_line;
  row.end_line = doc.end_line;
  row.symbol = pool.add(doc.symbol);
  row.symbol_length = static_cast<std::uint16_t>(doc.symbol.size());
  row.scope = pool.add(doc.scope);
  row.scope_length = static_cast<std::uint16_t>(doc.scope.size());
  docs.push_back(row);
  add_terms(doc.terms, id);
}

void SegmentBuilder::Impl::add_terms(const std::vector<TermOccurrences>& occurrences,
                                     std::uint32_t id) {
  for (const TermOccurrences& found : occurrences) {
    Term& term = find_or_add(found.field, found.term);
    const std::uint64_t gap = id - term.next_id;
    pool.append(term.stream, gap * 2 + (found.frequency > 1 ? 1 : 0));
    if (found.frequency > 1) {
      pool.append(term.stream, found.frequency);
    }
    std::uint32_t before = 0;
    for (const std::uint32_t position : found.positions) {
      pool.append(term.stream, position - before);
      before = position;
    }
    term.next_id = id + 1;
    ++term.count;
  }
}

SegmentBuilder::Impl::Term& SegmentBuilder::Impl::find_or_add(Field field, std::string_view text) {
  if ((terms.size() + 1) * 4 > table.size() * 3) {
    grow_table();
  }
  const auto hash = static_cast<std::uint32_t>(checksum64(text, static_cast<std::uint64_t>(field)));
  const std::size_t mask = table.size() - 1;
  std::size_t slot = hash & mask;
  for (; table[slot] != 0; slot = (slot + 1) & mask) {
    Term& term = terms[table[slot] - 1];
    if (term.hash == hash && term.key_length == text.size() + 1) {
      const std::string_view there = key(term);
      if (there[0] == static_cast<char>(field) && there.substr(1) == text) {
        return term;
      }
    }
  }
  Term term;
  term.hash = hash;
  term.key = pool.add(key_of(field, text));
  term.key_length = static_cast<std::uint16_t>(text.size() + 1);
  terms.push_back(term);
  table[slot] = static_cast<std::uint32_t>(terms.size());
  return terms.back();
}

void SegmentBuilder::Impl::grow_table() {
  table.assign(std::max<std::size_t>(1024, table.size() * 2), 0);
  const std::size_t mask = table.size() - 1;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::size_t slot = terms[i].hash & mask;
    while (table[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    table[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

void SegmentBuilder::Impl::order_files() {
  order.resize(files.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
    return std::pair(source(files[a]), path(files[a])) <
           std::pair(source(files[b]), path(files[b]));
  });
  new_files.resize(files.size());
  new_docs.resize(docs.size());
  std::uint32_t next_doc = 0;
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    const FileRow& row = files[order[i]];
    new_files[order[i]] = i;
    for (std::uint32_t doc = 0; doc < row.doc_count; ++doc) {
      new_docs[row.first_doc + doc] = next_doc++;
    }
  }
}

std::vector<std::uint32_t> SegmentBuilder::Impl::sorted_terms() const {
  struct Entry {
    std::uint64_t prefix;  // the first 8 bytes of the key: most comparisons end there
    std::uint32_t term;
  };
  std::vector<Entry> entries;
  entries.reserve(terms.size());
  for (std::uint32_t i = 0; i < terms.size(); ++i) {
    const std::string_view text = key(terms[i]);
    std::uint64_t prefix = 0;
    for (std::size_t at = 0; at < sizeof prefix; ++at) {
      prefix = prefix << 8U | (at < text.size() ? static_cast<unsigned char>(text[at]) : 0U);
    }
    entries.push_back({prefix, i});
  }
  std::sort(entries.begin(), entries.end(), [this](const Entry& a, const Entry& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : key(terms[a.term]) < key(terms[b.term]);
  });
  std::vector<std::uint32_t> sorted;
  sorted.reserve(entries.size());
  for (const Entry& entry : entries) {
    sorted.push_back(entry.term);
  }
  return sorted;
}

Status SegmentBuilder::Impl::feed(const FileVisitor& visit) const {
  std::vector<DocView> views;
  for (const std::uint32_t ordinal : order) {
    const FileRow& row = files[ordinal];
    views.clear();
    for (std::uint32_t i = row.first_doc; i < row.first_doc + row.doc_count; ++i) {
      const DocRow& doc = docs[i];
      views.push_back({doc.kind, doc.length, doc.start_byte, doc.end_byte, doc.start_line,
                       doc.end_line, pool.view(doc.symbol, doc.symbol_length),
                       pool.view(doc.scope, doc.scope_length), doc.embedded});
    }
    TRY(visit({source(row), path(row), pool.view(row.language, row.language_length), row.traits,
               row.hash, views}));
  }
  return {};
}

void SegmentBuilder::Impl::load(const Term& term, std::string& scratch, PostingList& list) const {
  pool.copy(term.stream, scratch);
  ByteCursor cursor(scratch);
  const auto field = static_cast<Field>(key(term)[0]);
  const std::vector<std::uint32_t>& ids = field == Field::Path ? new_files : new_docs;
  list.clear();
  std::uint32_t next = 0;
  for (std::uint32_t i = 0; i < term.count; ++i) {
    const std::uint32_t tag = cursor.varint();
    const std::uint32_t frequency = (tag & 1U) != 0 ? cursor.varint() : 1;
    next += (tag >> 1U) + 1;
    list.docs.push_back(ids[next - 1]);
    list.frequencies.push_back(frequency);
    std::uint32_t position = 0;
    for (std::uint32_t n = 0; field == Field::Body && n < frequency; ++n) {
      position += cursor.varint();
      list.positions.push_back(position);
    }
  }
  list.sort();
}

SegmentBuilder::SegmentBuilder() : impl_(std::make_unique<Impl>()) {}
SegmentBuilder::~SegmentBuilder() = default;

Status SegmentBuilder::add(const AnalyzedFile& file) {
  TRY(check_file(file));
  if (impl_->contains(file)) {
    return invalid(file, "added to a segment twice");
  }
  TRY(impl_->check_room(file));
  impl_->add_file(file);
  return {};
}

std::size_t SegmentBuilder::memory_bytes() const {
  const Impl& impl = *impl_;
  constexpr std::size_t kNameBytes = 48;  // a node of the multimap and its bucket
  return impl.pool.memory_bytes() + impl.terms.size() * sizeof(Impl::Term) +
         impl.table.capacity() * sizeof(std::uint32_t) +
         impl.docs.capacity() * sizeof(Impl::DocRow) +
         impl.files.capacity() * sizeof(Impl::FileRow) + impl.names.size() * kNameBytes;
}

std::uint32_t SegmentBuilder::docs() const {
  return static_cast<std::uint32_t>(impl_->docs.size());
}

std::uint32_t SegmentBuilder::files() const {
  return static_cast<std::uint32_t>(impl_->files.size());
}

Result<SegmentSummary> SegmentBuilder::write(io::BlockSink& sink) {
  const auto impl = std::exchange(impl_, std::make_unique<Impl>());
  impl->order_files();
  SegmentWriter writer(sink, kAnalyzerVersion);
  TRY(writer.write_tables([&](const FileVisitor& visit) { return impl->feed(visit); }));
  std::string scratch;
  PostingList list;
  for (const std::uint32_t term : impl->sorted_terms()) {
    impl->load(impl->terms[term], scratch, list);
    TRY(writer.add_term(impl->key(impl->terms[term]), list));
  }
  return writer.finish();
}

}  // namespace sonde::index
