#include "selftest/power.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "selftest/inspection.h"
#include "selftest/life.h"
#include "selftest/model_disk.h"
#include "store/store.h"

namespace sonde::selftest {

namespace {

using Clock = std::chrono::steady_clock;

/// A moment at which the power may go.
struct Moment {
  io::DiskModel disk;
  std::string before;  // "sync of library.db-wal"
};

class PowerTrial {
 public:
  explicit PowerTrial(const PowerOptions& options)
      : options_(options), life_(io::join_path(options.scratch, "tree"), options.seed) {}

  Result<Tally> run() {
    ground_.root = io::join_path(options_.scratch, "tree");
    ground_.worker_program = options_.worker_program;
    ground_.directory = io::join_path(options_.scratch, "library");
    TRY(io::real_file_system().make_directory(ground_.root));
    TRY(io::real_file_system().make_directory(ground_.directory));
    for (unsigned child = 0; child < options_.children; ++child) {
      TRY(io::real_file_system().make_directory(child_directory(child)));
    }
    TRY_ASSIGN(io::DiskModel disk, empty_disk());
    Tally all;
    for (std::size_t step = 0; step < Life::steps(); ++step) {
      step_end_ = end_of(step);
      TRY(life_.prepare(step));
      before_ = life_.tree().expected();
      const io::DiskModel start = disk;
      TRY_ASSIGN(disk, record(step, disk));
      TRY(learn(step, disk));
      TRY_ASSIGN(const Tally tally,
                 in_children(options_.children, options_.scratch,
                             [&](unsigned child) { return try_moments(step, child); }));
      all.join(tally);
      if (step > 0) {
        TRY_ASSIGN(const Tally failed,
                   in_children(options_.children, options_.scratch,
                               [&](unsigned child) { return try_failures(step, start, child); }));
        all.join(failed);
      }
      first_moment_ += moments_.size();
    }
    return all;
  }

 private:
  /// The time that is left is shared by the steps that are left.
  [[nodiscard]] Clock::time_point end_of(std::size_t step) const {
    if (options_.end == Clock::time_point::max()) {
      return options_.end;
    }
    const Clock::time_point now = Clock::now();
    return now + (options_.end - now) / static_cast<int>(Life::steps() - step);
  }

  [[nodiscard]] std::string child_directory(unsigned child) const {
    return io::join_path(options_.scratch, fmt::format("library-{}", child));
  }

  /// Lives one step on the disk, keeping each moment. @return the disk after it
  Result<io::DiskModel> record(std::size_t step, io::DiskModel start) {
    moments_.clear();
    std::mutex mutex;
    io::FaultFileSystem* fault = nullptr;
    bool living = true;
    const auto keep = [&](std::string_view operation, const std::string& path) {
      const std::lock_guard lock(mutex);
      if (living) {
        moments_.push_back({fault->disk(), fmt::format("{} of {}", operation, kind_of(path))});
      }
    };
    TRY_ASSIGN(const auto disk, ModelDisk::create(std::move(start), ground_, keep));
    fault = &disk->disk();
    TRY(life_.act(step, disk->ground()));
    living = false;
    moments_.push_back({fault->disk(), "end of the step"});
    return fault->disk();
  }

  /// "segments/*.seg" for a segment, so that counts are by kind.
  static std::string kind_of(const std::string& path) {
    const std::string name = path.substr(std::min(path.size(), std::string(kOnDisk).size() + 1));
    const std::size_t dot = name.rfind('.');
    const std::size_t slash = name.find('/');
    if (slash != std::string::npos && dot != std::string::npos && dot > slash) {
      return name.substr(0, slash) + "/*" + name.substr(dot);
    }
    return name.empty() ? "the folder" : io::is_temporary_name(name) ? "a new file" : name;
  }

  /// The undisturbed library is as expected, and says which cosines are right.
  Status learn(std::size_t step, const io::DiskModel& disk) {
    TRY_ASSIGN(const auto model, ModelDisk::create(disk, ground_, no_tape));
    const std::vector<std::string> complaints =
        inspect(*model, step, life_.tree().expected(), nullptr, Depth::Ask);
    return complaints.empty() ? Status{}
                              : Error{Code::Internal, fmt::format("after '{}', undisturbed: {}",
                                                                  Life::name(step), complaints[0])};
  }

  enum class Depth { Look, Ask };

  /// @param seen  states that need not be asked again; null: ask
  std::vector<std::string> inspect(ModelDisk& disk, std::size_t step, const Expected& expected,
                                   std::set<std::uint64_t>* seen, Depth depth,
                                   Tally* tally = nullptr) {
    Inspection inspection(expected, cosines_);
    const auto store = store::Store::open(disk.store_options());
    if (!store.ok()) {
      return {"it does not open: " + store.error().message};
    }
    const Found found = inspection.look(**store);
    if (depth == Depth::Ask && (seen == nullptr || seen->insert(found.digest).second)) {
      const auto library = library::Library::open(options_for(disk.ground(), Life::model(step)));
      if (!library.ok()) {
        return {"the library does not open: " + library.error().message};
      }
      inspection.ask(**library, found);
      if (tally != nullptr) {
        tally->add("states asked");
      }
    }
    return inspection.complaints();
  }

  Tally try_moments(std::size_t step, unsigned child) {
    Tally tally;
    Ground ground = ground_;
    ground.directory = child_directory(child);
    for (std::size_t i = child; i < moments_.size(); i += options_.children) {
      const std::size_t number = first_moment_ + i;
      if (number % options_.every != 0) {
        continue;
      }
      if (Clock::now() >= step_end_) {
        tally.add("out of time");
        continue;
      }
      tally.add("moments");
      tally.add("before " + moments_[i].before);
      try_moment(step, i, ground, tally);
    }
    return tally;
  }

  void try_moment(std::size_t step, std::size_t index, const Ground& ground, Tally& tally) {
    const Moment& moment = moments_[index];
    const bool ended = index + 1 == moments_.size();
    const std::uint64_t seed = options_.seed * 1'000'003 + (first_moment_ + index) * 1'009;
    for (const io::Survival& survival :
         moment.disk.survivals(options_.each, options_.random, seed)) {
      tally.add("disks");
      io::DiskModel left = moment.disk.crash(survival);
      if (!disks_.insert(left.digest() + (ended ? 1 : 0)).second) {
        continue;  // the same disk, with the same acknowledged, was tried in this step
      }
      tally.add("different disks");
      const auto disk = ModelDisk::create(std::move(left), ground, no_tape);
      const std::vector<std::string> complaints =
          disk.ok() ? try_disk(step, **disk, ended, tally)
                    : std::vector<std::string>{disk.error().message};
      for (const std::string& complaint : complaints) {
        tally.break_promise(
            fmt::format("seed {}, step '{}', moment {} (before {}), survived: {}: {}",
                        options_.seed, Life::name(step), first_moment_ + index, moment.before,
                        survival.describe(), complaint));
      }
    }
  }

  struct Kind {
    io::DiskOperation operation;
    const char* name;
  };
  static constexpr std::array kFailing = {
      Kind{io::DiskOperation::Read, "read"},
      Kind{io::DiskOperation::Write, "write"},
      Kind{io::DiskOperation::Sync, "sync"},
      Kind{io::DiskOperation::SyncDirectory, "folder sync"},
      Kind{io::DiskOperation::Rename, "rename"},
  };

  Tally try_failures(std::size_t step, const io::DiskModel& start, unsigned child) {
    Tally tally;
    Ground ground = ground_;
    ground.directory = child_directory(child);
    const auto whole = ModelDisk::create(start, ground, no_tape);
    if (!whole.ok() || !life_.call(step, (*whole)->ground()).ok()) {
      tally.break_promise("a step that went well once fails: " + Life::name(step));
      return tally;
    }
    for (const Kind& kind : kFailing) {
      const std::uint64_t count = (*whole)->disk().count(kind.operation);
      const std::uint64_t take = std::min<std::uint64_t>(count, options_.failures);
      for (std::uint64_t i = child; i < take && Clock::now() < step_end_; i += options_.children) {
        const std::uint64_t nth = i * count / take;
        tally.add(std::string("failures of ") + kind.name);
        for (const std::string& complaint : try_failure(step, start, ground, kind.operation, nth)) {
          tally.break_promise(fmt::format("seed {}, step '{}', {} number {} fails: {}",
                                          options_.seed, Life::name(step), kind.name, nth,
                                          complaint));
        }
      }
    }
    return tally;
  }

  std::vector<std::string> try_failure(std::size_t step, const io::DiskModel& start,
                                       const Ground& ground, io::DiskOperation operation,
                                       std::uint64_t nth) {
    auto disk = ModelDisk::create(start, ground, no_tape);
    if (!disk.ok()) {
      return {disk.error().message};
    }
    io::FaultPlan plan;
    plan.failures.push_back({operation, nth, 1});
    (*disk)->disk().set_plan(plan);
    const Status done = life_.call(step, (*disk)->ground());
    (*disk)->disk().set_plan({});
    if (!done.ok() && done.error().code == Code::Internal) {
      return {"the error is no named one: " + done.error().message};
    }
    const Expected& expected = done.ok() ? life_.tree().expected() : before_;
    std::vector<std::string> complaints = inspect(**disk, step, expected, nullptr, Depth::Ask);
    io::DiskModel left = (*disk)->disk().disk().crash({io::Survival::Kind::Nothing, 0});
    auto after = ModelDisk::create(std::move(left), ground, no_tape);
    if (complaints.empty() && after.ok()) {
      complaints = inspect(**after, step, expected, nullptr, Depth::Ask);
      for (std::string& complaint : complaints) {
        complaint = "after a power loss: " + complaint;
      }
    }
    return complaints.empty() ? go_on(step, **disk) : complaints;
  }

  std::vector<std::string> try_disk(std::size_t step, ModelDisk& disk, bool ended, Tally& tally) {
    const Expected& expected = ended ? life_.tree().expected() : before_;
    if (step == 0 && !ended) {
      return try_unmade(disk);
    }
    std::vector<std::string> complaints =
        inspect(disk, step, expected, ended ? &ended_states_ : &states_, Depth::Ask, &tally);
    if (complaints.empty() && ++tried_ % options_.go_on_every == 0) {
      tally.add("lives gone on");
      complaints = go_on(step, disk);
    }
    return complaints;
  }

  /// While it is made, a library is there or can be made.
  static std::vector<std::string> try_unmade(ModelDisk& disk) {
    const library::LibraryOptions options = options_for(disk.ground(), 0);
    if (const auto opened = library::Library::open(options);
        !opened.ok() && opened.error().code != Code::NotFound) {
      return {"it does not open: " + opened.error().message};
    } else if (!opened.ok()) {
      if (const auto made = library::Library::create(options); !made.ok()) {
        return {"it cannot be made: " + made.error().message};
      }
    }
    return {};
  }

  /// The next run makes the library what the tree is.
  std::vector<std::string> go_on(std::size_t step, ModelDisk& disk) {
    {
      const auto library = library::Library::open(options_for(disk.ground(), Life::model(step)));
      if (!library.ok()) {
        return {"the library does not open: " + library.error().message};
      }
      // A path that is being forgotten may still be found, and is forgotten again.
      if (const auto report = (*library)->index({}, {}, {}); !report.ok()) {
        return {"the next index fails: " + report.error().message};
      }
    }
    Expected after = life_.tree().expected();
    if (Life::forgets(step)) {
      after = before_;
    }
    std::vector<std::string> complaints = inspect(disk, step, after, nullptr, Depth::Ask);
    for (std::string& complaint : complaints) {
      complaint = "after the next index: " + complaint;
    }
    return complaints;
  }

  const PowerOptions options_;
  Life life_;
  Clock::time_point step_end_;
  Ground ground_;
  Expected before_;  // while the step is going on
  std::vector<Moment> moments_;
  std::size_t first_moment_ = 0;
  Cosines cosines_;
  // Of one child in one step:
  std::set<std::uint64_t> disks_;
  std::set<std::uint64_t> states_;
  std::set<std::uint64_t> ended_states_;
  std::size_t tried_ = 0;
};

}  // namespace

Result<Tally> try_power_loss(const PowerOptions& options) { return PowerTrial(options).run(); }

}  // namespace sonde::selftest
