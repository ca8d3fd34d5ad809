#include "faces/cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "faces/cli/exit_code.h"

namespace sonde::faces::cli {

namespace {

// A signal handler has no other way to what it is for.
std::atomic<CancelSource*> signalled_source{nullptr};

void handle_signal(int) {
  CancelSource* const source = signalled_source.load();
  if (source == nullptr || source->cancelled()) {
    ::_exit(kInterrupted);
  }
  source->cancel();
}

}  // namespace

void cancel_on_signals(CancelSource& source) {
  signalled_source.store(&source);
  struct sigaction action {};
  action.sa_handler = handle_signal;
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigemptyset(&ignore.sa_mask);
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

}  // namespace sonde::faces::cli
