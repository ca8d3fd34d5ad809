#pragma once
// A part of the index of a repository's history: some commits, as two immutable files of the same
// name. NAME.seg has their words (index/segment.h): each commit is a file, its message the first
// doc and each piece of a hunk one further. NAME.commits has what answers show
// (docs/formats/history.md). In both the commits are in the order of their ids.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/commit.h"
#include "index/segment.h"
#include "io/block_file.h"
#include "store/text_codec.h"

namespace sonde::history {

/// What filters and orders look at.
struct CommitRow {
  CommitId id;
  std::int64_t time_s = 0;
  std::uint32_t author = 0;  // into authors()
  std::uint8_t missing = 0;  // bits of Missing
  bool elsewhere = false;
  bool merge = false;         // of several parents
  std::uint64_t offset = 0;   // of the record
  std::uint32_t bytes = 0;    // of the record, as it is stored
  std::uint32_t decoded = 0;  // of the record decompressed; 0: it is stored as it is
};

/// An open NAME.commits. Threads: safe.
class CommitFile {
 public:
  /// Reads the tables. Errors: Corruption, Unsupported (another version), Io.
  static Result<std::shared_ptr<const CommitFile>> open(std::shared_ptr<io::ByteSource> source);

  [[nodiscard]] const std::vector<CommitRow>& rows() const { return rows_; }
  /// "Name <address>", each once.
  [[nodiscard]] const std::vector<std::string>& authors() const { return authors_; }
  /// The record as it is stored. Errors: Corruption, Io.
  Result<std::string> stored(std::uint32_t ordinal) const;
  Result<Commit> commit(std::uint32_t ordinal) const;

 private:
  CommitFile() = default;
  Status read_tables();

  std::shared_ptr<io::ByteSource> source_;
  std::vector<CommitRow> rows_;
  std::vector<std::string> authors_;
  mutable store::TextCodec codec_;
};

/// A commit, ready to be written.
struct CommitInput {
  CommitRow row;  // `author`, `offset` are the writer's
  std::string author;
  std::string record;  // as it is stored
};
/// Errors: those of the codec.
Result<CommitInput> pack_commit(const Commit& commit, store::TextCodec& codec);

/// Writes NAME.commits. @param commits  any order, no id twice
/// @return the checksum of the rows: two files of the same commits have the same
Result<std::uint64_t> write_commit_file(std::vector<CommitInput> commits, io::BlockSink& sink);

/// The words of a commit.
index::AnalyzedFile analyze_commit(const Commit& commit);
/// How a path stands among a doc's symbols, for filters.
std::string path_term(std::string_view path);

}  // namespace sonde::history
