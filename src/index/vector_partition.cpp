#include "index/vector_partition.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "index/vector_code.h"

namespace sonde::index {
namespace {

// Rows a list that each round looks at. With 48 in all rounds recall at 10 is the same to .0003
// from an effort of 1,500 on, and training takes half as long again; with 10, 10, 20, 20, 40, 40 it
// is .005 lower.
constexpr std::array<std::size_t, 6> kRowsPerList = {24, 24, 24, 24, 48, 48};
constexpr std::size_t kSampleBytes = 64U << 20;
constexpr std::size_t kRowsPerTask = 1'024;
constexpr std::size_t kRowsPerGather = 64;
constexpr std::size_t kListsPerTask = 16;
constexpr float kLargestCode = 127;

class Training {
 public:
  Training(const CodeRows& sample, std::size_t lists, ThreadPool* pool)
      : rows_(sample), lists_(lists), pool_(pool) {
    centres_.dimensions = rows_.dimensions;
    centres_.values.resize(lists * rows_.dimensions);
    centres_.scales.resize(lists);
  }

  Centres run() {
    if (lists_ == 1) {
      list_of_.assign(rows_.size(), 0);
      move_centres();
      return std::move(centres_);
    }
    start();
    for (const std::size_t wanted : kRowsPerList) {
      stride_ = std::max<std::size_t>(1, rows_.size() / (wanted * lists_));
      ListFinder(centres_).find_all(rows_, stride_, pool_, list_of_);
      fill_empty();
      move_centres();
    }
    return std::move(centres_);
  }

 private:
  /// Rows at even distances are the first centres: by hash, they are a random choice.
  void start() {
    for (std::size_t list = 0; list < lists_; ++list) {
      const std::size_t row = list * rows_.size() / lists_;
      std::memcpy(centres_.values.data() + list * rows_.dimensions, rows_.codes[row],
                  rows_.dimensions);
      centres_.scales[list] = rows_.scales[row];
    }
  }

  /// A list without rows takes every other row of the longest list.
  void fill_empty() {
    std::vector<std::uint32_t> sizes(lists_, 0);
    for (const std::uint32_t list : list_of_) {
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
      for (std::uint32_t& list : list_of_) {
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
  void move_centres() {
    std::vector<std::uint32_t> starts(lists_ + 1, 0);
    for (const std::uint32_t list : list_of_) {
      ++starts[list + 1];
    }
    for (std::size_t list = 0; list < lists_; ++list) {
      starts[list + 1] += starts[list];
    }
    std::vector<std::uint32_t> members(list_of_.size());
    std::vector<std::uint32_t> next(starts.begin(), starts.end() - 1);
    for (std::size_t i = 0; i < list_of_.size(); ++i) {
      members[next[list_of_[i]]++] = static_cast<std::uint32_t>(i * stride_);
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
    centres_.scales[list] = scale / static_cast<float>(count);
    for (std::uint32_t i = 0; i < rows_.dimensions; ++i) {
      const float near = scale > 0 ? round_to_even(sum[i] / scale) : 0.0F;
      centres_.values[list * rows_.dimensions + i] =
          static_cast<std::int8_t>(std::clamp(near, -kLargestCode, kLargestCode));
    }
  }

  const CodeRows& rows_;
  const std::size_t lists_;
  ThreadPool* const pool_;
  std::size_t stride_ = 1;              // a round looks at each stride-th row
  std::vector<std::uint32_t> list_of_;  // of those
  Centres centres_;
};

}  // namespace

std::size_t lists_for(std::size_t vectors) {
  if (vectors <= kWholeLimit) {
    return 1;
  }
  const double wanted = 3.2 * std::sqrt(static_cast<double>(vectors));
  return static_cast<std::size_t>(wanted) / kernel::kPanelRows * kernel::kPanelRows;
}

std::size_t sample_for(std::size_t vectors, std::size_t lists, std::uint32_t dimensions) {
  const std::size_t most = std::max(lists, kSampleBytes / dimensions);
  const std::size_t wanted = lists == 1 ? vectors : lists * kRowsPerList.back();
  return std::min({vectors, wanted, most});
}

Centres train(const CodeRows& sample, std::size_t lists, ThreadPool* pool) {
  return Training(sample, lists, pool).run();
}

ListFinder::ListFinder(const Centres& centres)
    : panels_(kernel::make_panels(centres.values.data(), centres.lists(), centres.dimensions)),
      inverse_lengths_(panels_.panels() * kernel::kPanelRows, 0.0F) {
  const kernel::DotI8 dot = kernel::dot_i8_of(kernel::best_dot_set());
  for (std::size_t list = 0; list < centres.lists(); ++list) {
    const std::int8_t* centre = centres.values.data() + list * centres.dimensions;
    const std::int32_t square = dot(centre, centre, centres.dimensions);
    inverse_lengths_[list] = square > 0 ? 1.0F / std::sqrt(static_cast<float>(square)) : 0.0F;
  }
}

void ListFinder::find(const CodeRows& rows, std::size_t first, std::size_t stride,
                      std::size_t count, std::uint32_t* lists) const {
  const kernel::PanelBest best = kernel::panel_best_of(kernel::best_dot_set());
  const std::size_t width = panels_.row_width();
  std::vector<std::int8_t> gathered(kRowsPerGather * width, 0);
  for (std::size_t at = 0; at < count; at += kRowsPerGather) {
    const std::size_t part = std::min(kRowsPerGather, count - at);
    for (std::size_t i = 0; i < part; ++i) {
      std::memcpy(gathered.data() + i * width, rows.codes[first + (at + i) * stride],
                  rows.dimensions);
    }
    best(panels_, inverse_lengths_.data(), gathered.data(), part, lists + at);
  }
}

void ListFinder::find_all(const CodeRows& rows, std::size_t stride, ThreadPool* pool,
                          std::vector<std::uint32_t>& lists) const {
  lists.resize((rows.size() + stride - 1) / stride);
  for_each_part(pool, lists.size(), kRowsPerTask, [&](std::size_t begin, std::size_t end) {
    find(rows, begin * stride, stride, end - begin, lists.data() + begin);
  });
}

}  // namespace sonde::index
