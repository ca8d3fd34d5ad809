#pragma once
// HTTP requests, by libcurl. The library is loaded with the first client: linking it would cost
// every start of the program 10 ms (33 libraries).
//
//   TRY_ASSIGN(auto http, io::open_http_client());
//   TRY_ASSIGN(auto answer, http->perform({.url = "https://example.org/x"}, cancel));

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"

namespace sonde::io {

enum class HttpMethod { Get, Head, Post };

struct HttpResponse {
  int status = 0;
  /// Names in lower case, of all answers on the way to the last; the first to say something counts,
  /// apart from those about the body ("content-*").
  std::map<std::string, std::string> headers;
  std::string body;  // what the sink did not take
};

struct HttpRequest {
  using Sink = std::function<Status(const HttpResponse& so_far, std::string_view bytes)>;

  std::string url = {};
  HttpMethod method = HttpMethod::Get;
  std::vector<std::string> headers = {};      // "Name: value"
  std::string body = {};                      // of a Post
  int redirects = 0;                          // that may be followed; never from https to http
  std::uint64_t limit_bytes = 64ULL << 20;    // of HttpResponse::body
  std::chrono::milliseconds connect{10'000};  // timeout for the connection
  std::chrono::milliseconds stall{30'000};    // without a byte; whole seconds count
  std::chrono::milliseconds whole{0};         // for everything; 0: none
  Sink sink = {};                             // takes the body of an answer with status 2xx
};

/// Threads: safe; connections are kept and used again.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// An answer of any status is an answer. Messages never hold headers or bodies that were sent.
  /// Errors: InvalidArgument (the URL), Io (no name, no connection, cut, too slow), Limit,
  /// Cancelled, and those of the sink.
  virtual Result<HttpResponse> perform(const HttpRequest& request, const CancelToken& cancel) = 0;
};

/// Errors: Unsupported (libcurl is not installed).
Result<std::shared_ptr<HttpClient>> open_http_client();

/// The parts of an http or https URL that matter for trust. Errors: InvalidArgument.
struct UrlParts {
  bool secure = false;    // https
  bool loopback = false;  // to this machine: localhost, 127.x.x.x or [::1]
};
Result<UrlParts> url_parts(std::string_view url);

}  // namespace sonde::io
