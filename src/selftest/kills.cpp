#include "selftest/kills.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "io/lease.h"
#include "io/os_error.h"
#include "selftest/inspection.h"
#include "store/store.h"

namespace sonde::selftest {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kRoundsToTheEnd = 25;  // one of so many runs is not killed
constexpr std::uint64_t kSlackBytes = 2 << 20;
constexpr std::uint64_t kNoteLimitBytes = 64 << 10;
constexpr std::uint64_t kFirstCalls = 200;  // before it is known how many there are

std::uint64_t elapsed_us(Clock::time_point start) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
}

std::uint64_t bytes_below(const std::string& folder) {
  std::uint64_t bytes = 0;
  const auto entries = io::real_file_system().list(folder);
  if (!entries.ok()) {
    return 0;
  }
  for (const io::DirectoryEntry& entry : *entries) {
    const std::string path = io::join_path(folder, entry.name);
    const auto info = io::real_file_system().info(path);
    bytes += entry.type == io::FileType::Directory ? bytes_below(path)
             : info.ok()                           ? info->size_bytes
                                                   : 0;
  }
  return bytes;
}

class KillTrial {
 public:
  explicit KillTrial(const KillOptions& options)
      : options_(options),
        random_(options.seed),
        tree_(io::join_path(options.scratch, "tree"), options.seed) {
    ground_.root = tree_.root();
    ground_.directory = io::join_path(options.scratch, "library");
    ground_.worker_program = options.worker_program;
  }

  Result<Tally> run() {
    TRY(tree_.add(options_.files));
    TRY(library::Library::create(library_options()));
    TRY(run_to_the_end());
    if (!tally_.broken.empty()) {
      return Error{Code::Internal, "undisturbed: " + tally_.broken[0]};
    }
    for (round_ = 0; tally_.count("kills") < options_.kills && Clock::now() < options_.end &&
                     tally_.broken.empty();
         ++round_) {
      TRY(edit());
      if (round_ % kRoundsToTheEnd == kRoundsToTheEnd - 1) {
        TRY(run_to_the_end());
      } else {
        TRY(run_and_kill());
      }
    }
    TRY(run_to_the_end());
    return std::move(tally_);
  }

 private:
  [[nodiscard]] library::LibraryOptions library_options() const {
    return options_.options ? options_.options(ground_) : options_for(ground_, 1);
  }

  std::uint64_t below(std::uint64_t limit) { return random_() % std::max<std::uint64_t>(limit, 1); }

  Status edit() {
    switch (below(6)) {
      case 0: return tree_.size() < 2 * options_.files ? tree_.add(1 + below(3)) : tree_.remove(3);
      case 1: return tree_.size() > options_.files / 2 ? tree_.remove(1) : tree_.add(2);
      case 2: return tree_.move(1);
      case 3: return {};  // goes on where the last one was killed
      default: return tree_.edit(1 + below(4));
    }
  }

  Result<pid_t> start(const Errand& errand) {
    if (options_.start) {
      return options_.start(errand);
    }
    const pid_t pid = ::fork();
    if (pid < 0) {
      return io::os_error(errno, "start a child process in", options_.scratch);
    }
    if (pid == 0) {
      static_cast<void>(::setpgid(0, 0));
      const auto library = library::Library::open(library_options());
      library::IndexRequest request;
      request.compact = errand.compact;
      request.embed_batch = 8;
      const bool done = library.ok() && (*library)->index(request, {}, {}).ok();
      ::_exit(done ? 0 : 1);
    }
    return pid;
  }

  Errand next_errand() {
    Errand errand{ground_.root, ground_.directory, below(8) == 0};
    errand.note = io::join_path(options_.scratch, "note");
    return errand;
  }

  static int wait_for(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    static_cast<void>(::kill(-pid, SIGKILL));  // its workers, should one be left
    return status;
  }

  Status run_to_the_end() {
    const auto begin = Clock::now();
    TRY_ASSIGN(const pid_t pid, start(next_errand()));
    const int status = wait_for(pid);
    if (options_.dies_by_itself) {
      read_note(io::join_path(options_.scratch, "note"), false);
    }
    whole_run_us_ = std::max<std::uint64_t>(elapsed_us(begin), 1'000);
    tally_.add("runs to the end");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      complain(fmt::format("a run that nobody disturbed ended with status {}", status));
      return {};
    }
    ended();
    inspect();
    at_rest_bytes_ = std::max(at_rest_bytes_, bytes_below(ground_.directory));
    return {};
  }

  void ended() {
    tree_.expected().acknowledge();
    tree_.expected().acknowledge_meaning();
  }

  Status run_and_kill() {
    Errand errand = next_errand();
    // Two of three die at a call of the disk, where they can.
    if (options_.dies_by_itself && round_ % 3 != 0) {
      choose_call(errand);
    }
    TRY_ASSIGN(const pid_t pid, start(errand));
    if (!errand.die_at) {
      std::this_thread::sleep_for(
          std::chrono::microseconds(below(whole_run_us_ + whole_run_us_ / 4)));
      static_cast<void>(::kill(pid, SIGKILL));
    }
    const int status = wait_for(pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
      tally_.add("kills");
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      tally_.add("runs to the end");
      expect_fewer(errand.die_name);
      ended();
    } else {
      complain(fmt::format("a run ended with status {}", status));
    }
    if (options_.dies_by_itself) {
      read_note(errand.note, errand.die_at && WIFSIGNALED(status));
    }
    check_lease();
    inspect();
    const std::uint64_t bytes = bytes_below(ground_.directory);
    tally_.most("bytes of the library", bytes);
    if (bytes > 3 * at_rest_bytes_ + kSlackBytes) {
      complain(fmt::format("the library takes {} bytes, {} at rest", bytes, at_rest_bytes_));
    }
    return {};
  }

  void read_note(const std::string& path, bool died) {
    const auto note = io::read_file(io::real_file_system(), path, kNoteLimitBytes);
    static_cast<void>(io::real_file_system().remove_file(path));
    if (!note.ok()) {
      return;  // it died before its first call
    }
    if (died) {
      tally_.add("kills at a call of the disk");
      tally_.add("at " + *note);
    } else {
      learn_calls(*note);
    }
  }

  /// A run made fewer of these calls than one before it: it is to be expected again.
  void expect_fewer(const std::string& name) {
    const auto call = calls_.find(name);
    if (call != calls_.end() && (call->second /= 2) == 0) {
      calls_.erase(call);
    }
  }

  /// Each name is as likely as any other, however often it is called.
  void choose_call(Errand& errand) {
    if (calls_.empty()) {
      errand.die_at = below(kFirstCalls);
      return;
    }
    auto call = calls_.begin();
    std::advance(call, static_cast<std::ptrdiff_t>(below(calls_.size())));
    errand.die_name = call->first;
    errand.die_at = below(call->second);
  }

  void learn_calls(const std::string& note) {
    for (std::size_t start = 0; start < note.size();) {
      const std::size_t end = std::min(note.find('\n', start), note.size());
      const std::size_t tab = std::min(note.find('\t', start), end);
      std::uint64_t count = 0;
      std::from_chars(note.data() + std::min(tab + 1, end), note.data() + end, count);
      calls_[note.substr(start, tab - start)] = std::max<std::uint64_t>(count, 1);
      start = end + 1;
    }
  }

  /// A worker that was being started has the dead process's descriptor until its exec: a writer
  /// waits longer than that.
  void check_lease() {
    const std::string path = io::join_path(ground_.directory, "lock");
    const auto end = Clock::now() + library_options().lease_wait;
    auto lease = io::Lease::acquire(path);
    tally_.add("leases free at once", lease.ok() ? 1 : 0);
    while (!lease.ok() && Clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      lease = io::Lease::acquire(path);
    }
    if (!lease.ok()) {
      complain("the lease is not free: " + lease.error().message);
    }
  }

  void inspect() {
    const auto begin = Clock::now();
    const library::LibraryOptions options = library_options();
    const auto library = library::Library::open(options);
    if (!library.ok()) {
      complain("it does not open: " + library.error().message);
      return;
    }
    store::StoreOptions reading;
    reading.directory = ground_.directory;
    const auto store = store::Store::open(reading);
    if (!store.ok()) {
      complain("the truth does not open: " + store.error().message);
      return;
    }
    Inspection inspection(tree_.expected(), cosines_);
    const Found found = inspection.look(**store);
    inspection.ask(**library, found);
    tally_.most("ms to open and answer", elapsed_us(begin) / 1'000);
    for (const std::string& complaint : inspection.complaints()) {
      complain(complaint);
    }
    // What was seen stays.
    std::vector<std::string> paths;
    for (const auto& [path, versions] : tree_.expected().paths()) {
      paths.push_back(path);
    }
    for (const std::string& path : paths) {
      const auto file = found.files.find(path);
      tree_.expected().found(
          path, file == found.files.end() ? Expected::Version{} : Expected::Version{file->second});
    }
  }

  void complain(const std::string& what) {
    tally_.break_promise(fmt::format("seed {}, round {}: {}", options_.seed, round_, what));
  }

  const KillOptions options_;
  std::mt19937_64 random_;
  SmallTree tree_;
  Ground ground_;
  Cosines cosines_;
  Tally tally_;
  std::uint64_t round_ = 0;
  std::uint64_t whole_run_us_ = 1'000;
  std::map<std::string, std::uint64_t>
      calls_;  // of the disk: name, how many in the last run that had it
  std::uint64_t at_rest_bytes_ = 0;
};

}  // namespace

Result<Tally> try_kills(const KillOptions& options) { return KillTrial(options).run(); }

}  // namespace sonde::selftest
