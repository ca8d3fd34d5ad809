#pragma once
// One run over the sources: find changes, prepare files in parallel, apply them in order.

#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "library/library.h"
#include "library/writer.h"
#include "worker/pool.h"

namespace sonde::library {

struct IndexContext {
  io::FileSystem& fs;
  Writer& writer;
  worker::Pool& workers;
  ThreadPool& pool;
  const Config& config;
};

/// Brings sources up to date. Files are prepared by the pool and applied in the order of their
/// paths, so the result does not depend on the number of threads. On Cancelled everything applied
/// before is committed. Errors: those of the writer; Cancelled.
Status index_sources(const IndexContext& context, const IndexRequest& request, IndexReport& report,
                     const ProgressSink& progress, const CancelToken& cancel);

/// Applies changes that were found already (the refresh before a search).
Status index_changes(const IndexContext& context, const store::SourceRow& source, ChangeSet changes,
                     bool whole_source, bool everything, IndexReport& report, Progress& state,
                     const ProgressSink& progress, const CancelToken& cancel);

}  // namespace sonde::library
