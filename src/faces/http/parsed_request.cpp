#include "faces/http/parsed_request.h"

namespace sonde::faces::http {

Request parsed_request(const boost::beast::http::request_header<>& header) {
  Request request;
  request.method = std::string(header.method_string());
  request.target = std::string(header.target());
  request.version = static_cast<int>(header.version());
  for (const auto& field : header) {
    request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  return request;
}

}  // namespace sonde::faces::http
