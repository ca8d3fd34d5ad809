#pragma once
// Keeps a library up to date while files change: words first, meaning behind them. The command line
// and the servers share it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "library/change_listener.h"
#include "library/library.h"

namespace sonde::library {

struct WatchOptions {
  using Duration = std::chrono::milliseconds;

  std::string library_folder;      // absolute
  Config config;                   // as the library was opened with
  std::vector<std::string> parts;  // absolute; only these parts of the sources; empty: everything
  bool embed = true;               // and the library was opened with an encoder
  bool poll = false;               // never listen, only compare the tree again and again

  // A burst of changes ends when nothing came for `quiet`, or `patience` after its first.
  Duration quiet{100};
  Duration patience{1'000};
  // While git holds its lock, at most.
  Duration git_patience{10'000};
  // Between two looks at a tree that cannot be listened to: the first after a change, and the last.
  Duration poll_first{2'000};
  Duration poll_last{30'000};
  // Between two looks at a tree that can be: for what nobody tells, such as a mount or the user's
  // own ignore file.
  Duration look_anyway{600'000};
  // How long a folder may be gone before it is gone.
  Duration root_patience{2'000};
  // How long embedding keeps the lease; it ends with the batch in which this has passed.
  Duration embed_turn{1'000};
  // Until an encoder that failed is asked again.
  Duration embed_again{60'000};
  MakeWatcher make_watcher = {};  // empty: io::Watcher::create
};

/// What happened, as soon as it did.
struct WatchReport {
  enum class Kind {
    Ready,     // the library was brought up to date, and changes are heard from now on
    Changes,   // a set of changes was read in, and embedded unless the next one came before
    Embedded,  // what was left without vectors before got them
    Waiting,   // another process writes, or there is no space; tried again until it works
    Note,      // something to know
  };
  Kind kind = Kind::Note;
  IndexReport changes;       // Ready, Changes, Embedded; seconds: of the words, without waiting
  double seconds = 0;        // from when it was due until its end, with embedding and waiting
  std::uint64_t sets = 0;    // of changes so far, this one with them
  bool listening = false;    // false: the tree is polled
  std::string message = {};  // Waiting, Note
};
using WatchSink = std::function<void(const WatchReport&)>;

/// Runs until it is cancelled. The lease is held only while something is written, and at most for
/// one turn of embedding, so that other processes write between; if one writes now, it waits.
/// Git's operations are one change: as long as git holds its lock nothing is read.
/// @param sink      called from this thread, never at the same time as `progress`
/// @param progress  of the first run, and of embedding
/// Errors: Cancelled; NotFound (no source's folder is there any more); those of Library::index but
/// for Busy and NoSpace, which are waited for. What was committed stays.
/// Threads: `library`'s search and status may be called from others meanwhile. Cost: idle it wakes
/// five times a second to look at `cancel`.
Status watch(Library& library, const WatchOptions& options, const WatchSink& sink,
             const ProgressSink& progress, const CancelToken& cancel);

}  // namespace sonde::library
