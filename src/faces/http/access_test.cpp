#include "faces/http/access.h"

#include <gtest/gtest.h>

namespace sonde::faces::http {
namespace {

int status_of(std::vector<Header> headers, const AccessRules& rules, Door door = Door::Token) {
  Request request;
  request.headers = std::move(headers);
  const auto refusal = refusal_of(request, door, rules);
  return refusal ? refusal->status : 200;
}

TEST(Access, an_address_that_is_listened_on_is_a_name_but_any_address_is_none) {
  const AccessRules one{"t", own_hosts("192.0.2.7", 80, {})};
  EXPECT_EQ(status_of({{"Host", "192.0.2.7:80"}}, one, Door::Open), 200);
  EXPECT_EQ(status_of({{"Host", "192.0.2.7"}}, one, Door::Open), 200);  // 80 goes without saying
  EXPECT_EQ(status_of({{"Host", "192.0.2.7:81"}}, one, Door::Open), 421);
  const AccessRules six{"t", own_hosts("2001:db8::7", 8811, {"Box.Example:443", "box"})};
  EXPECT_EQ(status_of({{"Host", "[2001:db8::7]:8811"}}, six, Door::Open), 200);
  EXPECT_EQ(status_of({{"Host", "box.example:443"}}, six, Door::Open), 200);
  EXPECT_EQ(status_of({{"Host", "box.example"}}, six, Door::Open), 421);
  EXPECT_EQ(status_of({{"Host", "box:7"}, {"Origin", "https://box"}}, six, Door::Open), 200);
  const AccessRules any{"t", own_hosts("0.0.0.0", 8811, {})};
  EXPECT_EQ(status_of({{"Host", "0.0.0.0:8811"}}, any, Door::Open), 421);
  EXPECT_EQ(status_of({{"Host", "localhost:8811"}, {"Origin", "https://localhost:8811"}}, any,
                      Door::Open),
            200);
  EXPECT_EQ(
      status_of({{"Host", "localhost:8811"}, {"Origin", "file://localhost:8811"}}, any, Door::Open),
      403);
}

TEST(Access, only_the_whole_token_opens) {
  const AccessRules rules{"secret", {"box"}};
  EXPECT_EQ(status_of({{"host", "box"}, {"authorization", "bearer  secret "}}, rules), 200);
  for (const char* value : {"", "Bearer", "Bearer ", "Bearer secre", "Bearer secretx", "secret"}) {
    EXPECT_EQ(status_of({{"host", "box"}, {"authorization", value}}, rules), 401) << value;
  }
}

}  // namespace
}  // namespace sonde::faces::http
