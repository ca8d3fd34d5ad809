// What happened elsewhere: one broken worker poisoned the whole pool, 0 of 37 files were indexed.
// Here a bad file costs that file its syntax tree and nothing else [INV-5].

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "support/corpus.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

class Poison : public ::testing::TestWithParam<const char*> {};

TEST_P(Poison, costs_one_file_its_syntax_tree_and_is_not_met_again) {  // INV-5
  const ScratchFolder scratch("poison");
  Corpus corpus(scratch.path() + "/tree", 9);
  corpus.add_files(60);
  write_file(corpus.root() + "/bad.py", std::string("def poisoned(value):\n    return '") +
                                            GetParam() +
                                            "'\n\n\ndef findable_gribble():\n    pass\n");
  LibrarySetup setup{corpus.root(), scratch.path() + "/library", 2, program_path("poison_worker")};
  library::LibraryOptions options = options_of(setup);
  const auto library = open_or_create(setup);
  const library::IndexReport first = index_all(*library);
  EXPECT_EQ(first.added, 61U);
  EXPECT_EQ(first.windowed, 1U);
  EXPECT_EQ(first.quarantined, 1U);
  ASSERT_EQ(first.notes.size(), 1U);
  EXPECT_NE(first.notes[0].find("bad.py"), std::string::npos);

  EXPECT_EQ(files_with(*library, "findable_gribble"), 1U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(files_with(*library, corpus.living_marker()), 1U);
  }
  library::StatusRequest request;
  request.list_quarantine = true;
  const auto status = library->status(request, {});
  ASSERT_TRUE(status.ok());
  ASSERT_EQ(status->quarantine_list.size(), 1U);
  EXPECT_EQ(status->quarantine_list[0].path, "bad.py");
  EXPECT_FALSE(status->quarantine_list[0].reason.empty());

  // Moved, it is the same poison: its chunks are taken from the truth.
  const library::IndexReport again = index_all(*library);
  EXPECT_EQ(again.notes.size(), 0U);
  EXPECT_EQ(again.quarantined, 1U);

  // Changed for the better, it leaves the quarantine.
  write_file(corpus.root() + "/bad.py", "def healed_gribble():\n    pass\n");
  const library::IndexReport healed = index_all(*library);
  EXPECT_EQ(healed.changed, 1U);
  EXPECT_EQ(healed.quarantined, 0U);
  EXPECT_EQ(files_with(*library, "findable_gribble"), 0U);
}

INSTANTIATE_TEST_SUITE_P(EveryKind, Poison,
                         ::testing::Values("POISON_CRASH", "POISON_EAT", "POISON_LIE",
                                           "POISON_HANG"));

}  // namespace
}  // namespace sonde::testing
