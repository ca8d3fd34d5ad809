// The files of a library folder: making it, and refusing what contradicts itself.

#include <algorithm>

#include "store/open_store.h"

namespace sonde::store {

namespace {

constexpr std::size_t kFilesListed = 1'000'000;

/// What create() may meet in a folder without a library.
bool may_stand_in_new_folder(std::string_view name) {
  return name == "lock" || name == ".gitignore" || name == "root" || name == "segments" ||
         name == "damaged" || name.starts_with("library.db-new") || io::is_temporary_name(name);
}

Status check_new_folder(io::FileSystem& fs, const Layout& layout) {
  TRY_ASSIGN(const std::vector<io::DirectoryEntry> entries, fs.list(layout.directory));
  for (const io::DirectoryEntry& entry : entries) {
    if (io::is_temporary_name(entry.name)) {
      TRY(remove_if_there(fs, io::join_path(layout.directory, entry.name)));
      continue;
    }
    if (entry.name == "library.db" || entry.name == "library.id") {
      return Error{Code::InvalidArgument, layout.directory + ": a library is there"};
    }
    if (!may_stand_in_new_folder(entry.name)) {
      return Error{Code::InvalidArgument,
                   layout.directory + ": not empty (" + entry.name + " is there)"};
    }
  }
  TRY_ASSIGN(const std::uint64_t newest, newest_segment(fs, layout));
  if (newest > 0) {
    return Error{Code::InvalidArgument,
                 layout.segments + ": segments of a library are there; run `sonde doctor`"};
  }
  return {};
}

/// Empties the WAL into the database. Errors: Busy, Io, NoSpace.
Status finish_wal(Connection& connection) {
  const int rc = sqlite3_wal_checkpoint_v2(connection.raw(), "main", SQLITE_CHECKPOINT_TRUNCATE,
                                           nullptr, nullptr);
  return rc == SQLITE_OK ? Status() : connection.error(rc);
}

Status remove_new_database(io::FileSystem& fs, const Layout& layout) {
  TRY(remove_if_there(fs, layout.new_database));
  TRY(remove_if_there(fs, Layout::wal_of(layout.new_database)));
  return remove_if_there(fs, Layout::shm_of(layout.new_database));
}

}  // namespace

io::FileSystem& file_system_of(const StoreOptions& options) {
  return options.fs != nullptr ? *options.fs : io::real_file_system();
}

Result<bool> exists(io::FileSystem& fs, const std::string& path) {
  const Result<io::FileInfo> info = fs.info(path);
  if (info.ok()) {
    return true;
  }
  if (info.error().code == Code::NotFound) {
    return false;
  }
  return info.error();
}

Status remove_if_there(io::FileSystem& fs, const std::string& path) {
  Status status = fs.remove_file(path);
  return !status.ok() && status.error().code == Code::NotFound ? Status() : status;
}

Status remove_left_overs(io::FileSystem& fs, const Layout& layout) {
  TRY(remove_new_database(fs, layout));
  TRY_ASSIGN(const std::vector<io::DirectoryEntry> entries, fs.list(layout.directory));
  for (const io::DirectoryEntry& entry : entries) {
    if (io::is_temporary_name(entry.name)) {
      TRY(remove_if_there(fs, io::join_path(layout.directory, entry.name)));
    }
  }
  return {};
}

Result<std::uint64_t> newest_segment(io::FileSystem& fs, const Layout& layout) {
  const Result<std::vector<io::DirectoryEntry>> entries = fs.list(layout.segments);
  if (!entries.ok()) {
    if (entries.error().code == Code::NotFound) {
      return std::uint64_t{0};
    }
    return entries.error();
  }
  std::uint64_t newest = 0;
  for (std::size_t i = 0; i < std::min(entries->size(), kFilesListed); ++i) {
    newest = std::max(newest, segment_generation((*entries)[i].name).value_or(0));
  }
  return newest;
}

Status check_folder(io::FileSystem& fs, const Layout& layout) {
  TRY_ASSIGN(const bool has_id, exists(fs, layout.id));
  const Result<io::FileInfo> database = fs.info(layout.database);
  if (!database.ok() && database.error().code != Code::NotFound) {
    return database.error();
  }
  if (database.ok()) {
    if (database->type != io::FileType::Regular || database->size_bytes == 0) {
      return Error{Code::Corruption, layout.database + ": it is " +
                                         (database->size_bytes == 0 ? "empty" : "no plain file") +
                                         "; run `sonde doctor`"};
    }
    return {};
  }
  TRY_ASSIGN(const std::uint64_t newest, newest_segment(fs, layout));
  if (has_id || newest > 0) {
    return Error{Code::Corruption, layout.database + ": missing, but " +
                                       (has_id ? "library.id" : "segments of a library") +
                                       " stands beside it; run `sonde doctor`"};
  }
  return Error{Code::NotFound, layout.directory + ": there is no library here"};
}

Status make_database(const StoreOptions& options, const Layout& layout, std::string_view uid,
                     std::uint64_t generation, const std::function<Status(Connection&)>& fill) {
  io::FileSystem& fs = file_system_of(options);
  TRY(remove_new_database(fs, layout));
  {
    // Made here so that it has its mode from the first byte; SQLite takes over the empty file.
    TRY_ASSIGN(const std::unique_ptr<io::WritableFile> file, fs.create(layout.new_database, 0600));
    TRY(file->close());
  }
  TRY_ASSIGN(const std::unique_ptr<ChecksumVfs> vfs,
             ChecksumVfs::create(options.vfs, ChecksumVfs::Locks::Shared));
  {
    ConnectionOptions how;
    how.path = layout.new_database;
    how.mode = ConnectionOptions::Mode::Create;
    how.page_cache_bytes = options.page_cache_bytes;
    TRY_ASSIGN(const std::unique_ptr<Connection> connection, Connection::open(*vfs, how));
    TRY(create_schema(*connection, uid, generation));
    TRY(fill(*connection));
    TRY(finish_wal(*connection));
  }
  TRY(remove_if_there(fs, Layout::wal_of(layout.new_database)));
  return remove_if_there(fs, Layout::shm_of(layout.new_database));
}

Result<std::unique_ptr<Store>> Store::create(const StoreOptions& options) {
  const Layout layout(options.directory);
  io::FileSystem& fs = file_system_of(options);
  TRY(check_new_folder(fs, layout));
  TRY_ASSIGN(const bool ignored, exists(fs, layout.ignore));
  if (!ignored) {
    TRY(io::replace_file(fs, layout.ignore, "*\n"));
  }
  TRY_ASSIGN(const bool has_segments, exists(fs, layout.segments));
  if (!has_segments) {
    TRY(fs.make_directory(layout.segments));
  }
  TRY_ASSIGN(const std::string uid, random_uid());
  // library.db appears whole or not at all; library.id, which says that there must be one, after
  // it.
  TRY(make_database(options, layout, uid, 0, [](Connection&) { return Status(); }));
  TRY(fs.rename(layout.new_database, layout.database));
  TRY(fs.sync_directory(layout.directory));
  TRY(write_id(fs, layout, uid));
  return open(options);
}

}  // namespace sonde::store
