#include "faces/cli/descriptor_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ostream>
#include <string>

namespace sonde::faces::cli {
namespace {

TEST(DescriptorBuffer, everything_written_arrives) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string text(40'000, 'x');
  {
    DescriptorBuffer buffer(ends[1]);
    std::ostream out(&buffer);
    out << text << 'y';
    out.flush();
    EXPECT_EQ(buffer.error(), 0);
  }
  ::close(ends[1]);
  std::string got(50'000, '\0');
  std::size_t length = 0;
  for (ssize_t n = 1; n > 0; length += static_cast<std::size_t>(n)) {
    n = ::read(ends[0], got.data() + length, got.size() - length);
    ASSERT_GE(n, 0);
  }
  ::close(ends[0]);
  EXPECT_EQ(got.substr(0, length), text + "y");
}

TEST(DescriptorBuffer, remembers_that_the_reader_went_away) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  ::close(ends[0]);
  DescriptorBuffer buffer(ends[1]);
  std::ostream out(&buffer);
  out << std::string(100'000, 'x');
  out.flush();
  EXPECT_EQ(buffer.error(), EPIPE);
  ::close(ends[1]);
  std::signal(SIGPIPE, before);
}

TEST(DescriptorBuffer, tells_of_a_full_disk) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  DescriptorBuffer buffer(full);
  std::ostream out(&buffer);
  out << "x" << std::flush;
  EXPECT_EQ(buffer.error(), ENOSPC);
  ::close(full);
}

}  // namespace
}  // namespace sonde::faces::cli
