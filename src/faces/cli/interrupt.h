#pragma once
// Ctrl-C and kill: the first asks long work to stop, the second ends the program at once.

#include "base/cancel.h"

namespace sonde::faces::cli {

/// While it lives SIGINT and SIGTERM cancel `source`; a second one exits with 130. After it they
/// end the program as if it had never been: the process may still be running exit handlers when
/// there is no source any more. SIGPIPE is ignored for good: writing then fails, and is handled
/// where it is done. At most one at a time.
class CancelOnSignals {
 public:
  explicit CancelOnSignals(CancelSource& source);
  ~CancelOnSignals();
  CancelOnSignals(const CancelOnSignals&) = delete;
  CancelOnSignals& operator=(const CancelOnSignals&) = delete;
};

}  // namespace sonde::faces::cli
