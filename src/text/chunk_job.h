#pragma once
// How a chunking job travels to a worker and back.

#include <string>
#include <string_view>

#include "base/result.h"
#include "text/chunk.h"
#include "worker/job.h"

namespace sonde::text {

/// The payload of a JobKind::Chunk job.
std::string encode_chunk_request(std::string_view language, std::string_view text);
/// Checks everything a worker may have got wrong: order, bounds, lines, UTF-8 boundaries.
/// @param text  the same text that was sent
/// Errors: Corruption.
Result<ChunkedText> decode_chunk_answer(std::string_view answer, std::string_view text);
/// The handler that sonde-worker registers for JobKind::Chunk.
Result<std::string> handle_chunk_job(std::string_view payload);

}  // namespace sonde::text
