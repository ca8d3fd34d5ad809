// `sonde mcp` as clients run it: a child on two pipes.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBound{120};

/// A server and what a client says to it.
class Client {
 public:
  Client(const std::string& home, const std::string& folder, std::vector<std::string> words = {}) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    const std::string errors = home + "/mcp.err";
    words.insert(words.begin(), {program_path("sonde"), "mcp"});
    std::vector<std::string> variables = {"HOME=" + home, "LANG=C.UTF-8", "PATH=/usr/bin:/bin"};
    std::vector<char*> argv;
    std::vector<char*> environment;
    for (std::string& word : words)
      argv.push_back(word.data());
    for (std::string& word : variables)
      environment.push_back(word.data());
    argv.push_back(nullptr);
    environment.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int err = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      if (::dup2(in[0], 0) < 0 || ::dup2(out[1], 1) < 0 || ::dup2(err, 2) < 0 ||
          ::chdir(folder.c_str()) != 0) {
        ::_exit(126);
      }
      ::execve(argv[0], argv.data(), environment.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
  }
  ~Client() {
    close_input();
    close_output();
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::write(to_, bytes.data(), bytes.size());
      if (count <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void say(const Json& message) const { EXPECT_TRUE(write(message.dump() + "\n")); }
  /// Whatever comes next; null at the end or after the bound.
  Json hear() {
    const auto end = Clock::now() + kBound;
    for (;;) {
      const std::size_t newline = buffer_.find('\n');
      if (newline != std::string::npos) {
        const std::string line = buffer_.substr(0, newline);
        buffer_.erase(0, newline + 1);
        const Json message = Json::parse(line, nullptr, false);
        EXPECT_FALSE(message.is_discarded()) << "no protocol: " << line;
        return message;
      }
      pollfd entry{from_, POLLIN, 0};
      if (Clock::now() > end || ::poll(&entry, 1, 1000) < 0) {
        return nullptr;
      }
      if (entry.revents == 0) {
        continue;
      }
      std::array<char, 65536> bytes{};
      const ssize_t count = ::read(from_, bytes.data(), bytes.size());
      if (count <= 0) {
        return nullptr;
      }
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  int ask(const std::string& method, const Json& params = Json::object()) {
    const int id = ++last_id_;
    say({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
    return id;
  }
  /// The answer to `id`; what else is said meanwhile is kept in `told`.
  Json answer(const Json& id) {
    for (;;) {
      Json message = hear();
      if (message.is_null() ||
          (message.contains("id") && message["id"] == id && !message.contains("method"))) {
        return message;
      }
      told.push_back(std::move(message));
    }
  }
  Json request(const std::string& method, const Json& params = Json::object()) {
    return answer(ask(method, params));
  }
  Json initialize(const Json& capabilities = Json::object(),
                  const std::string& version = "2025-11-25") {
    const Json reply = request("initialize", {{"protocolVersion", version},
                                              {"capabilities", capabilities},
                                              {"clientInfo", {{"name", "t"}, {"version", "1"}}}});
    say({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
    return reply;
  }
  Json call(const std::string& tool, const Json& arguments = Json::object()) {
    return request("tools/call", {{"name", tool}, {"arguments", arguments}})
        .value("result", Json());
  }
  void close_input() {
    if (to_ >= 0)
      ::close(std::exchange(to_, -1));
  }
  void close_output() {
    if (from_ >= 0)
      ::close(std::exchange(from_, -1));
  }
  void send_signal(int signal) const { ::kill(pid_, signal); }
  /// The exit code; -1 when a signal or the bound ended it.
  int end() {
    const auto give_up = Clock::now() + kBound;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) != pid_) {
      if (Clock::now() > give_up) {
        return -1;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::vector<Json> told;

 private:
  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
  int last_id_ = 0;
  std::string buffer_;
};

class Mcp : public ::testing::Test {
 protected:
  Mcp() {
    write_file(root_ + "/src/session.py",
               "class Session:\n    def forget_expired(self, clock):\n        \"\"\"Removes "
               "sessions that expired.\"\"\"\n        return clock\n\n\n"
               "def tick(session, clock):\n    session.forget_expired(clock)\n");
    write_file(root_ + "/src/money.py", "def refund_invoice(amount):\n    return -amount\n");
    write_file(other_ + "/planet.py", "def orbit_of_planet(mass):\n    return mass\n");
    write_file(scratch_.path() + "/secret.txt", "secret\n");
  }
  /// Has read everything in.
  static Json index(Client& client) { return client.call("index"); }

  ScratchFolder scratch_{"mcp"};
  std::string home_ = scratch_.path();
  std::string root_ = scratch_.path() + "/one";
  std::string other_ = scratch_.path() + "/two";
};

std::string text_of(const Json& result) {
  return result.is_object() && result.contains("content") ? result["content"][0]["text"] : "";
}

TEST_F(Mcp, every_tool_answers_with_text_and_structure) {
  Client client(home_, root_);
  const Json hello = client.initialize()["result"];
  EXPECT_EQ(hello["protocolVersion"], "2025-11-25");
  const Json tools = client.request("tools/list")["result"]["tools"];
  EXPECT_EQ(tools.size(), 11U);
  for (const Json& tool : tools) {
    EXPECT_EQ(tool["inputSchema"]["type"], "object");
    EXPECT_EQ(tool["outputSchema"]["type"], "object");
  }
  const Json indexed = index(client);
  EXPECT_EQ(indexed["isError"], false) << indexed;
  const Json found = client.call("search", {{"query", "forget expired sessions"}});
  ASSERT_GE(found["structuredContent"]["results"].size(), 1U) << found;
  const Json first = found["structuredContent"]["results"][0];
  EXPECT_EQ(first["path"], "src/session.py");
  EXPECT_EQ(found["structuredContent"]["schema"], "sonde.search/1");
  EXPECT_NE(text_of(found).find("src/session.py:1-"), std::string::npos) << text_of(found);
  const Json read = client.call("read", {{"id", first["id"]}});
  EXPECT_EQ(read["structuredContent"]["text"], first["text"]);
  EXPECT_EQ(client.call("read",
                        {{"path", "src/money.py"}, {"start_line", 2}})["structuredContent"]["text"],
            "    return -amount\n");
  const Json outline = client.call("outline", {{"path", "src"}});
  EXPECT_EQ(outline["structuredContent"]["files"].size(), 2U) << outline;
  EXPECT_NE(text_of(outline).find("refund_invoice"), std::string::npos);
  EXPECT_EQ(client.call("status")["structuredContent"]["roots"][0]["library"]["files"], 2);
  // Without a model there is no likeness: said, with what to do.
  const Json similar = client.call("similar", {{"file", "src/money.py"}});
  EXPECT_EQ(similar["isError"], true);
  EXPECT_NE(text_of(similar).find("model"), std::string::npos);
  client.close_input();
  EXPECT_EQ(client.end(), 0);
}

TEST_F(Mcp, code_is_followed_by_its_names) {
  Client client(home_, root_);
  client.initialize();
  index(client);
  const Json definition = client.call("definition", {{"symbol", "Session.forget_expired"}});
  ASSERT_EQ(definition["structuredContent"]["total"], 1) << definition;
  const Json place = definition["structuredContent"]["places"][0];
  EXPECT_EQ(place["path"], "src/session.py");
  EXPECT_EQ(place["line"], 2);
  EXPECT_EQ(place["body"].get<std::string>().substr(0, 12), "    def forg");
  EXPECT_EQ(definition["structuredContent"]["by_name"], true);
  EXPECT_NE(text_of(definition).find("src/session.py:2"), std::string::npos);
  const Json references = client.call("references", {{"symbol", "forget_expired"}});
  EXPECT_EQ(references["structuredContent"]["places"][0]["kind"], "call") << references;
  EXPECT_NE(text_of(references).find("src/session.py:8"), std::string::npos) << references;
  const Json callers = client.call("callers", {{"symbol", "forget_expired"}, {"depth", 2}});
  ASSERT_EQ(callers["structuredContent"]["edges"].size(), 1U) << callers;
  EXPECT_EQ(callers["structuredContent"]["edges"][0]["caller"]["symbol"], "tick");
  EXPECT_NE(text_of(callers).find("function tick"), std::string::npos) << callers;
  const Json callees = client.call("callees", {{"symbol", "tick"}, {"path", "src"}});
  EXPECT_EQ(callees["structuredContent"]["edges"][0]["callee"], "forget_expired") << callees;
  EXPECT_NE(text_of(callees).find("defined at src/session.py:2"), std::string::npos) << callees;
  // Nothing found is an answer that says where to look next.
  EXPECT_NE(text_of(client.call("definition", {{"symbol", "nowhere"}})).find("`search`"),
            std::string::npos);
  EXPECT_EQ(client.call("callers", {{"symbol", "two words"}})["isError"], true);
}

TEST_F(Mcp, files_and_answers_are_resources) {
  Client client(home_, root_);
  client.initialize();
  index(client);
  const Json found = client.call("search", {{"query", "refund_invoice"}});
  const Json listed = client.request("resources/list")["result"]["resources"];
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["uri"], found["structuredContent"]["resource"]);
  const Json saved = client.request("resources/read", {{"uri", listed[0]["uri"]}})["result"];
  EXPECT_EQ(Json::parse(saved["contents"][0]["text"].get<std::string>())["results"],
            found["structuredContent"]["results"]);
  const std::string file = "file://" + std::filesystem::canonical(root_).string() + "/src/money.py";
  EXPECT_EQ(client.request("resources/read", {{"uri", file}})["result"]["contents"][0]["text"],
            "def refund_invoice(amount):\n    return -amount\n");
  for (const std::string& uri : {"file://" + scratch_.path() + "/secret.txt", file + ".none",
                                 std::string("sonde://answers/none"), std::string("x")}) {
    EXPECT_TRUE(client.request("resources/read", {{"uri", uri}}).contains("error")) << uri;
  }
  EXPECT_EQ(client.request("resources/templates/list")["result"]["resourceTemplates"].size(), 2U);
}

TEST_F(Mcp, a_search_stays_within_its_budget) {
  Corpus corpus(root_ + "/many", 7);
  corpus.add_files(60);
  Client client(home_, root_);
  client.initialize();
  index(client);
  for (const int budget : {200, 1000, 5000}) {
    const Json found =
        client.call("search", {{"query", "return value"}, {"n", 40}, {"budget_tokens", budget}});
    // Without a model four bytes are a token.
    EXPECT_LE(text_of(found).size(), 4U * static_cast<std::size_t>(budget)) << found;
    EXPECT_GE(found["structuredContent"]["results"].size(), 1U) << budget;
  }
}

TEST_F(Mcp, a_changed_file_ends_its_results_ids) {
  Client client(home_, root_);
  client.initialize();
  index(client);
  const Json found = client.call("search", {{"query", "refund_invoice"}});
  const Json id = found["structuredContent"]["results"][0]["id"];
  write_file(root_ + "/src/money.py", "def refund_invoice(amount, fee):\n    return fee\n");
  const Json read = client.call("read", {{"id", id}});
  EXPECT_EQ(read["isError"], true) << read;
}

TEST_F(Mcp, what_is_wrong_is_said_and_the_session_goes_on) {
  Client client(home_, root_);
  EXPECT_EQ(client.request("tools/list")["error"]["code"], -32602);  // before initialize
  client.initialize();
  EXPECT_EQ(client.request("no/such")["error"]["code"], -32601);
  EXPECT_EQ(client.request("tools/call", {{"name", "none"}})["error"]["code"], -32602);
  ASSERT_TRUE(client.write("{nonsense\n"));
  EXPECT_EQ(client.answer(nullptr)["error"]["code"], -32700);
  ASSERT_TRUE(client.write("\"" + std::string(17U << 20, 'x') + "\"\n"));
  EXPECT_EQ(client.answer(nullptr)["error"]["code"], -32600);
  for (const auto& [tool, arguments] : std::vector<std::pair<std::string, Json>>{
           {"search", Json::object()},
           {"search", {{"query", 7}}},
           {"search", {{"query", "x"}, {"n", -1}}},
           {"search", {{"query", "x"}, {"nope", 1}}},
           {"read", {{"path", "../secret.txt"}}},
           {"read", {{"path", scratch_.path() + "/secret.txt"}}},
           {"read", {{"path", "none.txt"}}},
           {"outline", {{"path", "none"}}}}) {
    const Json result = client.call(tool, arguments);
    EXPECT_EQ(result["isError"], true) << tool << arguments;
    EXPECT_GT(text_of(result).size(), 20U);
  }
  std::filesystem::create_symlink(scratch_.path() + "/secret.txt", root_ + "/link.txt");
  EXPECT_EQ(client.call("read", {{"path", "link.txt"}})["isError"], true);
  EXPECT_TRUE(client.request("ping").contains("result"));
}

TEST_F(Mcp, several_roots_are_searched_together_and_told_apart) {
  Client client(home_, scratch_.path());
  client.initialize({{"roots", {{"listChanged", true}}}});
  Json asked = client.hear();
  ASSERT_EQ(asked["method"], "roots/list") << asked;
  client.say(
      {{"jsonrpc", "2.0"},
       {"id", asked["id"]},
       {"result", {{"roots", {{{"uri", "file://" + root_}}, {{"uri", "file://" + other_}}}}}}});
  EXPECT_EQ(index(client)["structuredContent"]["roots"].size(), 2U);
  const Json found = client.call("search", {{"query", "orbit_of_planet"}});
  ASSERT_GE(found["structuredContent"]["results"].size(), 1U) << found;
  EXPECT_EQ(found["structuredContent"]["results"][0]["root"],
            std::filesystem::canonical(other_).string());
  const Json only = client.call("search", {{"query", "orbit_of_planet"}, {"root", "one"}});
  EXPECT_EQ(only["structuredContent"]["results"].size(), 0U) << only;
}

TEST_F(Mcp, a_cancelled_call_is_not_answered) {
  Corpus corpus(root_ + "/many", 5);
  corpus.add_files(100);
  Client client(home_, root_);
  client.initialize();
  const int id = client.ask("tools/call", {{"name", "index"}, {"arguments", {{"force", true}}}});
  client.say(
      {{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}});
  EXPECT_EQ(client.call("status")["isError"], false);
  for (const Json& message : client.told) {
    EXPECT_FALSE(message.contains("id")) << message;
  }
}

TEST_F(Mcp, ends_when_the_client_goes_away_in_the_middle) {
  Corpus corpus(root_ + "/many", 6);
  corpus.add_files(100);
  {
    Client client(home_, root_);
    client.initialize();
    client.ask("tools/call", {{"name", "index"}});
    ASSERT_TRUE(client.write("{\"jsonrpc\":\"2.0\",\"id\":9,"));
    client.close_input();
    client.close_output();
    EXPECT_EQ(client.end(), 0);
  }
  Client client(home_, root_);
  client.initialize();
  client.send_signal(SIGTERM);
  EXPECT_EQ(client.end(), 130);
}

TEST_F(Mcp, a_client_that_never_reads_does_not_keep_it) {
  Client client(home_, root_);
  client.initialize();
  for (int i = 0; i < 200; ++i) {
    client.ask("tools/list");
  }
  client.close_input();
  EXPECT_EQ(client.end(), 0);
}

TEST_F(Mcp, older_clients_get_what_they_know) {
  Client client(home_, root_);
  EXPECT_EQ(client.initialize(Json::object(), "2024-11-05")["result"]["protocolVersion"],
            "2024-11-05");
  const Json tools = client.request("tools/list")["result"]["tools"];
  EXPECT_FALSE(tools[0].contains("outputSchema"));
  EXPECT_FALSE(client.call("status").contains("structuredContent"));
}

}  // namespace
}  // namespace sonde::testing
