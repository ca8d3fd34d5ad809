// The reference: plain loops, double accumulators. Slow and obvious.

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernel/sets.h"

namespace sonde::kernel {

namespace {

constexpr std::size_t kPanel = 16;

double gelu(double x) { return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))); }

void matmul(const float* x, std::size_t rows, std::size_t x_stride, const PackedMatrix& w,
            float* out, std::size_t out_stride, Epilogue epilogue) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t n = 0; n < w.outputs; ++n) {
      const float* panel = w.panel(n / w.panel_width);
      double sum = w.bias[n];
      for (std::size_t k = 0; k < w.inputs; ++k) {
        sum += static_cast<double>(x[row * x_stride + k]) *
               static_cast<double>(panel[k * w.panel_width + n % w.panel_width]);
      }
      float& place = out[row * out_stride + n];
      switch (epilogue) {
        case Epilogue::None: place = static_cast<float>(sum); break;
        case Epilogue::Gelu: place = static_cast<float>(gelu(sum)); break;
        case Epilogue::AddResidual:
          place = static_cast<float>(sum + static_cast<double>(place));
          break;
      }
    }
  }
}

void layer_norm(float* x, std::size_t rows, std::size_t width, const float* gamma,
                const float* beta, float epsilon) {
  for (std::size_t row = 0; row < rows; ++row) {
    float* values = x + row * width;
    double mean = 0;
    for (std::size_t i = 0; i < width; ++i) {
      mean += static_cast<double>(values[i]);
    }
    mean /= static_cast<double>(width);
    double variance = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const double difference = static_cast<double>(values[i]) - mean;
      variance += difference * difference;
    }
    variance /= static_cast<double>(width);
    const double scale = 1.0 / std::sqrt(variance + static_cast<double>(epsilon));
    for (std::size_t i = 0; i < width; ++i) {
      values[i] = static_cast<float>((static_cast<double>(values[i]) - mean) * scale *
                                         static_cast<double>(gamma[i]) +
                                     static_cast<double>(beta[i]));
    }
  }
}

float dot(const float* a, const float* b, std::size_t width) {
  double sum = 0;
  for (std::size_t i = 0; i < width; ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return static_cast<float>(sum);
}

void attention(const float* qkv, std::size_t length, std::size_t heads, std::size_t head_width,
               float* out, float* scratch) {
  const std::size_t width = heads * head_width;
  const std::size_t stride = 3 * width;
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_width));
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t i = 0; i < length; ++i) {
      const float* query = qkv + i * stride + head * head_width;
      float highest = -INFINITY;
      for (std::size_t j = 0; j < length; ++j) {
        const float* key = qkv + j * stride + width + head * head_width;
        scratch[j] = static_cast<float>(static_cast<double>(dot(query, key, head_width)) * scale);
        highest = std::max(highest, scratch[j]);
      }
      double total = 0;
      for (std::size_t j = 0; j < length; ++j) {
        scratch[j] = std::exp(scratch[j] - highest);
        total += static_cast<double>(scratch[j]);
      }
      for (std::size_t d = 0; d < head_width; ++d) {
        double sum = 0;
        for (std::size_t j = 0; j < length; ++j) {
          sum += static_cast<double>(scratch[j]) *
                 static_cast<double>(qkv[j * stride + 2 * width + head * head_width + d]);
        }
        out[i * width + head * head_width + d] = static_cast<float>(sum / total);
      }
    }
  }
}

}  // namespace

const Kernels& serial_kernels() {
  static const Kernels kernels{InstructionSet::Serial, kPanel, matmul, layer_norm, attention, dot};
  return kernels;
}

}  // namespace sonde::kernel
