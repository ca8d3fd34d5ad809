#include "faces/cli/encoder_door.h"

#include <algorithm>
#include <utility>

#include "embed/lazy_encoder.h"
#include "library/machine.h"

namespace sonde::faces::cli {

namespace {

/// What the user's settings say of a server, with its key out of the environment.
Result<std::optional<embed::RemoteOptions>> server_options(const library::Environment& environment,
                                                           const library::EmbeddingServer& server) {
  if (server.url.empty()) {
    return std::optional<embed::RemoteOptions>();
  }
  embed::RemoteOptions options;
  options.url = server.url;
  options.model = server.model;
  options.max_tokens = server.max_tokens;
  if (!server.key_variable.empty()) {
    options.key = environment.variable ? environment.variable(server.key_variable) : std::string();
    if (options.key.empty()) {
      return Error{Code::InvalidArgument, "the key of the embeddings server " + server.url +
                                              " is looked for in the variable " +
                                              server.key_variable + ", which is not set"};
    }
  }
  return std::optional(std::move(options));
}

/// The caller's thread computes too.
Result<OpenedEncoder> open_with_threads(const embed::EncoderChoice& choice,
                                        const library::Config& config, const CancelToken& cancel) {
  const std::size_t threads = std::max<std::size_t>(library::limits_for(config).threads, 2) - 1;
  OpenedEncoder opened{std::make_unique<ThreadPool>(threads, "sonde-embed"), nullptr};
  auto encoder = embed::open_encoder(io::real_file_system(), choice, *opened.pool, cancel);
  if (!encoder.ok()) {
    return of_a_model(std::move(encoder).error());
  }
  opened.encoder = std::move(encoder).value();
  return opened;
}

}  // namespace

Error of_a_model(Error error) {
  if (error.code == Code::Corruption) {
    error.code = Code::InvalidArgument;
  }
  return error;
}

Result<embed::ModelStore> model_store(const Context& context) {
  TRY_ASSIGN(const std::string folder, library::models_folder(context.environment));
  return embed::ModelStore(io::real_file_system(), folder);
}

Result<OpenedEncoder> open_chosen_encoder(const Context& context, const std::string& name) {
  TRY_ASSIGN(library::Config config, library::read_config(context.environment, ""));
  if (context.invocation.common.threads) {
    config.threads = *context.invocation.common.threads;
  }
  embed::EncoderChoice choice;
  TRY_ASSIGN(choice.models_folder, library::models_folder(context.environment));
  choice.model = name;
  if (name.empty()) {
    TRY_ASSIGN(choice.server, server_options(context.environment, config.server));
  }
  return open_with_threads(choice, config, context.cancel);
}

std::shared_ptr<embed::Encoder> library_encoder(const Context& context,
                                                const library::Config& config) {
  embed::EncoderChoice choice;
  auto folder = library::models_folder(context.environment);
  auto server = server_options(context.environment, config.server);
  if (!folder.ok() || !server.ok()) {
    return nullptr;
  }
  choice.models_folder = std::move(*folder);
  choice.server = std::move(*server);
  const auto open = [choice,
                     config](const CancelToken& cancel) -> Result<std::shared_ptr<embed::Encoder>> {
    TRY_ASSIGN(OpenedEncoder opened, open_with_threads(choice, config, cancel));
    const auto held = std::make_shared<OpenedEncoder>(std::move(opened));
    return std::shared_ptr<embed::Encoder>(held, held->encoder.get());
  };
  if (choice.server) {
    auto opened = open(context.cancel);
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  const embed::ModelStore models(io::real_file_system(), choice.models_folder);
  auto model = models.find("");
  if (!model.ok() || !model->problem.empty()) {
    return nullptr;
  }
  return std::make_shared<embed::LazyEncoder>(model->id, open);
}

}  // namespace sonde::faces::cli
