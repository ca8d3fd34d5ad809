// The reference of the int8 kernels: plain loops over the same layouts. Slow and obvious.

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernel/int8_sets.h"
#include "kernel/sets.h"

namespace sonde::kernel {

namespace {

float gelu(float x) {
  const float cut = std::clamp(x, -kGeluCut, kGeluCut);
  float p = 0;
  for (std::size_t i = std::size(kGelu); i-- > 0;) {
    p = std::fma(p, cut * cut, kGelu[i]);
  }
  return x * std::fma(cut, p, 0.5F);
}

void quantise_row(const float* x, std::size_t width, std::uint8_t* values, float* scale,
                  float* zero) {
  const float least = std::min(0.0F, *std::min_element(x, x + width));
  const float greatest = std::max(0.0F, *std::max_element(x, x + width));
  const float range = greatest - least;
  const float inverse = range > 0 ? 255.0F / range : 0.0F;
  *scale = range * (1.0F / 255.0F);
  *zero = std::nearbyint(-least * inverse);
  for (std::size_t i = 0; i < width; ++i) {
    const float value = std::nearbyint(std::fma(x[i], inverse, *zero));
    values[i] = static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F));
  }
}

void quantise(const float* x, std::size_t rows, std::size_t width, Int8Rows out) {
  for (std::size_t row = 0; row < rows; ++row) {
    quantise_row(x + row * width, width, out.values + row * out.stride, out.scales + row,
                 out.zeros + row);
  }
}

void normalise(float* x, std::size_t rows, std::size_t width, const float* gamma, const float* beta,
               float epsilon, Int8Rows out) {
  serial_kernels().layer_norm(x, rows, width, gamma, beta, epsilon);
  quantise(x, rows, width, out);
}

/// sum of x[k] w[k] over the depth of one output of a panel.
std::int32_t dot(const std::uint8_t* x, const std::int8_t* panel, std::size_t output,
                 std::size_t inputs) {
  std::int32_t sum = 0;
  for (std::size_t k = 0; k < inputs; ++k) {
    sum += static_cast<std::int32_t>(x[k]) *
           panel[(k / kInt8Depth * kInt8Panel + output) * kInt8Depth + k % kInt8Depth];
  }
  return sum;
}

void matmul(Int8Rows x, std::size_t rows, const PackedInt8& w, float* out, std::size_t out_stride,
            Epilogue epilogue) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t n = 0; n < w.outputs; ++n) {
      const std::int32_t sum =
          dot(x.values + row * x.stride, w.weights + n / kInt8Panel * w.panel_bytes(),
              n % kInt8Panel, w.inputs);
      const float exact = std::fma(-x.zeros[row], w.sums[n], static_cast<float>(sum));
      const float value = std::fma(exact * x.scales[row], w.scales[n], w.bias[n]);
      float& place = out[row * out_stride + n];
      switch (epilogue) {
        case Epilogue::None: place = value; break;
        case Epilogue::Gelu: place = gelu(value); break;
        case Epilogue::AddResidual: place += value; break;
      }
    }
  }
}

/// A row by its greatest magnitude, which becomes 127. @return the scale
float quantise_signed(const std::vector<float>& x, std::vector<float>& values) {
  float greatest = 0;
  for (const float value : x) {
    greatest = std::max(greatest, std::fabs(value));
  }
  const float factor = greatest > 0 ? 127.0F / greatest : 0.0F;
  values.resize(x.size());
  std::transform(x.begin(), x.end(), values.begin(),
                 [&](float value) { return std::nearbyint(value * factor); });
  return greatest * (1.0F / 127.0F);
}

/// One head's keys or values, turned so that each of `count` rows has a scale.
struct SignedRows {
  std::vector<std::vector<float>> rows;
  std::vector<float> scales;

  template <typename At>
  SignedRows(std::size_t count, std::size_t width, const At& at) : rows(count), scales(count) {
    std::vector<float> row(width);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < width; ++k) {
        row[k] = at(i, k);
      }
      scales[i] = quantise_signed(row, rows[i]);
    }
  }
};

void attention(const float* qkv, std::size_t stride, std::size_t length, std::size_t head_width,
               float* out, std::size_t out_stride, std::byte* /*scratch*/) {
  const SignedRows keys(length, head_width, [&](std::size_t j, std::size_t d) {
    return qkv[j * stride + head_width + d];
  });
  const SignedRows values(head_width, length, [&](std::size_t d, std::size_t j) {
    return qkv[j * stride + 2 * head_width + d];
  });
  const float factor = 1.44269504F / std::sqrt(static_cast<float>(head_width));
  std::vector<std::uint8_t> query(head_width);
  std::vector<float> scores(length);
  for (std::size_t i = 0; i < length; ++i) {
    float scale = 0;
    float zero = 0;
    quantise_row(qkv + i * stride, head_width, query.data(), &scale, &zero);
    for (std::size_t j = 0; j < length; ++j) {
      float sum = 0;  // whole numbers, far below 2^24
      for (std::size_t d = 0; d < head_width; ++d) {
        sum += (static_cast<float>(query[d]) - zero) * keys.rows[j][d];
      }
      scores[j] = sum * (scale * factor) * keys.scales[j];
    }
    const float top = *std::max_element(scores.begin(), scores.end());
    float total = 0;
    for (float& score : scores) {
      score = std::nearbyint(255.0F * std::exp2(score - top));
      total += score;
    }
    for (std::size_t d = 0; d < head_width; ++d) {
      float sum = 0;
      for (std::size_t j = 0; j < length; ++j) {
        sum += scores[j] * values.rows[d][j];
      }
      out[i * out_stride + d] = sum / total * values.scales[d];
    }
  }
}

}  // namespace

const Int8Kernels& int8_serial_kernels() {
  static const Int8Kernels kernels{Int8Set::Serial, quantise, normalise, matmul, attention};
  return kernels;
}

}  // namespace sonde::kernel
