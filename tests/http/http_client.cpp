#include "http/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <thread>

namespace sonde::testing {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{10};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<std::string> with_defaults(std::vector<std::string> words, const std::string& root) {
  words.insert(words.begin(), {"serve", "--listen", "127.0.0.1:0", "--json", "--root", root});
  return words;
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Wire::Wire(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

Wire::~Wire() { close(); }

void Wire::close() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
  }
}

bool Wire::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Wire::read_more() {
  pollfd entry{socket_, POLLIN, 0};
  const int bound_ms = static_cast<int>(std::chrono::milliseconds(kBound).count());
  if (::poll(&entry, 1, bound_ms) != 1) {
    return false;
  }
  std::array<char, 65536> bytes{};
  const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (count <= 0) {
    return false;
  }
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool Wire::read_until(std::string_view end) {
  while (buffer_.find(end) == std::string::npos) {
    if (!read_more()) {
      return false;
    }
  }
  return true;
}

std::string Wire::take(std::size_t count) {
  while (buffer_.size() < count && read_more()) {
  }
  const std::string taken = buffer_.substr(0, count);
  buffer_.erase(0, taken.size());
  return taken;
}

std::string Wire::chunk() {
  if (!read_until("\r\n")) {
    return "";
  }
  const std::size_t line = buffer_.find("\r\n");
  const std::size_t size = std::stoul(take(line), nullptr, 16);
  take(2);
  const std::string data = take(size);
  take(2);
  return data;
}

Answer Wire::head() {
  Answer answer;
  if (!read_until("\r\n\r\n")) {
    return answer;
  }
  const std::string head = take(buffer_.find("\r\n\r\n") + 4);
  answer.status = std::stoi(head.substr(9, 3));
  std::size_t at = head.find("\r\n") + 2;
  while (at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    answer.headers[lower(head.substr(at, colon - at))] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  return answer;
}

Answer Wire::answer(bool head_only) {
  Answer answer = head();
  const std::string length = answer.header("content-length");
  if (answer.status == 0 || head_only) {
    return answer;
  }
  if (answer.header("transfer-encoding") == "chunked") {
    for (std::string data = chunk(); !data.empty(); data = chunk()) {
      answer.body += data;
    }
  } else if (!length.empty()) {
    answer.body = take(std::stoul(length));
  }
  return answer;
}

Json Wire::event() {
  for (;;) {
    const std::size_t end = events_.find("\n\n");
    if (end != std::string::npos) {
      const std::string text = events_.substr(0, end);
      events_.erase(0, end + 2);
      const std::size_t data = text.find("data: ");
      if (data != std::string::npos) {
        return Json::parse(text.substr(data + 6), nullptr, false);
      }
      continue;  // a sign of life
    }
    const std::string more = chunk();
    if (more.empty()) {
      return nullptr;
    }
    events_ += more;
  }
}

bool Wire::closed() {
  buffer_.clear();
  while (read_more()) {
    buffer_.clear();
  }
  char byte = 0;
  return ::recv(socket_, &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN;
}

Server::Server(const std::string& scratch, const std::string& root, std::vector<std::string> words)
    : program_(scratch, with_defaults(std::move(words), root)) {
  const auto end = Clock::now() + kBound;
  while (Clock::now() < end && !program_.ended()) {
    const std::string out = program_.so_far().out;
    if (out.ends_with('\n')) {
      const Json started = Json::parse(out);
      const auto url = started["url"].get<std::string>();
      port_ = std::stoi(url.substr(url.rfind(':') + 1));
      std::ifstream file(started["token_file"].get<std::string>());
      std::getline(file, token_);
      return;
    }
    std::this_thread::sleep_for(kLook);
  }
  ADD_FAILURE() << "did not start: " << program_.so_far().all();
}

std::string Server::good_headers() const {
  return "Host: 127.0.0.1:" + std::to_string(port_) + "\r\nAuthorization: Bearer " + token_ +
         "\r\n";
}

std::string Server::request(const std::string& method, const std::string& target,
                            const std::string& body, const std::string& more_headers) const {
  const std::string length =
      body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return method + " " + target + " HTTP/1.1\r\n" + good_headers() + more_headers + length + "\r\n" +
         body;
}

Answer Server::ask(const std::string& method, const std::string& target, const std::string& body,
                   const std::string& more_headers) const {
  Wire wire(port_);
  EXPECT_TRUE(wire.send(request(method, target, body, more_headers)));
  return wire.answer(method == "HEAD");
}

void Server::wait_until_ready() const {
  const auto end = Clock::now() + kBound;
  while (ask("GET", "/ready").status != 200) {
    ASSERT_LT(Clock::now(), end) << "never ready";
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace sonde::testing
