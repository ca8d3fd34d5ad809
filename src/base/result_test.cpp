#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace sonde {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) {
    return Error{Code::InvalidArgument, std::to_string(value) + " is odd"};
  }
  return value / 2;
}

Result<int> quarter(int value) {
  TRY_ASSIGN(const int once, half(value));
  TRY_ASSIGN(const int twice, half(once));
  return twice;
}

Status check_even(int value, int& reached) {
  TRY(half(value));
  ++reached;
  return {};
}

TEST(Result, try_passes_values_on_and_returns_errors_at_once) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  int reached = 0;
  EXPECT_TRUE(check_even(2, reached).ok());
  EXPECT_EQ(check_even(1, reached).error().code, Code::InvalidArgument);
  EXPECT_EQ(reached, 1);
}

TEST(Result, carries_values_that_only_move) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  const auto pass = [&]() -> Result<int> {
    TRY_ASSIGN(const std::unique_ptr<int> pointer, make());
    return *pointer;
  };
  EXPECT_EQ(pass().value(), 5);
}

TEST(Result, an_error_type_as_value_stays_a_value) {
  const Result<std::string> text(std::string("not an error"));
  EXPECT_TRUE(text.ok());
  EXPECT_EQ(text->size(), 12U);
}

TEST(Error, context_goes_before_the_message_and_keeps_the_code) {
  const Error error = Error{Code::Busy, "held"}.with_context("lease").with_context("open");
  EXPECT_EQ(error.message, "open: lease: held");
  EXPECT_EQ(error.code, Code::Busy);
}

TEST(Error, every_code_has_a_name_of_its_own) {
  std::string names;
  for (int code = 0; code <= static_cast<int>(Code::Internal); ++code) {
    const std::string name = code_name(static_cast<Code>(code));
    EXPECT_NE(name, "unknown");
    EXPECT_EQ(names.find("," + name + ","), std::string::npos);
    names += "," + name + ",";
  }
}

}  // namespace
}  // namespace sonde
