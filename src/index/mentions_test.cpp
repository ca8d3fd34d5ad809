#include "index/mentions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace sonde::index {
namespace {

std::vector<std::string> places(std::string_view text) {
  std::vector<std::string> places;
  for (const PathMention& each : read_mentions(text).paths) {
    places.push_back(each.path + ":" + std::to_string(each.line));
  }
  return places;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Mentions, paths_and_lines_of_a_query_are_read) {
  EXPECT_THAT(places("why does net/tcp.c:120 fail"), ElementsAre("net/tcp.c:120"));
  EXPECT_THAT(places("./src\\app\\db.py"), ElementsAre("src/app/db.py:0"));
  EXPECT_THAT(places("types.d.ts and tcp.c"), ElementsAre("types.d.ts:0", "tcp.c:0"));
  EXPECT_THAT(places("the folder net/tcp/"), ElementsAre("net/tcp:0"));
  EXPECT_FALSE(read_mentions("net/tcp.c:120").pasted);
}

TEST(Mentions, what_is_no_path_is_none) {
  for (const char* text : {"see http://example.org/a/b.html", "e.g. this", "version 1.5", "a ... b",
                           "std::vector", "3/4", "x -> y", "..", "/", ""}) {
    EXPECT_THAT(places(text), IsEmpty()) << text;
  }
}

TEST(Mentions, frames_of_stack_traces_come_innermost_first) {
  const char* python =
      "Traceback (most recent call last):\n"
      "  File \"/home/u/app/main.py\", line 3, in <module>\n"
      "    run()\n"
      "  File \"/home/u/app/db/pool.py\", line 42, in acquire\n"
      "    raise PoolTimeout(\"no connection\")\n"
      "app.db.PoolTimeout: no connection\n";
  EXPECT_THAT(places(python), ElementsAre("home/u/app/db/pool.py:42", "home/u/app/main.py:3"));
  EXPECT_TRUE(read_mentions(python).pasted);
  EXPECT_THAT(places("java.lang.IllegalStateException: closed\n"
                     "\tat com.x.Pool.take(Pool.java:77)\n\tat com.x.Main.main(Main.java:5)\n"),
              ElementsAre("Pool.java:77", "Main.java:5"));
  EXPECT_THAT(places("TypeError: x is undefined\n    at send (/srv/lib/response.js:12:7)\n"),
              ElementsAre("srv/lib/response.js:12"));
  EXPECT_THAT(places("#0  uv__read (stream=0x1) at src/unix/stream.c:1147\n"),
              ElementsAre("src/unix/stream.c:1147"));
  EXPECT_THAT(places("goroutine 1 [running]:\nmain.run()\n\t/go/src/x/run.go:31 +0x1d\n"),
              ElementsAre("go/src/x/run.go:31"));
  EXPECT_THAT(places("thread 'main' panicked at src/net/tcp.rs:9:5:\nboom"),
              ElementsAre("src/net/tcp.rs:9"));
  EXPECT_THAT(places("at Foo.Bar() in C:\\x\\Foo.cs:line 12\n"), ElementsAre("x/Foo.cs:12"));
  EXPECT_THAT(places("Warning: oops in /var/www/index.php on line 8\n"),
              ElementsAre("var/www/index.php:8"));
  EXPECT_THAT(places("a.cpp(12,3): error C2065"), ElementsAre("a.cpp:12"));
}

TEST(Mentions, pasted_text_keeps_its_words_and_loses_numbers_and_folders) {
  const Mentions found =
      read_mentions("#0  0x00007f uv__read at /usr/lib/x/stream.c:1147\nabort called\n");
  EXPECT_TRUE(found.pasted);
  EXPECT_THAT(found.words, testing::HasSubstr("uv__read"));
  EXPECT_THAT(found.words, testing::HasSubstr("stream"));
  EXPECT_THAT(found.words, testing::HasSubstr("abort called"));
  EXPECT_THAT(found.words, testing::Not(testing::HasSubstr("usr")));
  EXPECT_THAT(found.words, testing::Not(testing::HasSubstr("1147")));
  EXPECT_THAT(found.words, testing::Not(testing::HasSubstr("7f")));
}

TEST(Mentions, a_file_is_matched_from_either_side_at_its_components) {
  EXPECT_EQ(mention_match({"net/tcp.c", 0}, "src/net/tcp.c"), 1);
  EXPECT_EQ(mention_match({"net/tcp", 0}, "src/net/tcp.c"), 1);
  EXPECT_EQ(mention_match({"home/u/src/net/tcp.c", 3}, "src/net/tcp.c"), 1);
  EXPECT_EQ(mention_match({"net/tcp", 0}, "src/net/tcp/socket.c"), 1);
  EXPECT_EQ(mention_match({"usr/lib/utils.py", 3}, "utils.py"), 0.5);
  EXPECT_EQ(mention_match({"et/tcp.c", 0}, "src/net/tcp.c"), 0);
  EXPECT_EQ(mention_match({"net/tcp.c", 0}, "src/net/xtcp.c"), 0);
  EXPECT_EQ(mention_match({"tcp", 0}, "src/tcp/socket.c"), 0);
}

TEST(Mentions, any_bytes_are_read_without_harm) {
  std::mt19937 random(11);
  constexpr std::string_view kBytes = "a/b.c:1(2,3)\"\\File line in\n\r\x80\xff -~@";
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    for (std::size_t n = random() % 60; n > 0; --n) {
      text += kBytes[random() % kBytes.size()];
    }
    const Mentions found = read_mentions(text);
    EXPECT_LE(found.paths.size(), kMentionLimit);
    for (const PathMention& each : found.paths) {
      EXPECT_GE(mention_match(each, each.path), 0.5) << each.path;
    }
  }
}

}  // namespace
}  // namespace sonde::index
