// `sonde serve`: who is let in, what is answered, and what no client can do to it.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <thread>

#include "http/http_client.h"
#include "support/corpus.h"

namespace sonde::testing {
namespace {

using Clock = std::chrono::steady_clock;

class Http : public ::testing::Test {
 protected:
  Http() {
    write_file(root_ + "/src/session.py",
               "class Session:\n    def forget_expired(self, clock):\n        \"\"\"Removes "
               "sessions that expired.\"\"\"\n        return clock\n");
    write_file(root_ + "/src/money.py", "def refund_invoice(amount):\n    return -amount\n");
  }
  /// A request line and headers as given, then the end of the headers.
  static Answer say(const Server& server, const std::string& lines) {
    Wire wire(server.port());
    EXPECT_TRUE(wire.send(lines + "\r\n"));
    return wire.answer();
  }

  ScratchFolder scratch_{"http"};
  std::string root_ = scratch_.path() + "/one";
};

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST_F(Http, a_search_answers_with_the_object_that_the_program_prints) {
  const Server server(scratch_.path(), root_);
  server.wait_until_ready();
  const Answer got = server.ask("GET", "/api/search?q=forget+expired%20sessions&n=3");
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.header("content-type"), "application/json");
  const Json answer = got.json();
  EXPECT_EQ(answer["schema"], "sonde.search/1");
  ASSERT_GE(answer["results"].size(), 1U) << answer;
  EXPECT_EQ(answer["results"][0]["path"], "src/session.py");
  const Ran printed = run_sonde(scratch_.path(), {"--library", root_ + "/.sonde", "search",
                                                  "forget expired sessions", "-n", "3", "--json"});
  const Json same = Json::parse(printed.out);
  EXPECT_EQ(answer["results"], same["results"]);
  const Json posted =
      server.ask("POST", "/api/search", R"({"query": "refund", "path": ["src/*.py"], "n": 1})")
          .json();
  EXPECT_EQ(posted["results"][0]["path"], "src/money.py") << posted;
  EXPECT_EQ(posted["results"].size(), 1U);
  EXPECT_EQ(server.ask("GET", "/api/search?q=refund&path=src/s*").json()["results"].size(), 0U);
  const Json status = server.ask("GET", "/api/status").json();
  EXPECT_EQ(status["roots"][0]["library"]["files"], 2) << status;
}

TEST_F(Http, an_edit_is_found_without_asking_for_it) {
  const Server server(scratch_.path(), root_);
  server.wait_until_ready();
  write_file(root_ + "/src/planet.py", "def orbit_of_planet(mass):\n    return mass\n");
  const auto end = Clock::now() + kBound;
  while (
      server.ask("GET", "/api/search?q=orbit_of_planet&refresh=false").json()["results"].empty()) {
    ASSERT_LT(Clock::now(), end);
  }
}

TEST_F(Http, what_is_wrong_with_a_search_is_said) {
  const Server server(scratch_.path(), root_);
  for (const auto& [method, target, body] : std::vector<std::array<std::string, 3>>{
           {"GET", "/api/search", ""},
           {"GET", "/api/search?q=", ""},
           {"GET", "/api/search?q=x&n=0", ""},
           {"GET", "/api/search?q=x&nope=1", ""},
           {"GET", "/api/search?q=%zz", ""},
           {"GET", "/api/search?q=%ff", ""},
           {"GET", "/api/search?q=x&mode=loud", ""},
           {"POST", "/api/search", "[1]"},
           {"POST", "/api/search", "{\"query\""},
           {"POST", "/api/search", R"({"query": "x", "root": "none"})"},
           {"POST", "/api/search", R"({"query": 7})"}}) {
    const Answer answer = server.ask(method, target, body);
    EXPECT_EQ(answer.status, 400) << method << " " << target << " " << body << answer.body;
    EXPECT_GT(answer.json()["error"]["message"].get<std::string>().size(), 20U);
    EXPECT_EQ(answer.json()["error"]["status"], 400);
  }
}

TEST_F(Http, nothing_but_health_is_told_without_the_token) {
  const Server server(scratch_.path(), root_);
  const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  const std::string wrong = server.token().substr(1) + (server.token()[0] == '0' ? "1" : "0");
  for (const std::string& authorization :
       {std::string(), "Authorization: Bearer " + wrong + "\r\n",
        "Authorization: Bearer " + server.token().substr(1) + "\r\n",
        std::string("Authorization: Bearer \r\n"),
        "Authorization: Basic " + server.token() + "\r\n",
        "Authorization: Bearer " + wrong + "\r\nAuthorization: Bearer " + server.token() +
            "\r\n"}) {
    for (const std::string line :
         {"GET /api/status", "GET /api/search?q=session", "POST /mcp", "GET /mcp", "DELETE /mcp"}) {
      const Answer answer = say(server, line + " HTTP/1.1\r\n" + host + authorization);
      EXPECT_EQ(answer.status, 401) << line << " " << authorization;
      EXPECT_TRUE(answer.header("www-authenticate").starts_with("Bearer"));
      EXPECT_EQ(answer.body.find("session.py"), std::string::npos);
    }
  }
  const Answer health = say(server, "GET /health HTTP/1.1\r\n" + host);
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, "ok\n");
}

TEST_F(Http, the_token_is_the_owners_alone_and_stays) {
  std::string path;
  std::string token;
  {
    Server server(scratch_.path(), root_);
    path = Json::parse(server.program().so_far().out)["token_file"];
    token = server.token();
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    EXPECT_EQ(token.size(), 64U);
    EXPECT_EQ(server.program().so_far().all().find(token), std::string::npos);
  }
  {
    const Server server(scratch_.path(), root_);
    EXPECT_EQ(server.token(), token);
  }
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  const Ran open =
      run_sonde(scratch_.path(), {"serve", "--listen", "127.0.0.1:0", "--root", root_});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_NE(open.err.find("chmod 600"), std::string::npos) << open.err;
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  write_file(path, "short\n");
  const Ran weak =
      run_sonde(scratch_.path(), {"serve", "--listen", "127.0.0.1:0", "--root", root_});
  EXPECT_EQ(weak.exit_code, 2);
  EXPECT_NE(weak.err.find("no token"), std::string::npos) << weak.err;
}

TEST_F(Http, pages_and_names_of_others_are_refused) {
  const Server server(scratch_.path(), root_, {"--allow-host", "sonde.example"});
  const std::string port = std::to_string(server.port());
  const std::string token = "Authorization: Bearer " + server.token() + "\r\n";
  const auto status = [&](const std::string& headers) {
    return say(server, "GET /api/status HTTP/1.1\r\n" + token + headers).status;
  };
  for (const std::string& host :
       {"127.0.0.1:" + port, "localhost:" + port, "LocalHost:" + port, "[::1]:" + port,
        std::string("sonde.example"), std::string("sonde.example:443")}) {
    EXPECT_EQ(status("Host: " + host + "\r\n"), 200) << host;
    const std::string scheme = host == "sonde.example" ? "https://" : "http://";
    EXPECT_EQ(status("Host: " + host + "\r\nOrigin: " + scheme + host + "\r\n"), 200) << host;
  }
  for (const std::string& host :
       {std::string("evil.example"), "evil.example:" + port, std::string("localhost"),
        "localhost:" + std::to_string(server.port() + 1), "127.0.0.1.evil.example:" + port,
        std::string("sonde.example.evil.example"), "user@localhost:" + port}) {
    EXPECT_EQ(status("Host: " + host + "\r\n"), 421) << host;
    EXPECT_EQ(status("Host: localhost:" + port + "\r\nOrigin: http://" + host + "\r\n"), 403)
        << host;
  }
  EXPECT_EQ(status(""), 400);
  EXPECT_EQ(status("Host: localhost:" + port + "\r\nHost: localhost:" + port + "\r\n"), 400);
  EXPECT_EQ(status("Host: localhost:" + port + "\r\nOrigin: null\r\n"), 403);
  EXPECT_EQ(status("Host: localhost:" + port + "\r\nOrigin: http://localhost:" + port +
                   "\r\nOrigin: http://evil.example\r\n"),
            403);
  // /health too: a page is to learn nothing, not even that somebody listens.
  EXPECT_EQ(say(server, "GET /health HTTP/1.1\r\nHost: evil.example\r\n").status, 421);
}

TEST_F(Http, other_addresses_than_loopback_need_a_decision) {
  const Ran ran = run_sonde(scratch_.path(), {"serve", "--listen", "0.0.0.0:0", "--root", root_});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.err.find("--token-file"), std::string::npos) << ran.err;
  for (const char* address :
       {"localhost", "127.0.0.1:99999", "example.org:80", ":8811", "::1:80"}) {
    EXPECT_EQ(run_sonde(scratch_.path(), {"serve", "--listen", address, "--root", root_}).exit_code,
              2)
        << address;
  }
  const Server server(scratch_.path(), root_);
  const Ran second = run_sonde(
      scratch_.path(),
      {"serve", "--listen", "127.0.0.1:" + std::to_string(server.port()), "--root", root_});
  EXPECT_EQ(second.exit_code, 4) << second.all();
  EXPECT_NE(second.err.find("another program listens"), std::string::npos) << second.err;
}

TEST_F(Http, methods_and_paths_that_are_not_there_are_named) {
  const Server server(scratch_.path(), root_);
  EXPECT_EQ(server.ask("GET", "/nowhere").status, 404);
  EXPECT_EQ(server.ask("GET", "/api/search/").status, 404);
  EXPECT_EQ(server.ask("GET", "/../etc/passwd").status, 404);
  EXPECT_EQ(server.ask("GET", "http://127.0.0.1/health").status, 404);
  const Answer wrong = server.ask("PUT", "/api/search");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "GET, HEAD, POST");
  EXPECT_EQ(server.ask("OPTIONS", "/mcp").status, 405);
  const Answer head = server.ask("HEAD", "/health");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "3");
}

TEST_F(Http, requests_behind_each_other_are_answered_in_order) {
  const Server server(scratch_.path(), root_);
  server.wait_until_ready();
  Wire wire(server.port());
  ASSERT_TRUE(wire.send(server.request("GET", "/health") + server.request("HEAD", "/health") +
                        server.request("POST", "/api/search", R"({"query": "refund"})") +
                        server.request("GET", "/nowhere") + server.request("GET", "/ready")));
  EXPECT_EQ(wire.answer().body, "ok\n");
  EXPECT_EQ(wire.answer(true).status, 200);
  EXPECT_EQ(wire.answer().json()["results"][0]["path"], "src/money.py");
  EXPECT_EQ(wire.answer().status, 404);
  EXPECT_EQ(wire.answer().body, "ready\n");
}

TEST_F(Http, bodies_and_headers_have_their_limits) {
  const Server server(scratch_.path(), root_);
  const std::string long_body = "{\"query\": \"" + std::string(100'000, 'x') + "\"}";
  const Answer declared = server.ask("POST", "/api/search", long_body);
  EXPECT_EQ(declared.status, 413);
  EXPECT_EQ(declared.header("connection"), "close");
  Wire chunked(server.port());
  std::string chunks;
  for (int i = 0; i < 10; ++i) {
    chunks += "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
  }
  chunked.send("POST /api/search HTTP/1.1\r\n" + server.good_headers() +
               "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
  EXPECT_EQ(chunked.answer().status, 413);
  EXPECT_EQ(server.ask("GET", "/health", "", "X-Long: " + std::string(20'000, 'x') + "\r\n").status,
            431);
  EXPECT_EQ(server.ask("GET", "/health?" + std::string(20'000, 'x')).status, 431);
  EXPECT_EQ(server.ask("GET", "/health", "a body").status, 413);
  // Who asks before sending is told before sending.
  Wire polite(server.port());
  const std::string body = R"({"query": "refund"})";
  ASSERT_TRUE(polite.send("POST /api/search HTTP/1.1\r\n" + server.good_headers() +
                          "Expect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) +
                          "\r\n\r\n"));
  EXPECT_EQ(polite.head().status, 100);
  ASSERT_TRUE(polite.send(body));
  EXPECT_EQ(polite.answer().status, 200);
}

TEST_F(Http, what_is_no_http_is_refused_and_others_are_served) {
  const Server server(scratch_.path(), root_);
  const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n",
        "GET /health HTTP/9.9\r\n" + host + "\r\n", "GET  /health HTTP/1.1\r\n" + host + "\r\n",
        "GET /health HTTP/1.1\r\n" + host + "No colon\r\n\r\n",
        "GET /health HTTP/1.1\r\n" + host + "A\x01 : b\r\n\r\n",
        "POST /mcp HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",
        "POST /mcp HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /mcp HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999999\r\n\r\n"}) {
    Wire wire(server.port());
    ASSERT_TRUE(wire.send(bytes));
    EXPECT_EQ(wire.answer().status, 400) << bytes;
  }
  Wire broken(server.port());
  ASSERT_TRUE(broken.send("POST /api/search HTTP/1.1\r\n" + server.good_headers() +
                          "Transfer-Encoding: chunked\r\n\r\nzz\r\n"));
  EXPECT_EQ(broken.answer().status, 400);
  EXPECT_EQ(server.ask("GET", "/health").status, 200);
}

TEST_F(Http, slow_clients_keep_nobody_waiting) {
  const Server server(scratch_.path(), root_);
  std::vector<std::unique_ptr<Wire>> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(std::make_unique<Wire>(server.port()));
    ASSERT_TRUE(slow.back()->send(
        i % 2 == 0 ? "GET /hea" : server.request("POST", "/api/search", "x").substr(0, 80)));
  }
  EXPECT_EQ(server.ask("GET", "/health").status, 200);
  EXPECT_TRUE(slow.front()->send("lth HTTP/1.1\r\n" + server.good_headers() + "\r\n"));
  EXPECT_EQ(slow.front()->answer().status, 200);
}

TEST_F(Http, more_connections_than_it_keeps_are_told_so) {
  const Server server(scratch_.path(), root_);
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 256; ++i) {
    wires.push_back(std::make_unique<Wire>(server.port()));
  }
  // The last one is taken in when an answer comes on it.
  ASSERT_TRUE(wires.back()->send(server.request("GET", "/health")));
  ASSERT_EQ(wires.back()->answer().status, 200);
  Wire further(server.port());
  EXPECT_EQ(further.answer().status, 503);
  wires.clear();
  const auto end = Clock::now() + kBound;
  while (server.ask("GET", "/health").status != 200) {
    ASSERT_LT(Clock::now(), end);
  }
}

TEST_F(Http, a_client_that_leaves_in_the_middle_harms_nobody) {
  const Server server(scratch_.path(), root_);
  server.wait_until_ready();
  for (int i = 0; i < 50; ++i) {
    Wire wire(server.port());
    const std::string whole = server.request("POST", "/api/search", R"({"query": "refund"})");
    ASSERT_TRUE(wire.send(i % 2 == 0 ? whole : whole.substr(0, whole.size() - 3)));
  }
  EXPECT_EQ(server.ask("GET", "/api/search?q=refund").json()["results"][0]["path"], "src/money.py");
}

// A server was killed under load because three OpenMP runtimes met in one process, and a search
// used 34 threads.
TEST_F(Http, thirty_four_threads_of_requests_meet_few_threads_and_no_foreign_runtime) {
  Corpus corpus(root_ + "/many", 11);
  corpus.add_files(story_size(60));
  Server server(scratch_.path(), root_, {"--threads", "2"});
  server.wait_until_ready();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  constexpr int kThreads = 34;
  constexpr int kRequests = 20;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Wire wire(server.port());
      for (int i = 0; i < kRequests; ++i) {
        const bool search = (t + i) % 3 != 0;
        wire.send(search ? server.request("GET", "/api/search?q=refund_invoice")
                         : server.request("GET", "/api/status"));
        const Answer answer = wire.answer();
        const Json json = answer.json();
        good += answer.status == 200 && (search ? json["results"][0]["path"] == "src/money.py"
                                                : json["roots"].size() == 1)
                    ? 1
                    : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(good, kThreads * kRequests);
  const std::string proc = "/proc/" + std::to_string(server.program().pid());
  const std::string maps = contents_of(proc + "/maps");
  ASSERT_FALSE(maps.empty());
  EXPECT_FALSE(std::regex_search(
      maps, std::regex("/lib(g?omp|iomp5|openblas|blas|mkl|tbb|onnxruntime|torch|faiss)[-_.0-9]")));
  const auto tasks = std::filesystem::directory_iterator(proc + "/task");
  EXPECT_LT(std::distance(begin(tasks), end(tasks)), 34);
}

TEST_F(Http, sigterm_lets_what_was_asked_be_answered) {
  Server server(scratch_.path(), root_);
  server.wait_until_ready();
  Wire idle(server.port());
  ASSERT_TRUE(idle.send(server.request("GET", "/health")));
  EXPECT_EQ(idle.answer().status, 200);
  Wire asking(server.port());
  const std::string body = R"({"query": "refund"})";
  const std::string whole = server.request("POST", "/api/search", body);
  ASSERT_TRUE(asking.send(whole.substr(0, whole.size() - 1)));
  // Answered when the server has taken the other one's bytes: they were sent before.
  ASSERT_EQ(server.ask("GET", "/health").status, 200);
  server.program().send(SIGTERM);
  EXPECT_TRUE(idle.closed());
  ASSERT_TRUE(asking.send("}"));
  const Answer answer = asking.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(asking.closed());
  EXPECT_EQ(server.program().wait().exit_code, 0);
}

}  // namespace
}  // namespace sonde::testing
