#pragma once
// What a command works with: everything of the outside world is passed in, so that a test is a
// call.

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>

#include "base/cancel.h"
#include "faces/cli/arguments.h"
#include "faces/cli/progress.h"
#include "faces/cli/terminal.h"
#include "library/library.h"

namespace sonde::faces::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  Terminal out_terminal;
  Terminal err_terminal;
  bool in_is_terminal = false;
  bool no_color = false;  // NO_COLOR is set and not empty
  // What a server reads and writes past the streams above; -1: not there.
  int in_descriptor = -1;
  int out_descriptor = -1;
};

/// How a library is reached; in the program these are the functions of library::Library.
struct LibraryDoor {
  using Opened = Result<std::unique_ptr<library::Library>>;
  std::function<Opened(const library::LibraryOptions&)> create;
  std::function<Opened(const library::LibraryOptions&)> open;
  std::function<Result<library::DoctorReport>(const library::LibraryOptions&, bool repair,
                                              const library::ProgressSink&, const CancelToken&)>
      doctor;
  std::function<Result<std::string>(const library::LibraryOptions&)> reset;
};
LibraryDoor real_library_door();

/// One call of the program.
struct Context {
  const Invocation& invocation;
  const library::Environment& environment;
  Streams& streams;
  const LibraryDoor& door;
  const CancelToken& cancel;
  const Clock& clock;
  std::string color;  // "auto", "always" or "never", as the options or the settings say

  /// Whether results are laid out for people: on a terminal, or with --color always.
  [[nodiscard]] bool for_people() const;
  [[nodiscard]] Painter painter_out() const;
  /// "path" as a person in the working folder would write it, safe to print.
  [[nodiscard]] std::string shown_path(const std::string& absolute) const;
  /// A line on stderr, unless --quiet.
  void note(const std::string& text) const;
  [[nodiscard]] std::string absolute(const std::string& path) const;
  [[nodiscard]] ProgressLine progress() const;
};

/// The options of the library found for `start`, with the settings that hold for it. Takes the
/// settings' color into `context`. Errors: NotFound, InvalidArgument (settings).
Result<library::LibraryOptions> found_library(Context& context, const std::string& start);
/// The same for a place where there is none yet.
Result<library::LibraryOptions> options_at(Context& context, library::Location location);
/// found_library() and open.
Result<std::unique_ptr<library::Library>> open_library(Context& context, const std::string& start);

/// Each prints its answer. @return the exit code. An error is printed by the caller.
Result<int> run_index(Context& context);
Result<int> run_watch(Context& context);
Result<int> run_search(Context& context);
Result<int> run_similar(Context& context);
Result<int> run_code(Context& context);
Result<int> run_history(Context& context);
Result<int> run_analysis(Context& context);
Result<int> run_source(Context& context);
Result<int> run_status(Context& context);
Result<int> run_forget(Context& context);
Result<int> run_doctor(Context& context);
Result<int> run_retry(Context& context);
Result<int> run_selftest(Context& context);
Result<int> run_reset(Context& context);
Result<int> run_completion(Context& context);
Result<int> run_model(Context& context);
Result<int> run_embed(Context& context);
Result<int> run_bench_vectors(Context& context);
Result<int> run_mcp(Context& context);
Result<int> run_bench_encoder(Context& context);
Result<int> run_install(Context& context);
Result<int> run_serve(Context& context);

}  // namespace sonde::faces::cli
