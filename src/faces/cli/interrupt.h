#pragma once
// Ctrl-C and kill: the first asks long work to stop, the second ends the program at once.

#include "base/cancel.h"

namespace sonde::faces::cli {

/// From now on SIGINT and SIGTERM cancel `source`, which must live as long as the process; a second
/// one exits with 130. SIGPIPE is ignored: writing then fails, and is handled where it is done.
void cancel_on_signals(CancelSource& source);

}  // namespace sonde::faces::cli
