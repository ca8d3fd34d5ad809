#pragma once
// An open library: the Store behind the door of store.h.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "store/queries.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace sonde::store {

io::FileSystem& file_system_of(const StoreOptions& options);

/// A connection and the reads on it.
struct Session {
  explicit Session(std::unique_ptr<Connection> opened, Shared& shared)
      : connection(std::move(opened)), queries(*connection, shared) {}
  std::unique_ptr<Connection> connection;
  Queries queries;
};

/// The connections that read, reused; snapshots keep it alive. Threads: safe.
class ReaderPool {
 public:
  explicit ReaderPool(const StoreOptions& options);

  /// A session in a read transaction. Errors: Corruption, Io, Busy, Unsupported.
  Result<std::unique_ptr<Session>> take();
  /// Ends its transaction and keeps it for the next one.
  void give_back(std::unique_ptr<Session> session);
  /// Closes the sessions that nobody uses.
  void drop_idle();

  [[nodiscard]] Shared& shared() { return shared_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] const StoreOptions& options() const { return options_; }
  [[nodiscard]] io::FileSystem& fs() const { return fs_; }
  [[nodiscard]] const ChecksumVfs& vfs() const { return *vfs_; }

 private:
  static constexpr std::size_t kIdleSessions = 8;

  /// How the files are to be opened now. In a folder that cannot be written, it depends on what
  /// stands there; `stamp` changes when that does.
  struct Place {
    ConnectionOptions::Place how = ConnectionOptions::Place::Shared;
    std::string stamp;
  };
  Result<Place> place_now() const;
  Status follow_place();
  Result<std::unique_ptr<Session>> open_session();

  friend class OpenStore;

  const StoreOptions options_;
  const Layout layout_;
  io::FileSystem& fs_;
  std::unique_ptr<ChecksumVfs> vfs_;
  std::unique_ptr<ChecksumVfs> lockless_vfs_;
  Shared shared_;
  std::mutex mutex_;  // guards what follows
  Place place_;
  std::vector<std::unique_ptr<Session>> idle_;
};

class WriteTransaction;

class OpenStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  ~OpenStore() override;

  [[nodiscard]] const std::string& uid() const override { return uid_; }
  Result<std::unique_ptr<Snapshot>> snapshot() override;
  Result<PackedText> pack(std::string_view text) override;
  Result<std::unique_ptr<Transaction>> begin() override;
  Status checkpoint() override;
  Result<bool> purge(std::span<const std::string> forgotten_texts, int timeout_ms) override;
  Result<bool> wants_compaction() override;
  Status compact(const CancelToken& cancel) override;
  Result<std::vector<Finding>> check() override;

 private:
  explicit OpenStore(std::shared_ptr<ReaderPool> pool) : pool_(std::move(pool)) {}
  Status start();
  Status open_writer();
  Status check_identity(Session& session);
  /// @return true when the whole WAL is in the database and the file is cut to nothing
  Result<bool> move_wal();
  void after_transaction(bool committed);
  Status need_writer() const;
  Result<std::unique_ptr<WriteTransaction>> begin_write();
  Status retrain(std::span<const std::string> forgotten_texts);

  std::shared_ptr<ReaderPool> pool_;
  std::string uid_;
  std::unique_ptr<Session> writer_;
  bool writing_ = false;  // a transaction is open
  int wal_frames_ = 0;    // after the last commit
};

/// Refuses a folder whose files contradict each other. Errors: as Store::open().
Status check_folder(io::FileSystem& fs, const Layout& layout);
/// The newest generation that a segment's name carries; 0 when there is none. Errors: Io.
Result<std::uint64_t> newest_segment(io::FileSystem& fs, const Layout& layout);
/// True when something stands at `path`. Errors: Io.
Result<bool> exists(io::FileSystem& fs, const std::string& path);
/// Removes a file if it is there. Errors: Io.
Status remove_if_there(io::FileSystem& fs, const std::string& path);
/// Removes what an interrupted creation, salvage or replacement left in the folder. Errors: Io.
Status remove_left_overs(io::FileSystem& fs, const Layout& layout);
/// Rewrites every page from its rows, so that nothing but live rows stands in any page and pages
/// are full. Freed cells are zeroed when they are deleted, but a page that was split keeps stale
/// copies of cells that moved away; only a rewrite takes those out. One transaction: readers go on.
/// Errors: NoSpace, Io, Cancelled (nothing changed).
Status rewrite_pages(Connection& connection, const CancelToken& cancel);
/// Makes a new, empty database at layout.new_database, complete and without a WAL beside it.
Status make_database(const StoreOptions& options, const Layout& layout, std::string_view uid,
                     std::uint64_t generation, const std::function<Status(Connection&)>& fill);

}  // namespace sonde::store
