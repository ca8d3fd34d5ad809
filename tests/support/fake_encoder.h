#pragma once
// The bag of words of the self-test, by the name that tests know it by.

#include "selftest/bag_encoder.h"

namespace sonde::testing {

using FakeEncoder = selftest::BagEncoder;

}  // namespace sonde::testing
