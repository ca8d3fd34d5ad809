#include "faces/http/router.h"

#include <algorithm>

namespace sonde::faces::http {

const Route* Router::route_of(const Request& request) const {
  const std::string_view sent = request.method;
  const std::string_view method = sent == "HEAD" ? "GET" : sent;
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) {
    return route.path == request.path() && route.method == method;
  });
  return found == routes_.end() ? nullptr : &*found;
}

Response Router::no_route(const Request& request) const {
  std::string methods;
  std::string paths;
  for (const Route& route : routes_) {
    if (route.path == request.path()) {
      methods +=
          (methods.empty() ? "" : ", ") + route.method + (route.method == "GET" ? ", HEAD" : "");
    }
    if (paths.find(route.path) == std::string::npos) {
      paths += (paths.empty() ? "" : ", ") + route.path;
    }
  }
  if (methods.empty()) {
    return error_response(404, {Code::NotFound, "there is no such path; there are " + paths});
  }
  Response response = error_response(
      405, {Code::InvalidArgument, "this path takes " + methods + ", no other method"});
  response.headers.push_back({"Allow", methods});
  return response;
}

Admission Router::admit(const Request& request) {
  const Route* const route = route_of(request);
  Admission admission;
  admission.refusal = refusal_of(request, route == nullptr ? Door::Open : route->door, rules_);
  if (!admission.refusal && route == nullptr) {
    admission.refusal = no_route(request);
  }
  admission.body_limit_bytes = route == nullptr ? 0 : route->body_limit_bytes;
  return admission;
}

void Router::handle(std::shared_ptr<Exchange> exchange) {
  const Route* const route = route_of(exchange->request());
  if (route != nullptr) {
    route->serve(std::move(exchange));
  }
}

}  // namespace sonde::faces::http
