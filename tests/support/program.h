#pragma once
// Running the `sonde` program as a person would: its words, its exit code, its messages.

#include <sys/types.h>

#include <string>
#include <vector>

namespace sonde::testing {

enum class As { Me, Nobody };  // Nobody: an unprivileged user, when the test runs as root

struct Ran {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  std::string out;
  std::string err;
  [[nodiscard]] std::string all() const { return out + err; }
};

/// A started `sonde`. Its output goes to files in `scratch`. Killed when it is dropped before its
/// end.
class Running {
 public:
  /// @param scratch  an existing folder; also its HOME, so that no settings of the user count
  Running(const std::string& scratch, std::vector<std::string> words, As who = As::Me);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void send(int signal) const;
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool ended();
  /// What it has written so far.
  [[nodiscard]] Ran so_far() const;
  Ran wait();

 private:
  pid_t pid_ = 0;
  int status_ = 0;
  std::string output_;
};

/// Runs it to its end.
Ran run_sonde(const std::string& scratch, std::vector<std::string> words, As who = As::Me);

}  // namespace sonde::testing
