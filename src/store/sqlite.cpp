#include "store/sqlite.h"

#include <cerrno>

#include "base/hash.h"

namespace sonde::store {

namespace {

constexpr std::size_t kConnectionsStatementLimit = 256;  // our constants; a guard against a bug

Code code_of(int rc, int system_error) {
  if (rc == SQLITE_IOERR_DATA || rc == SQLITE_IOERR_CORRUPTFS || rc == SQLITE_IOERR_SHORT_READ) {
    return Code::Corruption;
  }
  if (rc == SQLITE_IOERR_SHMSIZE) {
    return Code::NoSpace;  // SQLite keeps no errno of this write
  }
  switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return Code::Busy;
    case SQLITE_FULL: return Code::NoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::Corruption;
    case SQLITE_IOERR:
      return system_error == ENOSPC || system_error == EDQUOT ? Code::NoSpace : Code::Io;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return Code::Io;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG: return Code::Limit;
    case SQLITE_CONSTRAINT: return Code::InvalidArgument;
    case SQLITE_INTERRUPT: return Code::Cancelled;
    default: return Code::Internal;
  }
}

/// Percent-encodes what has a meaning in a SQLite URI.
std::string uri_of(const std::string& path, std::string_view query) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      uri += '%' + to_hex({&c, 1});
    } else {
      uri += c;
    }
  }
  uri += '?';
  uri += query;
  return uri;
}

}  // namespace

Statement::~Statement() {
  if (statement_ == nullptr) {
    return;
  }
  if (owner_ == Owner::Self) {
    sqlite3_finalize(statement_);
  } else {
    sqlite3_reset(statement_);
  }
}

Status Statement::bind(int index, std::int64_t value) {
  const int rc = sqlite3_bind_int64(statement_, index, value);
  return rc == SQLITE_OK ? Status() : connection_->error(rc);
}

Status Statement::bind(int index, std::string_view text) {
  const int rc = sqlite3_bind_text64(statement_, index, text.data() == nullptr ? "" : text.data(),
                                     text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return rc == SQLITE_OK ? Status() : connection_->error(rc);
}

Status Statement::bind(int index, Blob blob) {
  const int rc =
      sqlite3_bind_blob64(statement_, index, blob.bytes.data() == nullptr ? "" : blob.bytes.data(),
                          blob.bytes.size(), SQLITE_STATIC);
  return rc == SQLITE_OK ? Status() : connection_->error(rc);
}

Result<bool> Statement::step() {
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) {
    return true;
  }
  if (rc == SQLITE_DONE) {
    return false;
  }
  return connection_->error(rc);
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

Result<std::unique_ptr<Connection>> Connection::open(const ChecksumVfs& vfs,
                                                     const ConnectionOptions& options) {
  int flags =
      options.mode == ConnectionOptions::Mode::Read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (options.mode == ConnectionOptions::Mode::Create) {
    flags |= SQLITE_OPEN_CREATE;
  }
  std::string name = options.path;
  if (options.place == ConnectionOptions::Place::Immutable) {
    flags |= SQLITE_OPEN_URI;
    name = uri_of(options.path, "immutable=1");
  }
  sqlite3* database = nullptr;
  const int rc = sqlite3_open_v2(name.c_str(), &database, flags, vfs.name());
  if (database == nullptr) {
    return Error{Code::Limit, options.path + ": not enough memory to open it"};
  }
  std::unique_ptr<Connection> connection(new Connection(database, vfs, options.path));
  if (rc != SQLITE_OK) {
    return connection->error(rc);
  }
  TRY(connection->configure(options));
  return connection;
}

Status Connection::configure(const ConnectionOptions& options) {
  sqlite3_extended_result_codes(database_, 1);
  sqlite3_busy_timeout(database_, options.busy_timeout_ms);
  // Only the writer checkpoints, and when it says so: a reader's close must not.
  for (const auto& [option, value] :
       {std::pair{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}, std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
        std::pair{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, std::pair{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        std::pair{SQLITE_DBCONFIG_ENABLE_VIEW, 0}}) {
    const int rc = sqlite3_db_config(database_, option, value, nullptr);
    if (rc != SQLITE_OK) {
      return error(rc);
    }
  }
  // Cache_size reads the schema, and with it takes the first lock: it comes last.
  std::string pragmas = "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;";
  pragmas +=
      options.place == ConnectionOptions::Place::Alone ? "PRAGMA locking_mode=EXCLUSIVE;" : "";
  pragmas += options.mode == ConnectionOptions::Mode::Read
                 ? "PRAGMA query_only=ON;"
                 : "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;";
  pragmas += "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-" +
             std::to_string(options.page_cache_bytes / 1024) + ";";
  return script(pragmas);
}

Connection::~Connection() {
  for (const auto& [key, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  sqlite3_close(database_);
}

Result<Statement> Connection::prepare(const char* sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end() && sqlite3_stmt_busy(found->second) == 0) {
    return Statement(*this, found->second, Statement::Owner::Connection);
  }
  if (statements_.size() >= kConnectionsStatementLimit) {
    return Error{Code::Internal, "too many prepared statements"};
  }
  sqlite3_stmt* statement = nullptr;
  const int rc =
      sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (rc != SQLITE_OK) {
    return error(rc);
  }
  const bool kept = statements_.emplace(sql, statement).second;
  return Statement(*this, statement, kept ? Statement::Owner::Connection : Statement::Owner::Self);
}

Status Connection::script(const std::string& sql) {
  const int rc = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  return rc == SQLITE_OK ? Status() : error(rc);
}

Error Connection::error(int rc) const {
  const Code code = code_of(rc, sqlite3_system_errno(database_));
  std::string message = path_ + ": ";
  if (rc == SQLITE_IOERR_DATA) {
    message += vfs_.last_damage() + " does not match its checksum; run `sonde doctor`";
  } else if (code == Code::Corruption) {
    message += std::string(sqlite3_errmsg(database_)) + "; run `sonde doctor`";
  } else {
    message += std::string(sqlite3_errmsg(database_)) + " (SQLite " + std::to_string(rc) + ")";
  }
  return Error{code, std::move(message)};
}

void Connection::rollback() {
  if (in_transaction()) {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace sonde::store
