#pragma once
// The frames that supervisor and worker exchange over a stream socket, little-endian:
//
//   frame   = magic u32 ("SNDW"), version u16, type u16, id u64, kind u16, status u16,
//             length u32, payload [length], checksum u64
//   checksum = XXH3-64 of the payload, seeded with the XXH3-64 of the 24 bytes before it
//
//   supervisor -> worker   Hello (payload: memory limit u64, cpu seconds u64,
//                          folders that may be read: count varint, paths), then Job...
//   worker -> supervisor   Ready (status: 1 when system calls are filtered), then one Answer a
//                          job, in order, each sent before the next job is begun
//
// Either side gives up on the other at the first byte that is wrong.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::worker {

inline constexpr std::uint32_t kMaxPayloadBytes = 256U << 20;
inline constexpr std::size_t kFrameHeaderBytes = 24;
inline constexpr std::size_t kFrameTrailerBytes = 8;

enum class FrameType : std::uint16_t { Hello = 1, Ready = 2, Job = 3, Answer = 4 };

/// The status of an Answer.
enum class AnswerStatus : std::uint16_t {
  Done = 0,         // payload is the answer
  Failed = 1,       // payload is the reason
  OutOfMemory = 2,  // the worker is of no further use
};

struct FrameHeader {
  FrameType type = FrameType::Hello;
  std::uint64_t id = 0;  // of the job, counted in each process from 0
  std::uint16_t kind = 0;
  std::uint16_t status = 0;
};

struct Frame {
  FrameHeader header;
  std::string payload;
};

struct Hello {
  std::uint64_t memory_limit_bytes = 0;
  std::uint64_t cpu_limit_s = 0;
  std::vector<std::string> read_folders = {};  // absolute; at most kMaxReadFolders
};
inline constexpr std::size_t kMaxReadFolders = 32;
std::string encode_hello(const Hello& hello);
/// Errors: Corruption, Limit.
Result<Hello> decode_hello(std::string_view payload);

/// Appends one frame to `out`. The payload must not be larger than kMaxPayloadBytes.
void append_frame(std::string& out, const FrameHeader& header, std::string_view payload);

/// Cuts a stream of bytes into checked frames. Threads: owned by one thread.
class FrameReader {
 public:
  void append(std::string_view bytes) { buffer_ += bytes; }
  /// The next whole frame; nothing when more bytes are needed. After an error it is of no use.
  /// Errors: Corruption (magic, type, checksum), Unsupported (version), Limit (length).
  Result<std::optional<Frame>> next();
  /// Bytes of a frame that is not whole yet.
  [[nodiscard]] std::size_t pending() const { return buffer_.size() - position_; }

 private:
  void compact();
  std::string buffer_;
  std::size_t position_ = 0;
};

}  // namespace sonde::worker
