#pragma once
// An encoder that is opened when it is first needed: a search by words alone does not load a model.

#include <functional>
#include <memory>
#include <mutex>

#include "embed/encoder.h"

namespace sonde::embed {

/// Knows its id from the start and opens the encoder at the first text. A failure is told to that
/// call and tried again at the next. Threads: safe; while one opens it the others wait for it.
class LazyEncoder : public Encoder {
 public:
  using Open = std::function<Result<std::shared_ptr<Encoder>>(const CancelToken& cancel)>;

  LazyEncoder(ModelId id, Open open) : id_(std::move(id)), open_(std::move(open)) {}

  [[nodiscard]] const ModelId& id() const override { return id_; }
  Result<std::vector<float>> embed_query(std::string_view text, const CancelToken& cancel) override;
  /// Errors also: Corruption, when what was opened is another model than `id` says.
  Status embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                         const CancelToken& cancel) override;
  /// 0 until it was opened.
  [[nodiscard]] std::size_t count_tokens(std::string_view text) const override;
  [[nodiscard]] EncoderCounters counters() const override;

 private:
  Result<std::shared_ptr<Encoder>> opened(const CancelToken& cancel);
  [[nodiscard]] std::shared_ptr<Encoder> if_opened() const;

  const ModelId id_;
  const Open open_;
  mutable std::mutex mutex_;  // guards encoder_; held while it is opened, so that it is opened once
  std::shared_ptr<Encoder> encoder_;
};

}  // namespace sonde::embed
