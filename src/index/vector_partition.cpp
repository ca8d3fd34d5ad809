#include "index/vector_partition.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "index/vector_code.h"
#include "kernel/panels_i8.h"

namespace sonde::index {
namespace {

constexpr std::size_t kRounds = 6;
constexpr std::size_t kSamplePerList = 48;
constexpr std::size_t kRowsPerTask = 1'024;
constexpr std::size_t kRowsPerGather = 64;
constexpr std::size_t kListsPerTask = 16;
constexpr float kLargestCode = 127;

void for_each_part(ThreadPool* pool, std::size_t count, std::size_t per_part,
                   const std::function<void(std::size_t, std::size_t)>& body) {
  const std::size_t parts = (count + per_part - 1) / per_part;
  const auto part = [&](std::size_t i) { body(i * per_part, std::min(count, (i + 1) * per_part)); };
  if (pool != nullptr) {
    pool->for_each(parts, part);
    return;
  }
  for (std::size_t i = 0; i < parts; ++i) {
    part(i);
  }
}

/// Every stride-th row, and the list that each is in.
struct Sample {
  std::size_t stride = 1;
  std::vector<std::uint32_t> list_of;
};

class Dividing {
 public:
  Dividing(const CodeRows& rows, std::size_t lists, ThreadPool* pool)
      : rows_(rows), lists_(lists), pool_(pool) {
    result_.values.resize(lists * rows.dimensions);
    result_.scales.resize(lists);
    const std::size_t wanted = std::max<std::size_t>(1, lists * kSamplePerList);
    sample_.stride = std::max<std::size_t>(1, rows.size() / wanted);
    sample_.list_of.resize(rows.size() == 0 ? 0 : (rows.size() - 1) / sample_.stride + 1);
  }

  Partition run() {
    if (lists_ > 1) {
      start();
      for (std::size_t round = 0; round < kRounds; ++round) {
        assign(sample_.stride, sample_.list_of);
        fill_empty(sample_.list_of);
        move_centres(sample_.stride, sample_.list_of);
      }
    }
    result_.list_of.assign(rows_.size(), 0);
    if (lists_ > 1) {
      assign(1, result_.list_of);
    }
    move_centres(1, result_.list_of);
    return std::move(result_);
  }

 private:
  /// Rows at even distances are the first centres: by hash, they are a random choice.
  void start() {
    const std::uint32_t dimensions = rows_.dimensions;
    for (std::size_t list = 0; list < lists_; ++list) {
      const std::size_t row = list * rows_.size() / lists_;
      std::memcpy(result_.values.data() + list * dimensions, rows_.codes[row], dimensions);
      result_.scales[list] = rows_.scales[row];
    }
  }

  /// The list whose centre has the greatest cosine with each stride-th row.
  void assign(std::size_t stride, std::vector<std::uint32_t>& list_of) {
    const std::uint32_t dimensions = rows_.dimensions;
    const kernel::Panels panels = kernel::make_panels(result_.values.data(), lists_, dimensions);
    std::vector<float> inverse(panels.panels() * kernel::kPanelRows, 0.0F);
    for (std::size_t list = 0; list < lists_; ++list) {
      const std::int8_t* centre = result_.values.data() + list * dimensions;
      const std::int32_t square = kernel::dot_i8_serial(centre, centre, dimensions);
      inverse[list] = square > 0 ? 1.0F / std::sqrt(static_cast<float>(square)) : 0.0F;
    }
    const kernel::PanelBest best = kernel::panel_best_of(kernel::best_dot_set());
    for_each_part(pool_, list_of.size(), kRowsPerTask, [&](std::size_t begin, std::size_t end) {
      std::vector<std::int8_t> gathered(kRowsPerGather * panels.row_width(), 0);
      for (std::size_t at = begin; at < end; at += kRowsPerGather) {
        const std::size_t count = std::min(kRowsPerGather, end - at);
        for (std::size_t i = 0; i < count; ++i) {
          std::memcpy(gathered.data() + i * panels.row_width(), rows_.codes[(at + i) * stride],
                      dimensions);
        }
        best(panels, inverse.data(), gathered.data(), count, list_of.data() + at);
      }
    });
  }

  /// A list without rows takes every other row of the longest list.
  void fill_empty(std::vector<std::uint32_t>& list_of) const {
    std::vector<std::uint32_t> sizes(lists_, 0);
    for (const std::uint32_t list : list_of) {
      ++sizes[list];
    }
    for (std::size_t empty = 0; empty < lists_; ++empty) {
      if (sizes[empty] != 0) {
        continue;
      }
      const auto longest =
          static_cast<std::uint32_t>(std::max_element(sizes.begin(), sizes.end()) - sizes.begin());
      if (sizes[longest] < 2) {
        return;
      }
      bool take = false;
      for (std::uint32_t& list : list_of) {
        if (list == longest) {
          if (take) {
            list = static_cast<std::uint32_t>(empty);
            ++sizes[empty];
            --sizes[longest];
          }
          take = !take;
        }
      }
    }
  }

  /// Each centre becomes the mean of its rows; a list without rows keeps its centre.
  void move_centres(std::size_t stride, const std::vector<std::uint32_t>& list_of) {
    std::vector<std::uint32_t> starts(lists_ + 1, 0);
    for (const std::uint32_t list : list_of) {
      ++starts[list + 1];
    }
    for (std::size_t list = 0; list < lists_; ++list) {
      starts[list + 1] += starts[list];
    }
    std::vector<std::uint32_t> members(list_of.size());
    std::vector<std::uint32_t> next(starts.begin(), starts.end() - 1);
    for (std::size_t i = 0; i < list_of.size(); ++i) {
      members[next[list_of[i]]++] = static_cast<std::uint32_t>(i * stride);
    }
    for_each_part(pool_, lists_, kListsPerTask, [&](std::size_t begin, std::size_t end) {
      std::vector<float> sum(rows_.dimensions);
      for (std::size_t list = begin; list < end; ++list) {
        if (starts[list] == starts[list + 1]) {
          continue;
        }
        std::fill(sum.begin(), sum.end(), 0.0F);
        for (std::uint32_t i = starts[list]; i < starts[list + 1]; ++i) {
          kernel::add_scaled(sum.data(), rows_.codes[members[i]], rows_.scales[members[i]],
                             rows_.dimensions);
        }
        put_centre(list, sum, starts[list + 1] - starts[list]);
      }
    });
  }

  void put_centre(std::size_t list, const std::vector<float>& sum, std::uint32_t count) {
    float largest = 0;
    for (const float value : sum) {
      largest = std::max(largest, std::fabs(value));
    }
    const float scale = largest / kLargestCode;
    result_.scales[list] = scale / static_cast<float>(count);
    for (std::uint32_t i = 0; i < rows_.dimensions; ++i) {
      const float near = scale > 0 ? round_to_even(sum[i] / scale) : 0.0F;
      result_.values[list * rows_.dimensions + i] =
          static_cast<std::int8_t>(std::clamp(near, -kLargestCode, kLargestCode));
    }
  }

  const CodeRows& rows_;
  const std::size_t lists_;
  ThreadPool* const pool_;
  Sample sample_;
  Partition result_;
};

}  // namespace

std::size_t lists_for(std::size_t vectors) {
  if (vectors <= kWholeLimit) {
    return 1;
  }
  const double wanted = 3.2 * std::sqrt(static_cast<double>(vectors));
  return static_cast<std::size_t>(wanted) / kernel::kPanelRows * kernel::kPanelRows;
}

Partition divide(const CodeRows& rows, std::size_t lists, ThreadPool* pool) {
  return Dividing(rows, lists, pool).run();
}

}  // namespace sonde::index
