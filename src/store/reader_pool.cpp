#include <fcntl.h>
#include <unistd.h>

#include "store/open_store.h"

namespace sonde::store {

ReaderPool::ReaderPool(const StoreOptions& options)
    : options_(options), layout_(options.directory), fs_(file_system_of(options)) {}

Result<ReaderPool::Place> ReaderPool::place_now() const {
  const bool ours = options_.fs != nullptr || !options_.vfs.empty();  // a test's own disk
  if (ours || ::faccessat(AT_FDCWD, layout_.directory.c_str(), W_OK, AT_EACCESS) == 0) {
    return Place{};
  }
  // Nothing can be made here. With a shared memory file SQLite reads along with whoever writes.
  // Without one nobody has the library open; then a WAL that holds something must be read alone,
  // and without a WAL the database can be taken for unchanging while it looks unchanged.
  Place place;
  TRY_ASSIGN(const bool has_shm, exists(fs_, Layout::shm_of(layout_.database)));
  if (has_shm) {
    return place;
  }
  TRY_ASSIGN(const io::FileInfo database, fs_.info(layout_.database));
  place.stamp = std::to_string(database.inode) + " " + std::to_string(database.size_bytes) + " " +
                std::to_string(database.mtime_ns);
  place.how = ConnectionOptions::Place::Immutable;
  const Result<io::FileInfo> wal = fs_.info(Layout::wal_of(layout_.database));
  if (wal.ok() && wal->size_bytes > 0) {
    place.how = ConnectionOptions::Place::Alone;
    place.stamp += " " + std::to_string(wal->size_bytes) + " " + std::to_string(wal->mtime_ns);
  } else if (!wal.ok() && wal.error().code != Code::NotFound) {
    return wal.error();
  }
  return place;
}

Status ReaderPool::follow_place() {
  TRY_ASSIGN(Place now, place_now());
  std::vector<std::unique_ptr<Session>> stale;
  const std::lock_guard lock(mutex_);
  if (now.how != place_.how || now.stamp != place_.stamp) {
    stale.swap(idle_);
    place_ = std::move(now);
  }
  return {};
}

Result<std::unique_ptr<Session>> ReaderPool::open_session() {
  ConnectionOptions how;
  how.path = layout_.database;
  how.page_cache_bytes = options_.page_cache_bytes;
  {
    const std::lock_guard lock(mutex_);
    how.place = place_.how;
  }
  const ChecksumVfs& vfs = how.place == ConnectionOptions::Place::Alone ? *lockless_vfs_ : *vfs_;
  TRY_ASSIGN(std::unique_ptr<Connection> connection, Connection::open(vfs, how));
  return std::make_unique<Session>(std::move(connection), shared_);
}

Result<std::unique_ptr<Session>> ReaderPool::take() {
  TRY(follow_place());
  std::unique_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      session = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (session == nullptr) {
    TRY_ASSIGN(session, open_session());
  }
  TRY(session->connection->script("BEGIN"));
  // The transaction sees the state of its first read.
  TRY_ASSIGN(const std::int64_t tables,
             session->connection->integer("SELECT count(*) FROM sqlite_schema"));
  static_cast<void>(tables);
  return session;
}

void ReaderPool::give_back(std::unique_ptr<Session> session) {
  session->connection->rollback();
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleSessions && place_.stamp.empty()) {
    idle_.push_back(std::move(session));
  }
}

void ReaderPool::drop_idle() {
  std::vector<std::unique_ptr<Session>> sessions;
  const std::lock_guard lock(mutex_);
  sessions.swap(idle_);
}

}  // namespace sonde::store
