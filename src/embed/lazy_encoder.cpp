#include "embed/lazy_encoder.h"

#include <utility>

namespace sonde::embed {

Result<std::shared_ptr<Encoder>> LazyEncoder::opened(const CancelToken& cancel) {
  const std::lock_guard lock(mutex_);
  if (!encoder_) {
    TRY_ASSIGN(std::shared_ptr<Encoder> encoder, open_(cancel));
    if (!(encoder->id() == id_)) {
      return Error{Code::Corruption, "the model " + id_.name +
                                         " is not the one that was installed; `sonde model remove` "
                                         "it and add it again"};
    }
    encoder_ = std::move(encoder);
  }
  return encoder_;
}

std::shared_ptr<Encoder> LazyEncoder::if_opened() const {
  const std::lock_guard lock(mutex_);
  return encoder_;
}

Result<std::vector<float>> LazyEncoder::embed_query(std::string_view text,
                                                    const CancelToken& cancel) {
  TRY_ASSIGN(const std::shared_ptr<Encoder> encoder, opened(cancel));
  return encoder->embed_query(text, cancel);
}

Status LazyEncoder::embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                                    const CancelToken& cancel) {
  TRY_ASSIGN(const std::shared_ptr<Encoder> encoder, opened(cancel));
  return encoder->embed_documents(texts, out, cancel);
}

std::size_t LazyEncoder::count_tokens(std::string_view text) const {
  const std::shared_ptr<Encoder> encoder = if_opened();
  return encoder ? encoder->count_tokens(text) : 0;
}

EncoderCounters LazyEncoder::counters() const {
  const std::shared_ptr<Encoder> encoder = if_opened();
  return encoder ? encoder->counters() : EncoderCounters{};
}

}  // namespace sonde::embed
