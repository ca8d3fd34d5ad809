#pragma once
// Text to vector: the one interface of every encoder, ours or a server's.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"

namespace sonde::embed {

/// What decides whether two vectors may be compared. Stored with every vector; two models with
/// another id never mix.
struct ModelId {
  std::string name;       // "all-MiniLM-L6-v2"
  std::string weights;    // hex of the content hash of the weights and the tokenizer
  std::string precision;  // "f32", "int8"; "remote" for a server
  std::string pooling;    // "mean", "cls"
  std::uint32_t dimensions = 0;
  std::uint32_t max_tokens = 0;

  /// One line that holds all of it: the key in the truth.
  [[nodiscard]] std::string key() const;
  bool operator==(const ModelId&) const = default;
};

/// Counters, so that cost is testable.
struct EncoderCounters {
  std::uint64_t texts = 0;
  std::uint64_t tokens = 0;
  std::uint64_t queries = 0;
};

/// Threads: safe; nine callers at once are an ordinary day. Two lanes: a query never waits behind
/// more than the batch that is running on its thread, documents share what is left.
class Encoder {
 public:
  virtual ~Encoder() = default;
  [[nodiscard]] virtual const ModelId& id() const = 0;

  /// One query, at once. @return [dimensions], unit length. Errors: Cancelled, Io (a server).
  virtual Result<std::vector<float>> embed_query(std::string_view text,
                                                 const CancelToken& cancel) = 0;
  /// Many documents; identical texts are embedded once; sorted by length inside, answered in order.
  /// @param out  [texts.size(), dimensions], row-major, unit length. On error nothing is to be
  /// read.
  virtual Status embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                                 const CancelToken& cancel) = 0;
  /// Tokens of a text with [CLS] and [SEP], not cut. 0 when the encoder cannot tell.
  [[nodiscard]] virtual std::size_t count_tokens(std::string_view text) const = 0;
  [[nodiscard]] virtual EncoderCounters counters() const = 0;
};

}  // namespace sonde::embed
