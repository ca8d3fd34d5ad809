#include <fmt/format.h>

#include <utility>

#include "embed/model_pull.h"
#include "faces/cli/context.h"
#include "faces/cli/encoder_door.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/model_trial.h"
#include "faces/cli/output.h"
#include "faces/wording.h"

namespace sonde::faces::cli {

namespace {

/// "all-MiniLM-L6-v2  384 dimensions, 256 tokens, 87 MB"
std::string description(const embed::ModelInfo& model) {
  if (!model.problem.empty()) {
    return fmt::format("{}  (cannot be used: {})", model.id.name, safe_line(model.problem));
  }
  return fmt::format("{}  {} dimensions, {} tokens, {}", model.id.name, model.id.dimensions,
                     model.id.max_tokens, human_size(model.size_bytes));
}

int tell(Context& context, const embed::ModelInfo& model, const char* action,
         const std::string& sentence) {
  if (context.invocation.json()) {
    print_json(context, json::model_object(model, action));
  } else if (!context.invocation.common.quiet) {
    context.streams.out << sentence << '\n';
  }
  return kDone;
}

int tell_added(Context& context, const embed::AddedModel& added, const char* action) {
  const embed::ModelInfo& model = added.model;
  if (added.was_there) {
    return tell(context, model, "kept", description(model) + " is there already");
  }
  return tell(context, model, action,
              fmt::format("{} {}{}", action, description(model),
                          model.in_use ? "; it is in use"
                                       : fmt::format("; `sonde model use {}` takes it into use",
                                                     model.id.name)));
}

Result<int> add(Context& context, embed::ModelStore& store) {
  const ModelOptions& options = context.invocation.model;
  embed::AddModelOptions how;
  how.name = options.name;
  how.worker_program = context.environment.worker_program;
  auto added = store.add(context.absolute(options.what), how, context.cancel);
  if (!added.ok()) {
    return of_a_model(std::move(added).error());
  }
  return tell_added(context, *added, "added");
}

Result<int> pull(Context& context, embed::ModelStore& store) {
  const ModelOptions& options = context.invocation.model;
  TRY_ASSIGN(const auto http, io::open_http_client());
  embed::PullOptions how;
  how.repository = options.what;
  how.endpoint = context.environment.hub_endpoint;
  how.name = options.name;
  ProgressLine line = context.progress();
  auto pulled = embed::pull_model(
      store, *http, how,
      [&line](const embed::PullProgress& progress) {
        library::Progress shown;
        shown.phase = library::Progress::Phase::Download;
        shown.bytes_done = progress.done_bytes;
        shown.bytes_total = progress.total_bytes;
        line.update(shown);
      },
      context.cancel);
  line.clear();
  if (!pulled.ok()) {
    return of_a_model(std::move(pulled).error());
  }
  return tell_added(context, *pulled, "pulled");
}

Result<int> list(Context& context, embed::ModelStore& store) {
  TRY_ASSIGN(const std::vector<embed::ModelInfo> models, store.list());
  if (context.invocation.json()) {
    print_json(context, json::models_object(store.folder(), models));
    return kDone;
  }
  for (const embed::ModelInfo& model : models) {
    context.streams.out << (model.in_use ? "* " : "  ") << description(model) << '\n';
  }
  if (models.empty()) {
    context.note(std::string("no model is installed; ") + embed::kHowToGetAModel);
  }
  return kDone;
}

Result<int> use(Context& context, embed::ModelStore& store) {
  const std::string& name = context.invocation.model.what;
  TRY(store.use(name));
  TRY_ASSIGN(const embed::ModelInfo model, store.find(name));
  return tell(context, model, "used", description(model) + " is in use");
}

Result<int> remove(Context& context, embed::ModelStore& store) {
  const std::string& name = context.invocation.model.what;
  auto found = store.find(name);
  embed::ModelInfo model = found.ok() ? std::move(found).value() : embed::ModelInfo();
  model.id.name = name;
  TRY(store.remove(name));
  return tell(context, model, "removed", fmt::format("removed {}", name));
}

}  // namespace

Result<int> run_model(Context& context) {
  TRY_ASSIGN(embed::ModelStore store, model_store(context));
  switch (context.invocation.command) {
    case Command::ModelAdd: return add(context, store);
    case Command::ModelPull: return pull(context, store);
    case Command::ModelUse: return use(context, store);
    case Command::ModelRemove: return remove(context, store);
    case Command::ModelTest: return run_model_test(context);
    default: return list(context, store);
  }
}

}  // namespace sonde::faces::cli
