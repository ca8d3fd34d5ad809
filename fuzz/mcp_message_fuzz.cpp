// Any bytes, in any pieces, become messages or broken ones with a reason, the same for every way to
// cut them into pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "faces/mcp/message_reader.h"
#include "faces/mcp/protocol.h"
#include "faces/mcp/root_uri.h"

namespace {

using sonde::faces::mcp::Message;
using sonde::faces::mcp::MessageReader;

constexpr std::size_t kLimit = 512;

std::vector<std::string> lines_of(std::string_view bytes, std::size_t piece) {
  MessageReader reader(kLimit);
  std::vector<std::string> lines;
  const auto take = [&] {
    while (const auto line = reader.next()) {
      if (line->text.size() > kLimit) {
        std::abort();
      }
      lines.push_back(line->too_long ? "too long" : line->text);
    }
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    take();
  }
  reader.end();
  take();
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> lines = lines_of(bytes, std::max<std::size_t>(size, 1));
  if (lines != lines_of(bytes, 1) || lines != lines_of(bytes, 7)) {
    std::abort();
  }
  for (const std::string& line : lines) {
    const std::vector<Message> messages = sonde::faces::mcp::parse_messages(line);
    if (messages.empty()) {
      std::abort();
    }
    for (const Message& message : messages) {
      if (message.kind == Message::Kind::Broken && message.error.empty()) {
        std::abort();
      }
    }
    (void)sonde::faces::mcp::path_of_uri(line);
  }
  return 0;
}
