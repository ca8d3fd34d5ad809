// What an edit costs in a library of 10,000 files, with a model that really computes.

#include <gtest/gtest.h>

#include <string>

#include "base/thread_pool.h"
#include "embed/local_encoder.h"
#include "embed/model_testing.h"
#include "io/file_system.h"
#include "support/corpus.h"
#include "support/libraries.h"

namespace sonde::testing {
namespace {

std::string functions(int count, int changed = -1) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "def step_" + std::to_string(i) + "(value):\n";
    for (int line = 0; line < 12; ++line) {
      text += "    value += " + std::to_string(i * 100 + line) +
              (i == changed && line == 4 ? "  # changed\n" : "  # as it was\n");
    }
    text += "    return value\n\n\n";
  }
  return text;
}

TEST(OneEdit, of_10000_files_embeds_only_its_changed_chunks) {
  const ScratchFolder scratch("one-edit");
  const std::string root = scratch.path() + "/tree";
  const auto files = static_cast<int>(story_size(10'000));
  for (int i = 1; i < files; ++i) {
    write_file(root + "/" + std::to_string(i % 50) + "/n" + std::to_string(i) + ".txt",
               "entry " + std::to_string(i) + "\n");
  }
  const std::string edited = root + "/7/edited.py";
  write_file(edited, functions(40));

  embed::model_of_letters(7).write(scratch.path() + "/model");
  ThreadPool pool(1, "embed");
  auto opened =
      embed::LocalEncoder::open(io::real_file_system(), scratch.path() + "/model", pool, {});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const std::shared_ptr<embed::Encoder> encoder = std::move(opened).value();
  const auto library = open_or_create({root, scratch.path() + "/library", 2, {}, encoder});
  const library::IndexReport first = index_all(*library);
  EXPECT_EQ(first.added, static_cast<std::uint64_t>(files));
  EXPECT_GE(first.embedded, static_cast<std::uint64_t>(files));
  EXPECT_EQ(first.pending_chunks, 0U);

  write_file(edited, functions(40, 20));
  const library::IndexReport report = index_all(*library);
  EXPECT_EQ(report.changed, 1U);
  EXPECT_GE(report.embedded, 1U);
  EXPECT_LE(report.embedded, 3U);
  EXPECT_EQ(report.pending_chunks, 0U);
  const auto status = library->status({}, {});
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->embedded_total, first.embedded + report.embedded);
  EXPECT_EQ(encoder->counters().texts, status->embedded_total);
}

}  // namespace
}  // namespace sonde::testing
