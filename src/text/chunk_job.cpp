#include "text/chunk_job.h"

#include <algorithm>

#include "base/codec.h"
#include "base/utf8.h"
#include "text/chunk_plan.h"
#include "text/structure.h"

namespace sonde::text {

namespace {

constexpr std::uint8_t kAnswerVersion = 2;
constexpr std::size_t kMaxLanguageBytes = 64;
constexpr std::size_t kMaxReasonBytes = 500;
constexpr std::size_t kMaxChunkBytes = kChunkLimit * 4;  // UTF-8
constexpr auto kHighestKind = static_cast<std::uint8_t>(ChunkKind::Cell);

Error corrupt(const std::string& what) {
  return Error{Code::Corruption, "a worker's answer to a chunk job does not check: " + what};
}

bool is_white(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

bool is_boundary(std::string_view text, std::size_t position) {
  return position >= text.size() || (static_cast<unsigned char>(text[position]) & 0xC0U) != 0x80U;
}

Result<std::string> read_text(ByteReader& reader, std::size_t limit, const char* what) {
  TRY_ASSIGN(const std::string_view value, reader.string());
  if (value.size() > limit) {
    return corrupt(std::string(what) + " is too long");
  }
  if (!is_valid_utf8(value)) {
    return corrupt(std::string(what) + " is not UTF-8");
  }
  return std::string(value);
}

/// Reads chunks in order and checks each against the text.
class ChunkReader {
 public:
  ChunkReader(ByteReader& reader, std::string_view text) : reader_(reader), text_(text) {}

  Result<Chunk> next() {
    Chunk chunk;
    TRY(read_span(chunk));
    TRY_ASSIGN(const std::uint8_t kind, reader_.u8());
    if (kind > kHighestKind) {
      return corrupt("an unknown kind of chunk");
    }
    chunk.kind = static_cast<ChunkKind>(kind);
    TRY_ASSIGN(chunk.symbol, read_text(reader_, kMaxNameBytes, "a symbol"));
    TRY_ASSIGN(chunk.scope, read_text(reader_, kMaxScopeBytes, "a scope"));
    TRY_ASSIGN(const std::uint64_t defines, reader_.varint_at_most(kMaxDefines));
    for (std::uint64_t i = 0; i < defines; ++i) {
      TRY_ASSIGN(std::string name, read_text(reader_, kMaxNameBytes, "a defined name"));
      chunk.defines.push_back(std::move(name));
    }
    return chunk;
  }

  /// Errors: Corruption, when text behind the last chunk was left out.
  Status finish() const {
    if (!is_white(text_.substr(end_))) {
      return corrupt("text was left out at the end");
    }
    return {};
  }

 private:
  Status read_span(Chunk& chunk) {
    TRY_ASSIGN(const std::uint64_t gap, reader_.varint_at_most(text_.size() - end_));
    const std::size_t begin = end_ + gap;
    TRY_ASSIGN(const std::uint64_t length, reader_.varint_at_most(text_.size() - begin));
    TRY_ASSIGN(const std::uint32_t start_line, reader_.u32());
    TRY_ASSIGN(const std::uint32_t end_line, reader_.u32());
    const std::size_t end = begin + length;
    if (length == 0 || length > kMaxChunkBytes) {
      return corrupt("a chunk is empty or too long");
    }
    if (!is_boundary(text_, begin) || !is_boundary(text_, end)) {
      return corrupt("a chunk cuts a character");
    }
    if (!is_white(text_.substr(end_, gap))) {
      return corrupt("text was left out between chunks");
    }
    if (start_line != line_after(end_, begin) || end_line != line_after(begin, end)) {
      return corrupt("a line number is wrong");
    }
    chunk.start_byte = static_cast<std::uint32_t>(begin);
    chunk.end_byte = static_cast<std::uint32_t>(end);
    chunk.start_line = start_line;
    chunk.end_line = end_line;
    end_ = end;
    return {};
  }

  std::uint32_t line_after(std::size_t from, std::size_t to) {
    const std::string_view part = text_.substr(from, to - from);
    line_ += static_cast<std::uint32_t>(std::count(part.begin(), part.end(), '\n'));
    return line_;
  }

  ByteReader& reader_;
  std::string_view text_;
  std::size_t end_ = 0;
  std::uint32_t line_ = 1;
};

Result<ChunkedText> read_answer(std::string_view answer, std::string_view text) {
  ByteReader reader(answer);
  ChunkedText chunked;
  TRY_ASSIGN(const std::uint8_t version, reader.u8());
  TRY_ASSIGN(const std::uint8_t windowed, reader.u8());
  if (version != kAnswerVersion || windowed > 1) {
    return corrupt("an unknown version or flag");
  }
  chunked.windowed = windowed == 1;
  TRY_ASSIGN(chunked.reason, read_text(reader, kMaxReasonBytes, "the reason"));
  TRY_ASSIGN(chunked.text, read_text(reader, kMaxChunkedBytes, "the text"));
  TRY_ASSIGN(const std::uint64_t count, reader.varint_at_most(reader.remaining()));
  ChunkReader chunks(reader, chunked.text.empty() ? text : std::string_view(chunked.text));
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(Chunk chunk, chunks.next());
    chunked.chunks.push_back(std::move(chunk));
  }
  TRY(chunks.finish());
  TRY_ASSIGN(const std::string_view structure, reader.string());
  const std::string_view lines = chunked.text.empty() ? text : std::string_view(chunked.text);
  const auto last_line =
      static_cast<std::uint32_t>(1 + std::count(lines.begin(), lines.end(), '\n'));
  TRY(decode_structure(structure, last_line));
  chunked.structure = structure;
  if (!reader.at_end()) {
    return corrupt("bytes follow its end");
  }
  return chunked;
}

/// The reader's own errors (Limit among them) all mean the same here.
template <typename T>
Result<T> as_corruption(Result<T> result) {
  if (!result.ok() && result.error().code != Code::Corruption) {
    return corrupt(result.error().message);
  }
  return result;
}

}  // namespace

std::string encode_chunk_request(std::string_view language, std::string_view text) {
  ByteWriter writer;
  writer.string(language.substr(0, kMaxLanguageBytes));
  writer.string(text);
  return writer.take();
}

Result<ChunkRequest> decode_chunk_request(std::string_view payload) {
  ByteReader reader(payload);
  ChunkRequest request;
  TRY_ASSIGN(request.language, reader.string());
  TRY_ASSIGN(request.text, reader.string());
  if (request.language.size() > kMaxLanguageBytes || !reader.at_end()) {
    return Error{Code::Corruption, "a chunk request does not check"};
  }
  return request;
}

std::string encode_chunk_answer(const ChunkedText& chunked) {
  ByteWriter writer;
  writer.u8(kAnswerVersion);
  writer.u8(chunked.windowed ? 1 : 0);
  writer.string(std::string_view(chunked.reason)
                    .substr(0, utf8_boundary_before(chunked.reason, kMaxReasonBytes)));
  writer.string(chunked.text);
  writer.varint(chunked.chunks.size());
  std::uint32_t end = 0;
  for (const Chunk& chunk : chunked.chunks) {
    writer.varint(chunk.start_byte - end);
    writer.varint(chunk.end_byte - chunk.start_byte);
    writer.u32(chunk.start_line);
    writer.u32(chunk.end_line);
    writer.u8(static_cast<std::uint8_t>(chunk.kind));
    writer.string(chunk.symbol);
    writer.string(chunk.scope);
    writer.varint(chunk.defines.size());
    for (const std::string& name : chunk.defines) {
      writer.string(name);
    }
    end = chunk.end_byte;
  }
  writer.string(chunked.structure);
  return writer.take();
}

Result<ChunkedText> decode_chunk_answer(std::string_view answer, std::string_view text) {
  return as_corruption(read_answer(answer, text));
}

}  // namespace sonde::text
