// sonde-worker: reads untrusted source text and archives in a sandbox, as a child of sonde. It
// speaks the frames of worker/protocol.h over descriptor 3 and is of no use on its own.

#include <string>

#include "embed/unpack_job.h"
#include "text/chunk_job.h"
#include "worker/pool.h"

int main() {
  using sonde::worker::JobKind;
  sonde::worker::Handlers handlers;
  handlers[JobKind::Echo] = [](std::string_view payload) { return std::string(payload); };
  handlers[JobKind::Chunk] = sonde::text::handle_chunk_job;
  handlers[JobKind::UnpackModel] = sonde::embed::handle_unpack_job;
  return sonde::worker::serve_program("sonde-worker", handlers);
}
