#include "faces/http/message.h"

#include <gtest/gtest.h>

#include "faces/http/target.h"

namespace sonde::faces::http {
namespace {

TEST(Target, parameters_are_decoded_in_their_order) {
  const auto parameters = query_parameters("/p?a=1&b=x+y%20z&&a=%C3%A4&flag&c=d=e");
  ASSERT_TRUE(parameters.ok());
  const Parameters expected = {
      {"a", "1"}, {"b", "x y z"}, {"a", "\xc3\xa4"}, {"flag", ""}, {"c", "d=e"}};
  EXPECT_EQ(*parameters, expected);
  EXPECT_TRUE(query_parameters("/p")->empty());
  EXPECT_TRUE(query_parameters("/p?")->empty());
}

TEST(Target, what_cannot_be_decoded_is_refused) {
  for (const char* target : {"/?a=%", "/?a=%4", "/?a=%zz", "/?a=%00", "/?a=%ff", "/?%c3=1"}) {
    const auto parameters = query_parameters(target);
    ASSERT_FALSE(parameters.ok()) << target;
    EXPECT_EQ(parameters.error().code, Code::InvalidArgument) << target;
  }
  std::string many = "/?";
  for (std::size_t i = 0; i <= kParameterLimit; ++i) {
    many += "a&";
  }
  EXPECT_EQ(query_parameters(many).error().code, Code::Limit);
  EXPECT_EQ(query_parameters("/?" + std::string(kTargetLimitBytes, 'a')).error().code, Code::Limit);
}

TEST(Message, accept_names_types_and_their_families) {
  Request request;
  EXPECT_FALSE(request.accepts("text/event-stream"));
  request.headers = {{"Accept", "application/json;q=0.9, Text/Event-Stream"}};
  EXPECT_TRUE(request.accepts("text/event-stream"));
  EXPECT_TRUE(request.accepts("application/json"));
  EXPECT_FALSE(request.accepts("text/html"));
  request.headers = {{"accept", "image/png"}, {"ACCEPT", "text/*"}};
  EXPECT_TRUE(request.accepts("text/event-stream"));
  request.headers = {{"accept", "*/*"}};
  EXPECT_TRUE(request.accepts("text/event-stream"));
}

}  // namespace
}  // namespace sonde::faces::http
