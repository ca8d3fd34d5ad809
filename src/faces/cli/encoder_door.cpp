#include "faces/cli/encoder_door.h"

#include <algorithm>
#include <utility>

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
  // The caller's thread computes too.
  const std::size_t threads = std::max<std::size_t>(library::limits_for(config).threads, 2) - 1;
  OpenedEncoder opened{std::make_unique<ThreadPool>(threads, "sonde-embed"), nullptr};
  auto encoder = embed::open_encoder(io::real_file_system(), choice, *opened.pool, context.cancel);
  if (!encoder.ok()) {
    return of_a_model(std::move(encoder).error());
  }
  opened.encoder = std::move(encoder).value();
  return opened;
}

}  // namespace sonde::faces::cli
