// Every set of int8 kernels against the serial one, and that against what it stands for.

#include "kernel/int8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace sonde::kernel {
namespace {

constexpr float kUntouched = 12345.5F;

std::vector<Int8Set> sets_here() {
  std::vector<Int8Set> sets;
  for (const Int8Set set : {Int8Set::Serial, Int8Set::Avx2, Int8Set::Avx512Vnni}) {
    if (is_available(set)) {
      sets.push_back(set);
    }
  }
  return sets;
}

std::vector<float> randoms(std::size_t count, unsigned seed, float scale = 1.0F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.1F, scale);
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

const Int8Kernels& serial() { return int8_kernels_for(Int8Set::Serial); }

/// Rows with the bytes that they are a view of.
struct Rows {
  Rows(std::size_t rows, std::size_t width)
      : values(rows * int8_row_bytes(width), 0xAB), scales(rows), zeros(rows) {
    view = {values.data(), int8_row_bytes(width), scales.data(), zeros.data()};
  }
  Rows(const Int8Kernels& kernels, const std::vector<float>& x, std::size_t width)
      : Rows(x.size() / width, width) {
    kernels.quantise(x.data(), x.size() / width, width, view);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  std::vector<std::uint8_t> values;
  std::vector<float> scales;
  std::vector<float> zeros;
  Int8Rows view;
};

struct Product {
  std::size_t rows = 0;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  Epilogue epilogue = Epilogue::None;
};

/// The product with rows further apart than they are long.
std::vector<float> multiply(const Int8Kernels& kernels, const Product& product,
                            const std::vector<float>& x, const std::vector<float>& weights,
                            const std::vector<float>& bias) {
  const Rows rows(serial(), x, product.inputs);
  std::vector<float> packed(packed_int8_floats(product.outputs, product.inputs), kUntouched);
  const PackedInt8 matrix =
      pack_int8(weights.data(), bias.data(), product.outputs, product.inputs, packed.data());
  const std::size_t stride = product.outputs + 5;
  std::vector<float> out(1 + product.rows * stride, kUntouched);
  for (std::size_t row = 0; row < product.rows; ++row) {
    for (std::size_t n = 0; n < product.outputs; ++n) {
      out[1 + row * stride + n] = static_cast<float>(n % 7) - 3.0F;  // what AddResidual adds to
    }
  }
  kernels.matmul(rows.view, product.rows, matrix, out.data() + 1, stride, product.epilogue);
  std::vector<float> dense;
  EXPECT_EQ(out[0], kUntouched);
  for (std::size_t row = 0; row < product.rows; ++row) {
    const auto begin = out.begin() + static_cast<std::ptrdiff_t>(1 + row * stride);
    const auto end = begin + static_cast<std::ptrdiff_t>(product.outputs);
    dense.insert(dense.end(), begin, end);
    EXPECT_TRUE(std::all_of(end, end + 5, [](float value) { return value == kUntouched; }))
        << "written behind row " << row;
  }
  return dense;
}

void expect_as_serial(const Product& product) {
  const std::vector<float> x = randoms(product.rows * product.inputs, 1);
  const std::vector<float> weights = randoms(product.outputs * product.inputs, 2);
  const std::vector<float> bias = randoms(product.outputs, 3);
  const std::vector<float> wanted = multiply(serial(), product, x, weights, bias);
  for (const Int8Set set : sets_here()) {
    const std::vector<float> got = multiply(int8_kernels_for(set), product, x, weights, bias);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(got[i], wanted[i])
          << name_of(set) << " rows " << product.rows << " inputs " << product.inputs << " outputs "
          << product.outputs << " at " << i;
    }
  }
}

TEST(Int8, the_set_that_goes_with_each_instruction_set_is_available) {
  for (const InstructionSet set :
       {InstructionSet::Serial, InstructionSet::Avx2, InstructionSet::Avx512}) {
    if (is_available(set)) {
      EXPECT_TRUE(is_available(int8_set_of(set))) << name_of(set);
    }
  }
  EXPECT_EQ(int8_set_of(InstructionSet::Serial), Int8Set::Serial);
  EXPECT_FALSE(has_fast_int8(InstructionSet::Serial));
  for (const Int8Set set : sets_here()) {
    EXPECT_EQ(int8_kernels_for(set).set, set) << name_of(set);
  }
}

TEST(Int8, products_of_1_to_40_rows_are_the_serial_ones_bit_for_bit) {
  for (std::size_t rows = 1; rows <= 40; ++rows) {
    expect_as_serial({rows, 64, 96, Epilogue::None});
    expect_as_serial({rows, 64, 96, Epilogue::AddResidual});
    expect_as_serial({rows, 64, 96, Epilogue::Gelu});
  }
}

TEST(Int8, products_of_every_odd_width_are_the_serial_ones_bit_for_bit) {
  for (std::size_t width = 1; width <= 70; ++width) {
    expect_as_serial({5, width, 33, Epilogue::None});
    expect_as_serial({13, 7, width, Epilogue::AddResidual});
    expect_as_serial({3, 9, width, Epilogue::Gelu});
  }
}

TEST(Int8, the_greatest_sums_that_bytes_can_have_are_exact) {
  constexpr std::size_t kInputs = 16'384;
  for (const float sign : {1.0F, -1.0F}) {
    std::vector<float> x(kInputs, 1.0F);  // all bytes 255
    const std::vector<float> weights(kInputs, sign * 2.0F);
    for (const Int8Set set : sets_here()) {
      const std::vector<float> got =
          multiply(int8_kernels_for(set), {1, kInputs, 1, Epilogue::None}, x, weights, {0.0F});
      EXPECT_NEAR(got[0], sign * 2.0F * kInputs, 1.0F) << name_of(set);
    }
  }
}

TEST(Int8, a_product_is_near_that_of_the_numbers_it_stands_for) {
  constexpr std::size_t kInputs = 384;
  constexpr std::size_t kOutputs = 40;
  const std::vector<float> x = randoms(3 * kInputs, 4);
  const std::vector<float> weights = randoms(kOutputs * kInputs, 5);
  const std::vector<float> bias = randoms(kOutputs, 6);
  for (const Int8Set set : sets_here()) {
    const std::vector<float> got =
        multiply(int8_kernels_for(set), {3, kInputs, kOutputs}, x, weights, bias);
    for (std::size_t i = 0; i < got.size(); ++i) {
      double wanted = bias[i % kOutputs];
      for (std::size_t k = 0; k < kInputs; ++k) {
        wanted += static_cast<double>(x[i / kOutputs * kInputs + k]) *
                  static_cast<double>(weights[i % kOutputs * kInputs + k]);
      }
      // A step is 1/40 of a deviation on either side; their errors add up as a random walk does.
      EXPECT_NEAR(static_cast<double>(got[i]), wanted, 1.0) << name_of(set) << " at " << i;
    }
  }
}

TEST(Int8, gelu_is_right_within_a_five_thousandth) {
  // Two inputs: one is the number, the other keeps the row's scale at whole steps.
  std::vector<float> x;
  for (int i = -255; i <= 255; ++i) {
    x.push_back(static_cast<float>(i));
  }
  const std::vector<float> packed_weights = {0.03F};
  for (const Int8Set set : sets_here()) {
    const std::vector<float> got = multiply(int8_kernels_for(set), {x.size(), 1, 1, Epilogue::Gelu},
                                            x, packed_weights, {0.0F});
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double value = 0.03 * static_cast<double>(x[i]);
      const double wanted = 0.5 * value * (1.0 + std::erf(value / std::sqrt(2.0)));
      EXPECT_NEAR(static_cast<double>(got[i]), wanted, 2e-4) << name_of(set) << " " << value;
    }
  }
}

TEST(Int8, a_row_is_bit_equal_wherever_it_stands) {
  constexpr std::size_t kRows = 29;
  constexpr std::size_t kInputs = 50;
  constexpr std::size_t kOutputs = 70;
  const std::vector<float> x = randoms(kRows * kInputs, 7);
  const std::vector<float> weights = randoms(kOutputs * kInputs, 8);
  const std::vector<float> bias = randoms(kOutputs, 9);
  for (const Int8Set set : sets_here()) {
    const Int8Kernels& kernels = int8_kernels_for(set);
    const std::vector<float> all = multiply(kernels, {kRows, kInputs, kOutputs}, x, weights, bias);
    for (std::size_t row = 0; row < kRows; ++row) {
      const auto begin = x.begin() + static_cast<std::ptrdiff_t>(row * kInputs);
      const std::vector<float> alone =
          multiply(kernels, {1, kInputs, kOutputs}, {begin, begin + kInputs}, weights, bias);
      ASSERT_TRUE(std::equal(alone.begin(), alone.end(), &all[row * kOutputs]))
          << name_of(set) << " row " << row;
    }
  }
}

TEST(Int8, quantised_rows_are_the_serial_ones_and_within_half_a_step_of_the_numbers) {
  for (std::size_t width = 1; width <= 70; ++width) {
    std::vector<float> x = randoms(4 * width, 10, 3.0F);
    std::fill_n(x.begin(), width, 0.0F);  // nothing to scale
    std::transform(x.end() - static_cast<std::ptrdiff_t>(width), x.end(),
                   x.end() - static_cast<std::ptrdiff_t>(width),
                   [](float value) { return std::fabs(value); });  // one side of 0 alone
    const Rows wanted(serial(), x, width);
    for (const Int8Set set : sets_here()) {
      const Rows got(int8_kernels_for(set), x, width);
      ASSERT_EQ(got.values, wanted.values) << name_of(set) << " width " << width;
      ASSERT_EQ(got.scales, wanted.scales) << name_of(set) << " width " << width;
      ASSERT_EQ(got.zeros, wanted.zeros) << name_of(set) << " width " << width;
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t row = i / width;
      const float value =
          wanted.scales[row] *
          (static_cast<float>(wanted.values[row * int8_row_bytes(width) + i % width]) -
           wanted.zeros[row]);
      ASSERT_NEAR(value, x[i], 1.001F * wanted.scales[row]) << "width " << width << " at " << i;
    }
  }
}

TEST(Int8, layer_norm_is_near_the_exact_one_and_its_bytes_are_of_what_it_wrote) {
  for (std::size_t width = 2; width <= 70; ++width) {
    const std::vector<float> x = randoms(3 * width, 13, 4.0F);
    const std::vector<float> gamma = randoms(width, 14);
    const std::vector<float> beta = randoms(width, 15);
    std::vector<float> wanted = x;
    kernels_for(InstructionSet::Serial)
        .layer_norm(wanted.data(), 3, width, gamma.data(), beta.data(), 1e-5F);
    for (const Int8Set set : sets_here()) {
      const Int8Kernels& kernels = int8_kernels_for(set);
      std::vector<float> got = x;
      const Rows bytes(3, width);
      kernels.normalise(got.data(), 3, width, gamma.data(), beta.data(), 1e-5F, bytes.view);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_NEAR(got[i], wanted[i], 2e-5F) << name_of(set) << " width " << width;
      }
      const Rows again(kernels, got, width);
      ASSERT_EQ(bytes.values, again.values) << name_of(set) << " width " << width;
      ASSERT_EQ(bytes.scales, again.scales) << name_of(set) << " width " << width;
    }
  }
}

TEST(Int8, what_packing_fills_up_is_zero_and_an_output_without_weights_is_its_bias) {
  const std::vector<float> weights = {0, 0, 0, 1, -2, 0.5F};
  const std::vector<float> bias = {7, 8};
  std::vector<float> packed(packed_int8_floats(2, 3), kUntouched);
  const PackedInt8 matrix = pack_int8(weights.data(), bias.data(), 2, 3, packed.data());
  EXPECT_EQ(matrix.weights[4], 64);
  EXPECT_EQ(matrix.weights[5], -127);
  EXPECT_EQ(matrix.weights[6], 32);
  EXPECT_EQ(std::count(matrix.weights, matrix.weights + matrix.panel_bytes(), 0),
            static_cast<std::ptrdiff_t>(matrix.panel_bytes() - 3));
  EXPECT_EQ(matrix.sums[1], 64 - 127 + 32);
  EXPECT_EQ(std::count(packed.begin(), packed.end(), kUntouched), 0);
  for (const Int8Set set : sets_here()) {
    const std::vector<float> got =
        multiply(int8_kernels_for(set), {1, 3, 2}, {1, 2, 3}, weights, bias);
    EXPECT_EQ(got[0], 7.0F) << name_of(set);
  }
}

TEST(Int8, weights_that_are_no_numbers_stay_so_in_the_product) {
  for (const float bad : {NAN, INFINITY}) {
    for (const Int8Set set : sets_here()) {
      const std::vector<float> got =
          multiply(int8_kernels_for(set), {1, 3, 2}, {1, 2, 3}, {1, bad, 3, 4, 5, 6}, {0, 0});
      EXPECT_FALSE(std::isfinite(got[0])) << name_of(set);
      EXPECT_TRUE(std::isfinite(got[1])) << name_of(set);
    }
  }
}

std::vector<float> attend(const Int8Kernels& kernels, const std::vector<float>& qkv,
                          std::size_t length, std::size_t heads, std::size_t head_width) {
  const std::size_t bytes = int8_attention_scratch(length, head_width);
  std::vector<std::byte> scratch(bytes + 64, std::byte{0x5A});
  const auto address = reinterpret_cast<std::uintptr_t>(scratch.data());
  std::byte* const begin = scratch.data() + (64 - address % 64) % 64;
  std::vector<float> out(length * heads * head_width + 1, kUntouched);
  const std::size_t width = heads * head_width;
  // Each head's query, key and value side by side, in rows that are longer.
  const std::size_t stride = 3 * head_width + 5;
  std::vector<float> of_head(length * stride, kUntouched);
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t i = 0; i < length * 3; ++i) {
      std::copy_n(&qkv[i * width + head * head_width], head_width,
                  &of_head[i / 3 * stride + i % 3 * head_width]);
    }
    kernels.attention(of_head.data(), stride, length, head_width, &out[head * head_width], width,
                      begin);
  }
  EXPECT_EQ(out.back(), kUntouched);
  out.pop_back();
  return out;
}

TEST(Int8, attention_over_1_to_70_tokens_is_near_the_serial_one_and_the_exact_one) {
  constexpr std::size_t kHeads = 2;
  for (const std::size_t head_width : {32U, 64U, 16U, 8U, 7U, 40U}) {
    for (std::size_t length = 1; length <= 70; length += length < 36 ? 1 : 11) {
      const std::vector<float> qkv = randoms(length * 3 * kHeads * head_width, 11);
      const std::vector<float> wanted = attend(serial(), qkv, length, kHeads, head_width);
      std::vector<float> exact(wanted.size());
      std::vector<float> scratch(attention_scratch(length, head_width));
      kernels_for(InstructionSet::Serial)
          .attention(qkv.data(), length, kHeads, head_width, exact.data(), scratch.data());
      for (const Int8Set set : sets_here()) {
        const std::vector<float> got =
            attend(int8_kernels_for(set), qkv, length, kHeads, head_width);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          ASSERT_NEAR(got[i], wanted[i], 0.03F)
              << name_of(set) << " length " << length << " head " << head_width << " at " << i;
          ASSERT_NEAR(got[i], exact[i], 0.12F)
              << name_of(set) << " length " << length << " head " << head_width << " at " << i;
        }
      }
    }
  }
}

TEST(Int8, attention_survives_scores_that_lie_far_apart) {
  constexpr std::size_t kWidth = 16;
  const std::vector<float> qkv = randoms(9 * 3 * kWidth, 12, 40.0F);
  const std::vector<float> wanted = attend(serial(), qkv, 9, 1, kWidth);
  for (const Int8Set set : sets_here()) {
    const std::vector<float> got = attend(int8_kernels_for(set), qkv, 9, 1, kWidth);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_NEAR(got[i], wanted[i], 0.5F) << name_of(set);
    }
  }
}

}  // namespace
}  // namespace sonde::kernel
