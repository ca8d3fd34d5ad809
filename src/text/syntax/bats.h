#pragma once
// Bats, the testing system for Bash, adds one form that its grammar does not know: @test "name" {

#include <string>
#include <string_view>

namespace sonde::text {

/// `script` with every `@test "some name" {` written as a function of the same length, so that
/// places in the tree are places in the script. Empty when there is none. Cost: one pass.
std::string bats_tests_as_functions(std::string_view script);

}  // namespace sonde::text
