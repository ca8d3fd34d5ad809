#include "index/vectors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace sonde::index {
namespace {

constexpr std::size_t kReadBytes = 4U << 20;
constexpr std::size_t kLine = 64;  // bytes that a processor fetches at once

std::uint32_t leading(const ContentHash& hash) {
  return static_cast<std::uint32_t>(hash.bytes[0]) << 24 |
         static_cast<std::uint32_t>(hash.bytes[1]) << 16 |
         static_cast<std::uint32_t>(hash.bytes[2]) << 8 | hash.bytes[3];
}

/// Nearly all are told apart by their first bytes.
bool ascend(const std::vector<ContentHash>& hashes) {
  for (std::size_t i = 1; i < hashes.size(); ++i) {
    const std::uint32_t before = leading(hashes[i - 1]);
    const std::uint32_t here = leading(hashes[i]);
    if (here < before || (here == before && !(hashes[i - 1] < hashes[i]))) {
      return false;
    }
  }
  return true;
}

Status read_into(io::ByteSource& source, std::uint64_t offset, std::size_t length, char* to) {
  for (std::size_t done = 0; done < length;) {
    const std::size_t step = std::min(kReadBytes, length - done);
    TRY(source.read(offset + done, step, to + done));
    done += step;
  }
  return {};
}

Result<std::vector<std::uint32_t>> read_u32s(io::ByteSource& source, std::uint64_t offset,
                                             std::size_t count) {
  std::vector<std::uint32_t> values(count);
  TRY(read_into(source, offset, count * sizeof(std::uint32_t),
                reinterpret_cast<char*>(values.data())));
  if constexpr (std::endian::native != std::endian::little) {
    for (std::uint32_t& value : values) {
      value = u32_at(reinterpret_cast<const char*>(&value));
    }
  }
  return values;
}

Error corrupt(const io::ByteSource& source, const char* what) {
  return Error{Code::Corruption, source.name() + ": vectors: " + what};
}

}  // namespace

void VectorSet::index_hashes() {
  bits_ = hashes_.size() < 4
              ? 0
              : std::min(24U, static_cast<unsigned>(std::bit_width(hashes_.size() / 4)));
  starts_.assign((std::size_t{1} << bits_) + 1, 0);
  for (const ContentHash& hash : hashes_) {
    const std::size_t bucket = bits_ == 0 ? 0 : leading(hash) >> (32 - bits_);
    ++starts_[bucket + 1];
  }
  for (std::size_t i = 1; i < starts_.size(); ++i) {
    starts_[i] += starts_[i - 1];
  }
}

std::optional<std::uint32_t> VectorSet::find(const ContentHash& hash) const {
  const std::size_t bucket = bits_ == 0 ? 0 : leading(hash) >> (32 - bits_);
  const auto begin = hashes_.begin() + starts_[bucket];
  const auto end = hashes_.begin() + starts_[bucket + 1];
  const auto found = std::lower_bound(begin, end, hash);
  if (found == end || *found != hash) {
    return std::nullopt;
  }
  const auto rank = static_cast<std::uint32_t>(found - hashes_.begin());
  return places_.empty() ? rank : places_[rank];
}

Result<std::shared_ptr<const VectorSet>> VectorSet::from_rows(std::uint32_t dimensions,
                                                              std::vector<Row> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.first < b.first; });
  std::shared_ptr<VectorSet> set(new VectorSet);
  set->dimensions_ = dimensions;
  set->values_.reserve(rows.size() * dimensions);
  for (const auto& [hash, bytes] : rows) {
    if (!set->hashes_.empty() && set->hashes_.back() == hash) {
      continue;
    }
    TRY_ASSIGN(const VectorCode code, unpack_code(bytes, dimensions));
    set->hashes_.push_back(hash);
    set->scales_.push_back(code.scale);
    set->values_.insert(set->values_.end(), code.codes.begin(), code.codes.end());
  }
  set->index_hashes();
  return std::shared_ptr<const VectorSet>(std::move(set));
}

Result<std::shared_ptr<const VectorSet>> VectorSet::open(std::shared_ptr<io::ByteSource> source,
                                                         const ContentHash& model,
                                                         std::uint32_t dimensions,
                                                         std::size_t limit) {
  if (source->size() < VectorHead::kBytes) {
    return corrupt(*source, "the file is too short");
  }
  std::string bytes(VectorHead::kBytes, '\0');
  TRY(source->read(0, bytes.size(), bytes.data()));
  TRY_ASSIGN(const VectorHead head, VectorHead::unpack(bytes, source->name(), source->size()));
  if (head.model != model || head.dimensions != dimensions) {
    return corrupt(*source, "they are of another model");
  }
  std::shared_ptr<VectorSet> set(new VectorSet);
  set->dimensions_ = dimensions;
  set->limit_ = limit;
  set->head_ = head;
  set->source_ = std::move(source);
  TRY(set->read_tables());
  TRY(set->read_lists());
  set->index_hashes();
  set->pages_ = std::make_shared<VectorPages>(set->page_count());
  return std::shared_ptr<const VectorSet>(std::move(set));
}

Status VectorSet::read_tables() {
  const auto count = static_cast<std::size_t>(head_.count);
  hashes_.resize(count);
  TRY(read_into(*source_, head_.hashes_at(), count * kHashBytes,
                reinterpret_cast<char*>(hashes_.data())));
  if (!ascend(hashes_)) {
    return corrupt(*source_, "its hashes do not ascend");
  }
  TRY_ASSIGN(ranks_, read_u32s(*source_, head_.ranks_at(), count));
  constexpr std::uint32_t kUnset = ~0U;
  places_.assign(count, kUnset);
  const char* const wrong = "its places are not those of its hashes";
  for (std::size_t place = 0; place < count; ++place) {
    if (ranks_[place] >= count) {
      return corrupt(*source_, wrong);
    }
    places_[ranks_[place]] = static_cast<std::uint32_t>(place);
  }
  // As many as there are, and none left out: each once.
  if (std::find(places_.begin(), places_.end(), kUnset) != places_.end()) {
    return corrupt(*source_, wrong);
  }
  return {};
}

Status VectorSet::read_lists() {
  auto lists = std::make_unique<VectorLists>();
  TRY_ASSIGN(const std::vector<std::uint32_t> sizes,
             read_u32s(*source_, head_.sizes_at(), head_.lists));
  TRY_ASSIGN(const std::vector<std::uint32_t> scales,
             read_u32s(*source_, head_.centre_scales_at(), head_.lists));
  std::vector<std::int8_t> centres(std::size_t{head_.lists} * dimensions_);
  TRY(read_into(*source_, head_.centres_at(), centres.size(),
                reinterpret_cast<char*>(centres.data())));
  std::uint64_t vectors = 0;
  std::uint64_t blocks = 0;
  lists->starts = {0};
  lists->blocks = {0};
  lists->centres = kernel::make_panels(centres.data(), head_.lists, dimensions_);
  lists->scales.assign(lists->centres.panels() * kernel::kPanelRows, 0.0F);
  const kernel::DotI8 dot = kernel::dot_i8_of(kernel::best_dot_set());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    vectors += sizes[i];
    blocks += code_blocks_of(sizes[i]);
    if (vectors > head_.count || blocks > head_.code_blocks) {
      break;
    }
    lists->starts.push_back(static_cast<std::uint32_t>(vectors));
    lists->blocks.push_back(static_cast<std::uint32_t>(blocks));
    auto scale = scale_from(scales[i]);
    if (!scale.ok()) {
      return std::move(scale).error().with_context(source_->name());
    }
    lists->scales[i] = *scale;
    const std::int8_t* centre = centres.data() + i * dimensions_;
    lists->squares.push_back(*scale * *scale *
                             static_cast<float>(dot(centre, centre, dimensions_)));
  }
  if (vectors != head_.count || blocks != head_.code_blocks) {
    return corrupt(*source_, "its lists do not hold what it counts");
  }
  lists_ = std::move(lists);
  return {};
}

std::size_t VectorSet::page_count() const {
  return head_.lists + static_cast<std::size_t>(head_.row_pages());
}

std::shared_ptr<VectorPages> VectorSet::pages() const {
  const std::lock_guard lock(mutex_);
  if (pages_ != nullptr && pages_->bytes() > limit_) {
    // Searches that run keep the old pages until they end.
    pages_ = std::make_shared<VectorPages>(page_count());
  }
  return pages_;
}

std::size_t VectorSet::bytes_in_memory() const {
  const std::lock_guard lock(mutex_);
  return pages_ == nullptr ? values_.size() : pages_->bytes();
}

VectorReader::VectorReader(const VectorSet& set) : set_(set), pages_(set.pages()) {
  if (set.source_ != nullptr) {
    per_page_ = static_cast<std::uint32_t>(set.head_.rows_per_page());
    first_row_page_ = set.head_.lists;
  }
}

Result<const char*> VectorReader::load(std::size_t page, std::uint64_t offset, std::size_t length) {
  char* const bytes = pages_->room(length);
  if (bytes == nullptr) {
    return Error{Code::Limit, set_.source_->name() + ": no memory for a page of vectors"};
  }
  TRY(set_.source_->read(offset, length, bytes));
  return pages_->put(page, bytes, length);
}

Result<const char*> VectorReader::row_page(std::size_t page) {
  if (const char* found = pages_->find(first_row_page_ + page)) {
    return found;
  }
  return load(first_row_page_ + page,
              set_.head_.rows_at() + std::uint64_t{page} * io::kBlockPayloadBytes,
              io::kBlockPayloadBytes);
}

Result<VectorRow> VectorReader::row_in(const char* page, std::size_t at) const {
  const std::size_t dimensions = set_.dimensions_;
  auto scale = scale_from(u32_at(page + scale_at(at)));
  if (!scale.ok()) {
    return std::move(scale).error().with_context(set_.source_->name());
  }
  return VectorRow{reinterpret_cast<const std::int8_t*>(page + at * dimensions), *scale};
}

Result<VectorRow> VectorReader::row(std::uint32_t place) {
  if (set_.source_ == nullptr) {
    return VectorRow{set_.values_.data() + std::size_t{place} * set_.dimensions_,
                     set_.scales_[place]};
  }
  TRY_ASSIGN(const char* page, row_page(place / per_page_));
  return row_in(page, place % per_page_);
}

void VectorReader::fetch_codes(std::size_t list) const {
  if (const char* codes = pages_->find(list)) {
    const std::size_t blocks = set_.lists_->blocks[list + 1] - set_.lists_->blocks[list];
    const std::size_t bytes = blocks * set_.head_.block_bytes();
    for (std::size_t at = 0; at < bytes; at += kLine) {
      __builtin_prefetch(codes + at);
    }
  }
}

void VectorReader::fetch(std::uint32_t place) const {
  if (const char* page = in_memory(place)) {
    const std::uint32_t at = place % per_page_;
    const char* row = page + std::size_t{at} * set_.dimensions_;
    for (std::size_t i = 0; i < set_.dimensions_; i += kLine) {
      __builtin_prefetch(row + i);
    }
    __builtin_prefetch(page + scale_at(at));
  }
}

Result<const std::uint8_t*> VectorReader::codes(std::size_t list) {
  const char* found = pages_->find(list);
  if (found == nullptr) {
    const std::size_t bytes = set_.head_.block_bytes();
    const VectorLists& lists = *set_.lists_;
    const std::uint64_t first = lists.blocks[list];
    TRY_ASSIGN(found, load(list, set_.head_.codes_at() + first * bytes,
                           (lists.blocks[list + 1] - first) * bytes));
  }
  return reinterpret_cast<const std::uint8_t*>(found);
}

Status VectorReader::for_each(Keep keep,
                              const std::function<Status(std::uint32_t, VectorRow)>& visit) {
  if (set_.source_ == nullptr) {
    for (std::uint32_t place = 0; place < set_.size(); ++place) {
      TRY_ASSIGN(const VectorRow found, row(place));
      TRY(visit(place, found));
    }
    return {};
  }
  const PageBytes own = make_page(io::kBlockPayloadBytes);
  if (own == nullptr) {
    return Error{Code::Limit, set_.source_->name() + ": no memory for a page of vectors"};
  }
  for (std::size_t page = 0; page < set_.head_.row_pages(); ++page) {
    const char* bytes = pages_->find(first_row_page_ + page);
    if (bytes == nullptr && keep == Keep::WhileThereIsRoom && pages_->bytes() < set_.limit_) {
      TRY_ASSIGN(bytes, row_page(page));
    } else if (bytes == nullptr) {
      TRY(set_.source_->read(set_.head_.rows_at() + std::uint64_t{page} * io::kBlockPayloadBytes,
                             io::kBlockPayloadBytes, own.get()));
      bytes = own.get();
    }
    const std::size_t first = page * per_page_;
    for (std::size_t i = 0; i < std::min<std::size_t>(per_page_, set_.size() - first); ++i) {
      TRY_ASSIGN(const VectorRow found, row_in(bytes, i));
      TRY(visit(static_cast<std::uint32_t>(first + i), found));
    }
  }
  return {};
}

}  // namespace sonde::index
