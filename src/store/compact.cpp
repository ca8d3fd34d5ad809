// Store::compact(): library.db as small as it gets.

#include "store/open_store.h"
#include "store/transaction.h"

namespace sonde::store {

namespace {

constexpr std::uint64_t kVectorsOfTransaction = 64 * kBlockVectors;
constexpr std::int64_t kMemoryVacuumBytes = 64LL << 20;
constexpr int kStepsBetweenLooks = 10'000;  // of SQLite's virtual machine
constexpr std::int64_t kFreeShare = 16;     // a rewrite pays when this part of the pages is free
constexpr std::uint64_t kLeastTextBytes = 256 * 1024;

constexpr const char* kLargeTexts =
    "SELECT coalesce(sum(size_bytes), 0) FROM chunks WHERE hash <> x''";

}  // namespace

Status rewrite_pages(Connection& connection, const CancelToken& cancel) {
  TRY_ASSIGN(const std::int64_t pages, connection.integer("PRAGMA page_count"));
  const bool in_memory = pages * kPageBytes <= kMemoryVacuumBytes;
  // The copy holds live rows only; a temporary file of it is unlinked while it is open.
  TRY(connection.script(in_memory ? "PRAGMA temp_store=MEMORY" : "PRAGMA temp_store=FILE"));
  CancelToken asked = cancel;
  sqlite3_progress_handler(
      connection.raw(), kStepsBetweenLooks,
      [](void* token) { return static_cast<CancelToken*>(token)->cancelled() ? 1 : 0; }, &asked);
  const Status done = connection.script("VACUUM");
  sqlite3_progress_handler(connection.raw(), 0, nullptr, nullptr);
  TRY(connection.script("PRAGMA temp_store=MEMORY"));
  TRY(cancel.check());
  return done;
}

Result<bool> OpenStore::wants_compaction() {
  TRY(need_writer());
  TRY_ASSIGN(const Counts counts, writer_->queries.counts());
  if (counts.text_bytes < kLeastTextBytes) {
    return false;
  }
  TRY_ASSIGN(const std::int64_t large, writer_->connection->integer(kLargeTexts));
  return static_cast<std::uint64_t>(large) > counts.text_bytes / 2;
}

Status OpenStore::compact(const CancelToken& cancel) {
  bool changed = false;
  for (;;) {
    TRY(cancel.check());
    TRY_ASSIGN(const std::unique_ptr<WriteTransaction> transaction, begin_write());
    TRY_ASSIGN(const std::uint64_t moved, transaction->pack_vectors(kVectorsOfTransaction));
    if (moved == 0) {
      break;
    }
    TRY_ASSIGN(const std::uint64_t generation, transaction->commit());
    static_cast<void>(generation);
    changed = true;
  }
  TRY_ASSIGN(const bool most, wants_compaction());
  TRY_ASSIGN(const std::int64_t large, writer_->connection->integer(kLargeTexts));
  if (large > 0) {
    TRY_ASSIGN(const std::unique_ptr<WriteTransaction> transaction, begin_write());
    TRY(most ? transaction->replace_dictionaries(Effort::Small, cancel)
             : transaction->make_texts_small(cancel));
    TRY_ASSIGN(const std::uint64_t generation, transaction->commit());
    static_cast<void>(generation);
    changed = true;
  }
  TRY(checkpoint());
  TRY_ASSIGN(const std::int64_t free, writer_->connection->integer("PRAGMA freelist_count"));
  TRY_ASSIGN(const std::int64_t pages, writer_->connection->integer("PRAGMA page_count"));
  if (changed || free * kFreeShare > pages) {
    TRY(rewrite_pages(*writer_->connection, cancel));
  }
  return checkpoint();
}

}  // namespace sonde::store
