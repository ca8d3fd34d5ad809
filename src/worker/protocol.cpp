#include "worker/protocol.h"

#include "base/codec.h"
#include "base/hash.h"

namespace sonde::worker {

namespace {

constexpr std::uint32_t kMagic = 0x57444E53;  // "SNDW"
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kKeepBytes = 1 << 20;  // read bytes that may stay in front of the buffer

struct ParsedHeader {
  FrameHeader header;
  std::uint32_t length = 0;
};

Result<ParsedHeader> parse_header(std::string_view bytes) {
  ByteReader reader(bytes);
  TRY_ASSIGN(const auto magic, reader.u32());
  TRY_ASSIGN(const auto version, reader.u16());
  TRY_ASSIGN(const auto type, reader.u16());
  ParsedHeader parsed;
  TRY_ASSIGN(parsed.header.id, reader.u64());
  TRY_ASSIGN(parsed.header.kind, reader.u16());
  TRY_ASSIGN(parsed.header.status, reader.u16());
  TRY_ASSIGN(parsed.length, reader.u32());
  if (magic != kMagic) {
    return Error{Code::Corruption, "a frame does not begin with its mark"};
  }
  if (version != kVersion) {
    return Error{Code::Unsupported, "a frame has version " + std::to_string(version) +
                                        "; the programs are of different releases"};
  }
  if (type < 1 || type > 4) {
    return Error{Code::Corruption, "a frame has the unknown type " + std::to_string(type)};
  }
  if (parsed.length > kMaxPayloadBytes) {
    return Error{Code::Limit, "a frame claims " + std::to_string(parsed.length) +
                                  " bytes, more than the limit of " +
                                  std::to_string(kMaxPayloadBytes)};
  }
  parsed.header.type = static_cast<FrameType>(type);
  return parsed;
}

std::uint64_t frame_checksum(std::string_view header, std::string_view payload) {
  return checksum64(payload, checksum64(header));
}

}  // namespace

std::string encode_hello(const Hello& hello) {
  ByteWriter writer;
  writer.u64(hello.memory_limit_bytes);
  writer.u64(hello.cpu_limit_s);
  writer.varint(hello.read_folders.size());
  for (const std::string& folder : hello.read_folders) {
    writer.string(folder);
  }
  return writer.take();
}

Result<Hello> decode_hello(std::string_view payload) {
  ByteReader reader(payload);
  Hello hello;
  TRY_ASSIGN(hello.memory_limit_bytes, reader.u64());
  TRY_ASSIGN(hello.cpu_limit_s, reader.u64());
  TRY_ASSIGN(const std::uint64_t folders, reader.varint_at_most(kMaxReadFolders));
  for (std::uint64_t i = 0; i < folders; ++i) {
    TRY_ASSIGN(const std::string_view folder, reader.string());
    hello.read_folders.emplace_back(folder);
  }
  if (!reader.at_end()) {
    return Error{Code::Corruption, "a greeting is longer than it should be"};
  }
  return hello;
}

void append_frame(std::string& out, const FrameHeader& header, std::string_view payload) {
  ByteWriter front;
  front.u32(kMagic);
  front.u16(kVersion);
  front.u16(static_cast<std::uint16_t>(header.type));
  front.u64(header.id);
  front.u16(header.kind);
  front.u16(header.status);
  front.u32(static_cast<std::uint32_t>(payload.size()));
  ByteWriter trailer;
  trailer.u64(frame_checksum(front.bytes(), payload));
  out += front.bytes();
  out += payload;
  out += trailer.bytes();
}

Result<std::optional<Frame>> FrameReader::next() {
  const std::string_view bytes = std::string_view(buffer_).substr(position_);
  if (bytes.size() < kFrameHeaderBytes) {
    compact();
    return std::optional<Frame>();
  }
  const std::string_view front = bytes.substr(0, kFrameHeaderBytes);
  TRY_ASSIGN(const ParsedHeader parsed, parse_header(front));
  const std::size_t whole = kFrameHeaderBytes + parsed.length + kFrameTrailerBytes;
  if (bytes.size() < whole) {
    compact();
    return std::optional<Frame>();
  }
  const std::string_view payload = bytes.substr(kFrameHeaderBytes, parsed.length);
  ByteReader trailer(bytes.substr(kFrameHeaderBytes + parsed.length, kFrameTrailerBytes));
  TRY_ASSIGN(const auto checksum, trailer.u64());
  if (checksum != frame_checksum(front, payload)) {
    return Error{Code::Corruption, "a frame does not match its checksum"};
  }
  position_ += whole;
  return std::optional<Frame>(Frame{parsed.header, std::string(payload)});
}

void FrameReader::compact() {
  if (position_ == buffer_.size()) {
    buffer_.clear();
    position_ = 0;
    if (buffer_.capacity() > kKeepBytes) {
      buffer_.shrink_to_fit();
    }
  } else if (position_ > kKeepBytes) {
    buffer_.erase(0, position_);
    position_ = 0;
  }
}

}  // namespace sonde::worker
