#pragma once
// The libraries of the other working trees of a git repository: they hold the same texts, and so
// the vectors that a new working tree lacks.

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/hash.h"
#include "base/result.h"
#include "library/library.h"
#include "library/location.h"
#include "store/store.h"

namespace sonde::library {

/// Threads: thread-compatible.
class Siblings {
 public:
  /// @param directory  of the library that takes
  Siblings(Environment environment, std::string directory)
      : environment_(std::move(environment)), directory_(std::move(directory)) {
    environment_.library.clear();  // names one library, not one for each working tree
  }

  /// Folders of libraries for the other working trees of the repositories that `sources` lie in,
  /// the one written last first; at most kMaxLibraries. Only the user's own: a vector is believed.
  [[nodiscard]] std::vector<std::string> libraries(const std::vector<std::string>& sources) const;

  /// Copies the vectors of `wanted` that siblings hold, of the same model, each row checked, in
  /// transactions of bounded size; takes their hashes out of `wanted`. No snapshot of a sibling is
  /// held longer than for one of them. A sibling that is damaged, newer, busy or gone gives
  /// nothing and is at most a note in the report.
  /// @param after_batch  called after each commit with the number of vectors that it added
  /// Errors: Cancelled (what was committed stays), those of `store` and of `after_batch`.
  /// Cost: some 20 us a vector; given up after five seconds and one millisecond a vector.
  Status take(store::Store& store, const store::ModelRow& model,
              std::unordered_set<ContentHash>& wanted, IndexReport& report,
              const std::function<Status(std::uint64_t added)>& after_batch,
              const CancelToken& cancel) const;

  static constexpr std::size_t kMaxLibraries = 16;

 private:
  Environment environment_;
  const std::string directory_;
};

}  // namespace sonde::library
