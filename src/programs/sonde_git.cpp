// sonde-git: reads the commits of git repositories with libgit2 in a sandbox, as a child of sonde.
// A program of its own, not part of sonde-worker: loading libgit2 and the fifteen libraries that it
// needs takes 30 to 80 ms, which every worker that cuts up source text would pay.

#include <cstdio>

#include "history/commit_job.h"
#include "history/git/objects.h"
#include "worker/pool.h"

int main() {
  using sonde::worker::JobKind;
  if (!sonde::history::git::start_libgit2().ok()) {
    std::fputs("sonde-git: libgit2 does not start\n", stderr);
    return 2;
  }
  return sonde::worker::serve_program("sonde-git",
                                      {{JobKind::WalkCommits, sonde::history::handle_walk_job},
                                       {JobKind::ReadCommits, sonde::history::handle_read_job}});
}
