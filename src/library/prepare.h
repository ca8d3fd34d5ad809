#pragma once
// From a file on disk to what a commit needs: read, hashed, decoded, chunked in a worker, analyzed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "index/segment.h"
#include "io/file_system.h"
#include "library/changes.h"
#include "store/store.h"
#include "worker/pool.h"

namespace sonde::library {

/// What became of one candidate.
struct Prepared {
  enum class Kind {
    Indexed,     // record, chunks and analyzed are set
    Touched,     // same content; only time or inode changed
    Structured,  // the same, and its structure was not known: structure is set
    Skipped,     // left out for its content; skipped is set
    Unreadable,  // the system refused; what is known of it stays; skipped is set
    Vanished,    // gone between the walk and the reading
  } kind = Kind::Vanished;
  Candidate candidate;
  store::FileRecord record;
  std::vector<store::ChunkRecord> chunks;
  index::AnalyzedFile analyzed;
  std::string structure;  // of text/structure.h
  store::SkippedRow skipped;
  std::optional<store::QuarantineRow> quarantine;  // its syntax tree is not tried again
  std::string worker_trouble;                      // what happened to the worker, for the notes
};

/// What preparing needs; all of it outlives the calls.
struct PrepareContext {
  io::FileSystem& fs;
  worker::Pool& workers;
  store::Store& store;
  const Config& config;
  const store::SourceRow& source;
  const std::vector<store::QuarantineRow>& quarantine;  // of this source
  bool everything = false;  // --force: unchanged content is chunked again
};

/// Prepares some candidates of one source, in order; one worker process is used.
/// Errors: Cancelled, Corruption or Io of the truth. Trouble with one file is in its Prepared.
/// Threads: safe.
Result<std::vector<Prepared>> prepare_files(const PrepareContext& context,
                                            std::vector<Candidate> candidates,
                                            const CancelToken& cancel);

/// Chunks of the truth, analyzed again: for rebuilding segments and for moved files.
index::AnalyzedFile analyze_stored(const std::string& source_uid, const store::FileRecord& file,
                                   const std::vector<store::ChunkRecord>& chunks);

}  // namespace sonde::library
