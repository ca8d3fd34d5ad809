#include "selftest/tally.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <utility>

#include "base/codec.h"
#include "io/file_system.h"
#include "io/os_error.h"

namespace sonde::selftest {

namespace {

constexpr std::size_t kBrokenKept = 50;  // of one tally: the first ones say enough
constexpr std::uint64_t kTallyLimitBytes = 16 << 20;
constexpr const char* kMost = "most ";

std::string tally_path(const std::string& scratch, unsigned child) {
  return io::join_path(scratch, "tally-" + std::to_string(child));
}

std::string doing_path(const std::string& scratch, unsigned child) {
  return io::join_path(scratch, "doing-" + std::to_string(child));
}

std::string packed(const Tally& tally) {
  ByteWriter out;
  out.varint(tally.counts.size());
  for (const auto& [name, count] : tally.counts) {
    out.string(name);
    out.u64(count);
  }
  out.varint(tally.broken.size());
  for (const std::string& what : tally.broken) {
    out.string(what);
  }
  return out.take();
}

Result<Tally> unpacked(std::string_view bytes) {
  ByteReader in(bytes);
  Tally tally;
  TRY_ASSIGN(const std::uint64_t counts, in.varint());
  for (std::uint64_t i = 0; i < counts; ++i) {
    TRY_ASSIGN(const std::string_view name, in.string());
    TRY_ASSIGN(tally.counts[std::string(name)], in.u64());
  }
  TRY_ASSIGN(const std::uint64_t broken, in.varint());
  for (std::uint64_t i = 0; i < broken; ++i) {
    TRY_ASSIGN(const std::string_view what, in.string());
    tally.broken.emplace_back(what);
  }
  return tally;
}

}  // namespace

void Tally::most(const std::string& name, std::uint64_t value) {
  std::uint64_t& now = counts[kMost + name];
  now = std::max(now, value);
}

void Tally::break_promise(std::string what) {
  ++counts["promises broken"];
  if (broken.size() < kBrokenKept) {
    broken.push_back(std::move(what));
  }
}

void Tally::join(const Tally& other) {
  for (const auto& [name, count] : other.counts) {
    std::uint64_t& now = counts[name];
    now = name.starts_with(kMost) ? std::max(now, count) : now + count;
  }
  for (const std::string& what : other.broken) {
    if (broken.size() < kBrokenKept) {
      broken.push_back(what);
    }
  }
}

std::uint64_t Tally::count(const std::string& name) const {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

Result<Tally> in_children(unsigned children, const std::string& scratch,
                          const std::function<Tally(unsigned child)>& work) {
  std::vector<pid_t> started;
  for (unsigned child = 0; child < children; ++child) {
    const pid_t pid = ::fork();
    if (pid < 0) {
      return io::os_error(errno, "start a child process in", scratch);
    }
    if (pid == 0) {
      static_cast<void>(::signal(SIGINT, SIG_DFL));
      static_cast<void>(::signal(SIGTERM, SIG_DFL));
      std::ofstream out(tally_path(scratch, child), std::ios::binary | std::ios::trunc);
      out << packed(work(child));
      out.close();
      ::_exit(out ? 0 : 1);
    }
    started.push_back(pid);
  }
  Tally all;
  for (unsigned child = 0; child < children; ++child) {
    int status = 0;
    while (::waitpid(started[child], &status, 0) < 0 && errno == EINTR) {
    }
    const auto told =
        io::read_file(io::real_file_system(), tally_path(scratch, child), kTallyLimitBytes);
    auto tally = told.ok() ? unpacked(*told) : Result<Tally>(told.error());
    if (WIFSIGNALED(status)) {
      all.add("signals");
      const auto doing =
          io::read_file(io::real_file_system(), doing_path(scratch, child), kTallyLimitBytes);
      all.break_promise("a child process died of signal " + std::to_string(WTERMSIG(status)) +
                        (doing.ok() ? " at " + *doing : ""));
    } else if (!tally.ok()) {
      all.break_promise("a child process told nothing: " + tally.error().message);
    } else {
      all.join(*tally);
    }
    static_cast<void>(io::real_file_system().remove_file(tally_path(scratch, child)));
  }
  return all;
}

void tell_doing(const std::string& scratch, unsigned child, const std::string& what) {
  std::ofstream(doing_path(scratch, child), std::ios::trunc) << what;
}

}  // namespace sonde::selftest
