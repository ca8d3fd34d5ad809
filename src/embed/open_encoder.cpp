#include "embed/open_encoder.h"

#include <fmt/format.h>

#include <utility>

#include "embed/local_encoder.h"
#include "embed/model_store.h"

namespace sonde::embed {

namespace {

Result<std::shared_ptr<Encoder>> open_local(io::FileSystem& fs, const EncoderChoice& choice,
                                            ThreadPool& pool) {
  const ModelStore store(fs, choice.models_folder);
  TRY_ASSIGN(const ModelInfo info, store.find(choice.model));
  LocalEncoderOptions options;
  options.precision = choice.precision;
  TRY_ASSIGN(std::shared_ptr<Encoder> encoder, LocalEncoder::open(fs, info.folder, pool, options));
  // The hash was taken when the model was installed; its vectors belong to that hash.
  if (encoder->id().weights != info.id.weights) {
    return Error{Code::Corruption,
                 fmt::format("the model {} is not what was installed: its files have changed; "
                             "`sonde model remove {}`, then add it again",
                             info.id.name, info.id.name)};
  }
  return encoder;
}

Result<std::shared_ptr<Encoder>> open_server(const RemoteOptions& options,
                                             const CancelToken& cancel) {
  TRY_ASSIGN(auto http, io::open_http_client());
  TRY_ASSIGN(std::shared_ptr<Encoder> encoder,
             RemoteEncoder::open(std::move(http), options, cancel));
  return encoder;
}

}  // namespace

Result<std::shared_ptr<Encoder>> open_encoder(io::FileSystem& fs, const EncoderChoice& choice,
                                              ThreadPool& pool, const CancelToken& cancel) {
  return choice.server ? open_server(*choice.server, cancel) : open_local(fs, choice, pool);
}

}  // namespace sonde::embed
