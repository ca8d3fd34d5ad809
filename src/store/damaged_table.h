#pragma once
// Reads what can still be read of a damaged table.

#include <cstdint>
#include <functional>
#include <string>

#include "store/sqlite.h"

namespace sonde::store {

/// A table with an integer key, read in the order of the key.
struct DamagedTable {
  /// Rows from a key on: "SELECT <key>, ... FROM t WHERE <key> >= ?1 ORDER BY <key>".
  const char* rows;
  /// The first key from one on: "SELECT <key> FROM t WHERE <key> >= ?1 ORDER BY <key> LIMIT 1".
  const char* first;
};

/// Visits every row that a walk over the keys can reach, passing over damaged pages.
/// @param visit  gets a statement on a row; its error ends the walk and is returned
/// @return how many gaps were passed over. Errors: Io, those of `visit`.
/// Cost: a few dozen seeks for each damaged page.
Result<std::uint64_t> read_damaged(Connection& connection, const DamagedTable& table,
                                   const std::function<Status(const Statement&)>& visit);

}  // namespace sonde::store
