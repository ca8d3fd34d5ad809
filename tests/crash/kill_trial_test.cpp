// kill -9 of the real program, again and again, at calls of the disk and at random moments [INV-2].

#include <gtest/gtest.h>
#include <unistd.h>

#include <fcntl.h>
#include <cerrno>

#include "crash/trials.h"
#include "io/os_error.h"
#include "selftest/kills.h"
#include "support/libraries.h"
#include "support/program.h"
#include "support/tiny_model.h"

namespace sonde::testing {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kPreloads = false;  // the sanitizer's own library has to be the first
#else
constexpr bool kPreloads = true;
#endif

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) {
    result.push_back(word.data());
  }
  result.push_back(nullptr);
  return result;
}

/// Starts `sonde index` as leader of a group, with the library that dies at a call.
Result<pid_t> start_sonde(const std::string& scratch, const selftest::Errand& errand) {
  std::vector<std::string> words = {program_path("sonde"), "index",          "--quiet",
                                    "--library",           errand.directory, errand.root};
  if (errand.compact) {
    words.emplace_back("--compact");
  }
  std::vector<std::string> variables = {"HOME=" + scratch, "LANG=C.UTF-8", "PATH=/usr/bin:/bin",
                                        "SONDE_DIE_NOTE=" + errand.note};
  if (kPreloads) {
    variables.push_back("LD_PRELOAD=" SONDE_TEST_DIE_AT_CALL);
  }
  if (errand.die_at) {
    variables.push_back("SONDE_DIE_AT=" + std::to_string(*errand.die_at));
    if (!errand.die_name.empty()) {
      variables.push_back("SONDE_DIE_NAME=" + errand.die_name);
    }
  }
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> environment = pointers(variables);
  const std::string output = scratch + "/output";
  const pid_t pid = ::fork();
  if (pid < 0) {
    return io::os_error(errno, "start", words[0]);
  }
  if (pid == 0) {
    static_cast<void>(::setpgid(0, 0));
    const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    static_cast<void>(::dup2(fd, 1));
    static_cast<void>(::dup2(fd, 2));
    ::execve(argv[0], argv.data(), environment.data());
    ::_exit(127);
  }
  return pid;
}

TEST(KillTrial, sonde_killed_at_calls_of_the_disk_and_at_random_keeps_its_promises) {  // INV-2
  const ScratchFolder scratch("kills");
  const auto model = words_model(7);
  ASSERT_EQ(
      [&] {
        model.write(scratch.path() + "/tiny");
        return run_sonde(scratch.path(), {"model", "add", scratch.path() + "/tiny"}).exit_code;
      }(),
      0);
  selftest::KillOptions options;
  options.scratch = scratch.path();
  options.worker_program = program_path("sonde-worker");
  options.seed = trial_seed();
  options.kills = trial_count("SONDE_KILLS", 2'000, 25);
  options.dies_by_itself = kPreloads;
  options.start = [&](const selftest::Errand& errand) {
    return start_sonde(scratch.path(), errand);
  };
  const auto encoder = write_and_open(model, scratch.path() + "/opened/tiny",
                                      embed::precision_of("auto").value());  // as sonde does
  options.options = [&](const selftest::Ground& ground) {
    library::LibraryOptions opened = selftest::options_for(ground, 0);
    opened.encoder = encoder;
    return opened;
  };
  const auto tally = selftest::try_kills(options);
  ASSERT_TRUE(tally.ok()) << tally.error().message;
  report("kill -9", *tally);
  EXPECT_GE(tally->count("kills"), options.kills);
  EXPECT_EQ(tally->count("promises broken"), 0U);
}

}  // namespace
}  // namespace sonde::testing
