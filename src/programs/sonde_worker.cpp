// sonde-worker: reads untrusted source text and archives in a sandbox, as a child of sonde. It
// speaks the frames of worker/protocol.h over descriptor 3 and is of no use on its own.

#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "embed/unpack_job.h"
#include "text/chunk_job.h"
#include "worker/pool.h"
#include "worker/worker_process.h"

namespace {

bool has_supervisor() {
  struct stat status {};
  return ::fstat(sonde::worker::kWorkerSocket, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

int main() {
  using sonde::worker::JobKind;
  if (!has_supervisor()) {
    std::fputs("sonde-worker is started by sonde; there is nothing to do for it here\n", stderr);
    return 2;
  }
  sonde::worker::Handlers handlers;
  handlers[JobKind::Echo] = [](std::string_view payload) { return std::string(payload); };
  handlers[JobKind::Chunk] = sonde::text::handle_chunk_job;
  handlers[JobKind::UnpackModel] = sonde::embed::handle_unpack_job;
  return sonde::worker::serve(sonde::worker::kWorkerSocket, handlers);
}
