// A sonde-worker whose chunker does on purpose what a broken grammar might: the text says what.

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "text/chunk_job.h"
#include "worker/pool.h"
#include "worker/worker_process.h"

namespace {

bool holds(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

sonde::Result<std::string> chunk(std::string_view payload) {
  if (holds(payload, "POISON_CRASH")) {
    std::abort();
  }
  if (holds(payload, "POISON_HANG")) {
    for (volatile bool spin = true; spin;) {
    }
  }
  if (holds(payload, "POISON_EAT")) {
    std::vector<std::string> eaten;
    for (;;) {
      eaten.emplace_back(16U << 20, 'x');
    }
  }
  if (holds(payload, "POISON_LIE")) {
    return std::string("nonsense that is no answer");
  }
  return sonde::text::handle_chunk_job(payload);
}

}  // namespace

int main() {
  return sonde::worker::serve(sonde::worker::kWorkerSocket,
                              {{sonde::worker::JobKind::Chunk, chunk}});
}
