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
constexpr std::int64_t kMemoryVacuumBytes = 64LL << 20;
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

/// Rewrites every page from its rows, so that nothing but live rows stands in any page. Freed cells
/// are zeroed when they are deleted, but a page that was split keeps stale copies of cells that
/// moved away; only a rewrite takes those out.
Status rewrite_pages(Connection& connection) {
  TRY_ASSIGN(const std::int64_t pages, connection.integer("PRAGMA page_count"));
  const bool in_memory = pages * kPageBytes <= kMemoryVacuumBytes;
  // The copy holds live rows only; a temporary file of it is unlinked while it is open.
  TRY(connection.script(in_memory ? "PRAGMA temp_store=MEMORY" : "PRAGMA temp_store=FILE"));
  const Status done = connection.script("VACUUM");
  TRY(connection.script("PRAGMA temp_store=MEMORY"));
  return done;
}

}  // namespace

Result<bool> OpenStore::purge(std::span<const std::string> forgotten_texts, int timeout_ms) {
  TRY(need_writer());
  TRY(retrain(forgotten_texts));
  TRY(rewrite_pages(*writer_->connection));
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
  writing_ = true;
  auto ended = [this](bool committed) { after_transaction(committed); };
  Result<std::unique_ptr<WriteTransaction>> transaction =
      WriteTransaction::begin(writer_->queries, ended);
  if (!transaction.ok()) {
    writing_ = false;
    return transaction.error();
  }
  TRY((*transaction)->replace_dictionaries());
  TRY_ASSIGN(const std::uint64_t generation, (*transaction)->commit());
  static_cast<void>(generation);
  return {};
}

Status WriteTransaction::replace_dictionaries() {
  TRY(usable());
  return keep([&]() -> Status {
    TRY_ASSIGN(const std::vector<std::int64_t> coded,
               queries_.ids("SELECT id FROM chunks WHERE coding > 0 ORDER BY id"));
    DictionaryTrainer trainer;
    const std::size_t stride = 1 + counts_.text_bytes / DictionaryTrainer::kSampleBytes;
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
      TRY(recode(id));
    }
    TRY(connection_.run("DELETE FROM dictionaries WHERE id <= ?1", last_old));
    const std::lock_guard lock(queries_.shared().mutex);
    queries_.shared().current = dictionary_;
    return {};
  }());
}

}  // namespace sonde::store
