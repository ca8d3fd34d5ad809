#include "index/nearest.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "index/greatest.h"

namespace sonde::index {
namespace {

// An estimate is trusted to be off by no more than this many standard deviations. With 2, recall
// at 10 is .0015 lower on 100,000 vectors, with 3 as high as without estimates.
constexpr float kDeviations = 3;
constexpr std::size_t kPlacesPerCancelCheck = 65'536;
// Up to so many are compared at once, exactly: finding the nearest lists is no faster.
constexpr std::size_t kFewAllowed = 1'500;
// A block of 32 codes takes as long as exact products with so many rows.
constexpr std::size_t kRowsPerBlock = 3;

/// What the codes could not rule out.
struct Survivor {
  float upper = 0;  // its product is hardly greater
  std::uint32_t place = 0;
};

struct RankedList {
  float product = 0;
  std::uint32_t list = 0;
};

/// A value that at least `wanted` of them are not below, and not many more. @param wanted  not 0
float threshold_of(const std::vector<float>& values, std::size_t wanted) {
  constexpr int kSteps = 24;
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  float low = *least;
  float high = *greatest;
  for (int i = 0; i < kSteps; ++i) {
    const float middle = low + (high - low) / 2;
    const std::size_t count = kernel::count_not_below(values.data(), values.size(), middle);
    if (count >= wanted) {
      low = middle;
      if (count <= wanted + wanted / 4) {
        break;
      }
    } else {
      high = middle;
    }
  }
  return low;
}

class Search {
 public:
  Search(const VectorSet& set, const NearestQuery& query, const NearestOptions& options,
         NearestCost& cost, const CancelToken& cancel)
      : set_(set),
        query_(query),
        options_(options),
        cost_(cost),
        cancel_(cancel),
        reader_(set),
        best_(options.count, options.above) {}

  Result<std::vector<Near>> run() {
    if (query_.dimensions() != set_.dimensions()) {
      return Error{Code::InvalidArgument, "the query's vector is of another model"};
    }
    if (options_.count == 0 || set_.size() == 0) {
      return std::vector<Near>{};
    }
    if (options_.allowed != nullptr &&
        options_.allowed_count <= std::max(kFewAllowed, options_.effort)) {
      TRY(compare_allowed());
    } else if (set_.lists() == nullptr || options_.effort == 0) {
      TRY(compare_all());
    } else {
      TRY(scan_lists());
      TRY(compare_rows());
      TRY(compare_survivors());
    }
    std::sort(found_.begin(), found_.end(), [&](const Near& a, const Near& b) {
      return a.similarity != b.similarity ? a.similarity > b.similarity
                                          : set_.rank(a.place) < set_.rank(b.place);
    });
    found_.resize(std::min(found_.size(), options_.count));
    return std::move(found_);
  }

 private:
  /// @return the product
  float consider(std::uint32_t place, const VectorRow& row) {
    const float similarity = query_.product(row);
    ++cost_.products;
    if (similarity < best_.least()) {  // equal ones: their hashes decide in the end
      return similarity;
    }
    found_.push_back({place, similarity});
    best_.add(similarity);
    if (found_.size() > 4 * options_.count + 1'024) {
      std::erase_if(found_, [&](const Near& near) { return near.similarity < best_.least(); });
    }
    return similarity;
  }

  /// Compares the row at a place. @return the product
  Result<float> compare(std::uint32_t place) {
    VectorRow row;
    if (!reader_.row_in_memory(place, row)) {
      TRY_ASSIGN(row, reader_.row(place));
    }
    return consider(place, row);
  }

  Status compare_allowed() {
    rows_.reserve(options_.allowed_count);
    TRY(for_each_place(*options_.allowed, 0, static_cast<std::uint32_t>(set_.size()),
                       [&](std::uint32_t place) -> Status {
                         rows_.push_back(place);
                         return {};
                       }));
    return compare_rows();
  }

  Status compare_all() {
    return reader_.for_each(VectorReader::Keep::WhileThereIsRoom,
                            [&](std::uint32_t place, VectorRow row) -> Status {
                              if (place % kPlacesPerCancelCheck == 0) {
                                TRY(cancel_.check());
                              }
                              if (options_.allowed == nullptr || options_.allowed->allows(place)) {
                                consider(place, row);
                              }
                              return {};
                            });
  }

  /// Products of the query with all centres.
  [[nodiscard]] std::vector<float> centre_products() const {
    const VectorLists& lists = *set_.lists();
    std::vector<std::int8_t> padded = query_.vector().narrow;
    padded.resize(lists.centres.row_width());
    std::vector<std::int32_t> integers(lists.scales.size());
    kernel::panel_products_of(kernel::best_dot_set())(lists.centres, padded.data(),
                                                      integers.data());
    std::vector<float> products(lists.size());
    for (std::size_t i = 0; i < products.size(); ++i) {
      products[i] =
          query_.vector().narrow_scale * lists.scales[i] * static_cast<float>(integers[i]);
    }
    return products;
  }

  /// The lists whose centre's product lies in [least, below), the greatest first.
  static std::vector<RankedList> lists_between(const std::vector<float>& products, float least,
                                               float below) {
    std::vector<RankedList> ranked;
    for (std::size_t i = 0; i < products.size(); ++i) {
      if (products[i] >= least && products[i] < below) {
        ranked.push_back({products[i], static_cast<std::uint32_t>(i)});
      }
    }
    std::sort(ranked.begin(), ranked.end(), [](const RankedList& a, const RankedList& b) {
      return a.product != b.product ? a.product > b.product : a.list < b.list;
    });
    return ranked;
  }

  Status scan_lists() {
    constexpr float kAll = std::numeric_limits<float>::infinity();
    const std::vector<float> products = centre_products();
    Greatest<float> lower(options_.count, options_.above);
    // Sorting all lists would take longer than reading those that are needed.
    const std::size_t population = options_.allowed == nullptr
                                       ? set_.size()
                                       : std::max<std::size_t>(1, options_.allowed_count);
    std::size_t wanted = options_.effort * products.size() / population + 1;
    float below = kAll;
    for (std::size_t looked = 0; looked < options_.effort && below > -kAll;) {
      const float least = wanted >= products.size() ? -kAll : threshold_of(products, wanted);
      const std::vector<RankedList> ranked = lists_between(products, least, below);
      for (std::size_t i = 0; i < ranked.size() && looked < options_.effort; ++i) {
        if (i + 1 < ranked.size() && options_.allowed == nullptr) {
          reader_.fetch_codes(ranked[i + 1].list);
        }
        TRY_ASSIGN(const std::size_t scanned, scan_list(ranked[i], lower));
        looked += scanned;
      }
      below = least;
      wanted *= 4;
    }
    std::erase_if(survivors_, [&](const Survivor& one) { return one.upper < lower.least(); });
    return {};
  }

  /// How many vectors of a list may be found.
  [[nodiscard]] std::size_t allowed_in(std::size_t list) const {
    const VectorLists& lists = *set_.lists();
    return options_.allowed == nullptr
               ? lists.starts[list + 1] - lists.starts[list]
               : options_.allowed->count(lists.starts[list], lists.starts[list + 1]);
  }
  /// Whether a list's rows are compared without a look at their codes.
  [[nodiscard]] bool by_rows(std::size_t list, std::size_t allowed) const {
    const VectorLists& lists = *set_.lists();
    return allowed <= kRowsPerBlock * (lists.blocks[list + 1] - lists.blocks[list]) &&
           options_.allowed != nullptr;
  }

  /// Adds what may be found in a list to rows_.
  void note_rows(std::size_t list) {
    const VectorLists& lists = *set_.lists();
    static_cast<void>(for_each_place(*options_.allowed, lists.starts[list], lists.starts[list + 1],
                                     [&](std::uint32_t place) -> Status {
                                       rows_.push_back(place);
                                       return {};
                                     }));
  }

  /// Compares rows_, asking for each some time before it is needed.
  Status compare_rows() {
    constexpr std::size_t kAhead = 8;
    for (std::size_t i = 0; i < std::min(kAhead, rows_.size()); ++i) {
      reader_.fetch(rows_[i]);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (i + kAhead < rows_.size()) {
        reader_.fetch(rows_[i + kAhead]);
      }
      TRY_ASSIGN(const float similarity, compare(rows_[i]));
      static_cast<void>(similarity);
    }
    rows_.clear();
    return {};
  }

  /// @return vectors of the list that may be found
  Result<std::size_t> scan_list(const RankedList& each, Greatest<float>& lower) {
    const VectorLists& lists = *set_.lists();
    const std::uint32_t begin = lists.starts[each.list];
    const std::uint32_t end = lists.starts[each.list + 1];
    const std::size_t allowed = allowed_in(each.list);
    if (allowed == 0) {
      return allowed;
    }
    ++cost_.lists;
    if (by_rows(each.list, allowed)) {
      note_rows(each.list);
      return allowed;
    }
    TRY_ASSIGN(const std::uint8_t* blocks, reader_.codes(each.list));
    const std::size_t width = kernel::rotated_width(set_.dimensions());
    const float distance = query_.square() + lists.squares[each.list] - 2 * each.product;
    const kernel::ListTerms terms{each.product, kDeviations * std::sqrt(std::max(0.0F, distance))};
    kernel::Estimates estimates;
    for (std::uint32_t first = begin; first < end;
         first += static_cast<std::uint32_t>(kernel::kBlockCodes)) {
      std::uint32_t reached = scan_(blocks, width, query_.table(), terms, lower.least(), estimates);
      blocks += kernel::block_bytes(width);
      if (end - first < kernel::kBlockCodes) {
        reached &= (1U << (end - first)) - 1;  // the rest of the last block is not there
      }
      for (; reached != 0; reached &= reached - 1) {
        const auto i = static_cast<unsigned>(std::countr_zero(reached));
        if (options_.allowed == nullptr || options_.allowed->allows(first + i)) {
          survivors_.push_back({estimates.value[i] + estimates.error[i], first + i});
          lower.add(estimates.value[i] - estimates.error[i]);
        }
      }
    }
    cost_.codes += end - begin;
    return allowed;
  }

  /// The likeliest first, in order only as far as they are needed.
  Status compare_survivors() {
    constexpr std::ptrdiff_t kOrdered = 512;
    const auto likelier = [](const Survivor& a, const Survivor& b) {
      return a.upper != b.upper ? a.upper > b.upper : a.place < b.place;
    };
    for (auto begin = survivors_.begin(); begin != survivors_.end();) {
      const auto end = begin + std::min(kOrdered, survivors_.end() - begin);
      std::nth_element(begin, end - 1, survivors_.end(), likelier);
      std::sort(begin, end, likelier);
      TRY_ASSIGN(const bool done, compare_some({begin, end}));
      if (done) {
        break;
      }
      begin = end;
    }
    return {};
  }

  /// @return true when the rest cannot be among the best
  Result<bool> compare_some(std::span<const Survivor> some) {
    constexpr std::size_t kAhead = 6;
    for (std::size_t i = 0; i < std::min(kAhead, some.size()); ++i) {
      reader_.fetch(some[i].place);
    }
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (some[i].upper < best_.least()) {
        return true;
      }
      if (i + kAhead < some.size()) {
        reader_.fetch(some[i + kAhead].place);
      }
      TRY_ASSIGN(const float similarity, compare(some[i].place));
      static_cast<void>(similarity);
    }
    return false;
  }

  const VectorSet& set_;
  const NearestQuery& query_;
  const NearestOptions& options_;
  NearestCost& cost_;
  const CancelToken& cancel_;
  VectorReader reader_;
  const kernel::ScanBlock scan_ = kernel::scan_block_of(kernel::best_dot_set());
  Greatest<float> best_;
  std::vector<Near> found_;
  std::vector<Survivor> survivors_;
  std::vector<std::uint32_t> rows_;  // places to be compared exactly
};

}  // namespace

std::size_t PlaceFilter::count(std::uint32_t begin, std::uint32_t end) const {
  std::size_t count = 0;
  while (begin < end) {
    const std::uint32_t stop = std::min(end, (begin / 64 + 1) * 64);
    std::uint64_t word = words_[begin / 64] >> (begin % 64);
    if (stop - begin < 64) {
      word &= (1ULL << (stop - begin)) - 1;
    }
    count += static_cast<std::size_t>(std::popcount(word));
    begin = stop;
  }
  return count;
}

NearestQuery::NearestQuery(VectorQuery query)
    : query_(std::move(query)), dot_(kernel::dot_wide_of(kernel::best_dot_set())) {
  const std::size_t width = kernel::rotated_width(query_.wide.size());
  std::vector<float> values(width, 0.0F);
  for (std::size_t i = 0; i < query_.wide.size(); ++i) {
    values[i] = query_.scale * static_cast<float>(query_.wide[i]);
    square_ += values[i] * values[i];
  }
  kernel::rotate(values.data(), width);
  kernel::fill_table(values.data(), width, table_);
}

Result<std::vector<Near>> nearest(const VectorSet& set, const NearestQuery& query,
                                  const NearestOptions& options, NearestCost& cost,
                                  const CancelToken& cancel) {
  return Search(set, query, options, cost, cancel).run();
}

}  // namespace sonde::index
