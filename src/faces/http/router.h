#pragma once
// Which path is served by whom, and what is asked of a request before it gets there.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "faces/http/access.h"
#include "faces/http/exchange.h"

namespace sonde::faces::http {

struct Route {
  std::string method;  // GET serves HEAD too
  std::string path;
  Door door = Door::Token;
  std::size_t body_limit_bytes = 0;
  std::function<void(std::shared_ptr<Exchange>)> serve;
};

class Router final : public Handler {
 public:
  Router(std::vector<Route> routes, AccessRules rules)
      : routes_(std::move(routes)), rules_(std::move(rules)) {}

  Admission admit(const Request& request) override;
  void handle(std::shared_ptr<Exchange> exchange) override;

 private:
  [[nodiscard]] const Route* route_of(const Request& request) const;
  [[nodiscard]] Response no_route(const Request& request) const;

  const std::vector<Route> routes_;
  const AccessRules rules_;
};

}  // namespace sonde::faces::http
