#include "selftest/selftest.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <limits>
#include <system_error>
#include <utility>

#include "io/file_system.h"
#include "io/os_error.h"
#include "selftest/damage.h"
#include "selftest/kills.h"
#include "selftest/power.h"

namespace sonde::selftest {

namespace {

using Clock = std::chrono::steady_clock;

/// A folder that is removed at the end with all that is in it.
class Scratch {
 public:
  static Result<Scratch> create(const std::string& parent) {
    std::string pattern = io::join_path(parent, "sonde-selftest-XXXXXX");
    if (::mkdtemp(pattern.data()) == nullptr) {
      return io::os_error(errno, "make a folder in", parent);
    }
    return Scratch(std::move(pattern));
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) {
      std::filesystem::remove_all(path_, ignored);
    }
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  Result<std::string> make(const std::string& name) const {
    std::string path = io::join_path(path_, name);
    TRY(io::real_file_system().make_directory(path));
    return path;
  }

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

struct Trial {
  const char* name;
  const char* unit;
  const char* counted;
  std::function<Result<Tally>(const std::string& scratch, Clock::time_point end)> run;
};

std::vector<Trial> trials_of(const SelftestOptions& options) {
  const auto power = [&options](const std::string& scratch, Clock::time_point end) {
    PowerOptions power_options;
    power_options.scratch = scratch;
    power_options.worker_program = options.worker_program;
    power_options.seed = options.seed;
    power_options.every = 7;
    power_options.each = 12;
    power_options.random = 4;
    power_options.failures = 4;
    power_options.end = end;
    return try_power_loss(power_options);
  };
  const auto kills = [&options](const std::string& scratch, Clock::time_point end) {
    KillOptions kill_options;
    kill_options.scratch = scratch;
    kill_options.worker_program = options.worker_program;
    kill_options.seed = options.seed;
    kill_options.kills = std::numeric_limits<std::uint64_t>::max();
    kill_options.end = end;
    return try_kills(kill_options);
  };
  const auto damage = [&options](const std::string& scratch, Clock::time_point end) {
    DamageOptions damage_options;
    damage_options.scratch = scratch;
    damage_options.worker_program = options.worker_program;
    damage_options.seed = options.seed;
    damage_options.damages = std::numeric_limits<std::uint64_t>::max();
    damage_options.end = end;
    return try_damages(damage_options);
  };
  return {{"power loss", "disks", "different disks", power},
          {"kill -9", "kills", "kills", kills},
          {"damage", "damages", "damages", damage}};
}

}  // namespace

std::uint64_t SelftestReport::broken() const {
  std::uint64_t broken = 0;
  for (const TrialResult& trial : trials) {
    broken += trial.tally.count("promises broken");
  }
  return broken;
}

Result<SelftestReport> selftest(const SelftestOptions& options, const CancelToken& cancel) {
  TRY_ASSIGN(const Scratch scratch, Scratch::create(options.folder));
  SelftestReport report;
  report.seed = options.seed;
  report.folder = scratch.path();
  const Clock::time_point end = Clock::now() + options.budget;
  const std::vector<Trial> trials = trials_of(options);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    TRY(cancel.check());
    const Clock::time_point start = Clock::now();
    const auto share = (end - start) / static_cast<int>(trials.size() - i);
    TRY_ASSIGN(const std::string folder, scratch.make(std::to_string(i)));
    TRY_ASSIGN(Tally tally, trials[i].run(folder, start + share));
    TrialResult result;
    result.name = trials[i].name;
    result.unit = trials[i].unit;
    result.tried = tally.count(trials[i].counted);
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    result.tally = std::move(tally);
    report.trials.push_back(std::move(result));
  }
  return report;
}

}  // namespace sonde::selftest
