// A worker program for tests: one that echoes, and misbehaves in every way when it is told to.

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "worker/pool.h"
#include "worker/protocol.h"
#include "worker/worker_process.h"

namespace {

using namespace sonde;
using namespace sonde::worker;

/// Deeper than any stack.
int overflow(volatile char* outer, std::uint64_t depth) {
  volatile char frame[512];
  frame[0] = outer[0];
  frame[511] = static_cast<char>(depth);
  return depth == ~std::uint64_t{0} ? 0 : overflow(frame, depth + 1) + frame[511];
}

void eat_memory() {
  std::vector<std::vector<char>> eaten;
  for (;;) {
    eaten.emplace_back(std::size_t{1} << 20, 'x');
  }
}

/// As C libraries do it: the allocation fails and nobody looks, or somebody aborts.
void eat_memory_in_c(bool abort_at_end) {
  for (;;) {
    void* block = std::malloc(std::size_t{1} << 20);
    if (block == nullptr && abort_at_end) {
      std::abort();
    }
    std::memset(block, 1, std::size_t{1} << 20);
  }
}

void say(std::string_view bytes) {
  static_cast<void>(::send(kWorkerSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

void spin(std::uint64_t rounds) {
  volatile std::uint64_t sink = 0;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const std::uint64_t value = sink;
    sink = value;
  }
}

[[noreturn]] void hang() {
  for (;;) {
    spin(1'000'000);
  }
}

std::string whole_answer(std::string_view payload) {
  std::string frame;
  append_frame(frame, {FrameType::Answer, 0, static_cast<std::uint16_t>(JobKind::Misbehave), 0},
               payload);
  return frame;
}

void crash(std::string_view how) {
  if (how == "null") {
    // Volatile twice: neither pointer nor store may be known to the compiler.
    volatile int* volatile nowhere = nullptr;
    *nowhere = 1;
  } else if (how == "abort") {
    std::abort();
  } else if (how == "overflow") {
    volatile char start[1] = {0};
    static_cast<void>(overflow(start, 0));
  } else if (how == "exit") {
    ::_exit(0);
  } else if (how == "hang") {
    hang();
  } else if (how == "eat") {
    eat_memory();
  } else if (how == "eat in c and abort") {
    eat_memory_in_c(true);
  } else if (how == "eat in c and write") {
    eat_memory_in_c(false);
  }
}

void lie(std::string_view how) {
  if (how == "garble") {
    std::string frame = whole_answer("right");
    frame[frame.size() - 1] = static_cast<char>(frame[frame.size() - 1] ^ 1);
    say(frame);
  } else if (how == "noise") {
    say(std::string(1000, 'n'));
  } else if (how == "wrong id") {
    std::string frame;
    append_frame(frame, {FrameType::Answer, 77777, 2, 0}, "an answer to another question");
    say(frame);
  } else if (how == "partial and exit") {
    say(whole_answer("right").substr(0, 26));
    ::_exit(0);
  } else if (how == "partial and hang") {
    say(whole_answer("right").substr(0, 26));
    hang();
  } else if (how == "too long") {
    std::string frame = whole_answer("x");
    std::memset(frame.data() + 20, 0xff, 4);
    say(frame);
  } else if (how == "trickle") {
    say(whole_answer(std::string(1 << 20, 'x')).substr(0, kFrameHeaderBytes));
    for (;;) {
      say("x");
      spin(100'000);
    }
  }
}

/// What the sandbox must refuse: answers with the error's name.
std::string attempt(std::string_view what) {
  errno = 0;
  long result = -1;
  if (what == "fork") {
    result = ::fork();
    if (result == 0) {
      ::_exit(0);
    }
  } else if (what == "open") {
    result = ::open("/etc/passwd", O_RDONLY);
  } else if (what == "socket") {
    result = ::socket(AF_INET, SOCK_STREAM, 0);
  } else if (what == "exec") {
    char* const argv[] = {const_cast<char*>("true"), nullptr};
    result = ::execv("/bin/true", argv);
  } else if (what == "kill") {
    result = ::kill(::getppid(), 0);
  }
  return result >= 0 ? "it went through" : ::strerrorname_np(errno);
}

Result<std::string> misbehave(std::string_view payload, std::uint64_t jobs_before) {
  if (payload.starts_with("unless first: ")) {
    if (jobs_before == 0) {
      return std::string("behaved");
    }
    payload.remove_prefix(14);
  }
  crash(payload);
  lie(payload);
  if (payload == "fail") {
    return Error{Code::InvalidArgument, "failed as told"};
  }
  if (payload == "throw") {
    throw std::runtime_error("thrown as told");
  }
  if (payload == "bad_alloc") {
    throw std::bad_alloc();
  }
  if (payload.starts_with("try ")) {
    return attempt(payload.substr(4));
  }
  return std::string("unknown misbehaviour");
}

}  // namespace

int main() {
  std::uint64_t jobs = 0;
  Handlers handlers;
  handlers[JobKind::Echo] = [&](std::string_view payload) {
    ++jobs;
    return std::string(payload);
  };
  handlers[JobKind::Misbehave] = [&](std::string_view payload) {
    return misbehave(payload, jobs++);
  };
  return serve(kWorkerSocket, handlers);
}
