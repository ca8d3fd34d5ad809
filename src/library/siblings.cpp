#include "library/siblings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "index/vectors.h"
#include "io/file_system.h"
#include "library/meaning.h"
#include "tree/git_folders.h"

namespace sonde::library {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchVectors = 2'048;  // one snapshot of the sibling, one transaction here
constexpr std::chrono::milliseconds kTimeForAll{5'000};
constexpr std::chrono::milliseconds kTimeForEach{1};  // to make one takes 10 to 40
constexpr std::size_t kSiblingCacheBytes = 4U << 20;
// An int8 vector of unit length is that within its rounding.
constexpr double kLeastLength = 0.9;
constexpr double kGreatestLength = 1.1;

/// When the library in `directory` was last written to; nothing when it is not this user's.
std::optional<std::int64_t> last_written(const std::string& directory) {
  std::optional<std::int64_t> newest;
  for (const char* name : {"library.db", "library.db-wal"}) {
    struct stat info {};
    if (::lstat(io::join_path(directory, name).c_str(), &info) != 0) {
      continue;
    }
    if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid()) {
      return std::nullopt;
    }
    newest = std::max(
        newest.value_or(0),
        static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec);
  }
  return newest;
}

bool is_sound(const store::VectorRow& row, std::uint32_t dimensions) {
  const auto code = index::unpack_code(row.code, dimensions);
  if (!code.ok()) {
    return false;
  }
  double squares = 0;
  for (const std::int8_t value : code->codes) {
    squares += static_cast<double>(value) * value;
  }
  const double length = std::sqrt(squares) * static_cast<double>(code->scale);
  return length > kLeastLength && length < kGreatestLength;  // also not when it is no number
}

/// The vectors of these hashes that a library holds now.
Result<std::vector<store::VectorRow>> vectors_of(store::Store& sibling, const std::string& key,
                                                 std::uint32_t dimensions,
                                                 std::span<const ContentHash> hashes) {
  std::vector<store::VectorRow> rows;
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, sibling.snapshot());
  TRY_ASSIGN(const std::optional<store::ModelRow> model, find_model(*snapshot, key));
  if (!model || model->dimensions != dimensions) {
    return rows;
  }
  for (const ContentHash& hash : hashes) {
    TRY_ASSIGN(std::optional<store::VectorRow> row, snapshot->vector(model->id, hash));
    if (row && is_sound(*row, dimensions)) {
      rows.push_back(std::move(*row));
    }
  }
  return rows;
}

/// Opens it when it has vectors of the model.
Result<std::unique_ptr<store::Store>> open_sibling(const std::string& directory,
                                                   const std::string& key) {
  store::StoreOptions options;
  options.directory = directory;
  options.page_cache_bytes = kSiblingCacheBytes;
  TRY_ASSIGN(std::unique_ptr<store::Store> sibling, store::Store::open(options));
  TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, sibling->snapshot());
  TRY_ASSIGN(const std::optional<store::ModelRow> model, find_model(*snapshot, key));
  if (!model || model->vectors == 0) {
    return Error{Code::NotFound, directory + " has no vectors of this model"};
  }
  return sibling;
}

/// Nothing of a sibling is an error of ours; what its owner should know is a note.
void note_trouble(const std::string& directory, const Error& error, IndexReport& report) {
  if (error.code == Code::Corruption || error.code == Code::Unsupported) {
    report.notes.push_back("no vectors were taken from the library of another working tree, " +
                           directory + ": " + error.message);
  }
}

std::string below(const std::string& folder, const std::string& top) {
  return folder == top || !folder.starts_with(top) ? "" : folder.substr(top.size());
}

}  // namespace

std::vector<std::string> Siblings::libraries(const std::vector<std::string>& sources) const {
  std::map<std::string, std::int64_t> found;
  for (const std::string& source : sources) {
    const std::string top = project_root(source);
    for (const std::string& other :
         tree::sibling_worktrees(top, tree::GitEnvironment::from_process())) {
      const auto location = find_library(environment_, other + below(source, top), "");
      if (!location.ok() || location->directory == directory_) {
        continue;
      }
      if (const auto written = last_written(location->directory)) {
        found.emplace(location->directory, *written);
      }
    }
  }
  std::vector<std::string> directories;
  for (const auto& [directory, written] : found) {
    directories.push_back(directory);
  }
  std::stable_sort(
      directories.begin(), directories.end(),
      [&](const std::string& a, const std::string& b) { return found.at(a) > found.at(b); });
  directories.resize(std::min(directories.size(), kMaxLibraries));
  return directories;
}

Status Siblings::take(store::Store& store, const store::ModelRow& model,
                      std::unordered_set<ContentHash>& wanted, IndexReport& report,
                      const std::function<Status(std::uint64_t added)>& after_batch,
                      const CancelToken& cancel) const {
  if (wanted.empty()) {
    return {};
  }
  const auto deadline =
      Clock::now() + kTimeForAll + kTimeForEach * static_cast<std::int64_t>(wanted.size());
  std::vector<std::string> sources;
  {
    TRY_ASSIGN(const std::unique_ptr<store::Snapshot> snapshot, store.snapshot());
    TRY_ASSIGN(const std::vector<store::SourceRow> rows, snapshot->sources());
    for (const store::SourceRow& row : rows) {
      sources.push_back(row.path);
    }
  }
  for (const std::string& directory : libraries(sources)) {
    auto sibling = open_sibling(directory, model.key);
    if (!sibling.ok()) {
      note_trouble(directory, sibling.error(), report);
      continue;
    }
    std::vector<ContentHash> hashes(wanted.begin(), wanted.end());
    std::sort(hashes.begin(), hashes.end());  // its index is read from one end to the other
    std::span<const ContentHash> left = hashes;
    while (!left.empty() && Clock::now() < deadline) {
      TRY(cancel.check());
      const auto batch = left.first(std::min(left.size(), kBatchVectors));
      left = left.subspan(batch.size());
      const auto rows = vectors_of(**sibling, model.key, model.dimensions, batch);
      if (!rows.ok()) {
        note_trouble(directory, rows.error(), report);
        break;
      }
      if (rows->empty()) {
        continue;
      }
      TRY_ASSIGN(std::unique_ptr<store::Transaction> transaction, store.begin());
      TRY_ASSIGN(const std::uint64_t added, transaction->take_vectors(model.id, *rows));
      TRY(transaction->commit());
      transaction.reset();
      report.vectors_taken += added;
      for (const store::VectorRow& row : *rows) {
        wanted.erase(row.hash);
      }
      TRY(after_batch(added));
    }
    if (wanted.empty()) {
      break;
    }
  }
  return {};
}

}  // namespace sonde::library
