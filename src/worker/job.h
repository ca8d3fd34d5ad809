#pragma once
// What goes to a worker process and what comes back.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde::worker {

/// Kinds of jobs, numbered for ever: they travel in the protocol.
enum class JobKind : std::uint16_t {
  Echo = 1,       // answers its payload; for tests and to warm a worker up
  Misbehave = 2,  // crashes, hangs, eats memory or lies on purpose; only where a test registers it
  Chunk = 10,     // source text to chunks (text/chunk_job.h)
  UnpackModel = 20,  // an archive to a model's files (embed/unpack_job.h)
  WalkCommits = 30,  // which commits a repository has (history/commit_job.h)
  ReadCommits = 31,  // messages and changed hunks of commits
};

struct Job {
  JobKind kind = JobKind::Echo;
  std::string payload;
};

/// How a job ended. Everything but Done costs this job alone; Cancelled and Unavailable leave the
/// rest of a batch untried.
enum class Outcome {
  Done,         // payload is the handler's answer
  Failed,       // the handler returned an error; reason says which
  Crashed,      // the process died of a signal or ended early, twice
  TimedOut,     // the deadline passed, twice; the process was killed
  OutOfMemory,  // its memory limit was reached
  Garbled,      // it answered bytes that do not check
  Cancelled,    // the caller stopped
  Unavailable,  // no worker process could be started: this says nothing about the job
};
const char* outcome_name(Outcome outcome);

struct JobResult {
  Outcome outcome = Outcome::Done;
  std::string payload;
  std::string reason;  // for people, when outcome is not Done
};

/// What a worker program can do: registered by its main, one handler a kind.
using Handler = std::function<Result<std::string>(std::string_view payload)>;
using Handlers = std::map<JobKind, Handler>;

}  // namespace sonde::worker
