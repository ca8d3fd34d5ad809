#include "faces/cli/program_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "io/subprocess.h"
#include "io/unique_fd.h"

namespace sonde::faces::cli {

namespace {

constexpr std::chrono::minutes kPhaseLimit{30};

}  // namespace

Result<std::string> program_output(std::vector<std::string> arguments,
                                   std::vector<std::string> environment) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error{Code::Io, "no pipe for a phase of the benchmark"};
  }
  const io::UniqueFd reading(ends[0]);
  io::UniqueFd writing(ends[1]);
  io::SubprocessOptions options;
  options.argv = std::move(arguments);
  options.environment = std::move(environment);
  options.descriptors = {{writing.get(), STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};
  TRY_ASSIGN(io::Subprocess process, io::Subprocess::start(options));
  writing.reset();
  std::string text;
  std::array<char, 4'096> buffer{};
  for (ssize_t got = 1; got > 0;) {
    got = ::read(reading.get(), buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  const auto ended = process.wait(kPhaseLimit);
  if (!ended || ended->exit_code != 0 || ended->signal != 0) {
    return Error{Code::Io, "a phase of the benchmark " +
                               (ended ? ended->describe() : std::string("did not end"))};
  }
  return text;
}

}  // namespace sonde::faces::cli
