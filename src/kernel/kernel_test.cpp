// Every set of kernels against the serial one, and the serial one against arithmetic by hand.

#include "kernel/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sonde::kernel {
namespace {

constexpr float kUntouched = 12345.5F;

std::vector<InstructionSet> sets_here() {
  std::vector<InstructionSet> sets;
  for (const InstructionSet set :
       {InstructionSet::Serial, InstructionSet::Avx2, InstructionSet::Avx512}) {
    if (is_available(set)) {
      sets.push_back(set);
    }
  }
  return sets;
}

std::vector<float> randoms(std::size_t count, unsigned seed, float scale = 1.0F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, scale);
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

const Kernels& serial() { return kernels_for(InstructionSet::Serial); }

/// A packed matrix with the floats that it is a view of.
struct Packed {
  Packed(const Kernels& kernels, const float* from, const float* from_bias, std::size_t outputs,
         std::size_t inputs)
      : weights(padded_outputs(outputs, kernels.panel_width) * inputs, kUntouched),
        bias(padded_outputs(outputs, kernels.panel_width), kUntouched),
        matrix(pack(from, from_bias, outputs, inputs, kernels.panel_width, weights.data(),
                    bias.data())) {}
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;

  std::vector<float> weights;
  std::vector<float> bias;
  const PackedMatrix matrix;
};

struct Product {
  std::size_t rows = 0;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  Epilogue epilogue = Epilogue::None;
};

/// The product with rows further apart than they are long, at addresses that are aligned to
/// nothing.
std::vector<float> multiply(const Kernels& kernels, const Product& product,
                            const std::vector<float>& x, const std::vector<float>& weights,
                            const std::vector<float>& bias) {
  const std::size_t x_stride = product.inputs + 3;
  const std::size_t out_stride = product.outputs + 5;
  std::vector<float> placed(1 + product.rows * x_stride, kUntouched);
  std::vector<float> out(1 + product.rows * out_stride, kUntouched);
  for (std::size_t row = 0; row < product.rows; ++row) {
    std::copy_n(&x[row * product.inputs], product.inputs, &placed[1 + row * x_stride]);
    for (std::size_t n = 0; n < product.outputs; ++n) {
      out[1 + row * out_stride + n] = static_cast<float>(n % 7) - 3.0F;  // what AddResidual adds to
    }
  }
  const Packed packed(kernels, weights.data(), bias.data(), product.outputs, product.inputs);
  kernels.matmul(placed.data() + 1, product.rows, x_stride, packed.matrix, out.data() + 1,
                 out_stride, product.epilogue);
  std::vector<float> dense;
  EXPECT_EQ(out[0], kUntouched);
  for (std::size_t row = 0; row < product.rows; ++row) {
    const float* const begin = &out[1 + row * out_stride];
    dense.insert(dense.end(), begin, begin + product.outputs);
    EXPECT_TRUE(std::all_of(begin + product.outputs, begin + out_stride,
                            [](float value) { return value == kUntouched; }))
        << "written behind row " << row;
  }
  return dense;
}

void expect_product_near_serial(const Product& product) {
  const std::vector<float> x = randoms(product.rows * product.inputs, 1);
  const std::vector<float> weights = randoms(product.outputs * product.inputs, 2);
  const std::vector<float> bias = randoms(product.outputs, 3);
  const std::vector<float> wanted = multiply(serial(), product, x, weights, bias);
  for (const InstructionSet set : sets_here()) {
    const std::vector<float> got = multiply(kernels_for(set), product, x, weights, bias);
    const auto tolerance = 2e-6 * static_cast<double>(product.inputs + 4);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(got[i]), static_cast<double>(wanted[i]), tolerance)
          << name_of(set) << " rows " << product.rows << " inputs " << product.inputs << " outputs "
          << product.outputs << " at " << i;
    }
  }
}

TEST(Kernels, the_best_set_is_available_and_every_table_says_which_it_is) {
  EXPECT_TRUE(is_available(best_instruction_set()));
  EXPECT_TRUE(is_available(InstructionSet::Serial));
  for (const InstructionSet set : sets_here()) {
    EXPECT_EQ(kernels_for(set).set, set) << name_of(set);
  }
}

TEST(Kernels, a_product_by_hand) {
  // [1 2; 3 4] x [5 6; 7 8]^T + [100, 200]
  for (const InstructionSet set : sets_here()) {
    const Kernels& kernels = kernels_for(set);
    const float x[] = {1, 2, 3, 4};
    const float weights[] = {5, 6, 7, 8};
    const float bias[] = {100, 200};
    const Packed packed(kernels, weights, bias, 2, 2);
    std::vector<float> out(4);
    kernels.matmul(x, 2, 2, packed.matrix, out.data(), 2, Epilogue::None);
    EXPECT_EQ(out, (std::vector<float>{117, 223, 139, 253})) << name_of(set);
    kernels.matmul(x, 2, 2, packed.matrix, out.data(), 2, Epilogue::AddResidual);
    EXPECT_EQ(out, (std::vector<float>{234, 446, 278, 506})) << name_of(set);
  }
}

TEST(Kernels, products_of_1_to_40_rows_are_near_the_serial_ones) {
  for (std::size_t rows = 1; rows <= 40; ++rows) {
    expect_product_near_serial({rows, 19, 37, Epilogue::None});
    expect_product_near_serial({rows, 32, 33, Epilogue::Gelu});
    expect_product_near_serial({rows, 5, 64, Epilogue::AddResidual});
  }
}

TEST(Kernels, products_of_every_odd_width_are_near_the_serial_ones) {
  for (std::size_t side = 1; side <= 70; ++side) {
    expect_product_near_serial({7, 13, side, Epilogue::None});
    expect_product_near_serial({13, side, 17, Epilogue::AddResidual});
    expect_product_near_serial({5, 9, side, Epilogue::Gelu});
  }
  expect_product_near_serial({200, 384, 384, Epilogue::None});  // over a block of rows
}

TEST(Kernels, what_fills_a_packed_matrix_up_is_zero_and_nothing_is_left_unset) {
  for (const InstructionSet set : sets_here()) {
    const Kernels& kernels = kernels_for(set);
    const std::vector<float> weights = randoms(std::size_t{41} * 3, 4);
    const std::vector<float> bias = randoms(41, 5);
    const Packed packed(kernels, weights.data(), bias.data(), 41, 3);
    const auto is_set = [](float value) { return value != 0.0F; };
    EXPECT_EQ(std::count_if(packed.weights.begin(), packed.weights.end(), is_set), 41 * 3);
    EXPECT_EQ(std::count_if(packed.bias.begin(), packed.bias.end(), is_set), 41);
    EXPECT_EQ(std::count(packed.weights.begin(), packed.weights.end(), kUntouched), 0);
    EXPECT_EQ(std::count(packed.bias.begin(), packed.bias.end(), kUntouched), 0);
  }
}

TEST(Kernels, a_row_is_bit_equal_wherever_it_stands) {
  constexpr std::size_t kRows = 40;
  constexpr std::size_t kInputs = 67;
  constexpr std::size_t kOutputs = 83;
  const std::vector<float> x = randoms(kRows * kInputs, 7);
  const std::vector<float> weights = randoms(kOutputs * kInputs, 8);
  const std::vector<float> bias = randoms(kOutputs, 9);
  for (const InstructionSet set : sets_here()) {
    const Kernels& kernels = kernels_for(set);
    const Packed packed(kernels, weights.data(), bias.data(), kOutputs, kInputs);
    for (const Epilogue epilogue : {Epilogue::None, Epilogue::Gelu, Epilogue::AddResidual}) {
      std::vector<float> alone(kRows * kOutputs, 0.25F);
      for (std::size_t row = 0; row < kRows; ++row) {
        kernels.matmul(&x[row * kInputs], 1, kInputs, packed.matrix, &alone[row * kOutputs],
                       kOutputs, epilogue);
      }
      for (std::size_t rows = 1; rows <= kRows; ++rows) {
        const std::size_t first = kRows - rows;  // so that every row takes every place
        std::vector<float> together(rows * kOutputs, 0.25F);
        kernels.matmul(&x[first * kInputs], rows, kInputs, packed.matrix, together.data(), kOutputs,
                       epilogue);
        ASSERT_TRUE(std::equal(together.begin(), together.end(), &alone[first * kOutputs]))
            << name_of(set) << " " << rows << " rows";
      }
    }
  }
}

TEST(Kernels, gelu_is_right_within_half_a_millionth) {
  std::vector<float> x;
  for (float value = -12.0F; value <= 12.0F; value += 0.003F) {
    x.push_back(value);
  }
  x.insert(x.end(), {0.0F, -0.0F, 1e-30F, -1e-30F, 100.0F, -100.0F, 1e30F, -1e30F});
  const float one = 1.0F;
  const float none = 0.0F;
  for (const InstructionSet set : sets_here()) {
    const Kernels& kernels = kernels_for(set);
    const Packed packed(kernels, &one, &none, 1, 1);
    std::vector<float> out(x.size());
    kernels.matmul(x.data(), x.size(), 1, packed.matrix, out.data(), 1, Epilogue::Gelu);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto value = static_cast<double>(x[i]);
      const double wanted = 0.5 * value * std::erfc(-value / std::sqrt(2.0));
      ASSERT_NEAR(static_cast<double>(out[i]), wanted, 5e-7 * std::max(1.0, std::abs(value)))
          << name_of(set) << " at " << x[i];
    }
  }
}

std::vector<float> attend(const Kernels& kernels, const std::vector<float>& qkv, std::size_t length,
                          std::size_t heads, std::size_t head_width) {
  const std::size_t count = attention_scratch(length, head_width);
  std::vector<float> scratch(count + 32, kUntouched);
  const auto address = reinterpret_cast<std::uintptr_t>(scratch.data()) / sizeof(float);
  const std::size_t skip = (16 - address % 16) % 16;
  std::vector<float> out(length * heads * head_width + 1, kUntouched);
  kernels.attention(qkv.data(), length, heads, head_width, out.data(), scratch.data() + skip);
  EXPECT_TRUE(std::all_of(scratch.begin() + static_cast<std::ptrdiff_t>(skip + count),
                          scratch.end(), [](float value) { return value == kUntouched; }))
      << "written behind the scratch";
  EXPECT_EQ(out.back(), kUntouched);
  out.pop_back();
  return out;
}

/// Attention over one head, in double, by its definition.
std::vector<double> attend_by_definition(const std::vector<float>& qkv, std::size_t length,
                                         std::size_t width) {
  const auto at = [&](std::size_t row, std::size_t part, std::size_t d) {
    return static_cast<double>(qkv[(row * 3 + part) * width + d]);
  };
  std::vector<double> out(length * width);
  for (std::size_t i = 0; i < length; ++i) {
    std::vector<double> weights(length);
    double total = 0;
    for (std::size_t j = 0; j < length; ++j) {
      double score = 0;
      for (std::size_t d = 0; d < width; ++d) {
        score += at(i, 0, d) * at(j, 1, d);
      }
      weights[j] = std::exp(score / std::sqrt(static_cast<double>(width)));
      total += weights[j];
    }
    for (std::size_t j = 0; j < length; ++j) {
      for (std::size_t d = 0; d < width; ++d) {
        out[i * width + d] += weights[j] / total * at(j, 2, d);
      }
    }
  }
  return out;
}

TEST(Kernels, attention_is_what_its_definition_says) {
  for (const InstructionSet set : sets_here()) {
    for (const std::size_t width : {7U, 16U, 32U}) {
      const std::vector<float> qkv = randoms(11 * 3 * width, 10);
      const std::vector<double> wanted = attend_by_definition(qkv, 11, width);
      const std::vector<float> got = attend(kernels_for(set), qkv, 11, 1, width);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_NEAR(static_cast<double>(got[i]), wanted[i], 3e-6) << name_of(set) << " at " << i;
      }
    }
  }
}

TEST(Kernels, attention_over_1_to_70_tokens_is_near_the_serial_one) {
  for (const std::size_t head_width : {16U, 32U, 64U, 8U, 7U}) {
    for (std::size_t length = 1; length <= 70; ++length) {
      constexpr std::size_t kHeads = 2;
      const std::vector<float> qkv = randoms(length * 3 * kHeads * head_width, 11, 1.5F);
      const std::vector<float> wanted = attend(serial(), qkv, length, kHeads, head_width);
      for (const InstructionSet set : sets_here()) {
        const std::vector<float> got = attend(kernels_for(set), qkv, length, kHeads, head_width);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          ASSERT_NEAR(static_cast<double>(got[i]), static_cast<double>(wanted[i]), 1e-5)
              << name_of(set) << " length " << length << " head " << head_width << " at " << i;
        }
      }
    }
  }
}

TEST(Kernels, attention_survives_scores_that_lie_far_apart) {
  constexpr std::size_t kWidth = 16;
  const std::vector<float> qkv = randoms(9 * 3 * kWidth, 12, 40.0F);
  const std::vector<float> wanted = attend(serial(), qkv, 9, 1, kWidth);
  for (const InstructionSet set : sets_here()) {
    const std::vector<float> got = attend(kernels_for(set), qkv, 9, 1, kWidth);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(got[i]), static_cast<double>(wanted[i]), 1e-2);
    }
  }
}

TEST(Kernels, exponentials_are_right_within_a_millionth_of_themselves) {
  // Two tokens with scores 0 and -s and values 0 and 1: attention gives e^-s / (1 + e^-s).
  constexpr std::size_t kWidth = 16;
  for (const InstructionSet set : sets_here()) {
    for (double s = 0.0; s <= 80.0; s += 0.07) {
      std::vector<float> qkv(2 * 3 * kWidth, 0.0F);
      qkv[0] = 4.0F;                                      // query 0; the scale is 1/4
      qkv[3 * kWidth + kWidth] = static_cast<float>(-s);  // key 1
      std::fill_n(&qkv[3 * kWidth + 2 * kWidth], kWidth, 1.0F);
      const std::vector<float> out = attend(kernels_for(set), qkv, 2, 1, kWidth);
      const double e = std::exp(static_cast<double>(static_cast<float>(-s)));
      const double wanted = e / (1.0 + e);
      ASSERT_NEAR(static_cast<double>(out[0]), wanted, 1e-6 * wanted) << name_of(set) << " " << s;
    }
  }
}

TEST(Kernels, layer_norm_is_near_the_serial_one_and_a_row_knows_only_itself) {
  for (std::size_t width = 1; width <= 70; ++width) {
    constexpr std::size_t kRows = 3;
    const std::vector<float> x = randoms(kRows * width, 13, 4.0F);
    const std::vector<float> gamma = randoms(width, 14);
    const std::vector<float> beta = randoms(width, 15);
    std::vector<float> wanted = x;
    serial().layer_norm(wanted.data(), kRows, width, gamma.data(), beta.data(), 1e-5F);
    for (const InstructionSet set : sets_here()) {
      std::vector<float> placed(1 + x.size() + 1, kUntouched);
      std::copy(x.begin(), x.end(), placed.begin() + 1);
      kernels_for(set).layer_norm(placed.data() + 1, kRows, width, gamma.data(), beta.data(),
                                  1e-5F);
      EXPECT_EQ(placed.front(), kUntouched);
      EXPECT_EQ(placed.back(), kUntouched);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_NEAR(static_cast<double>(placed[1 + i]), static_cast<double>(wanted[i]), 2e-5)
            << name_of(set) << " width " << width << " at " << i;
      }
      std::vector<float> last(x.end() - static_cast<std::ptrdiff_t>(width), x.end());
      kernels_for(set).layer_norm(last.data(), 1, width, gamma.data(), beta.data(), 1e-5F);
      ASSERT_TRUE(std::equal(last.begin(), last.end(), &placed[1 + (kRows - 1) * width]));
    }
  }
}

TEST(Kernels, a_dot_product_of_any_width_is_near_the_serial_one) {
  for (std::size_t width = 0; width <= 70; ++width) {
    const std::vector<float> a = randoms(width + 1, 16);
    const std::vector<float> b = randoms(width + 1, 17);
    const float wanted = serial().dot(a.data() + 1, b.data() + 1, width);
    for (const InstructionSet set : sets_here()) {
      EXPECT_NEAR(static_cast<double>(kernels_for(set).dot(a.data() + 1, b.data() + 1, width)),
                  static_cast<double>(wanted), 1e-5)
          << name_of(set) << " " << width;
    }
  }
}

TEST(Kernels, what_is_no_number_stays_so) {
  constexpr std::size_t kWidth = 16;
  for (const InstructionSet set : sets_here()) {
    std::vector<float> qkv(2 * 3 * kWidth, 0.5F);
    qkv[0] = NAN;  // one query
    const std::vector<float> out = attend(kernels_for(set), qkv, 2, 1, kWidth);
    EXPECT_TRUE(std::isnan(out[0])) << name_of(set);
    EXPECT_EQ(out[kWidth], 0.5F) << name_of(set);
  }
}

}  // namespace
}  // namespace sonde::kernel
