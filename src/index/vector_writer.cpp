// Files of vectors: merged by hash, divided into lists, coded.

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/codec.h"
#include "index/vector_partition.h"
#include "index/vectors.h"

namespace sonde::index {
namespace {

constexpr std::size_t kListsPerTask = 8;

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

std::string_view as_bytes(const std::int8_t* codes, std::size_t count) {
  return {reinterpret_cast<const char*>(codes), count};
}

/// The vectors of all sets, once each, by ascending hash.
struct Gathered {
  std::vector<ContentHash> hashes;
  CodeRows rows;
  std::vector<std::vector<std::int8_t>> values;  // of each set: what rows point to
};

Result<Gathered> gather(const std::vector<std::shared_ptr<const VectorSet>>& sets,
                        std::uint32_t dimensions,
                        const std::function<bool(const ContentHash&)>& keep) {
  struct Found {
    ContentHash hash;
    const std::int8_t* codes = nullptr;
    float scale = 0;
  };
  Gathered gathered;
  std::vector<Found> found;
  for (const auto& set : sets) {
    if (set->dimensions() != dimensions) {
      return Error{Code::InvalidArgument, "vectors of other dimensions cannot be merged"};
    }
    std::vector<std::int8_t>& values = gathered.values.emplace_back();
    values.reserve(set->size() * dimensions);
    VectorReader reader(*set);
    TRY(reader.for_each(VectorReader::Keep::No, [&](std::uint32_t place, VectorRow row) -> Status {
      const ContentHash& hash = set->hash_at(place);
      if (!keep || keep(hash)) {
        const std::size_t at = values.size();
        values.insert(values.end(), row.codes, row.codes + dimensions);
        found.push_back({hash, values.data() + at, row.scale});
      }
      return {};
    }));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.hash < b.hash; });
  found.erase(std::unique(found.begin(), found.end(),
                          [](const Found& a, const Found& b) { return a.hash == b.hash; }),
              found.end());
  gathered.rows.dimensions = dimensions;
  for (const Found& each : found) {
    gathered.hashes.push_back(each.hash);
    gathered.rows.codes.push_back(each.codes);
    gathered.rows.scales.push_back(each.scale);
  }
  return gathered;
}

/// The order of the file: by list, by hash within one.
struct Order {
  std::vector<std::uint32_t> starts;  // [lists + 1]
  std::vector<std::uint32_t> blocks;  // [lists + 1]
  std::vector<std::uint32_t> ranks;   // [places]
};

Order order_of(const Partition& partition) {
  Order order;
  order.starts.assign(partition.lists() + 1, 0);
  order.blocks.assign(partition.lists() + 1, 0);
  for (const std::uint32_t list : partition.list_of) {
    ++order.starts[list + 1];
  }
  for (std::size_t list = 0; list < partition.lists(); ++list) {
    order.blocks[list + 1] = order.blocks[list] + code_blocks_of(order.starts[list + 1]);
    order.starts[list + 1] += order.starts[list];
  }
  order.ranks.resize(partition.list_of.size());
  std::vector<std::uint32_t> next(order.starts.begin(), order.starts.end() - 1);
  for (std::size_t rank = 0; rank < partition.list_of.size(); ++rank) {
    order.ranks[next[partition.list_of[rank]]++] = static_cast<std::uint32_t>(rank);
  }
  return order;
}

/// Codes the vectors of lists [begin, end).
void code_lists(const CodeRows& rows, const Partition& partition, const Order& order,
                std::size_t begin, std::size_t end, std::uint8_t* blocks) {
  const std::size_t width = kernel::rotated_width(rows.dimensions);
  const std::size_t block_bytes = kernel::block_bytes(width);
  std::vector<float> centre(width);
  std::vector<float> residual(width);
  for (std::size_t list = begin; list < end; ++list) {
    const std::int8_t* values = partition.values.data() + list * rows.dimensions;
    std::fill(centre.begin(), centre.end(), 0.0F);
    for (std::size_t i = 0; i < rows.dimensions; ++i) {
      centre[i] = partition.scales[list] * static_cast<float>(values[i]);
    }
    kernel::rotate(centre.data(), width);
    for (std::uint32_t place = order.starts[list]; place < order.starts[list + 1]; ++place) {
      const std::uint32_t rank = order.ranks[place];
      std::fill(residual.begin(), residual.end(), 0.0F);
      for (std::size_t i = 0; i < rows.dimensions; ++i) {
        residual[i] = rows.scales[rank] * static_cast<float>(rows.codes[rank][i]);
      }
      kernel::rotate(residual.data(), width);
      for (std::size_t i = 0; i < width; ++i) {
        residual[i] -= centre[i];
      }
      const std::uint32_t at = place - order.starts[list];
      std::uint8_t* block = blocks + (order.blocks[list] + at / kernel::kBlockCodes) * block_bytes;
      kernel::put_code(block, width, at % kernel::kBlockCodes, residual.data(), centre.data());
    }
  }
}

std::vector<std::uint8_t> code_all(const CodeRows& rows, const Partition& partition,
                                   const Order& order, ThreadPool* pool) {
  const std::size_t width = kernel::rotated_width(rows.dimensions);
  std::vector<std::uint8_t> blocks(order.blocks.back() * kernel::block_bytes(width), 0);
  const std::size_t tasks = (partition.lists() + kListsPerTask - 1) / kListsPerTask;
  const auto task = [&](std::size_t i) {
    code_lists(rows, partition, order, i * kListsPerTask,
               std::min(partition.lists(), (i + 1) * kListsPerTask), blocks.data());
  };
  if (pool != nullptr) {
    pool->for_each(tasks, task);
  } else {
    for (std::size_t i = 0; i < tasks; ++i) {
      task(i);
    }
  }
  return blocks;
}

Status write_rows(const VectorHead& head, const CodeRows& rows, const Order& order,
                  io::BlockWriter& writer) {
  TRY(writer.append(std::string(head.rows_at() - writer.size(), '\0')));
  const std::size_t per_page = head.rows_per_page();
  std::string page;
  for (std::size_t first = 0; first < head.count; first += per_page) {
    page.assign(io::kBlockPayloadBytes, '\0');
    const std::size_t end = std::min<std::size_t>(head.count, first + per_page);
    for (std::size_t place = first; place < end; ++place) {
      const std::uint32_t rank = order.ranks[place];
      const std::size_t at = place - first;
      std::memcpy(page.data() + at * head.dimensions, rows.codes[rank], head.dimensions);
      ByteWriter scale;
      scale.u32(bits_of(rows.scales[rank]));
      std::memcpy(page.data() + per_page * head.dimensions + at * sizeof(float),
                  scale.bytes().data(), scale.size());
    }
    TRY(writer.append(page));
  }
  return {};
}

}  // namespace

Result<VectorSummary> write_vectors(const std::vector<std::shared_ptr<const VectorSet>>& sets,
                                    const ContentHash& model, std::uint32_t dimensions,
                                    const std::function<bool(const ContentHash&)>& keep,
                                    io::BlockSink& sink, ThreadPool* pool) {
  TRY_ASSIGN(const Gathered gathered, gather(sets, dimensions, keep));
  const CodeRows& rows = gathered.rows;
  if (rows.size() > kVectorsLimit) {
    return Error{Code::Limit, "too many vectors for one file"};
  }
  const Partition partition = divide(rows, lists_for(rows.size()), pool);
  const Order order = order_of(partition);
  VectorHead head;
  head.dimensions = dimensions;
  head.count = rows.size();
  head.lists = static_cast<std::uint32_t>(partition.lists());
  head.code_blocks = order.blocks.back();
  head.model = model;
  CountingSink counting(sink);
  io::BlockWriter writer(counting);
  TRY(writer.append(head.packed()));
  for (const ContentHash& hash : gathered.hashes) {
    TRY(writer.append(hash.view()));
  }
  ByteWriter tables;
  for (const std::uint32_t rank : order.ranks) {
    tables.u32(rank);
  }
  for (std::size_t list = 0; list < partition.lists(); ++list) {
    tables.u32(order.starts[list + 1] - order.starts[list]);
  }
  for (const float scale : partition.scales) {
    tables.u32(bits_of(scale));
  }
  TRY(writer.append(tables.bytes()));
  TRY(writer.append(as_bytes(partition.values.data(), partition.values.size())));
  {
    const std::vector<std::uint8_t> blocks = code_all(rows, partition, order, pool);
    TRY(writer.append({reinterpret_cast<const char*>(blocks.data()), blocks.size()}));
  }
  TRY(write_rows(head, rows, order, writer));
  TRY(writer.finish());
  return VectorSummary{rows.size(), counting.bytes(), counting.checksum()};
}

}  // namespace sonde::index
