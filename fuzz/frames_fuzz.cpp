// FrameReader: whatever a worker process writes, however it is cut, gives whole frames that encode
// to the same bytes, or an error; the cuts change nothing.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/protocol.h"

namespace {

using sonde::worker::Frame;
using sonde::worker::FrameReader;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

struct Outcome {
  std::string encoded;  // the frames, encoded again
  bool failed = false;
  std::size_t pending = 0;
};

/// Takes every whole frame; false at an error.
bool drain(FrameReader& reader, Outcome& outcome) {
  for (;;) {
    auto next = reader.next();
    if (!next.ok()) {
      outcome.failed = true;
      return false;
    }
    if (!next.value()) {
      return true;
    }
    const Frame& frame = *next.value();
    sonde::worker::append_frame(outcome.encoded, frame.header, frame.payload);
  }
}

Outcome read_in_steps(std::string_view bytes, std::size_t step) {
  FrameReader reader;
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.append(bytes.substr(at, step));
    if (!drain(reader, outcome)) {
      return outcome;
    }
  }
  outcome.pending = reader.pending();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read_in_steps(bytes, size);
  const Outcome cut = read_in_steps(bytes, 1 + data[size - 1] % 64);
  require(whole.encoded == cut.encoded && whole.failed == cut.failed);
  require(bytes.starts_with(whole.encoded));
  require(whole.failed || whole.encoded.size() + whole.pending == size);
  return 0;
}
