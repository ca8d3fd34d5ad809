// A session without a process: lines in, lines out, no library behind it.

#include "faces/mcp/session.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <condition_variable>
#include <deque>
#include <filesystem>

namespace sonde::faces::mcp {
namespace {

constexpr std::chrono::seconds kBound{60};

class Heard : public Channel {
 public:
  void answer(const Json& id, std::string line) override {
    const Json message = Json::parse(line);
    EXPECT_EQ(message.value("id", Json()), id);
    put(message);
  }
  void tell(const Json& /*id*/, std::string line) override { put(Json::parse(line)); }
  void ask(std::string line) override { put(Json::parse(line)); }

  /// The next message that is no log line; null after the bound.
  Json next() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (!came_.wait_for(lock, kBound, [this] { return !messages_.empty(); })) {
        return nullptr;
      }
      Json message = std::move(messages_.front());
      messages_.pop_front();
      if (message.value("method", "") != "notifications/message") {
        return message;
      }
    }
  }

 private:
  void put(Json message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    came_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Json> messages_;
};

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "sonde-session-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    folder_ = std::filesystem::canonical(folder_).string();
    std::filesystem::create_directories(folder_ + "/home/project");
    options_.fallback_root = folder_ + "/home/project";
    options_.home = folder_ + "/home";
    options_.door.find = [](const std::string&) -> Result<library::Location> {
      return Error{Code::Io, "no library in this test"};
    };
  }
  ~SessionTest() override { std::filesystem::remove_all(folder_); }

  Session& session() {
    if (!session_) {
      session_ = std::make_unique<Session>(options_, heard_);
    }
    return *session_;
  }
  Json ask(const std::string& method, Json params = Json::object()) {
    session().handle_line(
        Json{{"jsonrpc", "2.0"}, {"id", ++id_}, {"method", method}, {"params", std::move(params)}}
            .dump());
    return heard_.next();
  }
  /// As a client of 2026-07-28 asks: all that is to be known is in the request.
  Json ask_alone(const std::string& method, Json params = Json::object(),
                 const Json& capabilities = Json::object(),
                 const std::string& version = "2026-07-28") {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = version;
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = capabilities;
    return ask(method, std::move(params));
  }

  std::string folder_;
  SessionOptions options_;
  Heard heard_;
  int id_ = 0;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionTest, an_unknown_version_becomes_the_newest_of_those_with_sessions) {
  EXPECT_EQ(negotiated_version("2024-11-05"), "2024-11-05");
  EXPECT_EQ(negotiated_version("1999-01-01"), "2025-11-25");
  EXPECT_EQ(ask("initialize", {{"protocolVersion", "2199-01-01"}})["result"]["protocolVersion"],
            "2025-11-25");
}

TEST_F(SessionTest, a_request_that_names_its_version_needs_no_session) {
  const Json found = ask_alone("server/discover")["result"];
  EXPECT_EQ(found["supportedVersions"][0], "2026-07-28");
  EXPECT_EQ(found["resultType"], "complete");
  EXPECT_TRUE(found["ttlMs"].is_number());
  EXPECT_FALSE(found["capabilities"].contains("logging"));
  EXPECT_EQ(found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "sonde");
  const Json tools = ask_alone("tools/list")["result"];
  EXPECT_TRUE(tools["tools"][0].contains("outputSchema"));
  EXPECT_EQ(tools["cacheScope"], "public");
  const Json called = ask_alone("tools/call", {{"name", "status"}})["result"];
  EXPECT_EQ(called["resultType"], "complete");
  EXPECT_TRUE(called.contains("structuredContent"));
  EXPECT_EQ(ask_alone("ping")["error"]["code"], rpc::kMethodNotFound);
  EXPECT_EQ(ask_alone("initialize")["error"]["code"], rpc::kMethodNotFound);
}

TEST_F(SessionTest, a_version_that_is_not_spoken_is_refused_with_those_that_are) {
  const Json error = ask_alone("tools/list", Json::object(), Json::object(), "2199-01-01")["error"];
  EXPECT_EQ(error["code"], -32022);
  EXPECT_EQ(error["data"]["requested"], "2199-01-01");
  EXPECT_EQ(error["data"]["supported"].size(), 5U);
  const Json without =
      ask("tools/list", {{"_meta", {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"}}}});
  EXPECT_EQ(without["error"]["code"], rpc::kInvalidParams);
  EXPECT_EQ(ask("server/discover")["error"]["code"], rpc::kInvalidParams);
}

TEST_F(SessionTest, both_kinds_of_clients_are_served_on_one_channel) {
  EXPECT_TRUE(ask_alone("tools/list").contains("result"));
  EXPECT_TRUE(ask("initialize", {{"protocolVersion", "2025-06-18"}}).contains("result"));
  const Json old = ask("tools/list")["result"];
  EXPECT_FALSE(old.contains("resultType"));
  EXPECT_TRUE(ask_alone("tools/list")["result"].contains("resultType"));
  EXPECT_EQ(ask("server/discover")["error"]["code"], rpc::kMethodNotFound);
}

TEST_F(SessionTest, a_client_outside_of_any_project_is_asked_for_its_folders) {
  options_.fallback_root = folder_ + "/home";
  const Json can = {{"roots", Json::object()}};
  const Json asked = ask_alone("tools/call", {{"name", "status"}}, can)["result"];
  EXPECT_EQ(asked["resultType"], "input_required");
  EXPECT_EQ(asked["inputRequests"]["roots"]["method"], "roots/list");
  const Json roots = {{"roots", {{{"uri", "file://" + folder_ + "/home/project"}}}}};
  const Json answered =
      ask_alone("tools/call", {{"name", "status"}, {"inputResponses", {{"roots", roots}}}}, can);
  EXPECT_EQ(answered["result"]["structuredContent"]["roots"][0]["root"], folder_ + "/home/project");
  // Who cannot be asked is told what to do.
  const Json told = ask_alone("tools/call", {{"name", "outline"}, {"arguments", {{"path", "."}}}});
  EXPECT_EQ(told["result"]["isError"], true) << told;
}

TEST_F(SessionTest, what_listens_is_acknowledged_and_ends_when_it_is_cancelled) {
  const Json heard = ask_alone("subscriptions/listen", {{"notifications", Json::object()}});
  EXPECT_EQ(heard["method"], "notifications/subscriptions/acknowledged");
  EXPECT_EQ(heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id_);
  session().handle_line(
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  EXPECT_TRUE(session().idle());
  EXPECT_TRUE(ask_alone("tools/list").contains("result"));
}

TEST_F(SessionTest, a_root_that_cannot_be_opened_is_an_answer_not_a_crash) {
  const Json answer =
      ask_alone("tools/call", {{"name", "search"}, {"arguments", {{"query", "x"}}}})["result"];
  EXPECT_EQ(answer["isError"], true);
  EXPECT_NE(answer["content"][0]["text"].get<std::string>().find("no library in this test"),
            std::string::npos);
}

}  // namespace
}  // namespace sonde::faces::mcp
