#pragma once
// The derived files of a library: writes segments, opens those that the truth lists, keeps open
// ones, sets damaged ones aside.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "index/search.h"
#include "io/block_file.h"
#include "io/file_system.h"
#include "library/machine.h"
#include "library/vector_files.h"
#include "store/store.h"

namespace sonde::library {

/// A segment or delta as the truth lists it, opened, with its files that no longer count.
struct Holder {
  bool is_delta = false;
  std::int64_t id = 0;    // row in segments or deltas
  std::string file_name;  // empty for a delta
  index::LiveSegment live;

  /// Docs of live files.
  [[nodiscard]] std::uint64_t live_docs() const;
};

/// What one generation of a library looks like to a search.
using HolderList = std::vector<Holder>;

/// The view that index::search() takes.
index::IndexView view_of(const HolderList& holders);

/// Threads: safe.
class Segments {
 public:
  /// @param directory  the library folder; its segments/ may not exist yet
  Segments(io::FileSystem& fs, std::string directory, const Limits& limits);

  /// Opens everything that the reader's state lists. Errors: Corruption (a listed file is missing,
  /// damaged, or not the one that was listed; the message names it), Unsupported (made by another
  /// analyzer: to be rebuilt), Io.
  Result<HolderList> load(store::Reader& reader);

  /// Writes a segment file durably; the caller then lists it in a transaction. The generation is
  /// the last committed one: a segment never names a generation that the truth has not reached.
  Result<store::SegmentRow> write_file(
      std::uint64_t generation,
      const std::function<Result<index::SegmentSummary>(io::BlockSink&)>& write);
  /// The same into a string, for a delta.
  static Result<store::DeltaRow> write_row(
      std::uint64_t generation,
      const std::function<Result<index::SegmentSummary>(io::BlockSink&)>& write);

  /// Removes files that the reader's state does not list: leftovers of an interrupted write, and
  /// segments that were merged away. Only the lease holder may call it.
  Status remove_unlisted(store::Reader& reader);
  /// Reads every segment file and moves those that do not check into damaged/; forgets what is
  /// open. Sound ones stay until a commit no longer lists them, so that a rebuild that fails half
  /// way (a full disk) leaves them; one that is written again under its name has the same bytes.
  Status set_damaged_aside();
  /// Sum of the sizes of the segment files on disk.
  [[nodiscard]] std::uint64_t bytes_on_disk() const;
  /// Names of the files in segments/, sorted.
  [[nodiscard]] Result<std::vector<std::string>> file_names() const;

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] VectorFiles& vectors() { return vectors_; }

 private:
  Result<std::shared_ptr<const index::Segment>> open_file(const store::SegmentRow& row);
  Result<std::shared_ptr<const index::Segment>> open_row(const store::DeltaRow& row);
  [[nodiscard]] std::string segments_path() const;

  io::FileSystem& fs_;
  const std::string directory_;
  io::BlockCache cache_;
  VectorFiles vectors_;
  std::mutex mutex_;  // guards open_; never held during I/O
  std::map<std::string, std::shared_ptr<const index::Segment>> open_;
};

}  // namespace sonde::library
