#include "io/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "io/file_system.h"

namespace sonde::io {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLong{60'000};

SubprocessOptions shell(const std::string& script) {
  return {.argv = {"/bin/sh", "-c", script}, .environment = {}, .descriptors = {}};
}

/// Everything that the child writes to descriptor `theirs`.
std::string output_of(SubprocessOptions options, int theirs) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  options.descriptors.push_back({write_end.get(), theirs});
  auto child = Subprocess::start(options);
  EXPECT_TRUE(child.ok());
  write_end.reset();
  std::string output;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(read_end.get(), buffer, sizeof buffer)) > 0;) {
    output.append(buffer, static_cast<std::size_t>(got));
  }
  EXPECT_TRUE(child->wait(kLong).has_value());
  return output;
}

TEST(Subprocess, tells_how_it_ended) {
  auto code = Subprocess::start(shell("exit 7")).value();
  const auto ended = code.wait(kLong);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 7);
  EXPECT_EQ(ended->describe(), "ended with exit code 7");
  EXPECT_EQ(code.wait(milliseconds(0))->exit_code, 7);
  auto killed = Subprocess::start(shell("kill -SEGV $$")).value();
  EXPECT_EQ(killed.wait(kLong)->signal, SIGSEGV);
  EXPECT_EQ(killed.wait(kLong)->describe(), "was killed by SIGSEGV (Segmentation fault)");
}

TEST(Subprocess, a_missing_program_is_not_found) {
  const auto child = Subprocess::start({.argv = {"/no/such/program"}});
  EXPECT_EQ(child.error().code, Code::NotFound);
  EXPECT_NE(child.error().message.find("/no/such/program"), std::string::npos);
  EXPECT_EQ(Subprocess::start({.argv = {"sh"}}).error().code, Code::InvalidArgument);
}

TEST(Subprocess, a_wait_ends_with_its_timeout_and_kill_ends_the_process) {
  auto child = Subprocess::start(shell("sleep 1000")).value();
  EXPECT_FALSE(child.wait(milliseconds(20)).has_value());
  EXPECT_EQ(child.kill_and_wait().signal, SIGKILL);
  EXPECT_EQ(child.wait(milliseconds(0))->signal, SIGKILL);
}

TEST(Subprocess, the_destructor_leaves_neither_process_nor_zombie) {
  int pid = 0;
  {
    const auto child = Subprocess::start(shell("sleep 1000")).value();
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(Subprocess, inherits_no_descriptor_that_was_not_given) {
  const UniqueFd leaked(::open("/dev/null", O_RDONLY));  // not close-on-exec, as a library might
  ASSERT_GT(leaked.get(), 2);
  // `ls` itself opens one to list the folder: 3, because 3 is free in it.
  EXPECT_EQ(output_of({.argv = {"/bin/ls", "/proc/self/fd"}}, 1), "0\n1\n2\n3\n");
}

TEST(Subprocess, descriptors_land_on_their_numbers_even_when_they_cross) {
  int a[2];
  int b[2];
  ASSERT_EQ(::pipe2(a, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(b, O_CLOEXEC), 0);
  const UniqueFd owners[] = {UniqueFd(a[0]), UniqueFd(a[1]), UniqueFd(b[0]), UniqueFd(b[1])};
  SubprocessOptions options =
      shell("echo to_a >&" + std::to_string(b[1]) + "; echo to_b >&" + std::to_string(a[1]));
  options.descriptors = {{a[1], b[1]}, {b[1], a[1]}};
  auto child = Subprocess::start(options).value();
  ASSERT_EQ(child.wait(kLong)->exit_code, 0);
  char buffer[16];
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(::read(a[0], buffer, 16))), "to_a\n");
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(::read(b[0], buffer, 16))), "to_b\n");
}

TEST(Subprocess, has_the_given_environment_alone) {
  EXPECT_EQ(output_of({.argv = {"/usr/bin/env"}, .environment = {"A=1", "B=2"}}, 1), "A=1\nB=2\n");
}

TEST(Subprocess, starts_with_default_signals_in_a_group_of_its_own) {
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  const std::string status =
      output_of({.argv = {"/bin/grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"}}, 1);
  ::signal(SIGPIPE, old);
  EXPECT_NE(status.find("SigBlk:\t0000000000000000"), std::string::npos) << status;
  const std::size_t ignored = status.find("SigIgn:\t");
  ASSERT_NE(ignored, std::string::npos);
  EXPECT_EQ(std::stoull(status.substr(ignored + 8), nullptr, 16) & (1ULL << (SIGPIPE - 1)), 0U);
  const auto child = Subprocess::start(shell("sleep 1000")).value();
  EXPECT_EQ(::getpgid(child.pid()), child.pid());
}

TEST(Subprocess, many_threads_start_and_reap_at_once) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 10; ++i) {
        auto child = Subprocess::start(shell("exit " + std::to_string(10 * t + i)));
        ASSERT_TRUE(child.ok());
        EXPECT_EQ(child->wait(kLong)->exit_code, 10 * t + i);
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace sonde::io
