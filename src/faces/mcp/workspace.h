#pragma once
// The roots that a client works in, and which of them a path belongs to. Nothing outside of them is
// read.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "faces/mcp/project.h"
#include "faces/mcp/saved_answers.h"

namespace sonde::faces::mcp {

inline constexpr std::size_t kRootLimit = 16;

/// A file or folder inside a root.
struct PathInRoot {
  std::shared_ptr<Project> project;
  std::string path;  // absolute, with its links resolved
};

/// Threads: safe.
class Workspace {
 public:
  /// @param home  is not indexed unasked, and neither is what holds it
  Workspace(Door door, std::string home, LogSink log);

  /// The home folder or one that holds it: not to be read in unasked.
  [[nodiscard]] bool is_too_much(const std::string& root) const;
  /// Absolute folders. A root inside another one is that one; projects of roots that stay are kept.
  void set_roots(const std::vector<std::string>& roots);
  /// Waits until the roots are known. Errors: NotFound (there is none), Cancelled.
  Result<std::vector<std::shared_ptr<Project>>> projects(const CancelToken& cancel);
  /// The root that `name` names (a path in it, or its last part); all of them for "".
  /// Errors: InvalidArgument (lists the roots).
  Result<std::vector<std::shared_ptr<Project>>> chosen(const std::string& name,
                                                       const CancelToken& cancel);
  /// @param path  absolute, or as seen from a root. Errors: NotFound, InvalidArgument (outside of
  ///              every root, also by a link; `.sonde` and `.git` are outside)
  Result<PathInRoot> resolve(const std::string& path, const CancelToken& cancel);
  /// A path of a project as it is shown to the client: from the root when there is one, absolute
  /// when there are several.
  std::string shown(const Project& project, const std::string& absolute);
  /// What tools answered.
  [[nodiscard]] SavedAnswers& answers() { return answers_; }
  /// Ends all projects.
  void clear();

 private:
  const Door door_;
  const std::string home_;
  const LogSink log_;
  std::mutex mutex_;
  std::condition_variable known_;
  bool roots_known_ = false;
  std::vector<std::shared_ptr<Project>> projects_;
  SavedAnswers answers_;
};

}  // namespace sonde::faces::mcp
