#include "index/path_signals.h"

#include <gtest/gtest.h>

namespace sonde::index {
namespace {

TEST(PathSignals, a_folder_of_a_version_is_told_from_other_names) {
  const auto folder = version_folder("src/api/v12/types.ts");
  ASSERT_TRUE(folder.has_value());
  EXPECT_EQ(folder->parent, "src/api/");
  EXPECT_EQ(folder->name, "v12");
  EXPECT_EQ(folder->version, 12U);
  for (const char* path :
       {"src/v8engine/a.cc", "v2.py", "src/v/a.c", "src/v12345/a.c", "vendor/a.c"}) {
    EXPECT_FALSE(version_folder(path).has_value()) << path;
  }
}

TEST(PathSignals, another_platform_is_named_by_a_whole_word_of_the_path) {
  EXPECT_EQ(foreign_platform("src/win/fs.c"), "win");
  EXPECT_EQ(foreign_platform("src/unix/darwin-proctitle.c"), "darwin");
  EXPECT_EQ(foreign_platform("lib/signal_windows.go"), "windows");
  for (const char* path : {"src/unix/fs.c", "src/window.c", "winner/fs.c", "machine/a.c", ""}) {
    EXPECT_EQ(foreign_platform(path), "") << path;
  }
}

TEST(PathSignals, headers_have_the_stem_of_what_they_declare) {
  EXPECT_TRUE(is_header("a/http.d.ts"));
  EXPECT_EQ(header_stem("a/http.d.ts"), "http");
  EXPECT_EQ(header_stem("a/http.h"), "http");
  EXPECT_FALSE(is_header("a/http.ts"));
}

}  // namespace
}  // namespace sonde::index
