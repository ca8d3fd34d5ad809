// /mcp of `sonde serve`: both kinds of the protocol's streamable HTTP.

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "http/http_client.h"
#include "support/corpus.h"

namespace sonde::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kBoth =
    "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";

Json message(const std::string& method, const Json& params = Json::object(),
             const Json& id = nullptr) {
  Json json = {{"jsonrpc", "2.0"}, {"method", method}, {"params", params}};
  if (!id.is_null()) {
    json["id"] = id;
  }
  return json;
}

Json initialization(const std::string& version = "2025-11-25") {
  return message("initialize",
                 {{"protocolVersion", version},
                  {"capabilities", Json::object()},
                  {"clientInfo", {{"name", "t"}, {"version", "1"}}}},
                 1);
}

/// A request of the version without sessions.
Json alone(const std::string& method, Json params, const Json& id) {
  params["_meta"] = {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                     {"io.modelcontextprotocol/clientCapabilities", Json::object()}};
  return message(method, params, id);
}

class McpHttp : public ::testing::Test {
 protected:
  McpHttp() {
    write_file(root_ + "/src/money.py", "def refund_invoice(amount):\n    return -amount\n");
  }
  static Answer post(const Server& server, const Json& body, const std::string& headers = "") {
    return server.ask("POST", "/mcp", body.is_string() ? body.get<std::string>() : body.dump(),
                      kBoth + headers);
  }
  /// The header that names the new session.
  static std::string open(const Server& server, const std::string& version = "2025-11-25") {
    const Answer answer = post(server, initialization(version));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.json()["result"]["protocolVersion"], version) << answer.body;
    const std::string session = "Mcp-Session-Id: " + answer.header("mcp-session-id") + "\r\n";
    EXPECT_EQ(post(server, message("notifications/initialized"), session).status, 202);
    return session;
  }
  static Json call(const std::string& tool, const Json& arguments, const Json& id) {
    return message("tools/call", {{"name", tool}, {"arguments", arguments}}, id);
  }
  static std::string modern(const std::string& method, const std::string& name = "") {
    return "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: " + method + "\r\n" +
           (name.empty() ? "" : "Mcp-Name: " + name + "\r\n");
  }
  /// An index of many files, told of as it goes on.
  static Json long_call(const Json& id) {
    Json json = call("index", {{"force", true}}, id);
    json["params"]["_meta"]["progressToken"] = "p";
    return json;
  }
  void add_many_files() const {
    Corpus corpus(root_ + "/many", 6);
    corpus.add_files(story_size(600));
  }
  /// Asks until nothing is being read in.
  static void wait_until_quiet(const Server& server) {
    const auto end = Clock::now() + kBound;
    while (server.ask("GET", "/api/status").json()["roots"][0]["state"] != "ready") {
      ASSERT_LT(Clock::now(), end);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  ScratchFolder scratch_{"mcphttp"};
  std::string root_ = scratch_.path() + "/one";
};

TEST_F(McpHttp, a_session_is_opened_used_and_ended) {
  const Server server(scratch_.path(), root_);
  const std::string session = open(server);
  const Json tools = post(server, message("tools/list", {}, 2), session).json()["result"]["tools"];
  EXPECT_GE(tools.size(), 10U);
  EXPECT_EQ(post(server, call("index", Json::object(), 3), session).status, 200);
  const Answer found = post(server, call("search", {{"query", "refund_invoice"}}, "four"), session);
  EXPECT_EQ(found.header("content-type"), "application/json");
  const Json result = found.json();
  EXPECT_EQ(result["id"], "four");
  EXPECT_EQ(result["result"]["structuredContent"]["results"][0]["path"], "src/money.py") << result;
  const Answer failed = post(server, call("search", {{"query", 7}}, 5), session);
  EXPECT_EQ(failed.status, 200);
  EXPECT_EQ(failed.json()["result"]["isError"], true);
  EXPECT_EQ(server.ask("DELETE", "/mcp", "", session).status, 204);
  EXPECT_EQ(post(server, message("ping", {}, 6), session).status, 404);
  EXPECT_EQ(server.ask("DELETE", "/mcp", "", session).status, 404);
}

TEST_F(McpHttp, sessions_are_told_apart) {
  const Server server(scratch_.path(), root_);
  const std::string one = open(server);
  const std::string two = open(server, "2025-03-26");
  EXPECT_NE(one, two);
  // The same id in both is no clash; arrays are of one version alone.
  const Json batch = Json::array({message("ping", {}, 7), message("ping", {}, 8),
                                  message("notifications/cancelled", {{"requestId", 99}})});
  EXPECT_EQ(post(server, batch, one).status, 400);
  Wire wire(server.port());
  ASSERT_TRUE(wire.send(server.request("POST", "/mcp", batch.dump(), kBoth + two)));
  EXPECT_EQ(wire.head().header("content-type"), "text/event-stream");
  EXPECT_EQ(wire.event()["id"], 7);
  EXPECT_EQ(wire.event()["id"], 8);
  EXPECT_TRUE(wire.event().is_null());
  EXPECT_EQ(post(server, message("ping", {}, 7), one).json()["id"], 7);
}

TEST_F(McpHttp, what_is_wrong_with_a_message_is_said) {
  const Server server(scratch_.path(), root_);
  const std::string session = open(server);
  EXPECT_EQ(post(server, message("ping", {}, 1)).status, 400);  // no session
  EXPECT_EQ(post(server, message("ping", {}, 1), "Mcp-Session-Id: 0123\r\n").status, 404);
  const Answer nonsense = post(server, Json("{nonsense"), session);
  EXPECT_EQ(nonsense.status, 400);
  EXPECT_EQ(nonsense.json()["error"]["code"], -32700);
  EXPECT_EQ(post(server, Json("[]"), session).status, 400);
  EXPECT_EQ(post(server, Json("[1]"), session).status, 400);
  EXPECT_EQ(post(server, Json::array({message("ping", {}, 1)}), session).status, 400);
  EXPECT_EQ(
      post(server, message("ping", {}, 1), session + "MCP-Protocol-Version: 1999-01-01\r\n").status,
      400);
  EXPECT_EQ(post(server, message("no/such", {}, 1), session).json()["error"]["code"], -32601);
  EXPECT_EQ(server
                .ask("POST", "/mcp", message("ping", {}, 1).dump(),
                     "Content-Type: text/plain\r\n" + session)
                .status,
            415);
  Wire large(server.port());
  ASSERT_TRUE(large.send("POST /mcp HTTP/1.1\r\n" + server.good_headers() + kBoth + session +
                         "Content-Length: 4194305\r\n\r\n"));
  EXPECT_EQ(large.answer().status, 413);
  EXPECT_EQ(
      post(server, message("ping", {}, 1), session + "MCP-Protocol-Version: 2025-11-25\r\n").status,
      200);
}

TEST_F(McpHttp, a_request_without_a_session_stands_alone) {
  const Server server(scratch_.path(), root_);
  server.wait_until_ready();
  const Answer listed = post(server, alone("tools/list", Json::object(), 1), modern("tools/list"));
  EXPECT_EQ(listed.status, 200) << listed.body;
  EXPECT_EQ(listed.header("mcp-session-id"), "");
  EXPECT_EQ(listed.json()["result"]["resultType"], "complete");
  const Json search =
      alone("tools/call", {{"name", "search"}, {"arguments", {{"query", "refund_invoice"}}}}, 1);
  const Answer found = post(server, search, modern("tools/call", "search"));
  EXPECT_EQ(found.json()["result"]["structuredContent"]["results"][0]["path"], "src/money.py")
      << found.body;
  EXPECT_EQ(post(server, search, modern("tools/call", "=?base64?c2VhcmNo?=")).status, 200);
  for (const std::string& headers :
       {modern("tools/call"), modern("tools/call", "read"), modern("tools/list", "search"),
        std::string("Mcp-Method: tools/call\r\nMcp-Name: search\r\n"),
        std::string("MCP-Protocol-Version: 2025-11-25\r\nMcp-Method: tools/call\r\n")}) {
    const Answer refused = post(server, search, headers);
    EXPECT_EQ(refused.status, 400) << headers;
    EXPECT_EQ(refused.json()["error"]["code"], -32020) << refused.body;
  }
  const Answer unknown = post(server, alone("no/such", Json::object(), 1), modern("no/such"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.json()["error"]["code"], -32601);
  const Answer version = post(server, alone("tools/list", Json::object(), 1),
                              "MCP-Protocol-Version: 2030-01-01\r\nMcp-Method: tools/list\r\n");
  EXPECT_EQ(version.status, 400);
  EXPECT_EQ(version.json()["error"]["code"], -32022);
}

TEST_F(McpHttp, progress_comes_on_the_stream_of_its_request) {
  add_many_files();
  const Server server(scratch_.path(), root_);
  const std::string session = open(server);
  Wire wire(server.port());
  ASSERT_TRUE(wire.send(server.request("POST", "/mcp", long_call(2).dump(), kBoth + session)));
  EXPECT_EQ(wire.head().header("content-type"), "text/event-stream");
  int told = 0;
  Json last;
  for (Json event = wire.event(); !event.is_null(); event = wire.event()) {
    told += event.value("method", "") == "notifications/progress" &&
                    event["params"]["progressToken"] == "p"
                ? 1
                : 0;
    last = event;
  }
  EXPECT_GE(told, 1);
  EXPECT_EQ(last["id"], 2) << last;
  EXPECT_EQ(last["result"]["isError"], false);
  // The connection is good for the next one.
  ASSERT_TRUE(wire.send(server.request("GET", "/health")));
  EXPECT_EQ(wire.answer().body, "ok\n");
}

TEST_F(McpHttp, a_cancelled_call_ends_without_an_answer) {
  add_many_files();
  const Server server(scratch_.path(), root_);
  const std::string session = open(server);
  Wire wire(server.port());
  ASSERT_TRUE(wire.send(server.request("POST", "/mcp", long_call(2).dump(), kBoth + session)));
  ASSERT_EQ(wire.head().status, 200);
  ASSERT_EQ(wire.event()["method"], "notifications/progress");
  EXPECT_EQ(post(server, message("notifications/cancelled", {{"requestId", 2}}), session).status,
            202);
  for (Json event = wire.event(); !event.is_null(); event = wire.event()) {
    EXPECT_FALSE(event.contains("id")) << event;
  }
  EXPECT_EQ(post(server, message("ping", {}, 2), session).status, 200);
}

TEST_F(McpHttp, a_client_that_leaves_ends_its_work) {
  add_many_files();
  const Server server(scratch_.path(), root_);
  const std::string session = open(server);
  {
    Wire wire(server.port());
    ASSERT_TRUE(wire.send(server.request("POST", "/mcp", long_call(2).dump(), kBoth + session)));
    ASSERT_EQ(wire.head().status, 200);
    ASSERT_EQ(wire.event()["method"], "notifications/progress");
  }
  wait_until_quiet(server);
  // Its id is free again.
  EXPECT_EQ(post(server, message("ping", {}, 2), session).status, 200);
}

TEST_F(McpHttp, a_session_has_one_stream_for_what_belongs_to_no_request) {
  const Server server(scratch_.path(), root_);
  const std::string session = open(server);
  const std::string accept = "Accept: text/event-stream\r\n";
  EXPECT_EQ(server.ask("GET", "/mcp", "", accept).status, 400);
  EXPECT_EQ(server.ask("GET", "/mcp", "", session).status, 406);
  EXPECT_EQ(server.ask("HEAD", "/mcp", "", session + accept).status, 406);
  {
    Wire wire(server.port());
    ASSERT_TRUE(wire.send(server.request("GET", "/mcp", "", session + accept)));
    EXPECT_EQ(wire.head().header("content-type"), "text/event-stream");
    EXPECT_EQ(server.ask("GET", "/mcp", "", session + accept).status, 409);
  }
  const auto end = Clock::now() + kBound;
  for (;;) {  // until its leaving was noticed
    Wire wire(server.port());
    ASSERT_TRUE(wire.send(server.request("GET", "/mcp", "", session + accept)));
    if (wire.head().status == 200) {
      EXPECT_EQ(server.ask("DELETE", "/mcp", "", session).status, 204);
      EXPECT_TRUE(wire.event().is_null());
      break;
    }
    ASSERT_LT(Clock::now(), end);
  }
}

TEST_F(McpHttp, more_sessions_than_it_keeps_push_out_the_oldest) {
  const Server server(scratch_.path(), root_);
  const std::string first = open(server);
  std::string last;
  for (int i = 0; i < 64; ++i) {
    last = open(server);
  }
  EXPECT_EQ(post(server, message("ping", {}, 1), first).status, 404);
  EXPECT_EQ(post(server, message("ping", {}, 1), last).status, 200);
}

TEST_F(McpHttp, sigterm_ends_streams_and_work) {
  add_many_files();
  Server server(scratch_.path(), root_);
  const std::string session = open(server);
  Wire quiet(server.port());
  ASSERT_TRUE(
      quiet.send(server.request("GET", "/mcp", "", session + "Accept: text/event-stream\r\n")));
  ASSERT_EQ(quiet.head().status, 200);
  Wire working(server.port());
  ASSERT_TRUE(working.send(server.request("POST", "/mcp", long_call(2).dump(), kBoth + session)));
  ASSERT_EQ(working.head().status, 200);
  server.program().send(SIGTERM);
  EXPECT_TRUE(quiet.event().is_null());
  EXPECT_EQ(server.program().wait().exit_code, 0);
}

}  // namespace
}  // namespace sonde::testing
