#pragma once
// What `sonde bench encoder` measures: texts to vectors, tokenising, sorting and pooling included.

#include <cstdint>
#include <string>

#include "base/cancel.h"
#include "base/result.h"
#include "embed/encoder.h"

namespace sonde::library {

struct EncoderBench {
  std::string texts;    // lines of {"kind": "text" or "query", "text": ...}
  std::string vectors;  // where to write them: NumPy, f32 [lines, dimensions]; empty: nowhere
};

struct EncoderFigures {
  std::uint64_t texts = 0;
  std::uint64_t tokens = 0;      // of the texts, as they were cut, [CLS] and [SEP] included
  double tokens_per_second = 0;  // median of the passes
  double texts_per_second = 0;
  double spread = 0;  // (fastest - slowest) / fastest
  std::uint64_t queries = 0;
  double query_p50_ms = 0;
  double query_p99_ms = 0;
  double peak_rss_mb = 0;
};

/// One pass to warm up, then passes over all texts, then each query by itself.
/// Errors: those of the file, InvalidArgument (a line that is none of these; no text), those of the
/// encoder, Io (the vectors), Cancelled.
Result<EncoderFigures> bench_encoder(const EncoderBench& bench, embed::Encoder& encoder,
                                     const CancelToken& cancel);

}  // namespace sonde::library
