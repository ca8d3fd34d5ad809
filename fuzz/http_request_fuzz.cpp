// Any bytes on a connection are a request or an error; without the token none is let in, and what
// is read out of one is valid or refused with a reason.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/utf8.h"
#include "faces/http/access.h"
#include "faces/http/address.h"
#include "faces/http/mcp_headers.h"
#include "faces/http/parsed_request.h"
#include "faces/http/search_arguments.h"
#include "faces/http/target.h"

namespace {

using namespace sonde::faces::http;

constexpr std::uint64_t kBodyLimit = 4'096;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void use(const Request& request, const AccessRules& rules) {
  const auto refusal = refusal_of(request, Door::Token, rules);
  require(refusal.has_value() && refusal->status >= 400 && !refusal->body.empty());
  const std::string head = head_of(*refusal, Body::Shown, Connection::Closed);
  require(head.ends_with("\r\n\r\n") && head.find("\r\n\r\n") == head.size() - 4);
  const auto parameters = query_parameters(request.target);
  if (parameters.ok()) {
    for (const auto& [name, value] : *parameters) {
      require(sonde::is_valid_utf8(name) && sonde::is_valid_utf8(value));
    }
  }
  const auto object = parameters_of(request);
  if (object.ok()) {
    const auto search = read_search(*object);
    require(search.ok() ? !search->request.query.empty() : !search.error().message.empty());
  }
  const auto messages = sonde::faces::mcp::parse_messages(request.body);
  if (const auto refused = refusal_of_headers(request, messages)) {
    require(refused->status == 400);
  }
  (void)parse_address(request.target);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace http = boost::beast::http;
  static const AccessRules rules{std::string(64, 'k'), own_hosts("127.0.0.1", 8811, {"box"})};
  http::request_parser<http::string_body> parser;
  parser.eager(true);
  parser.body_limit(kBodyLimit);
  boost::system::error_code error;
  std::size_t at = 0;
  while (at < size && !error && !parser.is_done()) {
    const std::size_t used = parser.put(boost::asio::buffer(data + at, size - at), error);
    if (used == 0) {
      break;
    }
    at += used;
  }
  if (!parser.is_header_done()) {
    return 0;
  }
  Request request = parsed_request(parser.get());
  request.body = parser.get().body();
  use(request, rules);
  return 0;
}
