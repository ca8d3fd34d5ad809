#pragma once
// An embeddings server that speaks as OpenAI's does, as an Encoder:
//   POST URL/embeddings {"model", "input": [..]} -> {"data": [{"index", "embedding"}, ..]}

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "embed/encoder.h"
#include "io/http.h"

namespace sonde::embed {

struct RemoteOptions {
  std::string url = {};    // "https://api.example.org/v1"; with or without "/embeddings"
  std::string model = {};  // as the server knows it
  std::string key =
      {};  // sent as a bearer token, never over http to another machine; in no message
  std::uint32_t max_tokens = 0;  // what the server takes; 0: unknown
  std::size_t batch_texts = 64;  // 1 to 2048
  std::size_t batch_bytes = 256 * 1024;
  int attempts = 4;
  std::chrono::milliseconds backoff{500};  // before the second attempt; doubles
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds stall{30'000};   // without a byte
  std::chrono::milliseconds whole{120'000};  // for one attempt
};

/// Threads: safe. A server that is gone, slow, or answers nonsense is an Io error that names it:
/// other lengths than the first, other counts than asked, what is no finite number, or all zeroes.
class RemoteEncoder final : public Encoder {
 public:
  /// Embeds one text to learn the dimensions.
  /// Errors: InvalidArgument (URL, a key that would travel in the open), Io, Cancelled.
  static Result<std::unique_ptr<RemoteEncoder>> open(std::shared_ptr<io::HttpClient> http,
                                                     RemoteOptions options,
                                                     const CancelToken& cancel);

  [[nodiscard]] const ModelId& id() const override { return id_; }
  Result<std::vector<float>> embed_query(std::string_view text, const CancelToken& cancel) override;
  /// One request after the other. Errors also: InvalidArgument (shape).
  Status embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                         const CancelToken& cancel) override;
  [[nodiscard]] std::size_t count_tokens(std::string_view) const override { return 0; }
  [[nodiscard]] EncoderCounters counters() const override;

 private:
  using Vectors = std::vector<std::vector<float>>;

  RemoteEncoder(std::shared_ptr<io::HttpClient> http, RemoteOptions options);
  Result<Vectors> ask(std::span<const std::string_view> texts, const CancelToken& cancel) const;
  Result<io::HttpResponse> post(const std::string& body, const CancelToken& cancel) const;
  Result<Vectors> read_answer(const std::string& body, std::size_t count) const;
  Error refused(const io::HttpResponse& response) const;
  Error wrong(const std::string& what) const;

  const std::shared_ptr<io::HttpClient> http_;
  const RemoteOptions options_;
  const std::string url_;
  ModelId id_;  // complete once open() is done
  std::atomic<std::uint64_t> texts_ = 0;
  std::atomic<std::uint64_t> queries_ = 0;
};

}  // namespace sonde::embed
