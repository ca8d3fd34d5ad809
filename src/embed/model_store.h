#pragma once
// The models of this user: a folder each, in one folder.
//
//   models/
//     default               the name of the model in use
//     all-MiniLM-L6-v2/     the files of model_files.h and sonde-model.json, complete and checked,
//                           and what is made of them (embed/prepared_file.h)
//     .lock                 held while something is added or removed
//     .new-..., .old-...    what is being added or removed; litter once nobody holds the lock
//     .pull-...             a download that was not finished (embed/model_pull.h)
//
//   ModelStore store(io::real_file_system(), "~/.local/share/sonde/models");
//   TRY_ASSIGN(auto added, store.add("model.whl", {.worker_program = worker}, cancel));

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "embed/encoder.h"
#include "io/file_system.h"
#include "io/lease.h"

namespace sonde::embed {

/// What people are told to do when there is no model.
inline constexpr const char* kHowToGetAModel =
    "`sonde model pull all-MiniLM-L6-v2` brings the usual one, `sonde model add PATH` takes a "
    "folder, wheel, zip or tar";

inline constexpr const char* kModelRecordFile = "sonde-model.json";

/// One model as its sonde-model.json says.
struct ModelInfo {
  std::string folder;  // absolute
  ModelId id;
  std::string source;    // where it came from: a path, or an address and revision
  std::string added_at;  // "2025-01-31T12:00:00Z"
  std::uint64_t size_bytes = 0;
  bool in_use = false;
  std::string problem;  // why it cannot be used; empty: nothing is known to be wrong
};

struct AddModelOptions {
  std::string name = {};            // empty: the folder's or archive's
  std::string worker_program = {};  // for archives
};

struct AddedModel {
  ModelInfo model;
  bool was_there = false;  // the same model, under the same name
};

/// A folder holds a whole, checked model or is none: a model appears by one rename. Models that are
/// in use in other processes stay readable for them. Threads: safe, as far as the file system is;
/// calls that change something are Busy while another one runs, in whatever process.
class ModelStore {
 public:
  /// @param folder  need not be there yet
  ModelStore(io::FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  /// Copies a model from a folder, or out of an archive (zip, wheel, tar, tar.gz; at most 240 MiB)
  /// that holds one anywhere inside. It is loaded and tried before it is taken. The first one is
  /// taken into use. Errors: NotFound, InvalidArgument (a name that is taken by another model, no
  /// model there), Unsupported (another kind of model), Corruption, Limit, Busy, NoSpace, Io.
  Result<AddedModel> add(const std::string& path, const AddModelOptions& options,
                         const CancelToken& cancel);

  /// By name. Models that cannot be read have `problem` set. Errors: Io.
  Result<std::vector<ModelInfo>> list() const;
  /// @param name  empty: the one in use, or the only one
  /// Errors: NotFound (says how to get one), InvalidArgument (several, and none is in use).
  Result<ModelInfo> find(const std::string& name) const;
  /// New libraries use it from now on. Errors: NotFound, Io.
  Status use(const std::string& name);
  /// Errors: NotFound, Busy, Io.
  Status remove(const std::string& name);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] io::FileSystem& file_system() const { return fs_; }

  /// For those that bring a model's files themselves: makes the models' folder and locks it.
  /// Errors: Busy, Io.
  Result<io::Lease> lock() const;
  /// Checks the model's files in `staged`, a folder inside folder() that is the caller's, and makes
  /// it the model `name` by a rename; everything else in `staged` has to be gone.
  /// Errors: as add(); `staged` stays then.
  Result<AddedModel> install(const io::Lease& held, const std::string& staged,
                             const std::string& name, const std::string& source,
                             const CancelToken& cancel);

 private:
  Status stage(const std::string& path, const std::string& staged, const AddModelOptions& options,
               std::string& name, const CancelToken& cancel);
  Status stage_folder(const std::string& root, const std::string& staged,
                      const CancelToken& cancel);
  Status stage_archive(const std::string& path, const std::string& staged,
                       const AddModelOptions& options, std::string& inside,
                       const CancelToken& cancel);
  Result<ModelInfo> check(const std::string& staged, const std::string& name,
                          const std::string& source, const CancelToken& cancel);
  Status publish(const std::string& staged, const std::string& name);
  ModelInfo read(const std::string& name) const;
  std::string default_name() const;
  void sweep() const;

  io::FileSystem& fs_;
  std::string folder_;
};

/// 1 to 96 letters, digits, '.', '_' and '-', the first a letter or digit. Errors: InvalidArgument.
Status check_model_name(const std::string& name);

/// Removes a folder with all in it. Errors: Io, Limit (deeper than 16).
Status remove_tree(io::FileSystem& fs, const std::string& folder);

}  // namespace sonde::embed
