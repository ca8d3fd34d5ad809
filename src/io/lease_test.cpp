#include "io/lease.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "io/file_system.h"
#include "io/test_folder.h"

namespace sonde::io {
namespace {

TEST(Lease, a_second_taker_is_told_who_holds_it) {
  const TestFolder folder;
  const auto lease = Lease::acquire(folder.path("lease"));
  ASSERT_TRUE(lease.ok());
  const auto second = Lease::acquire(folder.path("lease"));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::Busy);
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid()) + " ("),
            std::string::npos)
      << second.error().message;
  EXPECT_EQ(Lease::holder(folder.path("lease")), ::getpid());
}

TEST(Lease, is_given_back_at_the_end_of_its_scope_and_moves) {
  const TestFolder folder;
  {
    auto first = Lease::acquire(folder.path("lease"));
    ASSERT_TRUE(first.ok());
    const Lease moved = std::move(first).value();
    EXPECT_EQ(Lease::acquire(folder.path("lease")).error().code, Code::Busy);
  }
  EXPECT_FALSE(Lease::holder(folder.path("lease")).has_value());
  EXPECT_TRUE(Lease::acquire(folder.path("lease")).ok());
}

TEST(Lease, assignment_gives_the_old_one_back_at_once) {
  const TestFolder folder;
  Lease a = Lease::acquire(folder.path("a")).value();
  Lease b = Lease::acquire(folder.path("b")).value();
  a = std::move(b);
  EXPECT_TRUE(Lease::acquire(folder.path("a")).ok());
  EXPECT_EQ(Lease::acquire(folder.path("b")).error().code, Code::Busy);
}

TEST(Lease, dies_with_its_holder_even_by_sigkill) {
  const TestFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lease = Lease::acquire(folder.path("lease"));
    const char answer = lease.ok() ? 'y' : 'n';
    static_cast<void>(!::write(ready[1], &answer, 1));
    for (;;) {
      ::pause();
    }
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_EQ(Lease::holder(folder.path("lease")), child);
  EXPECT_EQ(Lease::acquire(folder.path("lease")).error().code, Code::Busy);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(Lease::holder(folder.path("lease")).has_value());
  EXPECT_TRUE(Lease::acquire(folder.path("lease")).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(Lease, is_not_inherited_by_a_program_we_start) {
  const TestFolder folder;
  pid_t child = 0;
  {
    const Lease lease = Lease::acquire(folder.path("lease")).value();
    child = ::fork();
    if (child == 0) {
      ::execl("/bin/sleep", "sleep", "60", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    // Until the child has called exec it shares the lock; /proc/PID/exe tells when it has.
    const std::string exe = "/proc/" + std::to_string(child) + "/comm";
    while (read_file(real_file_system(), exe, 100).value() != "sleep\n") {
      ::usleep(1000);
    }
  }
  EXPECT_TRUE(Lease::acquire(folder.path("lease")).ok());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(Lease, is_given_back_although_a_child_has_not_called_exec_yet) {
  const TestFolder folder;
  pid_t child = 0;
  {
    const Lease lease = Lease::acquire(folder.path("lease")).value();
    child = ::fork();
    if (child == 0) {
      for (;;) {
        ::pause();
      }
    }
  }
  EXPECT_TRUE(Lease::acquire(folder.path("lease")).ok());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(Lease, a_stale_or_senseless_text_does_no_harm) {
  const TestFolder folder;
  for (const char* text : {"1 99999999999\n", "no number", "", "-5 1\n", "999999999999999999999"}) {
    std::ofstream(folder.path("lease")) << text;
    EXPECT_FALSE(Lease::holder(folder.path("lease")).has_value());
    const auto lease = Lease::acquire(folder.path("lease"));
    ASSERT_TRUE(lease.ok()) << text;
    std::ofstream(folder.path("lease")) << text;  // what the holder wrote is gone
    const auto second = Lease::acquire(folder.path("lease"));
    EXPECT_EQ(second.error().code, Code::Busy);
    EXPECT_NE(second.error().message.find("another process"), std::string::npos);
  }
}

TEST(Lease, errors_name_the_file) {
  const auto lease = Lease::acquire("/nonexistent/lease");
  EXPECT_EQ(lease.error().code, Code::NotFound);
  EXPECT_NE(lease.error().message.find("/nonexistent/lease"), std::string::npos);
}

}  // namespace
}  // namespace sonde::io
