// Store::purge(): takes forgotten bytes out of every file of the library [INV-11].

#include <chrono>
#include <thread>
#include <unordered_set>

#include "store/open_store.h"
#include "store/transaction.h"

namespace sonde::store {

namespace {

// Shorter strings that a dictionary shares with a text ("return ", "    if (") tell nothing.
constexpr std::size_t kTellingBytes = 12;
constexpr int kPurgeStep_ms = 10;
constexpr int kFolderDepth = 8;

/// True when a string of kTellingBytes stands in `dictionary` and in one of `texts`.
bool shares_bytes(std::string_view dictionary, std::span<const std::string> texts) {
  std::unordered_set<std::string_view> known;
  for (std::size_t i = 0; i + kTellingBytes <= dictionary.size(); ++i) {
    known.insert(dictionary.substr(i, kTellingBytes));
  }
  for (const std::string_view text : texts) {
    for (std::size_t i = 0; i + kTellingBytes <= text.size(); ++i) {
      if (known.contains(text.substr(i, kTellingBytes))) {
        return true;
      }
    }
  }
  return false;
}

Status remove_tree(io::FileSystem& fs, const std::string& path, int depth) {
  const Result<std::vector<io::DirectoryEntry>> entries = fs.list(path);
  if (!entries.ok()) {
    return entries.error().code == Code::NotFound ? Status() : entries.error();
  }
  for (const io::DirectoryEntry& entry : *entries) {
    const std::string inner = io::join_path(path, entry.name);
    if (entry.type != io::FileType::Directory) {
      TRY(remove_if_there(fs, inner));
    } else if (depth > 0) {
      TRY(remove_tree(fs, inner, depth - 1));
      TRY(fs.remove_directory(inner));
    } else {
      return Error{Code::Limit, inner + ": folders are nested too deeply to be removed"};
    }
  }
  return {};
}

}  // namespace

Result<bool> OpenStore::purge(std::span<const std::string> forgotten_texts, int timeout_ms) {
  TRY(need_writer());
  TRY(retrain(forgotten_texts));
  TRY(rewrite_pages(*writer_->connection, {}));
  // Set-aside segments and backups of a damaged library may hold the text too.
  TRY(remove_tree(pool_->fs(), pool_->layout().damaged, kFolderDepth));
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(std::max(timeout_ms, 0));
  for (;;) {
    TRY_ASSIGN(const bool moved, move_wal());
    if (moved) {
      return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kPurgeStep_ms));
  }
}

Status OpenStore::retrain(std::span<const std::string> forgotten_texts) {
  TRY_ASSIGN(const std::vector<std::string> dictionaries, writer_->queries.dictionaries());
  bool tells = false;
  for (const std::string& dictionary : dictionaries) {
    tells = tells || shares_bytes(dictionary, forgotten_texts);
  }
  if (!tells) {
    return {};
  }
  TRY_ASSIGN(const std::unique_ptr<WriteTransaction> transaction, begin_write());
  TRY(transaction->replace_dictionaries(Effort::Quick, {}));
  TRY_ASSIGN(const std::uint64_t generation, transaction->commit());
  static_cast<void>(generation);
  return {};
}

Status WriteTransaction::replace_dictionaries(Effort effort, const CancelToken& cancel) {
  TRY(usable());
  return keep([&]() -> Status {
    TRY_ASSIGN(const std::vector<std::int64_t> coded,
               queries_.ids(effort == Effort::Small
                                ? "SELECT id FROM chunks ORDER BY id"
                                : "SELECT id FROM chunks WHERE coding > 0 ORDER BY id"));
    const auto sizes = DictionaryTrainer::sizes_for(counts_.text_bytes);
    DictionaryTrainer trainer(sizes);
    const std::size_t stride = 1 + counts_.text_bytes / sizes.sample_bytes;
    for (std::size_t i = 0; i < coded.size(); i += stride) {
      TRY_ASSIGN(const std::string text, queries_.text_of_chunk(coded[i]));
      trainer.add(text);
    }
    TRY_ASSIGN(const std::int64_t last_old,
               connection_.integer("SELECT max(id) FROM dictionaries"));
    dictionary_.reset();
    dictionary_id_ = 0;
    if (trainer.enough()) {
      const Result<std::string> bytes = trainer.train();
      if (bytes.ok()) {
        TRY(adopt_dictionary(*bytes));
      }
    }
    for (const std::int64_t id : coded) {
      TRY(cancel.check());
      TRY(recode(id, effort));
    }
    TRY(connection_.run("DELETE FROM dictionaries WHERE id <= ?1", last_old));
    const std::lock_guard lock(queries_.shared().mutex);
    queries_.shared().current = dictionary_;
    return {};
  }());
}

Status WriteTransaction::make_texts_small(const CancelToken& cancel) {
  TRY(usable());
  return keep([&]() -> Status {
    TRY_ASSIGN(const std::vector<std::int64_t> large,
               queries_.ids("SELECT id FROM chunks WHERE hash <> x'' ORDER BY id"));
    for (const std::int64_t id : large) {
      TRY(cancel.check());
      TRY(recode(id, Effort::Small));
    }
    return {};
  }());
}

}  // namespace sonde::store
