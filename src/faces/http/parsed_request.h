#pragma once
// A request out of Beast's parser.

#include <boost/beast/http/message.hpp>

#include "faces/http/message.h"

namespace sonde::faces::http {

/// The request without its body.
Request parsed_request(const boost::beast::http::request_header<>& header);

}  // namespace sonde::faces::http
