// The part of SegmentReader that reads terms and their postings, and the cursor over all terms.

#include <algorithm>

#include "index/segment_reader.h"

namespace sonde::index {
namespace {

std::vector<std::vector<std::uint32_t>> split(const PostingList& list) {
  std::vector<std::vector<std::uint32_t>> lists;
  lists.reserve(list.frequencies.size());
  auto at = list.positions.begin();
  for (const std::uint32_t frequency : list.frequencies) {
    lists.emplace_back(at, at + frequency);
    at += frequency;
  }
  return lists;
}

}  // namespace

Result<bool> TermCursor::next() {
  if (!block_ || block_->at_end()) {
    if (block_ && !block_->complete()) {
      return segment_.corrupt("a term block");
    }
    last_key_ = block_ ? entry_.key : std::string();
    block_.reset();
    if (next_block_ >= segment_.index().size()) {
      return false;
    }
    TRY(load_block());
    if (!block_->next(entry_) || entry_.key <= last_key_ ||
        entry_.key != segment_.index().first_key(next_block_ - 1)) {
      return segment_.corrupt("a term block");
    }
    return true;
  }
  if (!block_->next(entry_)) {
    return segment_.corrupt("a term block");
  }
  return true;
}

Status TermCursor::load_block() {
  const TermIndex::Block& block = segment_.index().block(next_block_++);
  const std::uint32_t before = load_ == Load::Postings ? block.group : 0;
  bytes_offset_ = block.offset - before;
  TRY_ASSIGN(bytes_, segment_.read(bytes_offset_, std::uint64_t{before} + block.length));
  block_.emplace(std::string_view(bytes_).substr(before), block, segment_.files(), segment_.docs());
  if (!block_->valid()) {
    return segment_.corrupt("a term block");
  }
  return {};
}

std::string_view TermCursor::part(const format::Section& section) const {
  return std::string_view(bytes_).substr(section.offset - bytes_offset_, section.length);
}

Status TermCursor::read(PostingList& list) const {
  if (entry_.inlined) {
    list = entry_.list;
    return {};
  }
  list.clear();
  const std::uint32_t limit = entry_.field() == Field::Path ? segment_.files() : segment_.docs();
  std::vector<std::uint32_t> run_bytes;
  const bool stored = entry_.kind() == Positions::Stored;
  if (!decode_postings(part(entry_.postings), {entry_.count, limit, entry_.kind()}, list.docs,
                       list.frequencies, &run_bytes) ||
      (stored &&
       !decode_positions(part(entry_.positions), list.frequencies, run_bytes, list.positions))) {
    return segment_.corrupt("a posting list");
  }
  return {};
}

Result<bool> SegmentReader::find_term(Field field, std::string_view term, TermEntry& entry) const {
  if (term.empty() || term.size() > format::kTermLimit || index_.size() == 0) {
    return false;
  }
  const std::string key = term_key(field, term);
  const std::size_t at = index_.find(key);
  const TermIndex::Block& block = index_.block(at);
  TRY_ASSIGN(const std::string bytes, read(block.offset, block.length));
  TermBlockReader reader(bytes, block, layout_.files, layout_.docs);
  if (!reader.valid()) {
    return corrupt("a term block");
  }
  while (!reader.at_end()) {
    if (!reader.next(entry)) {
      return corrupt("a term block");
    }
    if (entry.key >= key) {
      return entry.key == key;
    }
  }
  return false;
}

Status SegmentReader::read_postings(const TermEntry& entry, PostingList& list,
                                    std::vector<std::uint32_t>* run_bytes) const {
  const std::uint32_t limit = entry.field() == Field::Path ? layout_.files : layout_.docs;
  TRY_ASSIGN(const std::string bytes, read(entry.postings.offset, entry.postings.length));
  if (!decode_postings(bytes, {entry.count, limit, entry.kind()}, list.docs, list.frequencies,
                       run_bytes)) {
    return corrupt("a posting list");
  }
  return {};
}

Result<Postings> SegmentReader::postings(Field field, std::string_view term) const {
  TermEntry entry;
  TRY_ASSIGN(const bool found, find_term(field, term, entry));
  if (!found) {
    return Postings{};
  }
  if (!entry.inlined) {
    TRY(read_postings(entry, entry.list, nullptr));
  }
  return Postings{std::move(entry.list.docs), std::move(entry.list.frequencies)};
}

Result<std::vector<std::vector<std::uint32_t>>> SegmentReader::positions(
    std::string_view term) const {
  TermEntry entry;
  TRY_ASSIGN(const bool found, find_term(Field::Body, term, entry));
  if (!found) {
    return std::vector<std::vector<std::uint32_t>>{};
  }
  if (!entry.inlined) {
    std::vector<std::uint32_t> run_bytes;
    TRY(read_postings(entry, entry.list, &run_bytes));
    TRY_ASSIGN(const std::string bytes, read(entry.positions.offset, entry.positions.length));
    if (!decode_positions(bytes, entry.list.frequencies, run_bytes, entry.list.positions)) {
      return corrupt("a list of positions");
    }
  }
  return split(entry.list);
}

Result<std::vector<std::vector<std::uint32_t>>> SegmentReader::positions_in(
    std::string_view term, const std::vector<std::uint32_t>& docs) const {
  std::vector<std::vector<std::uint32_t>> result(docs.size());
  TermEntry entry;
  TRY_ASSIGN(const bool found, find_term(Field::Body, term, entry));
  if (!found) {
    return result;
  }
  std::vector<std::uint32_t> run_bytes;
  if (!entry.inlined) {
    TRY(read_postings(entry, entry.list, &run_bytes));
  }
  // Which places of the list are wanted, and where their positions go.
  std::vector<std::uint32_t> wanted;
  std::vector<std::size_t> targets;
  auto at = entry.list.docs.begin();
  for (std::size_t i = 0; i < docs.size(); ++i) {
    at = std::lower_bound(at, entry.list.docs.end(), docs[i]);
    if (at == entry.list.docs.end()) {
      break;
    }
    if (*at == docs[i]) {
      wanted.push_back(static_cast<std::uint32_t>(at - entry.list.docs.begin()));
      targets.push_back(i);
      ++at;
    }
  }
  std::vector<std::vector<std::uint32_t>> lists;
  if (entry.inlined) {
    auto all = split(entry.list);
    for (const std::uint32_t place : wanted) {
      lists.push_back(std::move(all[place]));
    }
  } else {
    TRY_ASSIGN(const std::string bytes, read(entry.positions.offset, entry.positions.length));
    if (!decode_positions_of(bytes, entry.list.frequencies, run_bytes, wanted, lists)) {
      return corrupt("a list of positions");
    }
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    result[targets[i]] = std::move(lists[i]);
  }
  return result;
}

Result<std::vector<std::string>> SegmentReader::terms(Field field, std::string_view prefix,
                                                      std::size_t limit) const {
  std::vector<std::string> found;
  const std::string start = term_key(field, prefix);
  TermCursor cursor(*this, TermCursor::Load::Keys);
  cursor.seek(start);
  while (found.size() < limit) {
    TRY_ASSIGN(const bool more, cursor.next());
    if (!more) {
      break;
    }
    const TermEntry& entry = cursor.entry();
    if (entry.key < start) {
      continue;
    }
    if (!entry.key.starts_with(start)) {
      break;
    }
    found.emplace_back(entry.term());
  }
  return found;
}

}  // namespace sonde::index
