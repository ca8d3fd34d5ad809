#include "faces/http/message.h"

#include <fmt/format.h>

#include <algorithm>

#include "faces/json/objects.h"

namespace sonde::faces::http {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

const char* reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

int status_of(Code code) {
  switch (code) {
    case Code::NotFound: return 404;
    case Code::InvalidArgument: return 400;
    case Code::Limit: return 413;
    case Code::Busy:
    case Code::Cancelled: return 503;
    case Code::Unsupported: return 501;
    case Code::Corruption:
    case Code::Io:
    case Code::NoSpace:
    case Code::Internal: break;
  }
  return 500;
}

void add_headers(std::string& text, const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    text += header.name + ": " + header.value + "\r\n";
  }
  // An answer is about one moment, and is never to be read as a page.
  text += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
}

}  // namespace

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (same_letters(header.name, name)) {
      return header.value;
    }
  }
  return {};
}

std::size_t Request::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [&](const Header& header) { return same_letters(header.name, name); }));
}

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

bool Request::accepts(std::string_view type) const {
  for (const Header& header : headers) {
    std::string_view rest = header.value;
    if (!same_letters(header.name, "accept")) {
      continue;
    }
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view part = rest.substr(0, comma);
      const std::string_view name = trimmed(part.substr(0, part.find(';')));
      if (same_letters(name, type) || name == "*/*" ||
          (name.ends_with("/*") &&
           same_letters(name.substr(0, name.size() - 1), type.substr(0, name.size() - 1)))) {
        return true;
      }
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

std::string head_of(const Response& response, Body body, Connection connection) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  if (!response.body.empty() || body == Body::LeftOut) {
    text += "Content-Type: " + response.content_type + "\r\n";
  }
  if (response.status != 204) {
    text += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  text += connection == Connection::Closed ? "Connection: close\r\n" : "";
  add_headers(text, response.headers);
  return text + "\r\n";
}

std::string stream_head(const std::vector<Header>& headers) {
  std::string text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
      "X-Accel-Buffering: no\r\n";
  add_headers(text, headers);
  return text + "\r\n";
}

Response error_response(int status, const Error& error) {
  Response response;
  response.status = status;
  response.body = json::http_error_object(error, status).text(json::Layout::OneLine);
  if (status == 503) {
    response.headers.push_back({"Retry-After", "1"});
  }
  return response;
}

Response error_response(const Error& error) { return error_response(status_of(error.code), error); }

}  // namespace sonde::faces::http
