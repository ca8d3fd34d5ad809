// Time to load, speed, and identity with the reference, of the WordPiece tokenizer.
//
//   wordpiece_check MODEL speed FILE...       MB/s over the files' bytes, on one core
//   wordpiece_check MODEL same REFERENCE      compares with make_tokenizer_reference.py's file
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "text/wordpiece.h"
#include "text/wordpiece_reference.h"

namespace {

using Clock = std::chrono::steady_clock;
using sonde::text::WordPiece;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;
constexpr std::size_t kChunkBytes = 1'500;  // about as long as the chunks that Sonde embeds
constexpr int kRounds = 7;
constexpr std::size_t kShown = 20;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

int fail(const sonde::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

int measure(const WordPiece& tokenizer, const std::vector<std::string>& paths) {
  std::string all;
  for (const std::string& path : paths) {
    auto bytes = sonde::io::read_file(sonde::io::real_file_system(), path, kMaxFileBytes);
    if (!bytes.ok()) {
      return fail(bytes.error());
    }
    all += bytes.value();
  }
  std::vector<std::uint32_t> ids;
  double best_ms = std::numeric_limits<double>::max();
  std::size_t tokens = 0;
  for (int round = 0; round < kRounds; ++round) {
    tokens = 0;
    const auto start = Clock::now();
    for (std::size_t at = 0; at < all.size(); at += kChunkBytes) {
      ids.clear();
      tokenizer.encode(std::string_view(all).substr(at, kChunkBytes),
                       std::numeric_limits<std::size_t>::max(), ids);
      tokens += ids.size();
    }
    best_ms = std::min(best_ms, milliseconds_since(start));
  }
  const double megabytes = static_cast<double>(all.size()) / 1e6;
  std::printf("%.1f MB, %zu tokens, %.1f MB/s, %.1f ns a token\n", megabytes, tokens,
              megabytes / best_ms * 1e3, best_ms * 1e6 / static_cast<double>(tokens));
  return 0;
}

int compare(const WordPiece& tokenizer, const std::string& path) {
  auto bytes = sonde::io::read_file(sonde::io::real_file_system(), path, kMaxFileBytes);
  if (!bytes.ok()) {
    return fail(bytes.error());
  }
  const auto reference = sonde::text::read_wordpiece_reference(bytes.value());
  if (!reference.ok()) {
    return fail(reference.error());
  }
  std::size_t differ = 0;
  for (const auto& record : reference.value().records) {
    std::vector<std::uint32_t> ids;
    tokenizer.encode(record.text,
                     record.limit == 0 ? std::numeric_limits<std::size_t>::max() : record.limit,
                     ids);
    if (sonde::text::hash_of_ids(ids) != record.hash && ++differ <= kShown) {
      std::printf("differs (limit %zu):", record.limit);
      for (const char byte : record.text) {
        std::printf(" %02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
      }
      std::puts("");
    }
  }
  std::printf("%zu strings, %zu differ\n", reference.value().records.size(), differ);
  return differ == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3 || (arguments[1] != "speed" && arguments[1] != "same")) {
    std::fprintf(stderr, "usage: wordpiece_check MODEL speed FILE... | MODEL same REFERENCE\n");
    return 2;
  }
  const auto start = Clock::now();
  const auto tokenizer = WordPiece::from_files(sonde::io::real_file_system(), arguments[0]);
  if (!tokenizer.ok()) {
    return fail(tokenizer.error());
  }
  std::printf("loaded in %.1f ms\n", milliseconds_since(start));
  return arguments[1] == "same"
             ? compare(*tokenizer.value(), arguments[2])
             : measure(*tokenizer.value(), {arguments.begin() + 2, arguments.end()});
}
