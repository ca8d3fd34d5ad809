#include "store/open_store.h"

#include "store/transaction.h"

namespace sonde::store {

namespace {

class PooledSnapshot final : public Reading<Snapshot> {
 public:
  PooledSnapshot(std::shared_ptr<ReaderPool> pool, std::unique_ptr<Session> session)
      : pool_(std::move(pool)), session_(std::move(session)) {}
  ~PooledSnapshot() override { pool_->give_back(std::move(session_)); }
  PooledSnapshot(const PooledSnapshot&) = delete;
  PooledSnapshot& operator=(const PooledSnapshot&) = delete;

 protected:
  Queries& queries() override { return session_->queries; }

 private:
  std::shared_ptr<ReaderPool> pool_;
  std::unique_ptr<Session> session_;
};

constexpr int kWriterBusyTimeout_ms = 5'000;

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  return OpenStore::open(options);
}

Result<std::unique_ptr<Store>> OpenStore::open(const StoreOptions& options) {
  auto pool = std::make_shared<ReaderPool>(options);
  TRY(check_folder(pool->fs(), pool->layout()));
  std::unique_ptr<OpenStore> store(new OpenStore(std::move(pool)));
  TRY(store->start());
  return std::unique_ptr<Store>(std::move(store));
}

OpenStore::~OpenStore() = default;

Status OpenStore::start() {
  TRY_ASSIGN(pool_->vfs_, ChecksumVfs::create(pool_->options().vfs, ChecksumVfs::Locks::Shared));
  TRY_ASSIGN(pool_->lockless_vfs_,
             ChecksumVfs::create(pool_->options().vfs, ChecksumVfs::Locks::None));
  TRY_ASSIGN(std::unique_ptr<Session> session, pool_->take());
  const Status identity = check_identity(*session);
  pool_->give_back(std::move(session));
  TRY(identity);
  return pool_->options().access == Access::Write ? open_writer() : Status();
}

Status OpenStore::check_identity(Session& session) {
  TRY(check_schema(*session.connection));
  const Layout& layout = pool_->layout();
  TRY_ASSIGN(Statement row, session.connection->query("SELECT uid, generation FROM meta"));
  TRY_ASSIGN(const bool found, row.step());
  if (!found) {
    return Error{Code::Corruption, layout.database + ": it names no library; run `sonde doctor`"};
  }
  uid_ = row.text(0);
  const Result<std::string> id = read_id(pool_->fs(), layout);
  if (id.ok() && *id != uid_) {
    return Error{Code::Corruption, layout.database + " belongs to another library (" + uid_ +
                                       ") than library.id says (" + *id + "); run `sonde doctor`"};
  }
  if (!id.ok() && id.error().code != Code::NotFound) {
    return id.error();
  }
  TRY_ASSIGN(const std::uint64_t newest, newest_segment(pool_->fs(), layout));
  if (row.number<std::uint64_t>(1) < newest) {
    return Error{Code::Corruption,
                 layout.database + " is older (generation " + std::to_string(row.integer(1)) +
                     ") than a segment beside it (generation " + std::to_string(newest) +
                     "): it was rolled back; run `sonde doctor`"};
  }
  return {};
}

Status OpenStore::open_writer() {
  const Layout& layout = pool_->layout();
  TRY(remove_left_overs(pool_->fs(), layout));
  TRY_ASSIGN(const bool has_id, exists(pool_->fs(), layout.id));
  if (!has_id) {  // its creation was interrupted between the two files
    TRY(write_id(pool_->fs(), layout, uid_));
  }
  ConnectionOptions how;
  how.path = layout.database;
  how.mode = ConnectionOptions::Mode::Write;
  how.page_cache_bytes = pool_->options().page_cache_bytes;
  how.busy_timeout_ms = kWriterBusyTimeout_ms;
  TRY_ASSIGN(std::unique_ptr<Connection> connection, Connection::open(pool_->vfs(), how));
  TRY(upgrade_schema(*connection));
  writer_ = std::make_unique<Session>(std::move(connection), pool_->shared());
  sqlite3_wal_hook(
      writer_->connection->raw(),
      [](void* frames, sqlite3*, const char*, int count) {
        *static_cast<int*>(frames) = count;
        return SQLITE_OK;
      },
      &wal_frames_);
  return {};
}

Result<std::unique_ptr<Snapshot>> OpenStore::snapshot() {
  TRY_ASSIGN(std::unique_ptr<Session> session, pool_->take());
  return std::unique_ptr<Snapshot>(std::make_unique<PooledSnapshot>(pool_, std::move(session)));
}

Result<PackedText> OpenStore::pack(std::string_view text) {
  std::shared_ptr<const Dictionary> dictionary;
  {
    const std::lock_guard lock(pool_->shared().mutex);
    dictionary = pool_->shared().current;
  }
  return pack_text(pool_->shared().codec, text, dictionary.get());
}

Status OpenStore::need_writer() const {
  if (writer_ == nullptr) {
    return Error{Code::InvalidArgument, "the library was opened to be read"};
  }
  if (writing_) {
    return Error{Code::Busy, "a transaction is open"};
  }
  return {};
}

Result<std::unique_ptr<WriteTransaction>> OpenStore::begin_write() {
  TRY(need_writer());
  auto ended = [this](bool committed) { after_transaction(committed); };
  writing_ = true;
  Result<std::unique_ptr<WriteTransaction>> transaction =
      WriteTransaction::begin(writer_->queries, ended);
  if (!transaction.ok()) {
    writing_ = false;
  }
  return transaction;
}

Result<std::unique_ptr<Transaction>> OpenStore::begin() {
  TRY_ASSIGN(std::unique_ptr<WriteTransaction> transaction, begin_write());
  return std::unique_ptr<Transaction>(std::move(transaction));
}

void OpenStore::after_transaction(bool committed) {
  writing_ = false;
  const std::uint64_t wal_bytes =
      static_cast<std::uint64_t>(wal_frames_) * static_cast<std::uint64_t>(kPageBytes + 24);
  if (committed && wal_bytes > pool_->options().wal_limit_bytes) {
    // What was committed is safe in the WAL; a checkpoint that fails is tried again next time.
    const Result<bool> moved = move_wal();
    static_cast<void>(moved);
  }
}

Status OpenStore::checkpoint() {
  TRY(need_writer());
  TRY_ASSIGN(const bool moved, move_wal());
  static_cast<void>(moved);
  return {};
}

Result<bool> OpenStore::move_wal() {
  Connection& connection = *writer_->connection;
  int frames = 0;
  int moved = 0;
  int rc = sqlite3_wal_checkpoint_v2(connection.raw(), "main", SQLITE_CHECKPOINT_PASSIVE, &frames,
                                     &moved);
  if (rc == SQLITE_BUSY) {
    return false;
  }
  if (rc != SQLITE_OK) {
    return connection.error(rc);
  }
  if (moved < frames) {
    return false;  // a reader needs the rest
  }
  sqlite3_busy_timeout(connection.raw(), 0);
  rc = sqlite3_wal_checkpoint_v2(connection.raw(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                 nullptr);
  sqlite3_busy_timeout(connection.raw(), kWriterBusyTimeout_ms);
  if (rc == SQLITE_BUSY) {
    return false;
  }
  if (rc != SQLITE_OK) {
    return connection.error(rc);
  }
  wal_frames_ = 0;
  return true;
}

}  // namespace sonde::store
