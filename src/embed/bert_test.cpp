#include "embed/bert.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "embed/model_testing.h"
#include "io/test_folder.h"

namespace sonde::embed {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

/// The forward pass in double, straight from the paper, over one sequence.
class SlowBert {
 public:
  explicit SlowBert(const TestModel& model) : model_(model) {}

  [[nodiscard]] Row embed(const std::vector<std::uint32_t>& ids) const {
    Rows hidden;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      Row row(model_.config.width);
      for (std::size_t d = 0; d < row.size(); ++d) {
        row[d] = at("embeddings.word_embeddings.weight", ids[i] * row.size() + d) +
                 at("embeddings.position_embeddings.weight", i * row.size() + d) +
                 at("embeddings.token_type_embeddings.weight", d);
      }
      hidden.push_back(std::move(row));
    }
    norm(hidden, "embeddings");
    for (std::uint32_t layer = 0; layer < model_.config.layers; ++layer) {
      run_layer("encoder.layer." + std::to_string(layer) + ".", hidden);
    }
    Row pooled = hidden[0];
    for (std::size_t i = 1; i < hidden.size() && model_.config.pooling == Pooling::Mean; ++i) {
      add(pooled, hidden[i]);
    }
    double squares = 0;
    for (const double value : pooled) {
      squares += value * value;
    }
    for (double& value : pooled) {
      value /= std::sqrt(squares);
    }
    return pooled;
  }

 private:
  [[nodiscard]] double at(const std::string& name, std::size_t index) const {
    return static_cast<double>(model_.tensors.at(name).values.at(index));
  }
  static void add(Row& to, const Row& from) {
    for (std::size_t d = 0; d < to.size(); ++d) {
      to[d] += from[d];
    }
  }
  [[nodiscard]] Row dense(const Row& x, const std::string& name) const {
    Row out(model_.tensors.at(name + ".bias").values.size());
    for (std::size_t n = 0; n < out.size(); ++n) {
      out[n] = at(name + ".bias", n);
      for (std::size_t k = 0; k < x.size(); ++k) {
        out[n] += at(name + ".weight", n * x.size() + k) * x[k];
      }
    }
    return out;
  }
  void norm(Rows& rows, const std::string& name) const {
    for (Row& row : rows) {
      double mean = 0;
      double variance = 0;
      for (const double value : row) {
        mean += value / static_cast<double>(row.size());
      }
      for (const double value : row) {
        variance += (value - mean) * (value - mean) / static_cast<double>(row.size());
      }
      for (std::size_t d = 0; d < row.size(); ++d) {
        row[d] = (row[d] - mean) /
                     std::sqrt(variance + static_cast<double>(model_.config.norm_epsilon)) *
                     at(name + ".LayerNorm.weight", d) +
                 at(name + ".LayerNorm.bias", d);
      }
    }
  }
  [[nodiscard]] Rows attend(const std::string& layer, const Rows& hidden) const {
    Rows q;
    Rows k;
    Rows v;
    for (const Row& row : hidden) {
      q.push_back(dense(row, layer + "attention.self.query"));
      k.push_back(dense(row, layer + "attention.self.key"));
      v.push_back(dense(row, layer + "attention.self.value"));
    }
    const std::size_t width = model_.config.width;
    const std::size_t head_width = width / model_.config.heads;
    Rows out(hidden.size(), Row(width));
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      for (std::size_t head = 0; head < width; head += head_width) {
        Row weights(hidden.size());
        double total = 0;
        for (std::size_t j = 0; j < hidden.size(); ++j) {
          double score = 0;
          for (std::size_t d = head; d < head + head_width; ++d) {
            score += q[i][d] * k[j][d];
          }
          weights[j] = std::exp(score / std::sqrt(static_cast<double>(head_width)));
          total += weights[j];
        }
        for (std::size_t j = 0; j < hidden.size(); ++j) {
          for (std::size_t d = head; d < head + head_width; ++d) {
            out[i][d] += weights[j] / total * v[j][d];
          }
        }
      }
    }
    return out;
  }
  void run_layer(const std::string& layer, Rows& hidden) const {
    const Rows context = attend(layer, hidden);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      add(hidden[i], dense(context[i], layer + "attention.output.dense"));
    }
    norm(hidden, layer + "attention.output");
    for (Row& row : hidden) {
      Row inner = dense(row, layer + "intermediate.dense");
      for (double& value : inner) {
        value = 0.5 * value * (1.0 + std::erf(value / std::sqrt(2.0)));
      }
      add(row, dense(inner, layer + "output.dense"));
    }
    norm(hidden, layer + "output");
  }

  const TestModel& model_;
};

std::vector<kernel::InstructionSet> sets_here() {
  std::vector<kernel::InstructionSet> sets;
  for (const auto set : {kernel::InstructionSet::Serial, kernel::InstructionSet::Avx2,
                         kernel::InstructionSet::Avx512}) {
    if (kernel::is_available(set)) {
      sets.push_back(set);
    }
  }
  return sets;
}

class BertTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<const BertModel>> load(
      const TestModel& model, kernel::InstructionSet set = kernel::best_instruction_set(),
      const std::string& prefix = "", Precision precision = Precision::F32) {
    model.write(folder_.path(), prefix);
    auto config = read_bert_config(io::real_file_system(), folder_.path());
    if (!config.ok()) {
      return std::move(config).error();
    }
    return BertModel::load(io::real_file_system(), folder_.path(), *config,
                           Arithmetic::of(precision, set));
  }
  static std::vector<std::uint32_t> some_ids(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::uint32_t> ids(count);
    std::generate(ids.begin(), ids.end(),
                  [&] { return static_cast<std::uint32_t>(random() % 60); });
    return ids;
  }
  static std::vector<float> embed_one(const BertModel& model,
                                      const std::vector<std::uint32_t>& ids) {
    BertScratch scratch;
    const std::vector<std::uint32_t> offsets = {0, static_cast<std::uint32_t>(ids.size())};
    std::vector<float> out(model.config().width);
    const Status status = model.embed(ids, offsets, out, scratch, {});
    EXPECT_TRUE(status.ok()) << status.error().message;
    return out;
  }
  static Code embed_code(const BertModel& model, const std::vector<std::uint32_t>& ids,
                         const std::vector<std::uint32_t>& offsets, std::size_t rows,
                         const CancelToken& cancel = {}) {
    BertScratch scratch;
    std::vector<float> out(rows * model.config().width);
    const Status status = model.embed(ids, offsets, out, scratch, cancel);
    EXPECT_FALSE(status.ok());
    return status.ok() ? Code::Internal : status.error().code;
  }

  const io::TestFolder folder_;
};

TEST_F(BertTest, every_set_of_kernels_agrees_with_a_slow_pass_in_double) {
  for (const Pooling pooling : {Pooling::Mean, Pooling::Cls}) {
    for (const std::uint32_t heads : {1U, 2U, 8U}) {  // head widths of 32, 16 and 4
      BertConfig config = tiny_config();
      config.pooling = pooling;
      config.heads = heads;
      const TestModel test = TestModel::random(config, heads);
      for (const kernel::InstructionSet set : sets_here()) {
        const auto model = load(test, set);
        ASSERT_TRUE(model.ok()) << model.error().message;
        for (const std::size_t length : {1U, 2U, 9U, 33U, 40U}) {
          const std::vector<std::uint32_t> ids = some_ids(length, 5);
          const Row wanted = SlowBert(test).embed(ids);
          const std::vector<float> got = embed_one(**model, ids);
          for (std::size_t d = 0; d < wanted.size(); ++d) {
            ASSERT_NEAR(static_cast<double>(got[d]), wanted[d], 2e-5)
                << kernel::name_of(set) << " heads " << heads << " length " << length;
          }
        }
      }
    }
  }
}

TEST_F(BertTest, int8_weights_give_nearly_the_same_vectors_and_every_set_the_same) {
  for (const std::uint32_t heads : {1U, 2U, 8U}) {
    BertConfig config = tiny_config();
    config.heads = heads;
    const TestModel test = TestModel::random(config, heads);
    std::vector<std::vector<float>> of_serial;
    for (const kernel::InstructionSet set : sets_here()) {
      const auto model = load(test, set, "", Precision::Int8);
      ASSERT_TRUE(model.ok()) << model.error().message;
      std::size_t at = 0;
      for (const std::size_t length : {1U, 2U, 9U, 33U, 40U}) {
        const std::vector<std::uint32_t> ids = some_ids(length, 5);
        const Row exact = SlowBert(test).embed(ids);
        const std::vector<float> got = embed_one(**model, ids);
        of_serial.push_back(got);  // the first set is the serial one
        double cosine = 0;
        double with_serial = 0;
        for (std::size_t d = 0; d < exact.size(); ++d) {
          cosine += static_cast<double>(got[d]) * exact[d];
          with_serial += static_cast<double>(got[d]) * static_cast<double>(of_serial[at][d]);
        }
        ++at;
        EXPECT_GT(cosine, 0.998) << kernel::name_of(set) << " heads " << heads << " " << length;
        EXPECT_GT(with_serial, 0.9995)
            << kernel::name_of(set) << " heads " << heads << " " << length;
      }
    }
  }
}

TEST_F(BertTest, a_vector_does_not_depend_on_its_batch_bit_for_bit) {
  std::vector<std::pair<kernel::InstructionSet, Precision>> kinds;
  for (const kernel::InstructionSet set : sets_here()) {
    for (const Precision precision : kPrecisions) {
      kinds.emplace_back(set, precision);
    }
  }
  for (const auto& [set, precision] : kinds) {
    const auto model = load(TestModel::random(tiny_config(), 1), set, "", precision);
    ASSERT_TRUE(model.ok());
    std::mt19937 random(2);
    std::vector<std::vector<std::uint32_t>> sequences;
    std::vector<std::vector<float>> alone;
    for (unsigned i = 0; i < 30; ++i) {
      sequences.push_back(some_ids(1 + random() % 40, i));
      alone.push_back(embed_one(**model, sequences.back()));
    }
    BertScratch scratch;  // kept, so that leftovers of one batch would show in the next
    for (int round = 0; round < 20; ++round) {
      std::vector<std::size_t> order;
      std::vector<std::uint32_t> ids;
      std::vector<std::uint32_t> offsets = {0};
      for (std::size_t i = 0, count = 1 + random() % 12; i < count; ++i) {
        order.push_back(random() % sequences.size());
        ids.insert(ids.end(), sequences[order.back()].begin(), sequences[order.back()].end());
        offsets.push_back(static_cast<std::uint32_t>(ids.size()));
      }
      std::vector<float> out(order.size() * 32);
      ASSERT_TRUE((*model)->embed(ids, offsets, out, scratch, {}).ok());
      for (std::size_t i = 0; i < order.size(); ++i) {
        ASSERT_TRUE(std::equal(alone[order[i]].begin(), alone[order[i]].end(), &out[i * 32]))
            << kernel::name_of(set) << " " << name_of(precision) << " round " << round << " row "
            << i;
      }
    }
  }
}

TEST_F(BertTest, vectors_have_unit_length) {
  const auto model = load(TestModel::random(tiny_config(), 3));
  ASSERT_TRUE(model.ok());
  const std::vector<float> row = embed_one(**model, some_ids(17, 1));
  double squares = 0;
  for (const float value : row) {
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  EXPECT_NEAR(squares, 1.0, 1e-4);
}

TEST_F(BertTest, names_with_the_prefix_of_a_larger_model_are_found) {
  const TestModel test = TestModel::random(tiny_config(), 4);
  const auto plain = load(test);
  ASSERT_TRUE(plain.ok());
  const std::vector<float> wanted = embed_one(**plain, {1, 2, 3});
  const auto prefixed = load(test, kernel::best_instruction_set(), "bert.");
  ASSERT_TRUE(prefixed.ok());
  EXPECT_EQ(embed_one(**prefixed, {1, 2, 3}), wanted);
}

TEST_F(BertTest, ids_and_shapes_that_do_not_fit_are_refused) {
  const auto loaded = load(TestModel::random(tiny_config(), 5));
  ASSERT_TRUE(loaded.ok());
  const BertModel& model = **loaded;
  EXPECT_EQ(embed_code(model, {60}, {0, 1}, 1), Code::InvalidArgument);
  EXPECT_EQ(embed_code(model, {0xFFFFFFFFU}, {0, 1}, 1), Code::InvalidArgument);
  EXPECT_EQ(embed_code(model, {1, 2}, {}, 0), Code::InvalidArgument);
  EXPECT_EQ(embed_code(model, {1, 2}, {0, 1}, 1), Code::InvalidArgument);
  EXPECT_EQ(embed_code(model, {1, 2}, {1, 2}, 1), Code::InvalidArgument);
  EXPECT_EQ(embed_code(model, {1, 2}, {0, 0, 2}, 2), Code::InvalidArgument);
  EXPECT_EQ(embed_code(model, {1, 2}, {0, 2, 1, 2}, 3), Code::InvalidArgument);
  EXPECT_EQ(embed_code(model, {1, 2}, {0, 2}, 2), Code::InvalidArgument);
  EXPECT_EQ(embed_code(model, some_ids(41, 1), {0, 41}, 1), Code::InvalidArgument);
  BertScratch scratch;
  const std::vector<std::uint32_t> none = {0};
  EXPECT_TRUE(model.embed({}, none, {}, scratch, {}).ok());
}

TEST_F(BertTest, a_cancelled_pass_says_so) {
  const auto model = load(TestModel::random(tiny_config(), 6));
  ASSERT_TRUE(model.ok());
  CancelSource source;
  source.cancel();
  EXPECT_EQ(embed_code(**model, {1, 2}, {0, 2}, 1, source.token()), Code::Cancelled);
}

TEST_F(BertTest, a_tensor_that_is_missing_or_has_another_shape_is_named) {
  const TestModel whole = TestModel::random(tiny_config(), 7);
  for (const auto& [name, tensor] : whole.tensors) {
    TestModel without = whole;
    without.tensors.erase(name);
    const auto missing = load(without);
    ASSERT_FALSE(missing.ok()) << name;
    EXPECT_EQ(missing.error().code, Code::NotFound);
    EXPECT_NE(missing.error().message.find(name), std::string::npos) << missing.error().message;
    TestModel other = whole;
    other.tensors[name].shape[0] += 1;
    other.tensors[name].values.resize(tensor.values.size() / tensor.shape[0] *
                                      (tensor.shape[0] + 1));
    const auto reshaped = load(other);
    ASSERT_FALSE(reshaped.ok()) << name;
    EXPECT_EQ(reshaped.error().code, Code::InvalidArgument);
    EXPECT_NE(reshaped.error().message.find(name), std::string::npos);
    EXPECT_NE(reshaped.error().message.find("model.safetensors"), std::string::npos);
  }
}

TEST_F(BertTest, weights_that_give_no_vector_are_an_error_and_not_a_vector) {
  TestModel zero = TestModel::random(tiny_config(), 8);
  TestModel huge = zero;
  for (const char* part : {"weight", "bias"}) {
    auto& values = zero.tensors.at(std::string("encoder.layer.1.output.LayerNorm.") + part).values;
    std::fill(values.begin(), values.end(), 0.0F);
  }
  auto& values = huge.tensors.at("encoder.layer.0.intermediate.dense.weight").values;
  std::fill(values.begin(), values.end(), 3e38F);
  for (const Precision precision : kPrecisions) {
    for (const TestModel& bad : {zero, huge}) {
      const auto model = load(bad, kernel::best_instruction_set(), "", precision);
      if (!model.ok()) {
        EXPECT_EQ(precision, Precision::Int8) << model.error().message;
        EXPECT_EQ(model.error().code, Code::Corruption);
        continue;
      }
      EXPECT_EQ(embed_code(**model, {1, 2, 3}, {0, 3}, 1), Code::Corruption) << name_of(precision);
    }
  }
}

TEST_F(BertTest, scratch_is_kept_and_does_not_grow_with_the_number_of_batches) {
  const auto model = load(TestModel::random(tiny_config(), 9));
  ASSERT_TRUE(model.ok());
  BertScratch scratch;
  const std::vector<std::uint32_t> ids = some_ids(40, 1);
  const std::vector<std::uint32_t> offsets = {0, 40};
  std::vector<float> out(32);
  ASSERT_TRUE((*model)->embed(ids, offsets, out, scratch, {}).ok());
  const std::size_t bytes = scratch.bytes();
  EXPECT_GT(bytes, 0U);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE((*model)->embed(ids, offsets, out, scratch, {}).ok());
  }
  EXPECT_EQ(scratch.bytes(), bytes);
}

}  // namespace
}  // namespace sonde::embed
