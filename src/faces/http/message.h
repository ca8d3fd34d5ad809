#pragma once
// What is asked and what is answered, without the sockets.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::faces::http {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;  // "GET", as it was sent
  std::string target;  // as it was sent
  int version = 11;    // 10: HTTP/1.0
  std::vector<Header> headers;
  std::string body;

  /// The value of the first header of that name; "" when there is none. @param name  in any case
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// How many headers have that name.
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// The target without its query.
  [[nodiscard]] std::string_view path() const;
  /// Whether the header `accept` names this type, or anything.
  [[nodiscard]] bool accepts(std::string_view type) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<Header> headers = {};
};

enum class Body { Shown, LeftOut };      // LeftOut: the answer to HEAD
enum class Connection { Kept, Closed };  // what is said of it
/// The bytes before the body.
std::string head_of(const Response& response, Body body, Connection connection);
/// The bytes before the events of a stream.
std::string stream_head(const std::vector<Header>& headers);

/// "sonde.error/1" with what went wrong and what to do next.
Response error_response(int status, const Error& error);
/// The same, with the status that fits the error.
Response error_response(const Error& error);

bool same_letters(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);
std::string_view trimmed(std::string_view text);

}  // namespace sonde::faces::http
