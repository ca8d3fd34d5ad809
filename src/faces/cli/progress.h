#pragma once
// One line that says how far long work is, drawn again in place on a terminal; nothing elsewhere.

#include <chrono>
#include <functional>
#include <ostream>
#include <string>

#include "faces/cli/terminal.h"
#include "library/library.h"

namespace sonde::faces::cli {

using Clock = std::function<std::chrono::steady_clock::time_point()>;

/// Draws at most 10 times a second. Threads: owned by one thread at a time.
class ProgressLine {
 public:
  /// @param err  must outlive this
  ProgressLine(std::ostream& err, Terminal terminal, bool quiet, Clock clock);
  /// Clears the line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(const library::Progress& progress);
  /// The same of commits that are read.
  void update_commits(std::uint64_t done, std::uint64_t total);
  void clear();
  /// For a call of the library; this must outlive it.
  library::ProgressSink sink();

 private:
  /// Whether it is time to draw again.
  bool due(std::chrono::steady_clock::time_point now) const;
  void draw(const std::string& line, std::chrono::steady_clock::time_point now);
  std::string describe_embedding(const library::Progress& progress, double phase_seconds) const;
  std::string describe(const library::Progress& progress, double phase_seconds) const;

  std::ostream& err_;
  const Terminal terminal_;
  const bool enabled_;
  const Clock clock_;
  bool drawn_ = false;
  bool begun_ = false;
  library::Progress first_;  // of the present phase: rates count from there
  std::chrono::steady_clock::time_point phase_start_;
  std::chrono::steady_clock::time_point last_draw_;
};

}  // namespace sonde::faces::cli
