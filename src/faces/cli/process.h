#pragma once
// The process that `sonde` runs in: its streams, its terminal, its signals.

namespace sonde::faces::cli {

/// What main() does. @return the exit code. Never throws.
int run_process(int argument_count, const char* const* arguments) noexcept;

}  // namespace sonde::faces::cli
