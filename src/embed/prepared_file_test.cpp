#include "embed/prepared_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "embed/local_encoder.h"
#include "embed/model_testing.h"
#include "io/lease.h"
#include "io/test_folder.h"

namespace sonde::embed {
namespace {

using kernel::InstructionSet;

constexpr const char* kLongText = "abc de f ghijkl mnop qr stuvw xyz";  // every letter

class PreparedFileTest : public ::testing::Test {
 protected:
  PreparedFileTest() { model_of_letters(1).write(model_); }

  Result<std::unique_ptr<LocalEncoder>> open(InstructionSet set = kernel::best_instruction_set(),
                                             Precision precision = Precision::F32) {
    LocalEncoderOptions options;
    options.set = set;
    options.precision = precision;
    return LocalEncoder::open(fs_, model_, pool_, options);
  }
  std::vector<float> vector_of(std::string_view text,
                               InstructionSet set = kernel::best_instruction_set()) {
    const auto encoder = open(set);
    EXPECT_TRUE(encoder.ok()) << encoder.error().message;
    return encoder.ok() ? embedded(**encoder, text) : std::vector<float>();
  }
  static std::vector<float> embedded(LocalEncoder& encoder, std::string_view text) {
    auto vector = encoder.embed_query(text, {});
    EXPECT_TRUE(vector.ok()) << vector.error().message;
    return vector.ok() ? std::move(vector).value() : std::vector<float>();
  }
  /// What a process would read that starts now.
  PreparedFile prepared(InstructionSet set = kernel::best_instruction_set(),
                        Precision precision = Precision::F32) {
    const auto config = read_bert_config(fs_, model_);
    EXPECT_TRUE(config.ok());
    const auto id = identify(fs_, model_, *config, config->max_tokens);
    EXPECT_TRUE(id.ok());
    return {fs_, model_, *config, id->weights, Arithmetic::of(precision, set)};
  }
  std::string bytes_of_file() {
    auto bytes = io::read_file(fs_, prepared().path(), 1 << 24);
    EXPECT_TRUE(bytes.ok()) << bytes.error().message;
    return bytes.ok() ? std::move(bytes).value() : std::string();
  }
  bool has_litter() {
    const auto entries = fs_.list(model_);
    EXPECT_TRUE(entries.ok());
    return entries.ok() && std::any_of(entries->begin(), entries->end(), [](const auto& entry) {
             return io::is_temporary_name(entry.name);
           });
  }

  io::FileSystem& fs_ = io::real_file_system();
  ThreadPool pool_{2, "embed"};
  const io::TestFolder folder_;
  const std::string model_ = folder_.path("tiny-letters");
};

TEST_F(PreparedFileTest, a_model_that_was_prepared_gives_the_same_vectors_bit_for_bit) {
  for (const InstructionSet set :
       {InstructionSet::Serial, InstructionSet::Avx2, InstructionSet::Avx512}) {
    if (!kernel::is_available(set)) {
      continue;
    }
    for (const Precision precision : kPrecisions) {
      std::filesystem::remove(prepared(set, precision).path());
      const auto first = open(set, precision);
      ASSERT_TRUE(first.ok()) << first.error().message;
      ASSERT_TRUE(prepared(set, precision).read().ok()) << "it was not kept";
      const auto second = open(set, precision);
      ASSERT_TRUE(second.ok()) << second.error().message;
      EXPECT_EQ((*first)->id(), (*second)->id());
      for (const std::string& text : some_texts(50, 1)) {
        ASSERT_EQ(embedded(**first, text), embedded(**second, text)) << text;
        ASSERT_EQ((*first)->count_tokens(text), (*second)->count_tokens(text)) << text;
      }
    }
  }
}

TEST_F(PreparedFileTest, one_of_another_precision_is_not_taken_for_this_one) {
  const auto set = kernel::best_instruction_set();
  ASSERT_TRUE(open(set, Precision::Int8).ok());
  ASSERT_TRUE(open(set, Precision::F32).ok());
  EXPECT_NE(prepared(set, Precision::Int8).path(), prepared(set, Precision::F32).path());
  std::filesystem::copy_file(prepared(set, Precision::F32).path(),
                             prepared(set, Precision::Int8).path(),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(prepared(set, Precision::Int8).read().ok());
  EXPECT_TRUE(prepared(set, Precision::F32).read().ok());
}

TEST_F(PreparedFileTest, each_cut_and_each_changed_byte_is_noticed) {
  const std::vector<float> wanted = vector_of(kLongText);
  const std::string whole = bytes_of_file();
  const PreparedFile file = prepared();
  const auto refused = [&](const std::string& bytes) {
    write_bytes(file.path(), bytes);
    return !file.read().ok();
  };
  // Head and table byte by byte; behind them every byte is under the same kind of checksum.
  for (std::size_t at = 0; at < whole.size(); at += at < 120 ? 1 : 1009) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    ASSERT_TRUE(refused(changed)) << "byte " << at;
    ASSERT_TRUE(refused(whole.substr(0, at))) << "length " << at;
  }
  EXPECT_TRUE(refused(whole + '\0'));
  EXPECT_TRUE(refused(whole.substr(0, whole.size() - 1)));
  EXPECT_FALSE(refused(whole));
}

TEST_F(PreparedFileTest, what_does_not_check_is_made_anew_from_the_model) {
  const std::vector<float> wanted = vector_of(kLongText);
  const std::string whole = bytes_of_file();
  for (const std::size_t at : {std::size_t{0}, std::size_t{8}, std::size_t{12}, std::size_t{20},
                               std::size_t{60}, whole.size() / 2, whole.size() - 1}) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    write_bytes(prepared().path(), changed);
    EXPECT_EQ(vector_of(kLongText), wanted) << "byte " << at;
    EXPECT_EQ(bytes_of_file(), whole) << "byte " << at;
  }
  write_bytes(prepared().path(), "");
  EXPECT_EQ(vector_of(kLongText), wanted);
  EXPECT_EQ(bytes_of_file(), whole);
}

TEST_F(PreparedFileTest, one_that_was_made_of_other_files_is_not_believed) {
  const std::vector<float> before = vector_of("ABC de");
  rewrite(model_ + "/model.safetensors", model_of_letters(2).weights());
  EXPECT_FALSE(prepared().read().ok());
  const std::vector<float> other_weights = vector_of("ABC de");
  EXPECT_NE(other_weights, before);
  // Not part of the model's id, but of the tokenizer.
  write_bytes(model_ + "/tokenizer_config.json",
              R"({"tokenizer_class":"BertTokenizer","do_lower_case":false})");
  EXPECT_FALSE(prepared().read().ok());
  EXPECT_NE(vector_of("ABC de"), other_weights);
  EXPECT_EQ(vector_of("ABC de"), vector_of("ABC de"));
  TestModel deeper = model_of_letters(2);
  deeper.config.layers = 1;
  write_bytes(model_ + "/config.json", TestModel::json_object(deeper.config_fields()));
  EXPECT_FALSE(prepared().read().ok());
}

TEST_F(PreparedFileTest, a_folder_that_cannot_hold_it_still_gives_its_vectors) {
  const std::vector<float> wanted = vector_of(kLongText);
  const std::string path = prepared().path();
  std::filesystem::remove(path);
  std::filesystem::create_directories(path + "/in-the-way");
  EXPECT_EQ(vector_of(kLongText), wanted);
  EXPECT_EQ(vector_of(kLongText), wanted);
  EXPECT_FALSE(has_litter());
}

TEST_F(PreparedFileTest, while_another_process_writes_it_nobody_waits) {
  const auto lease = io::Lease::acquire(model_ + "/.sonde-prepared.lock");
  ASSERT_TRUE(lease.ok());
  const std::vector<float> wanted = vector_of(kLongText);
  EXPECT_FALSE(prepared().read().ok());
  EXPECT_EQ(vector_of(kLongText), wanted);
}

TEST_F(PreparedFileTest, many_that_open_at_once_agree_and_leave_one_whole_file) {
  const std::vector<float> wanted = vector_of(kLongText);
  std::filesystem::remove(prepared().path());
  std::vector<std::vector<float>> got(6);
  std::vector<std::thread> threads;
  for (auto& vector : got) {
    threads.emplace_back([&] { vector = vector_of(kLongText); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const auto& vector : got) {
    EXPECT_EQ(vector, wanted);
  }
  EXPECT_TRUE(prepared().read().ok());
  EXPECT_FALSE(has_litter());
}

TEST_F(PreparedFileTest, what_a_writer_left_that_died_is_removed_by_the_next) {
  const std::string litter = model_ + "/." + io::file_name(prepared().path()) + ".tmp-1-0";
  ASSERT_TRUE(io::is_temporary_name(io::file_name(litter))) << "the names of such files changed";
  write_bytes(litter, "half");
  vector_of("a");
  EXPECT_FALSE(std::filesystem::exists(litter));
}

TEST_F(PreparedFileTest, weights_that_are_written_over_while_in_use_give_an_error_not_a_vector) {
  ASSERT_TRUE(open().ok());
  const auto encoder = open();  // from the prepared file
  ASSERT_TRUE(encoder.ok());
  const std::vector<float> known = embedded(**encoder, "a b");
  write_bytes(model_ + "/model.safetensors", model_of_letters(2).weights());
  EXPECT_EQ(embedded(**encoder, "b a").size(), known.size()) << "rows that it has are kept";
  const auto unknown = (*encoder)->embed_query("c", {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::Corruption);
  EXPECT_NE(unknown.error().message.find("model.safetensors"), std::string::npos);
  EXPECT_EQ(embedded(**encoder, "a b"), known);
}

TEST_F(PreparedFileTest, weights_that_are_replaced_while_in_use_stay_those_that_were_opened) {
  const std::vector<float> wanted = vector_of(kLongText);
  const auto encoder = open();
  ASSERT_TRUE(encoder.ok());
  write_bytes(model_ + "/new", model_of_letters(2).weights());
  std::filesystem::rename(model_ + "/new", model_ + "/model.safetensors");
  EXPECT_EQ(embedded(**encoder, kLongText), wanted);
}

}  // namespace
}  // namespace sonde::embed
