#pragma once
// How chunk texts are stored: zstd, with a dictionary trained from the library's own texts, because
// a chunk of 750 bytes alone compresses badly.

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_CDict_s;
struct ZSTD_DCtx_s;

namespace sonde::store {

inline constexpr std::uint32_t kMaxTextBytes = 16U << 20;  // of one chunk

/// Values of chunks.coding below the dictionary ids, which begin at 1.
inline constexpr std::int64_t kCodingRaw = -1;   // as it is
inline constexpr std::int64_t kCodingPlain = 0;  // zstd without a dictionary

/// How hard to try: Quick while files are read, Small (about 10% smaller, six times the time) in
/// maintenance.
enum class Effort { Quick, Small };

/// A trained dictionary, ready to compress and decompress with. Immutable. Threads: safe.
class Dictionary {
 public:
  /// Errors: Corruption (not a zstd dictionary), Limit.
  static Result<std::shared_ptr<const Dictionary>> create(std::string bytes);
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  /// Names the content for ever: two dictionaries of one name are the same.
  [[nodiscard]] std::uint64_t name() const { return name_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  struct Tables;
  [[nodiscard]] const Tables& tables() const { return *tables_; }
  [[nodiscard]] ZSTD_CDict_s* compressor(Effort effort) const;

 private:
  Dictionary(std::string bytes, std::unique_ptr<Tables> tables);
  std::string bytes_;
  std::uint64_t name_;
  std::unique_ptr<Tables> tables_;
};

/// Compresses and decompresses. Threads: safe; contexts are reused. Cost: about 5 us to compress a
/// chunk of 750 bytes, 2 us to decompress it.
class TextCodec {
 public:
  TextCodec();
  ~TextCodec();
  TextCodec(const TextCodec&) = delete;
  TextCodec& operator=(const TextCodec&) = delete;

  struct Compressed {
    bool raw = false;  // compression did not help: `bytes` is the text
    std::string bytes;
  };
  /// @param dictionary  may be null
  /// Errors: Limit (longer than kMaxTextBytes), Internal.
  Result<Compressed> compress(std::string_view text, const Dictionary* dictionary,
                              Effort effort = Effort::Quick);
  /// Errors: Corruption (does not decompress to exactly `size_bytes`).
  Result<std::string> decompress(std::string_view bytes, std::uint32_t size_bytes,
                                 const Dictionary* dictionary);

 private:
  struct FreeC;
  struct FreeD;
  using CContext = std::unique_ptr<ZSTD_CCtx_s, FreeC>;
  using DContext = std::unique_ptr<ZSTD_DCtx_s, FreeD>;
  std::mutex mutex_;
  std::vector<CContext> compressors_;
  std::vector<DContext> decompressors_;
};

/// Collects texts to train a dictionary from. Deterministic: the same texts in the same order give
/// the same dictionary. Threads: owned by one.
class DictionaryTrainer {
 public:
  static constexpr std::size_t kSampleTextBytes = 16384;  // of one text
  static constexpr std::size_t kLeastBytes = 8 * 1024;    // of a dictionary that sizes_for() gives
  static constexpr std::size_t kGreatestBytes = 256 * 1024;

  /// The defaults are for the first texts of a library whose size is not known yet.
  struct Sizes {
    std::size_t enough_bytes = 1U << 20;  // of text seen, to train at all
    std::size_t sample_bytes = 4U << 20;  // of text, after which more gains nothing
    std::size_t dictionary_bytes = 64 * 1024;
  };
  /// For a library of `text_bytes`, all of which can be sampled (docs/benchmarks.md: disk).
  static Sizes sizes_for(std::uint64_t text_bytes);

  DictionaryTrainer() = default;
  explicit DictionaryTrainer(const Sizes& sizes) : limits_(sizes) {}

  void add(std::string_view text);
  [[nodiscard]] bool enough() const { return bytes_ >= limits_.enough_bytes; }
  [[nodiscard]] bool full() const { return bytes_ >= limits_.sample_bytes; }
  /// Errors: Internal (zstd finds nothing to learn: the texts are all alike or all noise).
  Result<std::string> train() const;

 private:
  Sizes limits_;
  std::size_t bytes_ = 0;
  std::string samples_;
  std::vector<std::size_t> sizes_;
};

}  // namespace sonde::store
