#include "faces/cli/process.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "faces/cli/descriptor_stream.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/interrupt.h"
#include "faces/cli/run.h"

namespace sonde::faces::cli {

namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

Terminal terminal_of(int descriptor) {
  Terminal terminal;
  terminal.is_terminal = ::isatty(descriptor) == 1;
  const char* term = std::getenv("TERM");
  terminal.dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  winsize size{};
  if (terminal.is_terminal && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
  }
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) {
    terminal.host = host.data();
  }
  return terminal;
}

/// A reader that went away (`sonde search x | head`) is no failure of ours.
int after_writing(int exit_code, int write_error, std::ostream& err) {
  if (write_error == 0 || write_error == EPIPE) {
    return exit_code;
  }
  err << "sonde: the output could not be written (" << std::strerror(write_error) << ")"
      << std::endl;
  return exit_code == kDone || exit_code == kNothingFound ? kFailure : exit_code;
}

int run_guarded(const std::vector<std::string>& arguments) {
  CancelSource interrupted;
  const CancelOnSignals on_signals(interrupted);

  DescriptorBuffer out_buffer(STDOUT_FILENO);
  DescriptorBuffer err_buffer(STDERR_FILENO);
  std::ostream out(&out_buffer);
  std::ostream err(&err_buffer);
  err << std::unitbuf;
  Streams streams{out,
                  err,
                  std::cin,
                  terminal_of(STDOUT_FILENO),
                  terminal_of(STDERR_FILENO),
                  ::isatty(STDIN_FILENO) == 1,
                  is_set("NO_COLOR"),
                  STDIN_FILENO,
                  STDOUT_FILENO};

  const auto environment = library::environment_of_process();
  if (!environment.ok()) {
    err << "sonde: " << environment.error().message << std::endl;
    return exit_code_of(environment.error().code);
  }
  const int exit_code = run(arguments, *environment, streams, real_library_door(),
                            interrupted.token(), [] { return std::chrono::steady_clock::now(); });
  out.flush();
  return after_writing(exit_code, out_buffer.error(), err);
}

}  // namespace

int run_process(int argument_count, const char* const* arguments) noexcept {
  try {
    std::vector<std::string> list;
    for (int i = 1; i < argument_count; ++i) {
      list.emplace_back(arguments[i]);
    }
    return run_guarded(list);
  } catch (...) {
    static constexpr char kMessage[] = "sonde: out of memory before it could begin\n";
    return ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1) < 0 ? kFailure : kFailure;
  }
}

}  // namespace sonde::faces::cli
