#include "faces/mcp/message_reader.h"

namespace sonde::faces::mcp {

void MessageReader::feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_.append(bytes);
}

void MessageReader::end() { ended_ = true; }

std::optional<MessageReader::Line> MessageReader::take(std::size_t length, std::size_t with_end) {
  const std::string_view text(buffer_.data() + begin_, length);
  Line line;
  line.too_long = passing_over_ || length > limit_;
  if (!line.too_long) {
    line.text = text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
  }
  begin_ += with_end;
  scanned_ = begin_;
  passing_over_ = false;
  const bool blank = line.text.find_first_not_of(" \t") == std::string::npos;
  return blank && !line.too_long ? std::nullopt : std::optional<Line>(std::move(line));
}

std::optional<MessageReader::Line> MessageReader::next() {
  while (begin_ < buffer_.size()) {
    const std::size_t newline = buffer_.find('\n', scanned_);
    if (newline != std::string::npos) {
      if (auto line = take(newline - begin_, newline - begin_ + 1)) {
        return line;
      }
      continue;
    }
    scanned_ = buffer_.size();
    if (buffer_.size() - begin_ > limit_) {
      passing_over_ = true;
      begin_ = buffer_.size();
    }
    break;
  }
  if (ended_ && (begin_ < buffer_.size() || passing_over_)) {
    return take(buffer_.size() - begin_, buffer_.size() - begin_);
  }
  return std::nullopt;
}

}  // namespace sonde::faces::mcp
