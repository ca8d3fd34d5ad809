#include "embed/model_store.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/thread_pool.h"
#include "embed/local_encoder.h"
#include "embed/model_files.h"
#include "embed/precision.h"
#include "embed/unpack_job.h"
#include "worker/pool.h"

namespace sonde::embed {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDefaultFile = "default";
constexpr const char* kLockFile = ".lock";
constexpr std::size_t kNameLimit = 96;
constexpr std::size_t kDepthLimit = 16;
constexpr std::size_t kSearchDepth = 5;  // below a folder that was named
constexpr std::size_t kSearchFolders = 2'000;
constexpr std::size_t kCopyBytes = 4U << 20;
constexpr std::uint64_t kRecordLimit = 64 * 1024;
constexpr std::chrono::minutes kUnpackDeadline{5};
/// The archive, the frame it came in, the files and the frame they leave in.
constexpr std::size_t kUnpackMemoryBytes = std::size_t{3} << 30;

bool is_directory(io::FileSystem& fs, const std::string& path) {
  // A link to a folder counts: list() follows it.
  const auto info = fs.info(path);
  return info.ok() && (info->type == io::FileType::Directory ||
                       (info->type == io::FileType::Symlink && fs.list(path).ok()));
}

bool is_there(io::FileSystem& fs, const std::string& path) { return fs.info(path).ok(); }

/// Makes the folder and those above it that are missing.
Status make_directories(io::FileSystem& fs, const std::string& path) {
  if (is_directory(fs, path)) {
    return {};
  }
  const std::string parent = io::parent_path(path);
  if (parent != path) {
    TRY(make_directories(fs, parent));
  }
  const Status made = fs.make_directory(path);
  if (!made.ok() && !is_directory(fs, path)) {
    return made;
  }
  return fs.sync_directory(parent);
}

Status make_parent(io::FileSystem& fs, const std::string& path) {
  const std::string parent = io::parent_path(path);
  return is_directory(fs, parent) ? Status() : fs.make_directory(parent);
}

Status write_file(io::FileSystem& fs, const std::string& path, std::string_view bytes) {
  TRY(make_parent(fs, path));
  TRY_ASSIGN(const auto file, fs.create(path));
  TRY(file->append(bytes));
  TRY(file->sync());
  return file->close();
}

Status copy_file(io::FileSystem& fs, const std::string& from, const std::string& to,
                 const ModelFile& known, const CancelToken& cancel) {
  TRY_ASSIGN(const auto source, fs.open_read(from));
  TRY_ASSIGN(const io::FileInfo info, source->info());
  if (info.size_bytes > known.limit_bytes) {
    return Error{Code::Limit, fmt::format("'{}' has {} bytes, more than the limit of {}", from,
                                          info.size_bytes, known.limit_bytes)};
  }
  TRY(make_parent(fs, to));
  TRY_ASSIGN(const auto target, fs.create(to));
  std::string piece(kCopyBytes, '\0');
  for (std::uint64_t at = 0; at < known.limit_bytes;) {
    TRY(cancel.check());
    TRY_ASSIGN(const std::size_t got, source->read_at(at, piece.data(), piece.size()));
    TRY(target->append(std::string_view(piece).substr(0, got)));
    at += got;
    if (got < piece.size()) {
      break;
    }
  }
  TRY(target->sync());
  return target->close();
}

bool holds_model(io::FileSystem& fs, const std::string& folder) {
  return is_there(fs, io::join_path(folder, kConfigFile)) &&
         is_there(fs, io::join_path(folder, kWeightsFile));
}

/// The folders at or below `folder` that hold a model, nearest first; at most two, which is enough
/// to know that the choice is not ours.
std::vector<std::string> models_below(io::FileSystem& fs, const std::string& folder) {
  std::vector<std::string> found;
  std::vector<std::pair<std::string, std::size_t>> waiting = {{folder, 0}};
  for (std::size_t i = 0; i < waiting.size() && found.size() < 2; ++i) {
    const auto [at, depth] = waiting[i];
    if (holds_model(fs, at)) {
      found.push_back(at);
      continue;
    }
    const auto entries = fs.list(at);
    if (!entries.ok() || depth == kSearchDepth) {
      continue;
    }
    for (const io::DirectoryEntry& entry : *entries) {
      if (entry.type == io::FileType::Directory && waiting.size() < kSearchFolders) {
        waiting.emplace_back(io::join_path(at, entry.name), depth + 1);
      }
    }
  }
  return found;
}

Result<std::string> find_model_folder(io::FileSystem& fs, const std::string& folder) {
  const std::vector<std::string> found = models_below(fs, folder);
  if (found.empty()) {
    return Error{Code::NotFound,
                 fmt::format("there is no model in {}: no folder in it holds both {} and {}",
                             folder, kConfigFile, kWeightsFile)};
  }
  if (found.size() > 1) {
    return Error{Code::InvalidArgument,
                 fmt::format("there are several models in {}, such as {} and {}; name one of them",
                             folder, found[0], found[1])};
  }
  return found.front();
}

/// The last part of a path that says more than "model": with what is no name replaced.
std::string name_from(const std::string& path) {
  std::string rest = path;
  while (!rest.empty() && rest.back() == '/') {
    rest.pop_back();
  }
  std::string name = io::file_name(rest);
  for (const char* ending : {".zip", ".whl", ".tar", ".tar.gz", ".tgz"}) {
    if (name.ends_with(ending)) {
      name.resize(name.size() - std::string_view(ending).size());
      break;
    }
  }
  if ((name == "model" || name == "0_Transformer") && io::parent_path(rest) != "/" &&
      io::parent_path(rest) != ".") {
    return name_from(io::parent_path(rest));
  }
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) != 0 || c == '.' || c == '_' || c == '-' ? c : '-';
  }
  return name.substr(0, kNameLimit);
}

std::string utc_now() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

std::string record_text(const ModelInfo& info) {
  const Json record = {{"name", info.id.name},
                       {"hash", info.id.weights},
                       {"precision", info.id.precision},
                       {"pooling", info.id.pooling},
                       {"dimensions", info.id.dimensions},
                       {"max_tokens", info.id.max_tokens},
                       {"size_bytes", info.size_bytes},
                       {"source", info.source},
                       {"added_at", info.added_at}};
  return record.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <typename Number>
Number number_of(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_number_unsigned() ? found->get<Number>() : Number{0};
}

std::string text_of(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<std::uint64_t> size_of_files(io::FileSystem& fs, const std::string& folder) {
  std::uint64_t sum = 0;
  for (const ModelFile& file : kModelFiles) {
    const auto info = fs.info(io::join_path(folder, file.name));
    if (info.ok()) {
      sum += info->size_bytes;
    }
  }
  return sum;
}

bool same_model(const ModelId& a, const ModelId& b) {
  return a.weights == b.weights && a.pooling == b.pooling && a.dimensions == b.dimensions &&
         a.max_tokens == b.max_tokens;
}

/// What is wrong with a file is told of the file that the caller knows, not of our copy.
std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

/// Removes the folder at the end, if it is still there.
class Cleanup {
 public:
  Cleanup(io::FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}
  ~Cleanup() { static_cast<void>(remove_tree(fs_, folder_)); }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

 private:
  io::FileSystem& fs_;
  std::string folder_;
};

Status remove_tree_at(io::FileSystem& fs, const std::string& folder, std::size_t depth) {
  if (depth > kDepthLimit) {
    return Error{Code::Limit, folder + " is too deep to be removed"};
  }
  const auto entries = fs.list(folder);
  if (!entries.ok()) {
    return entries.error().code == Code::NotFound ? Status() : Status(entries.error());
  }
  for (const io::DirectoryEntry& entry : *entries) {
    const std::string path = io::join_path(folder, entry.name);
    TRY(entry.type == io::FileType::Directory ? remove_tree_at(fs, path, depth + 1)
                                              : fs.remove_file(path));
  }
  return fs.remove_directory(folder);
}

}  // namespace

Status remove_tree(io::FileSystem& fs, const std::string& folder) {
  return remove_tree_at(fs, folder, 0);
}

Status check_model_name(const std::string& name) {
  const auto plain = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool good =
      !name.empty() && name.size() <= kNameLimit && name != kDefaultFile &&
      plain(static_cast<unsigned char>(name.front())) &&
      std::all_of(name.begin(), name.end(), [&](char c) {
        return plain(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
      });
  if (!good) {
    return Error{Code::InvalidArgument,
                 fmt::format("'{}' cannot be a model's name: 1 to {} letters, digits, '.', '_' and "
                             "'-', the first a letter or digit",
                             name, kNameLimit)};
  }
  return {};
}

Result<io::Lease> ModelStore::lock() const {
  TRY(make_directories(fs_, folder_));
  auto lease = io::Lease::acquire(io::join_path(folder_, kLockFile));
  if (!lease.ok()) {
    return lease.error().with_context("another process is changing the models");
  }
  sweep();
  return lease;
}

/// What an interrupted add or remove left: its process is gone, or it would hold the lock.
void ModelStore::sweep() const {
  const auto entries = fs_.list(folder_);
  if (!entries.ok()) {
    return;
  }
  for (const io::DirectoryEntry& entry : *entries) {
    if (entry.name.starts_with(".new-") || entry.name.starts_with(".old-")) {
      static_cast<void>(remove_tree(fs_, io::join_path(folder_, entry.name)));
    }
  }
}

Result<AddedModel> ModelStore::add(const std::string& path, const AddModelOptions& options,
                                   const CancelToken& cancel) {
  if (!options.name.empty()) {
    TRY(check_model_name(options.name));
  }
  TRY_ASSIGN(const io::Lease held, lock());
  const std::string staged = io::join_path(folder_, fmt::format(".new-{}", ::getpid()));
  TRY(fs_.make_directory(staged));
  const Cleanup cleanup(fs_, staged);
  std::string name = options.name;
  TRY(stage(path, staged, options, name, cancel));
  return install(held, staged, name, path, cancel);
}

Status ModelStore::stage(const std::string& path, const std::string& staged,
                         const AddModelOptions& options, std::string& name,
                         const CancelToken& cancel) {
  std::string named_by = path;
  if (is_directory(fs_, path)) {
    TRY_ASSIGN(named_by, find_model_folder(fs_, path));
    TRY(stage_folder(named_by, staged, cancel));
  } else {
    std::string inside;
    TRY(stage_archive(path, staged, options, inside, cancel));
    // "pkg/model" says more than the file's name, which often carries a version; the top nothing.
    if (!inside.empty() && name_from(inside) != "model") {
      named_by = inside;
    }
  }
  if (name.empty()) {
    name = name_from(named_by);
  }
  const Status good = check_model_name(name);
  return good.ok() ? good : Status(good.error().with_context("give it one with --name"));
}

Status ModelStore::stage_folder(const std::string& root, const std::string& staged,
                                const CancelToken& cancel) {
  for (const ModelFile& file : kModelFiles) {
    const std::string from = io::join_path(root, file.name);
    const Status copied = copy_file(fs_, from, io::join_path(staged, file.name), file, cancel);
    const bool missing = !copied.ok() && copied.error().code == Code::NotFound;
    if (!copied.ok() && (file.required || !missing)) {
      return copied;
    }
  }
  return {};
}

Status ModelStore::stage_archive(const std::string& path, const std::string& staged,
                                 const AddModelOptions& options, std::string& inside,
                                 const CancelToken& cancel) {
  auto bytes = io::read_file(fs_, path, kArchiveLimitBytes);
  if (!bytes.ok()) {
    if (bytes.error().code == Code::Limit) {
      return Error{Code::Limit,
                   fmt::format("{} is larger than {} MiB, which is the most that is taken as an "
                               "archive; unpack it yourself and add the folder",
                               path, kArchiveLimitBytes >> 20)};
    }
    return std::move(bytes).error();
  }
  worker::PoolOptions pool_options;
  pool_options.program = options.worker_program;
  pool_options.workers = 1;
  pool_options.memory_limit_bytes = kUnpackMemoryBytes;
  pool_options.job_deadline = kUnpackDeadline;
  TRY_ASSIGN(const auto pool, worker::Pool::create(pool_options));
  const worker::Job job{worker::JobKind::UnpackModel, std::move(bytes).value()};
  const std::vector<worker::JobResult> results = pool->run({&job, 1}, cancel);
  TRY(cancel.check());
  const worker::JobResult& result = results.front();
  if (result.outcome != worker::Outcome::Done) {
    return Error{Code::InvalidArgument,
                 fmt::format("{} could not be unpacked: {}", path, result.reason)};
  }
  TRY_ASSIGN(const UnpackedModel model, decode_unpack_answer(result.payload));
  inside = model.root;
  for (const UnpackedFile& file : model.files) {
    TRY(write_file(fs_, io::join_path(staged, file.name), file.bytes));
  }
  return {};
}

/// Loads everything and embeds a text: what is installed is known to work.
Result<ModelInfo> ModelStore::check(const std::string& staged, const std::string& name,
                                    const std::string& source, const CancelToken& cancel) {
  ThreadPool pool(1, "sonde-check");
  LocalEncoderOptions options;
  options.precision = precision_of("auto").value_or(Precision::F32);  // what will be used first
  auto encoder = LocalEncoder::open(fs_, staged, pool, options);
  if (!encoder.ok()) {
    return std::move(encoder).error();
  }
  TRY_ASSIGN(const std::vector<float> vector, (*encoder)->embed_query("a text to try it", cancel));
  ModelInfo info;
  info.id = (*encoder)->id();
  info.id.name = name;
  info.id.precision = name_of(Precision::F32);  // of its weights as they were published
  info.source = source;
  info.added_at = utc_now();
  TRY_ASSIGN(info.size_bytes, size_of_files(fs_, staged));
  return info;
}

Result<AddedModel> ModelStore::install(const io::Lease&, const std::string& staged,
                                       const std::string& name, const std::string& source,
                                       const CancelToken& cancel) {
  TRY(check_model_name(name));
  auto checked = check(staged, name, source, cancel);
  if (!checked.ok()) {
    return Error{checked.error().code, replaced(checked.error().message, staged, source)};
  }
  ModelInfo info = std::move(checked).value();
  info.folder = io::join_path(folder_, name);
  if (is_there(fs_, info.folder)) {
    ModelInfo present = read(name);
    if (present.problem.empty() && same_model(present.id, info.id)) {
      return AddedModel{std::move(present), true};
    }
    return Error{Code::InvalidArgument,
                 fmt::format("there is another model named {}; `sonde model remove {}` first, or "
                             "give this one another name with --name",
                             name, name)};
  }
  const std::string record = io::join_path(staged, kModelRecordFile);
  TRY(io::replace_file(fs_, record, record_text(info)));
  TRY(cancel.check());
  TRY(publish(staged, name));
  if (default_name().empty()) {
    TRY(io::replace_file(fs_, io::join_path(folder_, kDefaultFile), name + "\n"));
  }
  info.in_use = default_name() == name;
  return AddedModel{std::move(info), false};
}

Status ModelStore::publish(const std::string& staged, const std::string& name) {
  const std::string pooling = io::parent_path(io::join_path(staged, "1_Pooling/config.json"));
  if (is_directory(fs_, pooling)) {
    TRY(fs_.sync_directory(pooling));
  }
  TRY(fs_.sync_directory(staged));
  TRY(fs_.rename(staged, io::join_path(folder_, name)));
  return fs_.sync_directory(folder_);
}

std::string ModelStore::default_name() const {
  auto text = io::read_file(fs_, io::join_path(folder_, kDefaultFile), kRecordLimit);
  if (!text.ok()) {
    return {};
  }
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) {
    text->pop_back();
  }
  return check_model_name(*text).ok() ? *text : std::string();
}

ModelInfo ModelStore::read(const std::string& name) const {
  ModelInfo info;
  info.folder = io::join_path(folder_, name);
  info.id.name = name;
  for (const ModelFile& file : kModelFiles) {
    if (file.required && !is_there(fs_, io::join_path(info.folder, file.name))) {
      info.problem = fmt::format("{} is missing", file.name);
      return info;
    }
  }
  const auto text = io::read_file(fs_, io::join_path(info.folder, kModelRecordFile), kRecordLimit);
  const Json record =
      text.ok() ? Json::parse(*text, nullptr, false) : Json(Json::value_t::discarded);
  if (!record.is_object()) {
    info.problem = fmt::format("{} is missing or damaged", kModelRecordFile);
    return info;
  }
  info.id.weights = text_of(record, "hash");
  info.id.precision = text_of(record, "precision");
  info.id.pooling = text_of(record, "pooling");
  info.id.dimensions = number_of<std::uint32_t>(record, "dimensions");
  info.id.max_tokens = number_of<std::uint32_t>(record, "max_tokens");
  info.size_bytes = number_of<std::uint64_t>(record, "size_bytes");
  info.source = text_of(record, "source");
  info.added_at = text_of(record, "added_at");
  return info;
}

Result<std::vector<ModelInfo>> ModelStore::list() const {
  std::vector<ModelInfo> models;
  const auto entries = fs_.list(folder_);
  if (!entries.ok()) {
    if (entries.error().code == Code::NotFound) {
      return models;
    }
    return entries.error();
  }
  const std::string in_use = default_name();
  for (const io::DirectoryEntry& entry : *entries) {
    if (check_model_name(entry.name).ok() &&
        is_directory(fs_, io::join_path(folder_, entry.name))) {
      models.push_back(read(entry.name));
      models.back().in_use = entry.name == in_use;
    }
  }
  return models;
}

Result<ModelInfo> ModelStore::find(const std::string& name) const {
  TRY_ASSIGN(const std::vector<ModelInfo> models, list());
  std::string wanted = name.empty() ? default_name() : name;
  if (wanted.empty() && models.size() == 1) {
    wanted = models.front().id.name;
  }
  for (const ModelInfo& model : models) {
    if (model.id.name == wanted) {
      if (!model.problem.empty()) {
        return Error{Code::NotFound,
                     fmt::format("the model {} cannot be used: {}; `sonde model remove {}`, then "
                                 "add it again",
                                 wanted, model.problem, wanted)};
      }
      return model;
    }
  }
  if (models.empty()) {
    return Error{Code::NotFound,
                 fmt::format("no model is installed{}; {}",
                             name.empty() ? "" : fmt::format(", so none named '{}'", name),
                             kHowToGetAModel)};
  }
  std::string names;
  for (const ModelInfo& model : models) {
    names += (names.empty() ? "" : ", ") + model.id.name;
  }
  if (wanted.empty()) {
    return Error{Code::InvalidArgument,
                 fmt::format("there are several models and none is in use: {}; `sonde model use "
                             "NAME` says which one is",
                             names)};
  }
  return Error{Code::NotFound, fmt::format("there is no model '{}'; there are: {}", wanted, names)};
}

Status ModelStore::use(const std::string& name) {
  TRY(check_model_name(name));
  TRY(find(name));
  TRY_ASSIGN(const io::Lease held, lock());
  return io::replace_file(fs_, io::join_path(folder_, kDefaultFile), name + "\n");
}

Status ModelStore::remove(const std::string& name) {
  TRY(check_model_name(name));
  const std::string path = io::join_path(folder_, name);
  if (!is_directory(fs_, path)) {
    const auto missing = find(name);
    return missing.ok() ? Error{Code::Internal, "a model that is there and is not"}
                        : missing.error();
  }
  TRY_ASSIGN(const io::Lease held, lock());
  const std::string aside = io::join_path(folder_, fmt::format(".old-{}", ::getpid()));
  const bool was_in_use = default_name() == name;
  TRY(fs_.rename(path, aside));
  TRY(fs_.sync_directory(folder_));
  if (was_in_use) {
    TRY(fs_.remove_file(io::join_path(folder_, kDefaultFile)));
  }
  return remove_tree(fs_, aside);
}

}  // namespace sonde::embed
