#include "store/damaged_table.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace sonde::store {

namespace {

constexpr std::int64_t kLastKey = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kGapLimit = 1'000'000;  // more damaged pages than a library has

enum class Found { Row, End, Damage };

struct Probe {
  Found found = Found::End;
  std::int64_t key = 0;
};

bool is_damage(const Error& error) { return error.code == Code::Corruption; }

/// What a seek to `key` meets.
Result<Probe> probe(Connection& connection, const char* first, std::int64_t key) {
  Result<Statement> row = connection.query(first, key);
  if (!row.ok()) {
    return is_damage(row.error()) ? Result<Probe>(Probe{Found::Damage, 0}) : row.error();
  }
  const Result<bool> found = row->step();
  if (!found.ok()) {
    return is_damage(found.error()) ? Result<Probe>(Probe{Found::Damage, 0}) : found.error();
  }
  return *found ? Probe{Found::Row, row->integer(0)} : Probe{Found::End, 0};
}

/// The first key behind the damage that a seek to `key` met: doubling steps until a seek lands on
/// sound ground, then halving back to where it begins. Nothing when there is none.
Result<std::optional<std::int64_t>> behind_damage(Connection& connection, const char* first,
                                                  std::int64_t key) {
  std::int64_t bad = key;
  std::int64_t good = key;
  Probe at_good;
  for (std::int64_t step = 1;; step *= 2) {
    if (step > kLastKey / 4 || key > kLastKey - step) {
      return std::optional<std::int64_t>();
    }
    good = key + step;
    TRY_ASSIGN(at_good, probe(connection, first, good));
    if (at_good.found != Found::Damage) {
      break;
    }
    bad = good;
  }
  while (good - bad > 1) {
    const std::int64_t middle = bad + (good - bad) / 2;
    TRY_ASSIGN(const Probe at_middle, probe(connection, first, middle));
    if (at_middle.found == Found::Damage) {
      bad = middle;
    } else {
      good = middle;
      at_good = at_middle;
    }
  }
  return at_good.found == Found::Row ? std::optional(at_good.key) : std::nullopt;
}

}  // namespace

Result<std::uint64_t> read_damaged(Connection& connection, const DamagedTable& table,
                                   const std::function<Status(const Statement&)>& visit) {
  std::int64_t next = std::numeric_limits<std::int64_t>::min() / 2;
  for (std::uint64_t gaps = 0; gaps < kGapLimit; ++gaps) {
    Result<Statement> row = connection.query(table.rows, next);
    if (!row.ok() && !is_damage(row.error())) {
      return row.error();
    }
    while (row.ok()) {
      const Result<bool> more = row->step();
      if (!more.ok() && !is_damage(more.error())) {
        return more.error();
      }
      if (!more.ok()) {
        break;
      }
      if (!*more) {
        return gaps;
      }
      TRY(visit(*row));
      if (row->integer(0) == kLastKey) {
        return gaps;
      }
      next = row->integer(0) + 1;
    }
    next = std::max<std::int64_t>(next, 0);  // our keys begin at 1
    TRY_ASSIGN(const std::optional<std::int64_t> sound,
               behind_damage(connection, table.first, next));
    if (!sound) {
      return gaps + 1;
    }
    next = *sound;
  }
  return kGapLimit;
}

}  // namespace sonde::store
