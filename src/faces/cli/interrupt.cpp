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

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

CancelOnSignals::CancelOnSignals(CancelSource& source) {
  signalled_source.store(&source);
  handle(SIGINT, handle_signal);
  handle(SIGTERM, handle_signal);
  handle(SIGPIPE, SIG_IGN);
}

CancelOnSignals::~CancelOnSignals() {
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  signalled_source.store(nullptr);
}

}  // namespace sonde::faces::cli
