// A library.db that is missing, empty, older, damaged or of a newer version is noticed before it is
// believed, and mended [INV-4].

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/hash.h"
#include "store/store.h"
#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

class DamagedTruth : public ::testing::Test {
 protected:
  DamagedTruth() {
    corpus_.add_files(500);
    write_file(corpus_.root() + "/.gitignore", "*.log\n");
    write_file(corpus_.root() + "/out.log", "log\n");
    index_all(*open_or_create(setup_));
    EXPECT_EQ(sonde({"index", corpus_.root()}).exit_code, 0);  // writes down the library's root
  }

  Ran sonde(std::vector<std::string> words) {
    words.insert(words.end(), {"--library", setup_.directory});
    return run_sonde(scratch_.path(), std::move(words));
  }
  [[nodiscard]] std::string database() const { return setup_.directory + "/library.db"; }

  /// Every command refuses with 3 and a word of the reason; the doctor says it and mends it.
  void expect_refused_and_mended(const std::string& reason) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"search", "retry"},
                                               {"status"},
                                               {"index", corpus_.root()},
                                               {"source", "list"},
                                               {"forget", corpus_.root() + "/x"},
                                               {"doctor"}}) {
      const Ran ran = sonde(words);
      EXPECT_EQ(ran.exit_code, 3) << words[0] << ": " << ran.all();
      EXPECT_NE(ran.all().find(reason), std::string::npos) << words[0] << ": " << ran.all();
      EXPECT_NE(ran.all().find("sonde doctor"), std::string::npos) << words[0] << ran.all();
      EXPECT_NE(ran.all().find("library.db"), std::string::npos) << words[0] << ran.all();
    }
    expect_mended();
  }

  void expect_mended() {
    const Ran repair = sonde({"doctor", "--repair"});
    EXPECT_EQ(repair.exit_code, 0) << repair.all();
    const Ran doctor = sonde({"doctor"});
    EXPECT_EQ(doctor.exit_code, 0) << doctor.all();
    const Ran index = sonde({"index", corpus_.root()});
    EXPECT_EQ(index.exit_code, 0) << index.all();
    expect_equal_to_fresh(*open_or_create(setup_), setup_, scratch_.path() + "/fresh");
  }

  ScratchFolder scratch_{"truth"};
  Corpus corpus_{scratch_.path() + "/tree", 19};
  LibrarySetup setup_{corpus_.root(), scratch_.path() + "/library", 2, {}};
};

TEST_F(DamagedTruth, missing) {
  fs::remove(database());
  fs::remove(database() + "-wal");
  expect_refused_and_mended("missing");
}

TEST_F(DamagedTruth, missing_with_its_id) {
  fs::remove(database());
  fs::remove(setup_.directory + "/library.id");
  expect_refused_and_mended("missing");
}

TEST_F(DamagedTruth, empty) {
  fs::resize_file(database(), 0);
  expect_refused_and_mended("empty");
}

TEST_F(DamagedTruth, older) {
  fs::copy_file(database(), scratch_.path() + "/old.db");
  corpus_.edit_files(300);
  corpus_.add_files(300);
  library::IndexRequest compact;
  compact.compact = true;
  index_all(*open_or_create(setup_), compact);
  corpus_.edit_files(400);
  index_all(*open_or_create(setup_), compact);
  fs::copy_file(scratch_.path() + "/old.db", database(), fs::copy_options::overwrite_existing);
  fs::remove(database() + "-wal");
  fs::remove(database() + "-shm");
  expect_refused_and_mended("older");
}

TEST_F(DamagedTruth, of_another_library) {
  Corpus other(scratch_.path() + "/other", 3);
  other.add_files(5);
  index_all(*open_or_create({other.root(), scratch_.path() + "/other-library", 2, {}}));
  fs::copy_file(scratch_.path() + "/other-library/library.db", database(),
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(sonde({"search", "retry"}).exit_code, 3);
  EXPECT_NE(sonde({"search", "retry"}).err.find("another library"), std::string::npos);
  EXPECT_EQ(sonde({"doctor", "--repair"}).exit_code, 0);
  EXPECT_EQ(sonde({"source", "remove", other.root()}).exit_code, 0);
  expect_mended();
}

TEST_F(DamagedTruth, text_instead_of_a_database) {
  write_file(database(), std::string(50'000, 'n'));
  expect_refused_and_mended("library.db");
}

TEST_F(DamagedTruth, cut_to_half) {
  fs::resize_file(database(), fs::file_size(database()) / 2 / 4096 * 4096);
  const Ran ran = sonde({"search", "retry request"});
  EXPECT_TRUE(ran.exit_code == 3 || ran.exit_code == 0) << ran.all();
  EXPECT_EQ(sonde({"doctor"}).exit_code, 3) << sonde({"doctor"}).all();
  expect_mended();
}

TEST_F(DamagedTruth, of_a_newer_version_is_left_alone_and_said_so) {
  // The version stands in bytes 60 to 63 of the first page, whose checksum is its last 8 bytes.
  std::fstream file(database(), std::ios::binary | std::ios::in | std::ios::out);
  std::string page(4'096, '\0');
  file.read(page.data(), 4'096);
  ASSERT_EQ(page[63], store::kSchemaVersion);
  page[63] = 99;
  const std::uint64_t checksum = checksum64(std::string_view(page).substr(0, 4'088), 1);
  for (unsigned i = 0; i < 8; ++i) {
    page[4'088 + i] = static_cast<char>(checksum >> (8 * i));
  }
  file.seekp(0);
  file.write(page.data(), 4'096);
  file.close();
  const std::uint64_t size = fs::file_size(database());
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"search", "retry"},
                                             {"status"},
                                             {"index", corpus_.root()},
                                             {"doctor"},
                                             {"doctor", "--repair"}}) {
    const Ran ran = sonde(words);
    EXPECT_EQ(ran.exit_code, 2) << words[0] << ran.all();
    EXPECT_NE(ran.err.find("newer"), std::string::npos) << words[0] << ran.all();
  }
  EXPECT_EQ(fs::file_size(database()), size);
}

class FlippedTruth : public DamagedTruth, public ::testing::WithParamInterface<unsigned> {};

TEST_P(FlippedTruth, is_noticed_and_mended) {
  std::mt19937 random(GetParam());
  std::fstream file(database(), std::ios::binary | std::ios::in | std::ios::out);
  const std::uint64_t size = fs::file_size(database());
  for (unsigned i = 0; i <= GetParam() * 4; ++i) {
    const auto at = static_cast<std::streamoff>(random() % size);
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ (1 << (random() % 8))));
  }
  file.close();
  // A search may not touch the page; whatever it says is right or names the file.
  const std::string marker = corpus_.living_marker();
  const Ran search = sonde({"search", '"' + marker + '"', "--json"});
  if (search.exit_code == 0) {
    EXPECT_NE(search.out.find(marker), search.out.rfind(marker)) << search.all();
  } else {
    EXPECT_EQ(search.exit_code, 3) << search.all();
    EXPECT_NE(search.err.find("library.db"), std::string::npos) << search.all();
  }
  const Ran doctor = sonde({"doctor"});
  EXPECT_EQ(doctor.exit_code, 3) << doctor.all();
  EXPECT_NE(doctor.all().find("library.db"), std::string::npos) << doctor.all();
  expect_mended();
}

INSTANTIATE_TEST_SUITE_P(Seeds, FlippedTruth, ::testing::Range(0U, 5U));

}  // namespace
}  // namespace sonde::testing
