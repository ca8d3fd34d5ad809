#include "support/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "support/libraries.h"

namespace sonde::testing {

namespace {

constexpr uid_t kNobody = 65534;

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) {
    result.push_back(word.data());
  }
  result.push_back(nullptr);
  return result;
}

/// Only what may be called between fork and exec. Files are opened before the user is changed.
[[noreturn]] void become(const char* out, const char* err, As who, char* const* argv,
                         char* const* environment) {
  const int out_fd = ::open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const int err_fd = ::open(err, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (out_fd < 0 || err_fd < 0 || ::dup2(out_fd, 1) < 0 || ::dup2(err_fd, 2) < 0) {
    ::_exit(126);
  }
  if (who == As::Nobody && ::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) {
    ::_exit(126);
  }
  ::execve(argv[0], argv, environment);
  ::_exit(127);
}

}  // namespace

Running::Running(const std::string& scratch, std::vector<std::string> words, As who) {
  static std::atomic<int> runs{0};
  output_ = scratch + "/output" + std::to_string(runs++);
  words.insert(words.begin(), program_path("sonde"));
  std::vector<std::string> variables = {"HOME=" + scratch, "LANG=C.UTF-8", "PATH=/usr/bin:/bin"};
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) {
      variables.push_back(std::string(name) + "=" + value);
    }
  }
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> environment = pointers(variables);
  const std::string out = output_ + ".out";
  const std::string err = output_ + ".err";
  pid_ = ::fork();
  if (pid_ == 0) {
    become(out.c_str(), err.c_str(), who, argv.data(), environment.data());
  }
}

Running::~Running() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status_, 0);
  }
}

void Running::send(int signal) const {
  if (pid_ > 0) {
    ::kill(pid_, signal);
  }
}

bool Running::ended() {
  if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) {
    pid_ = 0;
  }
  return pid_ == 0;
}

Ran Running::so_far() const {
  Ran ran;
  ran.out = read_all(output_ + ".out");
  ran.err = read_all(output_ + ".err");
  return ran;
}

Ran Running::wait() {
  if (pid_ > 0) {
    ::waitpid(pid_, &status_, 0);
    pid_ = 0;
  }
  Ran ran = so_far();
  ran.exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  ran.signal = WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
  return ran;
}

Ran run_sonde(const std::string& scratch, std::vector<std::string> words, As who) {
  return Running(scratch, std::move(words), who).wait();
}

}  // namespace sonde::testing
