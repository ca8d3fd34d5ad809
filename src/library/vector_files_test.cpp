#include "library/vector_files.h"

#include <gtest/gtest.h>

#include "index/vectors_testing.h"
#include "io/test_folder.h"

namespace sonde::library {
namespace {

constexpr std::uint32_t kDimensions = 48;
constexpr std::size_t kVectors = 3'000;

std::unique_ptr<store::Store> store_of_vectors(const std::string& directory,
                                               store::ModelRow& model) {
  store::StoreOptions options;
  options.directory = directory;
  options.access = store::Access::Write;
  std::unique_ptr<store::Store> made = store::Store::create(options).value();
  index::vectors_testing::Clumps clumps(5, 20, kDimensions);
  std::vector<store::VectorRow> rows;
  for (std::size_t i = 0; i < kVectors; ++i) {
    rows.push_back({content_hash("text " + std::to_string(i)),
                    index::pack_code(index::encode_vector(clumps.next()).value())});
  }
  const auto transaction = made->begin().value();
  model = transaction->add_model("a model", kDimensions).value();
  EXPECT_EQ(transaction->add_vectors(model.id, rows).value(), kVectors);
  EXPECT_TRUE(transaction->commit().ok());
  model.vectors = kVectors;
  return made;
}

TEST(VectorFiles, of_all_rows_are_the_same_through_parts_of_which_none_stays) {  // INV-7, INV-10
  const io::TestFolder folder;
  store::ModelRow model;
  const std::unique_ptr<store::Store> opened = store_of_vectors(folder.path(""), model);
  VectorFiles files(io::real_file_system(), folder.path(""), index::VectorSet::kNoLimit);
  const auto snapshot = opened->snapshot().value();
  const store::VectorFileRow whole = files.write_all(*snapshot, 1, model, nullptr).value();
  EXPECT_EQ(whole.vectors, kVectors);
  constexpr std::size_t kFewRows = 20'000;  // bytes
  const store::VectorFileRow parts =
      files.write_all(*snapshot, 1, model, nullptr, kFewRows).value();
  EXPECT_EQ(parts.checksum, whole.checksum);
  EXPECT_EQ(parts.last_vector_id, whole.last_vector_id);
  EXPECT_EQ(files.bytes_on_disk(), whole.size_bytes);
}

}  // namespace
}  // namespace sonde::library
