// The tokenizer against the reference implementation, with the vocabulary of the default model.
#include "text/wordpiece_reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "base/hash.h"
#include "base/utf8.h"
#include "io/file_system.h"
#include "text/wordpiece.h"

namespace sonde::text {
namespace {

constexpr std::size_t kMinRecords = 10'000;
constexpr std::uint64_t kMaxReferenceBytes = 1 << 20;
constexpr std::size_t kMaxShown = 10;

std::string model_folder() {
  const char* named = std::getenv("SONDE_TEST_MODEL");
  return named == nullptr ? SONDE_TEST_MODEL : named;
}

std::vector<std::uint32_t> encode(const WordPiece& tokenizer, const WordPieceRecord& record) {
  std::vector<std::uint32_t> ids;
  tokenizer.encode(record.text,
                   record.limit == 0 ? std::numeric_limits<std::size_t>::max() : record.limit, ids);
  return ids;
}

class WordPieceReferenceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    io::FileSystem& fs = io::real_file_system();
    const std::string path = std::string(SONDE_TEST_DATA) + "/wordpiece_reference.bin";
    auto bytes = io::read_file(fs, path, kMaxReferenceBytes);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    bytes_ = std::move(bytes).value();
    auto reference = read_wordpiece_reference(bytes_);
    ASSERT_TRUE(reference.ok()) << reference.error().message;
    reference_ = std::move(reference).value();
    ASSERT_GE(reference_.records.size(), kMinRecords);
    auto tokenizer = WordPiece::from_files(fs, model_folder());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message
                                << "\nThis test needs the default model: run scripts/bootstrap, or "
                                   "name its folder in SONDE_TEST_MODEL.";
    tokenizer_ = std::move(tokenizer).value();
  }

  std::string bytes_;
  WordPieceReference reference_;
  std::shared_ptr<const WordPiece> tokenizer_;
};

TEST_F(WordPieceReferenceTest, every_string_gives_the_ids_of_the_reference) {
  std::size_t different = 0;
  for (const WordPieceRecord& record : reference_.records) {
    const std::vector<std::uint32_t> ids = encode(*tokenizer_, record);
    if (hash_of_ids(ids) == record.hash && (!record.whole || ids == record.ids)) {
      continue;
    }
    if (++different <= kMaxShown) {
      ADD_FAILURE() << "'" << record.text << "', limit " << record.limit << ": "
                    << ::testing::PrintToString(ids) << ", the reference has "
                    << (record.whole ? ::testing::PrintToString(record.ids) : "another hash");
    }
  }
  EXPECT_EQ(different, 0U);
}

TEST_F(WordPieceReferenceTest, the_count_is_what_encode_gives_without_limit) {
  for (const WordPieceRecord& record : reference_.records) {
    std::vector<std::uint32_t> ids;
    tokenizer_->encode(record.text, std::numeric_limits<std::size_t>::max(), ids);
    ASSERT_EQ(tokenizer_->count(record.text), ids.size()) << record.text;
  }
}

TEST_F(WordPieceReferenceTest, the_reference_file_would_notice_a_wrong_id) {
  std::size_t whole = 0;
  for (const WordPieceRecord& record : reference_.records) {
    std::vector<std::uint32_t> ids = encode(*tokenizer_, record);
    whole += record.whole ? 1U : 0U;
    ids.back() ^= 1U;
    ASSERT_NE(hash_of_ids(ids), record.hash);
  }
  EXPECT_GE(whole, 300U);
}

}  // namespace
}  // namespace sonde::text
