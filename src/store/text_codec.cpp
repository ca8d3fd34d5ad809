#include "store/text_codec.h"

#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <mutex>

#include "base/hash.h"

namespace sonde::store {

namespace {
constexpr int kLevel = 3;
constexpr int kSmallLevel = 9;
constexpr std::size_t kIdleContexts = 64;
constexpr std::size_t kDictionaryLimit = 1U << 20;
}  // namespace

struct Dictionary::Tables {
  ZSTD_CDict* compress = nullptr;
  ZSTD_DDict* decompress = nullptr;
  mutable std::once_flag small_made;
  mutable ZSTD_CDict* small = nullptr;  // for Effort::Small; made at its first use
  Tables() = default;
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;
  ~Tables() {
    ZSTD_freeCDict(compress);
    ZSTD_freeCDict(small);
    ZSTD_freeDDict(decompress);
  }
};

Dictionary::Dictionary(std::string bytes, std::unique_ptr<Tables> tables)
    : bytes_(std::move(bytes)), name_(checksum64(bytes_)), tables_(std::move(tables)) {}
Dictionary::~Dictionary() = default;

Result<std::shared_ptr<const Dictionary>> Dictionary::create(std::string bytes) {
  if (bytes.size() > kDictionaryLimit) {
    return Error{Code::Limit, "a text dictionary of " + std::to_string(bytes.size()) + " bytes"};
  }
  auto tables = std::make_unique<Tables>();
  tables->compress = ZSTD_createCDict(bytes.data(), bytes.size(), kLevel);
  tables->decompress = ZSTD_createDDict(bytes.data(), bytes.size());
  if (tables->compress == nullptr || tables->decompress == nullptr) {
    return Error{Code::Corruption, "a text dictionary is damaged; run `sonde doctor`"};
  }
  return std::shared_ptr<const Dictionary>(new Dictionary(std::move(bytes), std::move(tables)));
}

struct TextCodec::FreeC {
  void operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
};
struct TextCodec::FreeD {
  void operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }
};

TextCodec::TextCodec() = default;
TextCodec::~TextCodec() = default;

ZSTD_CDict_s* Dictionary::compressor(Effort effort) const {
  if (effort == Effort::Quick) {
    return tables_->compress;
  }
  std::call_once(tables_->small_made, [this] {
    tables_->small = ZSTD_createCDict(bytes_.data(), bytes_.size(), kSmallLevel);
  });
  return tables_->small != nullptr ? tables_->small : tables_->compress;
}

Result<TextCodec::Compressed> TextCodec::compress(std::string_view text,
                                                  const Dictionary* dictionary, Effort effort) {
  if (text.size() > kMaxTextBytes) {
    return Error{Code::Limit, "a chunk of " + std::to_string(text.size()) + " bytes; at most " +
                                  std::to_string(kMaxTextBytes) + " can be stored"};
  }
  CContext context;
  {
    const std::lock_guard lock(mutex_);
    if (!compressors_.empty()) {
      context = std::move(compressors_.back());
      compressors_.pop_back();
    }
  }
  if (context == nullptr) {
    context.reset(ZSTD_createCCtx());
    if (context == nullptr) {
      return Error{Code::Limit, "not enough memory to compress"};
    }
    // The size and the dictionary stand in the row, the checksum in the page.
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_dictIDFlag, 0);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 0);
  }
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel,
                         effort == Effort::Quick ? kLevel : kSmallLevel);
  Compressed result;
  result.bytes.resize(ZSTD_compressBound(text.size()));
  ZSTD_CCtx_refCDict(context.get(),
                     dictionary == nullptr ? nullptr : dictionary->compressor(effort));
  const std::size_t size = ZSTD_compress2(context.get(), result.bytes.data(), result.bytes.size(),
                                          text.data(), text.size());
  if (ZSTD_isError(size) != 0U) {
    return Error{Code::Internal, std::string("zstd: ") + ZSTD_getErrorName(size)};
  }
  if (size < text.size()) {
    result.bytes.resize(size);
    result.bytes.shrink_to_fit();
  } else {
    result.raw = true;
    result.bytes.assign(text);
  }
  const std::lock_guard lock(mutex_);
  if (compressors_.size() < kIdleContexts) {
    compressors_.push_back(std::move(context));
  }
  return result;
}

Result<std::string> TextCodec::decompress(std::string_view bytes, std::uint32_t size_bytes,
                                          const Dictionary* dictionary) {
  if (size_bytes > kMaxTextBytes) {
    return Error{Code::Corruption,
                 "a chunk's text claims " + std::to_string(size_bytes) + " bytes"};
  }
  DContext context;
  {
    const std::lock_guard lock(mutex_);
    if (!decompressors_.empty()) {
      context = std::move(decompressors_.back());
      decompressors_.pop_back();
    }
  }
  if (context == nullptr) {
    context.reset(ZSTD_createDCtx());
    if (context == nullptr) {
      return Error{Code::Limit, "not enough memory to decompress"};
    }
  }
  std::string text(size_bytes, '\0');
  ZSTD_DCtx_refDDict(context.get(),
                     dictionary == nullptr ? nullptr : dictionary->tables().decompress);
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), text.data(), text.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0U || size != text.size()) {
    return Error{Code::Corruption, "a chunk's text does not decompress"};
  }
  const std::lock_guard lock(mutex_);
  if (decompressors_.size() < kIdleContexts) {
    decompressors_.push_back(std::move(context));
  }
  return text;
}

DictionaryTrainer::Sizes DictionaryTrainer::sizes_for(std::uint64_t text_bytes) {
  constexpr std::uint64_t kShare = 64;    // of the text; what a larger one gains, it costs itself
  constexpr std::uint64_t kSamples = 64;  // times the dictionary
  Sizes sizes;
  sizes.dictionary_bytes = static_cast<std::size_t>(
      std::clamp<std::uint64_t>(text_bytes / kShare, kLeastBytes, kGreatestBytes));
  sizes.sample_bytes = sizes.dictionary_bytes * kSamples;
  sizes.enough_bytes = sizes.dictionary_bytes * 8;
  return sizes;
}

void DictionaryTrainer::add(std::string_view text) {
  bytes_ += text.size();
  if (text.size() < 8 || samples_.size() > limits_.sample_bytes) {  // zstd learns nothing from less
    return;
  }
  samples_ += text.substr(0, kSampleTextBytes);
  sizes_.push_back(std::min(text.size(), kSampleTextBytes));
}

Result<std::string> DictionaryTrainer::train() const {
  // Fixed parameters: zstd's own search for the best ones takes seconds and gains about 1%.
  ZDICT_fastCover_params_t parameters{};
  parameters.k = 200;
  parameters.d = 8;
  parameters.f = 20;
  parameters.steps = 1;
  parameters.nbThreads = 1;
  parameters.splitPoint = 1.0;
  parameters.accel = 1;
  parameters.zParams.compressionLevel = kLevel;
  std::string dictionary(limits_.dictionary_bytes, '\0');
  const std::size_t size = ZDICT_trainFromBuffer_fastCover(
      dictionary.data(), dictionary.size(), samples_.data(), sizes_.data(),
      static_cast<unsigned>(sizes_.size()), parameters);
  if (ZDICT_isError(size) != 0U) {
    return Error{Code::Internal, std::string("zstd cannot train: ") + ZDICT_getErrorName(size)};
  }
  dictionary.resize(size);
  return dictionary;
}

}  // namespace sonde::store
