#include "library/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sonde::library {

namespace {

constexpr std::size_t kBytesPerToken = 4;  // of text and code, about

class Counter {
 public:
  explicit Counter(const embed::Encoder* encoder)
      : encoder_(encoder != nullptr && encoder->count_tokens("a") > 0 ? encoder : nullptr),
        around_(encoder_ != nullptr ? encoder_->count_tokens("") : 0) {}

  [[nodiscard]] const char* name() const { return encoder_ != nullptr ? "model" : "estimate"; }
  [[nodiscard]] std::uint64_t count(std::string_view text) const {
    return encoder_ != nullptr ? encoder_->count_tokens(text) - around_
                               : (text.size() + kBytesPerToken - 1) / kBytesPerToken;
  }

 private:
  const embed::Encoder* encoder_;
  const std::size_t around_;
};

/// Behind the last line of `text` with which it still has at most `room` tokens.
std::size_t end_of_lines_within(std::string_view text, std::uint64_t room, const Counter& counter) {
  std::vector<std::size_t> ends = {0};
  for (std::size_t i = text.find('\n'); i != std::string_view::npos; i = text.find('\n', i + 1)) {
    ends.push_back(i + 1);
  }
  const auto fits = [&](std::size_t end) { return counter.count(text.substr(0, end)) <= room; };
  const auto first_too_long = std::partition_point(ends.begin(), ends.end(), fits);
  return first_too_long == ends.begin() ? 0 : *(first_too_long - 1);
}

}  // namespace

void keep_within_budget(std::uint64_t budget, const embed::Encoder* encoder, SearchAnswer& answer) {
  const Counter counter(encoder);
  answer.tokens_by = counter.name();
  std::vector<SearchHit> kept;
  for (SearchHit& hit : answer.results) {
    std::string& text = hit.context.empty() ? hit.text : hit.context;
    const std::uint64_t head = counter.count(
        fmt::format("{}:{}-{} {}\n", hit.path, hit.start_line, hit.end_line, hit.symbol));
    const std::uint64_t left = budget - answer.tokens;
    if (kept.empty() && head <= left && counter.count(text) > left - head) {
      text.resize(end_of_lines_within(text, left - head, counter));
    }
    const std::uint64_t tokens = head + counter.count(text);
    if (tokens > left) {
      ++answer.left_out_by_budget;
      continue;
    }
    answer.tokens += tokens;
    kept.push_back(std::move(hit));
  }
  answer.results = std::move(kept);
}

}  // namespace sonde::library
