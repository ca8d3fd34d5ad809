// `forget` removes: no byte of the text is in any file of the library [INV-11].

#include <gtest/gtest.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

std::vector<std::string> files_that_hold(const std::string& folder, const std::string& needle) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)),
                              std::istreambuf_iterator<char>());
      if (bytes.find(needle) != std::string::npos) {
        found.push_back(entry.path());
      }
    }
  }
  return found;
}

TEST(Forget, leaves_no_byte_of_the_text_in_any_file_and_stays_excluded) {  // INV-11
  const ScratchFolder scratch("forget");
  Corpus corpus(scratch.path() + "/tree", 11);
  corpus.add_files(400);
  // Random words do not compress, so they would be seen in compressed rows too.
  const std::string marker = "xqzvkwjpyr7f3d9b2mlx";
  write_file(corpus.root() + "/secret/" + marker + ".py",
             "def " + marker + "():\n    return '" + marker + "'\n");
  write_file(corpus.root() + "/secret/other.py", "def other():\n    return '" + marker + "'\n");
  const LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, {}};
  const auto library = open_or_create(setup);
  index_all(*library);
  ASSERT_EQ(files_with(*library, marker), 2U);
  ASSERT_FALSE(files_that_hold(setup.directory, marker).empty())
      << "the search would prove nothing";

  const auto report = library->forget({corpus.root() + "/secret"}, {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->files, 2U);
  EXPECT_FALSE(report->pending);
  EXPECT_TRUE(report->retained.empty());
  EXPECT_EQ(files_that_hold(setup.directory, marker), std::vector<std::string>{});
  EXPECT_EQ(files_with(*library, marker), 0U);

  index_all(*library);
  EXPECT_EQ(files_with(*library, marker), 0U) << "excluded until it is asked for";
  EXPECT_EQ(files_that_hold(setup.directory, marker), std::vector<std::string>{});

  library::IndexRequest again;
  again.paths = {corpus.root() + "/secret"};
  index_all(*library, again);
  EXPECT_EQ(files_with(*library, marker), 2U);
}

}  // namespace
}  // namespace sonde::testing
