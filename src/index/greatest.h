#pragma once
// The greatest of many values, without keeping the rest.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <vector>

namespace sonde::index {

template <typename Value>
class Greatest {
 public:
  /// @param count  how many are kept, not 0
  /// @param above  values that are not greater do not count
  explicit Greatest(std::size_t count, Value above = -std::numeric_limits<Value>::infinity())
      : count_(count), least_(above) {
    heap_.reserve(count);
  }
  /// The least of them; as long as there are fewer than wanted, `above`.
  [[nodiscard]] Value least() const { return least_; }
  void add(Value value) {
    if (!(value > least_)) {
      return;
    }
    if (heap_.size() == count_) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.back() = value;
    } else {
      heap_.push_back(value);
    }
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    if (heap_.size() == count_) {
      least_ = heap_.front();
    }
  }

 private:
  const std::size_t count_;
  Value least_;
  std::vector<Value> heap_;
};

}  // namespace sonde::index
