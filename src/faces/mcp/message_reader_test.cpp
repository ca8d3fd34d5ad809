#include "faces/mcp/message_reader.h"

#include <gtest/gtest.h>

#include "faces/mcp/protocol.h"
#include "faces/mcp/root_uri.h"

namespace sonde::faces::mcp {
namespace {

TEST(MessageReader, cuts_lines_whatever_the_pieces) {
  MessageReader reader;
  reader.feed("{\"a\":");
  EXPECT_FALSE(reader.next());
  reader.feed("1}\r\n\n  \n{\"b\"");
  EXPECT_EQ(reader.next()->text, "{\"a\":1}");
  EXPECT_FALSE(reader.next());
  reader.feed(":2}");
  reader.end();
  EXPECT_EQ(reader.next()->text, "{\"b\":2}");
  EXPECT_FALSE(reader.next());
}

TEST(MessageReader, passes_over_a_line_that_is_too_long_and_goes_on) {
  MessageReader reader(8);
  reader.feed("123456789");
  EXPECT_FALSE(reader.next());
  reader.feed("0123456789");
  EXPECT_FALSE(reader.next());
  reader.feed("x\n{}\n");
  const auto line = reader.next();
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->too_long);
  EXPECT_EQ(reader.next()->text, "{}");
}

Message one(std::string_view line) {
  const std::vector<Message> messages = parse_messages(line);
  EXPECT_EQ(messages.size(), 1U);
  return messages.front();
}

TEST(Protocol, tells_requests_notifications_and_responses_apart) {
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","id":1,"method":"ping"})").kind, Message::Kind::Request);
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","method":"x"})").kind, Message::Kind::Notification);
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","id":"a","result":{}})").kind, Message::Kind::Response);
}

TEST(Protocol, what_is_no_message_is_broken_with_the_code_of_json_rpc) {
  EXPECT_EQ(one("{").error_code, rpc::kParseError);
  EXPECT_EQ(one("\"\xff\"").error_code, rpc::kParseError);
  EXPECT_EQ(one("17").error_code, rpc::kInvalidRequest);
  EXPECT_EQ(one("[]").error_code, rpc::kInvalidRequest);
  EXPECT_EQ(one(R"({"jsonrpc":"1.0","id":1,"method":"ping"})").error_code, rpc::kInvalidRequest);
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","id":{},"method":"ping"})").error_code, rpc::kInvalidRequest);
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[]})").error_code,
            rpc::kInvalidParams);
}

TEST(Protocol, brackets_without_end_cost_nothing) {
  EXPECT_EQ(one(std::string(1U << 20, '[')).error_code, rpc::kInvalidRequest);
  EXPECT_EQ(one("[" + std::string(1U << 20, ',')).error_code, rpc::kInvalidRequest);
}

TEST(RootUri, is_a_folder_of_this_machine) {
  EXPECT_EQ(path_of_uri("file:///home/a%20b/").value(), "/home/a b");
  EXPECT_EQ(path_of_uri("file://localhost/x").value(), "/x");
  for (const char* wrong : {"", "https://x/y", "file://other/x", "file:///a%2", "file:///a%00b"}) {
    EXPECT_FALSE(path_of_uri(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace sonde::faces::mcp
