#pragma once
// SQLite in our terms: a connection with its prepared statements, errors as values.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "store/checksum_vfs.h"

namespace sonde::store {

/// Bytes to be bound as a BLOB (a string_view is bound as TEXT).
struct Blob {
  std::string_view bytes;
};

class Connection;

/// One use of a prepared statement: bound, stepped, and reset at its end. Bound bytes and the
/// connection must outlive it. Views of columns are valid until the next step.
class Statement {
 public:
  enum class Owner { Connection, Self };
  Statement(Connection& connection, sqlite3_stmt* statement, Owner owner)
      : connection_(&connection), statement_(statement), owner_(owner) {}
  Statement(Statement&& other) noexcept
      : connection_(other.connection_),
        statement_(std::exchange(other.statement_, nullptr)),
        owner_(other.owner_) {}
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Status bind(int index, std::int64_t value);
  Status bind(int index, std::string_view text);
  Status bind(int index, Blob blob);
  /// True when there is a row.
  Result<bool> step();

  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(statement_, column);
  }
  template <typename T>
  [[nodiscard]] T number(int column) const {
    return static_cast<T>(integer(column));
  }
  /// The bytes of a TEXT or BLOB; empty when NULL.
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
  [[nodiscard]] int type(int column) const { return sqlite3_column_type(statement_, column); }
  [[nodiscard]] int columns() const { return sqlite3_column_count(statement_); }
  [[nodiscard]] sqlite3_stmt* raw() { return statement_; }

 private:
  Connection* connection_;
  sqlite3_stmt* statement_;
  Owner owner_;
};

struct ConnectionOptions {
  std::string path;
  enum class Mode { Read, Write, Create } mode = Mode::Read;
  /// Immutable: nobody writes it, no WAL is looked at. Alone: the WAL is read without shared memory
  /// (the VFS must take no locks).
  enum class Place { Shared, Immutable, Alone } place = Place::Shared;
  std::size_t page_cache_bytes = 16ULL << 20;
  int busy_timeout_ms = 1'000;
};

/// An open database. Threads: used by one at a time.
class Connection {
 public:
  /// Opens, configures and reads the schema.
  /// @param vfs  outlives the connection
  static Result<std::unique_ptr<Connection>> open(const ChecksumVfs& vfs,
                                                  const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The statement of `sql`, prepared once (again while it is in use).
  /// @param sql  a constant: its address is the key
  Result<Statement> prepare(const char* sql);

  /// prepare() with `arguments` bound in order: integers, string_views (TEXT) and Blobs.
  template <typename... Arguments>
  Result<Statement> query(const char* sql, const Arguments&... arguments) {
    TRY_ASSIGN(Statement statement, prepare(sql));
    TRY(bind_all(statement, arguments...));
    return statement;
  }
  /// Runs a statement that gives no rows.
  template <typename... Arguments>
  Status run(const char* sql, const Arguments&... arguments) {
    TRY_ASSIGN(Statement statement, query(sql, arguments...));
    TRY_ASSIGN(const bool row, statement.step());
    static_cast<void>(row);
    return {};
  }
  /// The first column of the first row as an integer; 0 when there is no row.
  template <typename... Arguments>
  Result<std::int64_t> integer(const char* sql, const Arguments&... arguments) {
    TRY_ASSIGN(Statement statement, query(sql, arguments...));
    TRY_ASSIGN(const bool row, statement.step());
    return row ? statement.integer(0) : 0;
  }
  /// Runs any SQL once, several statements too; rows are passed over.
  Status script(const std::string& sql);

  /// The error of the last call, in our terms.
  [[nodiscard]] Error error(int rc) const;
  [[nodiscard]] std::int64_t last_row_id() const { return sqlite3_last_insert_rowid(database_); }
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(database_); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] sqlite3* raw() { return database_; }
  /// Ends an open transaction without keeping it.
  void rollback();

 private:
  Connection(sqlite3* database, const ChecksumVfs& vfs, std::string path)
      : database_(database), vfs_(vfs), path_(std::move(path)) {}
  Status configure(const ConnectionOptions& options);

  template <typename... Arguments>
  static Status bind_all(Statement& statement, const Arguments&... arguments) {
    [[maybe_unused]] int index = 0;
    Status status;
    static_cast<void>(((status = bind_one(statement, ++index, arguments)).ok() && ...));
    return status;
  }
  template <typename T>
  static Status bind_one(Statement& statement, int index, const T& value) {
    if constexpr (std::is_integral_v<T>) {
      return statement.bind(index, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_same_v<T, Blob>) {
      return statement.bind(index, value);
    } else {
      return statement.bind(index, std::string_view(value));
    }
  }

  sqlite3* database_;
  const ChecksumVfs& vfs_;
  std::string path_;
  std::unordered_map<const void*, sqlite3_stmt*> statements_;
};

}  // namespace sonde::store
