// The f32 kernels, written once over a vector type V and compiled by avx2.cpp and avx512.cpp with
// the flags of their instruction set. No include guard and no namespace of its own: each of these
// files includes it once, inside an anonymous namespace, after defining V.
//
// V gives: Register, kLanes, load, store, broadcast, zero, add, sub, mul, div, fma(a, b, c) = a * b
// + c, max, reduce_add, reduce_max, round_to_integer, power_of_two(integer), and_not_sign,
// copy_sign, load_part(p, n), store_part(p, n).

using Register = V::Register;
constexpr std::size_t kLanes = V::kLanes;
constexpr std::size_t kColumns = 2 * kLanes;  // outputs of a panel: two registers

/// e^x for x <= 88; what is below -87 counts as -87; not a number stays so. Cephes' polynomial over
/// [-ln2/2, ln2/2] (Moshier, 1984), error below 2 units in the last place.
inline Register exp_of(Register x) {
  x = V::max(V::broadcast(-87.3365478515625F), x);  // this order hands a NaN on
  const Register n = V::round_to_integer(V::mul(x, V::broadcast(1.44269504088896341F)));
  x = V::fma(n, V::broadcast(-0.693359375F), x);
  x = V::fma(n, V::broadcast(2.12194440e-4F), x);
  Register p = V::broadcast(1.9875691500e-4F);
  p = V::fma(p, x, V::broadcast(1.3981999507e-3F));
  p = V::fma(p, x, V::broadcast(8.3334519073e-3F));
  p = V::fma(p, x, V::broadcast(4.1665795894e-2F));
  p = V::fma(p, x, V::broadcast(1.6666665459e-1F));
  p = V::fma(p, x, V::broadcast(5.0000001201e-1F));
  p = V::fma(p, V::mul(x, x), V::add(x, V::broadcast(1.0F)));
  return V::mul(p, V::power_of_two(n));
}

/// erf(x), absolute error below 1.5e-7 (Abramowitz and Stegun, 7.1.26).
inline Register erf_of(Register x) {
  const Register a = V::absolute(x);
  const Register t =
      V::div(V::broadcast(1.0F), V::fma(a, V::broadcast(0.3275911F), V::broadcast(1.0F)));
  Register p = V::broadcast(1.061405429F);
  p = V::fma(p, t, V::broadcast(-1.453152027F));
  p = V::fma(p, t, V::broadcast(1.421413741F));
  p = V::fma(p, t, V::broadcast(-0.284496736F));
  p = V::fma(p, t, V::broadcast(0.254829592F));
  p = V::mul(p, t);
  const Register e = exp_of(V::sub(V::zero(), V::mul(a, a)));
  return V::copy_sign(V::sub(V::broadcast(1.0F), V::mul(p, e)), x);
}

inline Register gelu_of(Register x) {
  const Register half = V::mul(x, V::broadcast(0.5F));
  return V::fma(half, erf_of(V::mul(x, V::broadcast(0.70710678118654752F))), half);
}

/// kRows rows times one panel; the accumulators stay in registers (2 * kRows of them).
template <std::size_t kRows, Epilogue kEpilogue>
inline void tile(const float* x, std::size_t x_stride, const float* panel, const float* bias,
                 std::size_t inputs, float* out, std::size_t out_stride, std::size_t columns) {
  Register sum[kRows][2];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < kRows; ++r) {
    sum[r][0] = V::load(bias);
    sum[r][1] = V::load(bias + kLanes);
  }
  for (std::size_t k = 0; k < inputs; ++k) {
    const Register w0 = V::load(panel + k * kColumns);
    const Register w1 = V::load(panel + k * kColumns + kLanes);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      const Register value = V::broadcast(x[r * x_stride + k]);
      sum[r][0] = V::fma(value, w0, sum[r][0]);
      sum[r][1] = V::fma(value, w1, sum[r][1]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t half = 0; half < 2; ++half) {
      const std::size_t begin = half * kLanes;
      if (begin >= columns) {
        break;
      }
      const std::size_t count = columns - begin < kLanes ? columns - begin : kLanes;
      float* place = out + r * out_stride + begin;
      Register value = sum[r][half];
      if constexpr (kEpilogue == Epilogue::Gelu) {
        value = gelu_of(value);
      }
      if constexpr (kEpilogue == Epilogue::AddResidual) {
        value = V::add(value, V::load_part(place, count));
      }
      V::store_part(place, value, count);
    }
  }
}

template <std::size_t kRows, Epilogue kEpilogue>
inline void rest_tile(std::size_t rows, const float* x, std::size_t x_stride, const float* panel,
                      const float* bias, std::size_t inputs, float* out, std::size_t out_stride,
                      std::size_t columns) {
  if constexpr (kRows > 0) {
    if (rows == kRows) {
      tile<kRows, kEpilogue>(x, x_stride, panel, bias, inputs, out, out_stride, columns);
    } else {
      rest_tile<kRows - 1, kEpilogue>(rows, x, x_stride, panel, bias, inputs, out, out_stride,
                                      columns);
    }
  }
}

/// Rows that are worked on together, so that they stay in the second-level cache while every panel
/// passes by once.
constexpr std::size_t kRowBlock = 16 * V::kTileRows;

template <Epilogue kEpilogue>
void matmul_with(const float* x, std::size_t rows, std::size_t x_stride, const PackedMatrix& w,
                 float* out, std::size_t out_stride) {
  const std::size_t panels = (w.outputs + kColumns - 1) / kColumns;
  for (std::size_t block = 0; block < rows; block += kRowBlock) {
    const std::size_t block_end = block + kRowBlock < rows ? block + kRowBlock : rows;
    for (std::size_t p = 0; p < panels; ++p) {
      const float* panel = w.panel(p);
      const float* bias = w.bias.data() + p * kColumns;
      const std::size_t left = w.outputs - p * kColumns;
      const std::size_t columns = left < kColumns ? left : kColumns;
      float* const column = out + p * kColumns;
      std::size_t row = block;
      for (; row + V::kTileRows <= block_end; row += V::kTileRows) {
        tile<V::kTileRows, kEpilogue>(x + row * x_stride, x_stride, panel, bias, w.inputs,
                                      column + row * out_stride, out_stride, columns);
      }
      rest_tile<V::kTileRows - 1, kEpilogue>(block_end - row, x + row * x_stride, x_stride, panel,
                                             bias, w.inputs, column + row * out_stride, out_stride,
                                             columns);
    }
  }
}

void matmul(const float* x, std::size_t rows, std::size_t x_stride, const PackedMatrix& w,
            float* out, std::size_t out_stride, Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::None: return matmul_with<Epilogue::None>(x, rows, x_stride, w, out, out_stride);
    case Epilogue::Gelu: return matmul_with<Epilogue::Gelu>(x, rows, x_stride, w, out, out_stride);
    case Epilogue::AddResidual:
      return matmul_with<Epilogue::AddResidual>(x, rows, x_stride, w, out, out_stride);
  }
}

PackedMatrix pack(const float* weights, const float* bias, std::size_t outputs,
                  std::size_t inputs) {
  return pack_panels(weights, bias, outputs, inputs, kColumns);
}

void layer_norm(float* x, std::size_t rows, std::size_t width, const float* gamma,
                const float* beta, float epsilon) {
  const float inverse = 1.0F / static_cast<float>(width);
  for (std::size_t row = 0; row < rows; ++row) {
    float* values = x + row * width;
    Register total = V::zero();
    for (std::size_t i = 0; i < width; i += kLanes) {
      total = V::add(total, V::load_part(values + i, width - i));
    }
    const Register mean = V::broadcast(V::reduce_add(total) * inverse);
    Register squares = V::zero();
    for (std::size_t i = 0; i < width; i += kLanes) {
      const std::size_t count = width - i < kLanes ? width - i : kLanes;
      const Register difference =
          V::keep_part(V::sub(V::load_part(values + i, count), mean), count);
      squares = V::fma(difference, difference, squares);
    }
    const float variance = V::reduce_add(squares) * inverse;
    const Register scale = V::broadcast(1.0F / __builtin_sqrtf(variance + epsilon));
    for (std::size_t i = 0; i < width; i += kLanes) {
      const std::size_t count = width - i < kLanes ? width - i : kLanes;
      const Register centred = V::sub(V::load_part(values + i, count), mean);
      V::store_part(values + i,
                    V::fma(V::mul(centred, scale), V::load_part(gamma + i, count),
                           V::load_part(beta + i, count)),
                    count);
    }
  }
}

float dot(const float* a, const float* b, std::size_t width) {
  Register sum = V::zero();
  for (std::size_t i = 0; i < width; i += kLanes) {
    sum = V::fma(V::load_part(a + i, width - i), V::load_part(b + i, width - i), sum);
  }
  return V::reduce_add(sum);
}

/// Scores of kRows queries against all keys: [kRows][padded], scaled.
template <std::size_t kRows>
inline void score_rows(const float* queries, std::size_t stride, const float* keys,
                       std::size_t padded, std::size_t head_width, float scale, float* scores) {
  const Register factor = V::broadcast(scale);
  for (std::size_t j = 0; j < padded; j += kLanes) {
    Register sum[kRows];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      sum[r] = V::zero();
    }
    for (std::size_t d = 0; d < head_width; ++d) {
      const Register key = V::load(keys + d * padded + j);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) {
        sum[r] = V::fma(V::broadcast(queries[r * stride + d]), key, sum[r]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      V::store(scores + r * padded + j, V::mul(sum[r], factor));
    }
  }
}

/// Softmax without the division. @return the sum of the exponentials
inline float exponentials(float* scores, std::size_t length, std::size_t padded) {
  Register highest = V::broadcast(scores[0]);
  for (std::size_t j = 0; j < length; j += kLanes) {
    const std::size_t count = length - j < kLanes ? length - j : kLanes;
    // A part that is not there must not win: the first score stands in for it.
    highest = V::max(highest, V::load_part_or(scores + j, count, V::broadcast(scores[0])));
  }
  const Register top = V::broadcast(V::reduce_max(highest));
  Register total = V::zero();
  for (std::size_t j = 0; j < padded; j += kLanes) {
    const std::size_t count = j >= length ? 0 : length - j < kLanes ? length - j : kLanes;
    const Register e = V::keep_part(exp_of(V::sub(V::load(scores + j), top)), count);
    V::store(scores + j, e);
    total = V::add(total, e);
  }
  return V::reduce_add(total);
}

/// out[kRows][head_width] = scores x values, divided by the totals; head_width a multiple of
/// kLanes.
template <std::size_t kRows>
inline void mix_rows(const float* scores, std::size_t padded, const float* values,
                     std::size_t length, std::size_t head_width, const float* totals, float* out,
                     std::size_t out_stride) {
  for (std::size_t d = 0; d < head_width; d += kLanes) {
    Register sum[kRows];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      sum[r] = V::zero();
    }
    for (std::size_t j = 0; j < length; ++j) {
      const Register value = V::load(values + j * head_width + d);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) {
        sum[r] = V::fma(V::broadcast(scores[r * padded + j]), value, sum[r]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      V::store(out + r * out_stride + d, V::mul(sum[r], V::broadcast(1.0F / totals[r])));
    }
  }
}

template <std::size_t kRows>
inline void attend_rows(const float* queries, std::size_t stride, const float* keys,
                        const float* values, std::size_t length, std::size_t padded,
                        std::size_t head_width, float scale, float* scores, float* out,
                        std::size_t out_stride) {
  score_rows<kRows>(queries, stride, keys, padded, head_width, scale, scores);
  float totals[kRows];
  for (std::size_t r = 0; r < kRows; ++r) {
    totals[r] = exponentials(scores + r * padded, length, padded);
  }
  mix_rows<kRows>(scores, padded, values, length, head_width, totals, out, out_stride);
}

/// attend_rows for what is left over, 1 to kRows rows: together, since one row alone waits for each
/// addition.
template <std::size_t kRows, typename... Rest>
inline void attend_rest(std::size_t rows, Rest... rest) {
  if constexpr (kRows > 0) {
    if (rows == kRows) {
      attend_rows<kRows>(rest...);
    } else {
      attend_rest<kRows - 1>(rows, rest...);
    }
  }
}

void attention(const float* qkv, std::size_t length, std::size_t heads, std::size_t head_width,
               float* out, float* scratch) {
  if (head_width % kLanes != 0) {
    return serial_kernels().attention(qkv, length, heads, head_width, out, scratch);
  }
  const std::size_t width = heads * head_width;
  const std::size_t stride = 3 * width;
  const std::size_t padded = (length + kMaxLanes - 1) / kMaxLanes * kMaxLanes;
  float* const keys = scratch;                       // [head_width][padded]
  float* const values = keys + head_width * padded;  // [length][head_width]
  float* const scores = scratch + attention_scratch(length, head_width) - kQueryRows * padded;
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(head_width));
  for (std::size_t head = 0; head < heads; ++head) {
    const float* const q = qkv + head * head_width;
    for (std::size_t j = 0; j < length; ++j) {
      const float* const k = q + j * stride + width;
      for (std::size_t d = 0; d < head_width; ++d) {
        keys[d * padded + j] = k[d];
      }
      __builtin_memcpy(values + j * head_width, k + width, head_width * sizeof(float));
    }
    for (std::size_t d = 0; d < head_width; ++d) {
      for (std::size_t j = length; j < padded; ++j) {
        keys[d * padded + j] = 0.0F;
      }
    }
    std::size_t i = 0;
    for (; i + kQueryRows <= length; i += kQueryRows) {
      attend_rows<kQueryRows>(q + i * stride, stride, keys, values, length, padded, head_width,
                              scale, scores, out + i * width + head * head_width, width);
    }
    attend_rest<kQueryRows - 1>(length - i, q + i * stride, stride, keys, values, length, padded,
                                head_width, scale, scores, out + i * width + head * head_width,
                                width);
  }
}
