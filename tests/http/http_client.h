#pragma once
// `sonde serve` as a child, and clients that can say anything to it, also what no library would.

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {

using Json = nlohmann::json;

/// Nothing here waits longer.
inline constexpr std::chrono::seconds kBound{120};

struct Answer {
  int status = 0;                              // 0: the connection ended without one
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  [[nodiscard]] Json json() const { return Json::parse(body, nullptr, false); }
  [[nodiscard]] std::string header(const std::string& name) const;
};

/// A connection. Owned by one thread.
class Wire {
 public:
  explicit Wire(int port);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool send(std::string_view bytes) const;
  /// A whole answer. @param head  of HEAD: no body follows
  Answer answer(bool head = false);
  /// An answer's headers; what follows is read by event().
  Answer head();
  /// The data of the next event of a stream; null at the stream's end.
  Json event();
  /// True when the server has closed the connection.
  bool closed();
  void close();

 private:
  bool read_more();
  bool read_until(std::string_view end);
  std::string take(std::size_t count);
  /// The next piece of a chunked body; "" at its end.
  std::string chunk();

  int socket_ = -1;
  std::string buffer_;
  std::string events_;
};

/// A running server of the folder `root`.
class Server {
 public:
  explicit Server(const std::string& scratch, const std::string& root,
                  std::vector<std::string> words = {});

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::string& token() const { return token_; }
  [[nodiscard]] Running& program() { return program_; }
  /// The headers that every good request has.
  [[nodiscard]] std::string good_headers() const;
  [[nodiscard]] std::string request(const std::string& method, const std::string& target,
                                    const std::string& body = "",
                                    const std::string& more_headers = "") const;
  /// On a connection of its own.
  Answer ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& more_headers = "") const;
  /// Waits until everything is read in.
  void wait_until_ready() const;

 private:
  Running program_;
  int port_ = 0;
  std::string token_;
};

}  // namespace sonde::testing
