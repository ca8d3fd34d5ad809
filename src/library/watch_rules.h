#pragma once
// Which changes on disk matter to a library, told by the path alone. Where it is unsure it says
// yes: then the tree is compared for nothing, which is cheap.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "io/watch.h"
#include "library/library.h"

namespace sonde::library {

/// A source, or a part of one, that is watched.
struct WatchedSource {
  std::string path;  // as the library spells it
  std::string root;  // with its symbolic links resolved: what the watcher is given
  std::string git;   // the repository's folder (tree::git_folder_of); empty: none
};

/// Immutable. Threads: safe.
class WatchRules {
 public:
  /// @param library_folder  resolved; what is written there is our own doing
  /// @param parts           absolute, as the sources are spelled; empty: everything
  WatchRules(std::vector<WatchedSource> sources, std::string library_folder,
             const std::vector<std::string>& parts, const std::vector<LeftOutFolder>& left_out);

  /// Whether events of what is directly in `folder` can matter.
  [[nodiscard]] bool watches(std::string_view folder) const;
  [[nodiscard]] bool matters(const io::WatchEvent& event) const;
  /// True when a folder that `earlier` leaves out is there and not left out any more, so that
  /// nobody watches it. Cost: one stat for each.
  [[nodiscard]] bool watch_more_than(const WatchRules& earlier) const;

 private:
  [[nodiscard]] std::string resolved(const std::string& source_path, std::string_view below) const;
  [[nodiscard]] bool left_out(std::string_view folder) const;
  /// The part of a path below the folder of a repository's own files; nothing outside of one.
  [[nodiscard]] std::optional<std::string_view> inside_git(std::string_view path) const;

  std::vector<WatchedSource> sources_;
  std::string library_folder_;
  std::vector<std::string> parts_;
  std::unordered_set<std::string> left_out_;
};

}  // namespace sonde::library
