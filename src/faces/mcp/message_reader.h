#pragma once
// Bytes of a stream to messages: one a line, as MCP's stdio transport sends them.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sonde::faces::mcp {

inline constexpr std::size_t kMessageLimitBytes = 16U << 20;

/// Cuts a stream into lines. A line over the limit is not kept: its rest is passed over and it is
/// reported once. Memory: at most the limit and what one feed() brought. Owned by one thread.
class MessageReader {
 public:
  explicit MessageReader(std::size_t limit = kMessageLimitBytes) : limit_(limit) {}

  struct Line {
    std::string text;  // without its line end; empty when it was too long
    bool too_long = false;
  };

  void feed(std::string_view bytes);
  /// No more bytes come: what has no line end is a line too.
  void end();
  /// The next whole line; nothing when more bytes are needed. Blank lines are passed over.
  std::optional<Line> next();

 private:
  std::optional<Line> take(std::size_t length, std::size_t with_end);

  const std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of what was not given out yet, in buffer_
  std::size_t scanned_ = 0;  // up to here there is no line end
  bool passing_over_ = false;
  bool ended_ = false;
};

}  // namespace sonde::faces::mcp
