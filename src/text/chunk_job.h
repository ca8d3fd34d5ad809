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
/// Checks everything a worker may have got wrong: order, bounds, lines, UTF-8 boundaries, sizes,
/// and that nothing but white space is left out.
/// @param text  the same text that was sent; an answer that brings a text of its own
///              (ChunkedText::text) is checked against that
/// Errors: Corruption.
Result<ChunkedText> decode_chunk_answer(std::string_view answer, std::string_view text);
std::string encode_chunk_answer(const ChunkedText& chunked);
struct ChunkRequest {
  std::string_view language;  // views of the payload
  std::string_view text;
};
/// Errors: Corruption.
Result<ChunkRequest> decode_chunk_request(std::string_view payload);

/// The handler that sonde-worker registers for JobKind::Chunk. Lives in sonde_syntax.
Result<std::string> handle_chunk_job(std::string_view payload);

}  // namespace sonde::text
