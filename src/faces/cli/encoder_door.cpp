#include "faces/cli/encoder_door.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>

#include "embed/lazy_encoder.h"
#include "library/library.h"
#include "library/machine.h"

namespace sonde::faces::cli {

namespace {

constexpr std::chrono::milliseconds kSearchConnect{2'000};
constexpr std::chrono::milliseconds kSearchWhole{10'000};

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
  options.whole = std::chrono::seconds(server.timeout_s);
  options.stall = options.whole;
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

/// Others have no text to embed: a server that is slow or gone is not to hold them up.
bool needs_meaning(const Invocation& invocation) {
  switch (invocation.command) {
    case Command::Search: return invocation.search.request.mode != library::SearchMode::Words;
    case Command::Index: return invocation.index.request.embed;
    case Command::Similar:
    case Command::SourceAdd:
    case Command::SourceList:
    case Command::SourceRemove:
    case Command::Status:
    case Command::Forget:
    case Command::Doctor:
    case Command::Retry:
    case Command::Selftest:
    case Command::Reset: return false;
    default: return true;
  }
}

/// Somebody waits for the answer, and words have one without the server.
void hurry(embed::RemoteOptions& options) {
  options.attempts = 1;
  options.connect = std::min(options.connect, kSearchConnect);
  options.whole = std::min(options.whole, kSearchWhole);
}

/// What the settings come to on this processor.
embed::Precision precision_in(const library::Config& config) {
  return embed::precision_of(config.precision).value_or(embed::Precision::F32);
}

using Encoders = std::map<std::string, std::shared_ptr<embed::Encoder>>;

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

/// Opens it and keeps its threads with it.
embed::LazyEncoder::Open opening(const embed::EncoderChoice& choice,
                                 const library::Config& config) {
  return [choice, config](const CancelToken& cancel) -> Result<std::shared_ptr<embed::Encoder>> {
    TRY_ASSIGN(OpenedEncoder opened, open_with_threads(choice, config, cancel));
    const auto held = std::make_shared<OpenedEncoder>(std::move(opened));
    return std::shared_ptr<embed::Encoder>(held, held->encoder.get());
  };
}

/// Every model that can be used, by its key.
Encoders all_models(const std::string& models_folder, const library::Config& config) {
  Encoders encoders;
  const auto models = embed::ModelStore(io::real_file_system(), models_folder).list();
  if (!models.ok()) {
    return encoders;
  }
  for (const embed::ModelInfo& model : *models) {
    if (!model.problem.empty()) {
      continue;
    }
    for (const embed::Precision precision : embed::kPrecisions) {
      const embed::EncoderChoice choice{models_folder, model.id.name, {}, precision};
      embed::ModelId id = model.id;
      id.precision = embed::name_of(precision);
      encoders.emplace(library::model_key(id),
                       std::make_shared<embed::LazyEncoder>(id, opening(choice, config)));
    }
  }
  return encoders;
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
  if (!context.invocation.common.precision.empty()) {
    config.precision = context.invocation.common.precision;
  }
  embed::EncoderChoice choice;
  choice.precision = precision_in(config);
  TRY_ASSIGN(choice.models_folder, library::models_folder(context.environment));
  choice.model = name;
  if (name.empty()) {
    TRY_ASSIGN(choice.server, server_options(context.environment, config.server));
  }
  return open_with_threads(choice, config, context.cancel);
}

LibraryEncoder library_encoder(const Context& context, const library::Config& config) {
  embed::EncoderChoice choice;
  auto folder = library::models_folder(context.environment);
  if (!folder.ok()) {
    return {};
  }
  choice.models_folder = std::move(*folder);
  choice.precision = precision_in(config);
  auto server = server_options(context.environment, config.server);
  if (!server.ok()) {
    return {nullptr, server.error().message};
  }
  choice.server = std::move(*server);
  if (choice.server && !needs_meaning(context.invocation)) {
    return {nullptr, "the embeddings server " + choice.server->url + " was not asked"};
  }
  if (choice.server && context.invocation.command == Command::Search) {
    hurry(*choice.server);
  }
  const embed::LazyEncoder::Open open = opening(choice, config);
  if (choice.server) {
    auto opened = open(context.cancel);
    return opened.ok() ? LibraryEncoder{std::move(*opened)}
                       : LibraryEncoder{nullptr, opened.error().message};
  }
  const embed::ModelStore models(io::real_file_system(), choice.models_folder);
  auto model = models.find("");
  if (!model.ok()) {
    return {nullptr, model.error().code == Code::NotFound ? "" : model.error().message};
  }
  if (!model->problem.empty()) {
    return {nullptr, "the model " + model->id.name + " cannot be used: " + model->problem};
  }
  embed::ModelId id = model->id;
  id.precision = embed::name_of(choice.precision);
  return {std::make_shared<embed::LazyEncoder>(std::move(id), open)};
}

std::function<std::shared_ptr<embed::Encoder>(const std::string& model_key)> encoders_of_machine(
    const Context& context, const library::Config& config) {
  const auto folder = library::models_folder(context.environment);
  if (!folder.ok()) {
    return {};
  }
  struct Kept {
    std::once_flag listed;
    Encoders encoders;
  };
  const auto kept = std::make_shared<Kept>();
  return [kept, folder = *folder, config](const std::string& key) {
    std::call_once(kept->listed, [&] { kept->encoders = all_models(folder, config); });
    const auto found = kept->encoders.find(key);
    return found == kept->encoders.end() ? nullptr : found->second;
  };
}

}  // namespace sonde::faces::cli
