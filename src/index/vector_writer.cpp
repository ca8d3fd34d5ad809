// Files of vectors: merged by hash, divided into lists, coded.

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/codec.h"
#include "index/vector_gather.h"
#include "index/vector_partition.h"
#include "index/vectors.h"

namespace sonde::index {
namespace {

constexpr std::size_t kBlocksPerTask = 16;
constexpr std::size_t kRowsPerBatch = 8'192;

/// Counts and checksums what goes through it.
class CountingSink final : public io::BlockSink {
 public:
  explicit CountingSink(io::BlockSink& sink) : sink_(sink) {}
  Status append(std::string_view bytes) override {
    bytes_ += bytes.size();
    checksum_.update(bytes);
    return sink_.append(bytes);
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t checksum() const { return checksum_.digest(); }

 private:
  io::BlockSink& sink_;
  std::uint64_t bytes_ = 0;
  Checksum64 checksum_;
};

/// The order of the file: by list, by hash within one.
struct Order {
  std::vector<std::uint32_t> starts;  // [lists + 1]
  std::vector<std::uint32_t> blocks;  // [lists + 1]
  std::vector<std::uint32_t> ranks;   // [places]

  [[nodiscard]] std::size_t lists() const { return starts.size() - 1; }
  /// Which has codes in a block, one of blocks.back().
  [[nodiscard]] std::size_t list_of_block(std::size_t block) const {
    const auto after = std::upper_bound(blocks.begin(), blocks.end(), block);
    return static_cast<std::size_t>(after - blocks.begin()) - 1;
  }
  /// The place of a block's first code; the number of places for the end.
  [[nodiscard]] std::size_t place_of_block(std::size_t block) const {
    if (block == blocks.back()) {
      return ranks.size();
    }
    const std::size_t list = list_of_block(block);
    return starts[list] + (block - blocks[list]) * kernel::kBlockCodes;
  }
};

Order order_of(const std::vector<std::uint32_t>& list_of, std::size_t lists) {
  Order order;
  order.starts.assign(lists + 1, 0);
  order.blocks.assign(lists + 1, 0);
  for (const std::uint32_t list : list_of) {
    ++order.starts[list + 1];
  }
  for (std::size_t list = 0; list < lists; ++list) {
    order.blocks[list + 1] = order.blocks[list] + code_blocks_of(order.starts[list + 1]);
    order.starts[list + 1] += order.starts[list];
  }
  order.ranks.resize(list_of.size());
  std::vector<std::uint32_t> next(order.starts.begin(), order.starts.end() - 1);
  for (std::size_t rank = 0; rank < list_of.size(); ++rank) {
    order.ranks[next[list_of[rank]]++] = static_cast<std::uint32_t>(rank);
  }
  return order;
}

/// Codes vectors of lists. Owned by one thread.
class Coder {
 public:
  explicit Coder(const Centres& centres)
      : centres_(centres),
        centre_(kernel::rotated_width(centres.dimensions)),
        residual_(centre_.size()) {}

  void choose(std::size_t list) {
    rotate_into(centre_,
                {centres_.values.data() + list * centres_.dimensions, centres_.scales[list]});
  }
  /// Of the list that was chosen last.
  void put(std::uint8_t* block, std::size_t at, const VectorRow& row) {
    rotate_into(residual_, row);
    for (std::size_t i = 0; i < residual_.size(); ++i) {
      residual_[i] -= centre_[i];
    }
    put_code_(block, residual_.size(), at, residual_.data(), centre_.data());
  }

 private:
  void rotate_into(std::vector<float>& to, const VectorRow& row) const {
    std::fill(to.begin(), to.end(), 0.0F);
    for (std::size_t i = 0; i < centres_.dimensions; ++i) {
      to[i] = row.scale * static_cast<float>(row.codes[i]);
    }
    kernel::rotate(to.data(), to.size());
  }

  const Centres& centres_;
  const kernel::PutCode put_code_ = kernel::put_code_of(kernel::best_dot_set());
  std::vector<float> centre_;
  std::vector<float> residual_;
};

/// Fills the pages of rows, which come in the order of places.
class RowPages {
 public:
  RowPages(const VectorHead& head, io::BlockWriter& writer)
      : dimensions_(head.dimensions), per_page_(head.rows_per_page()), writer_(writer) {
    page_.assign(io::kBlockPayloadBytes, '\0');
  }
  Status add(const VectorRow& row) {
    std::memcpy(page_.data() + filled_ * dimensions_, row.codes, dimensions_);
    ByteWriter scale;
    scale.u32(bits_of(row.scale));
    std::memcpy(page_.data() + per_page_ * dimensions_ + filled_ * sizeof(float),
                scale.bytes().data(), scale.size());
    return ++filled_ == per_page_ ? finish() : Status();
  }
  Status finish() {
    if (filled_ != 0) {
      TRY(writer_.append(page_));
      page_.assign(io::kBlockPayloadBytes, '\0');
      filled_ = 0;
    }
    return {};
  }

 private:
  const std::size_t dimensions_;
  const std::size_t per_page_;
  io::BlockWriter& writer_;
  std::string page_;
  std::size_t filled_ = 0;
};

/// One file. All rows are held when they fit; otherwise they are read part by part. A part is a run
/// of blocks of codes, so that whatever is held at once, the bytes are the same.
class FileOfVectors {
 public:
  FileOfVectors(const GatheredVectors& gathered, ThreadPool* pool, std::size_t rows_bytes)
      : gathered_(gathered),
        dimensions_(gathered.dimensions()),
        pool_(pool),
        held_limit_(rows_bytes / (dimensions_ + sizeof(float))) {}

  Status write(const ContentHash& model, io::BlockWriter& writer) {
    if (holds_all()) {
      TRY(hold_all());
    }
    TRY(choose_centres());
    TRY(find_lists());
    VectorHead head;
    head.dimensions = dimensions_;
    head.count = gathered_.size();
    head.lists = static_cast<std::uint32_t>(centres_.lists());
    head.code_blocks = order_.blocks.back();
    head.model = model;
    TRY(write_tables(head, writer));
    TRY(for_each_part_of_file([&](std::size_t begin, std::size_t end) {
      const std::vector<std::uint8_t> blocks = code(begin, end, head.block_bytes());
      return writer.append({reinterpret_cast<const char*>(blocks.data()), blocks.size()});
    }));
    TRY(writer.append(std::string(head.rows_at() - writer.size(), '\0')));
    RowPages pages(head, writer);
    TRY(for_each_part_of_file(
        [&](std::size_t begin, std::size_t end) { return write_rows(begin, end, pages); }));
    return pages.finish();
  }

 private:
  [[nodiscard]] bool holds_all() const { return gathered_.size() <= held_limit_; }

  Status hold_all() {
    held_.emplace(gathered_.size(), dimensions_);
    return gathered_.for_each([&](std::uint32_t rank, const VectorRow& row) -> Status {
      held_->put(rank, row);
      return {};
    });
  }

  [[nodiscard]] CodeRows rows_of(const HeldRows& held, std::size_t count) const {
    CodeRows rows;
    rows.dimensions = dimensions_;
    for (std::size_t i = 0; i < count; ++i) {
      const VectorRow row = held.row(i);
      rows.codes.push_back(row.codes);
      rows.scales.push_back(row.scale);
    }
    return rows;
  }

  Status choose_centres() {
    const std::size_t count = gathered_.size();
    const std::size_t lists = lists_for(count);
    const std::size_t wanted = sample_for(count, lists, dimensions_);
    const auto rank_of = [&](std::size_t i) { return i * count / wanted; };
    if (holds_all()) {
      CodeRows sample;
      sample.dimensions = dimensions_;
      for (std::size_t i = 0; i < wanted; ++i) {
        const VectorRow row = held_->row(rank_of(i));
        sample.codes.push_back(row.codes);
        sample.scales.push_back(row.scale);
      }
      centres_ = train(sample, lists, pool_);
      return {};
    }
    HeldRows held(wanted, dimensions_);
    TRY(gathered_.for_each([&](std::uint32_t rank, const VectorRow& row) -> Status {
      const std::size_t i = (rank * wanted + count - 1) / count;
      if (i < wanted && rank_of(i) == rank) {
        held.put(i, row);
      }
      return {};
    }));
    centres_ = train(rows_of(held, wanted), lists, pool_);
    return {};
  }

  Status find_lists() {
    const std::size_t count = gathered_.size();
    std::vector<std::uint32_t> list_of(count, 0);
    if (centres_.lists() > 1 && holds_all()) {
      ListFinder(centres_).find_all(rows_of(*held_, count), 1, pool_, list_of);
    } else if (centres_.lists() > 1) {
      TRY(find_lists_by_batches(list_of));
    }
    order_ = order_of(list_of, centres_.lists());
    if (!holds_all()) {
      places_ = std::move(list_of);
      for (std::size_t place = 0; place < count; ++place) {
        places_[order_.ranks[place]] = static_cast<std::uint32_t>(place);
      }
    }
    return {};
  }

  Status find_lists_by_batches(std::vector<std::uint32_t>& list_of) const {
    const ListFinder finder(centres_);
    HeldRows batch(kRowsPerBatch, dimensions_);
    std::vector<std::uint32_t> ranks;
    std::vector<std::uint32_t> found;
    const auto find = [&] {
      finder.find_all(rows_of(batch, ranks.size()), 1, pool_, found);
      for (std::size_t i = 0; i < ranks.size(); ++i) {
        list_of[ranks[i]] = found[i];
      }
      ranks.clear();
    };
    TRY(gathered_.for_each([&](std::uint32_t rank, const VectorRow& row) -> Status {
      batch.put(ranks.size(), row);
      ranks.push_back(rank);
      if (ranks.size() == kRowsPerBatch) {
        find();
      }
      return {};
    }));
    find();
    return {};
  }

  Status write_tables(const VectorHead& head, io::BlockWriter& writer) const {
    TRY(writer.append(head.packed()));
    for (const ContentHash& hash : gathered_.hashes()) {
      TRY(writer.append(hash.view()));
    }
    ByteWriter tables;
    for (const std::uint32_t rank : order_.ranks) {
      tables.u32(rank);
    }
    for (std::size_t list = 0; list < centres_.lists(); ++list) {
      tables.u32(order_.starts[list + 1] - order_.starts[list]);
    }
    for (const float scale : centres_.scales) {
      tables.u32(bits_of(scale));
    }
    TRY(writer.append(tables.bytes()));
    return writer.append(
        {reinterpret_cast<const char*>(centres_.values.data()), centres_.values.size()});
  }

  /// Calls visit(begin, end) for runs of blocks whose rows are held, in order.
  Status for_each_part_of_file(const std::function<Status(std::size_t, std::size_t)>& visit) {
    const std::size_t blocks = order_.blocks.back();
    const std::size_t step =
        holds_all() ? blocks : std::max<std::size_t>(1, held_limit_ / kernel::kBlockCodes);
    for (std::size_t begin = 0; begin < blocks; begin += step) {
      const std::size_t end = std::min(blocks, begin + step);
      if (!holds_all()) {
        TRY(hold(order_.place_of_block(begin), order_.place_of_block(end)));
      }
      TRY(visit(begin, end));
    }
    return {};
  }

  Status hold(std::size_t first, std::size_t last) {
    held_.reset();
    held_.emplace(last - first, dimensions_);
    held_first_ = first;
    return gathered_.for_each([&](std::uint32_t rank, const VectorRow& row) -> Status {
      const std::size_t place = places_[rank];
      if (first <= place && place < last) {
        held_->put(place - first, row);
      }
      return {};
    });
  }

  [[nodiscard]] VectorRow row_at(std::size_t place) const {
    return held_->row(holds_all() ? order_.ranks[place] : place - held_first_);
  }

  Status write_rows(std::size_t begin, std::size_t end, RowPages& pages) const {
    const std::size_t last = order_.place_of_block(end);
    for (std::size_t place = order_.place_of_block(begin); place < last; ++place) {
      TRY(pages.add(row_at(place)));
    }
    return {};
  }

  /// The codes of blocks [begin, end).
  [[nodiscard]] std::vector<std::uint8_t> code(std::size_t begin, std::size_t end,
                                               std::size_t block_bytes) const {
    std::vector<std::uint8_t> bytes((end - begin) * block_bytes, 0);
    for_each_part(pool_, end - begin, kBlocksPerTask, [&](std::size_t from, std::size_t to) {
      Coder coder(centres_);
      std::size_t chosen = centres_.lists();
      for (std::size_t block = begin + from; block < begin + to; ++block) {
        const std::size_t list = order_.list_of_block(block);
        if (list != chosen) {
          coder.choose(list);
          chosen = list;
        }
        const std::size_t first = order_.place_of_block(block);
        const std::size_t last =
            std::min<std::size_t>(first + kernel::kBlockCodes, order_.starts[list + 1]);
        for (std::size_t place = first; place < last; ++place) {
          coder.put(bytes.data() + (block - begin) * block_bytes, place - first, row_at(place));
        }
      }
    });
    return bytes;
  }

  const GatheredVectors& gathered_;
  const std::uint32_t dimensions_;
  ThreadPool* const pool_;
  const std::size_t held_limit_;  // rows
  std::optional<HeldRows> held_;  // by rank when it holds all, else by place from held_first_ on
  std::size_t held_first_ = 0;
  Centres centres_;
  Order order_;
  std::vector<std::uint32_t> places_;  // by rank; empty when it holds all
};

}  // namespace

Result<VectorSummary> write_vectors(const std::vector<std::shared_ptr<const VectorSet>>& sets,
                                    const ContentHash& model, std::uint32_t dimensions,
                                    const std::function<bool(const ContentHash&)>& keep,
                                    io::BlockSink& sink, ThreadPool* pool, std::size_t rows_bytes) {
  TRY_ASSIGN(const GatheredVectors gathered, GatheredVectors::of(sets, dimensions, keep));
  CountingSink counting(sink);
  io::BlockWriter writer(counting);
  TRY(FileOfVectors(gathered, pool, rows_bytes).write(model, writer));
  TRY(writer.finish());
  return VectorSummary{gathered.size(), counting.bytes(), counting.checksum()};
}

}  // namespace sonde::index
