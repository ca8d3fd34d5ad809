#pragma once
// What a running watch() knows of the tree, for those who would otherwise compare it.

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sonde::library {

/// Threads: safe.
class TreeWatch {
 public:
  /// @param sources  absolute paths of what is watched, all of it read in
  /// @param quiet    true when nothing was told since; called from any thread until unsettle()
  void settle(std::vector<std::string> sources, std::function<bool()> quiet) {
    const std::lock_guard lock(mutex_);
    sources_ = std::move(sources);
    quiet_ = std::move(quiet);
  }
  void unsettle() {
    const std::lock_guard lock(mutex_);
    quiet_ = {};
  }
  /// True when the library holds these sources as they are on disk now, as far as the kernel tells:
  /// what is written through a memory map or below a new mount it does not.
  [[nodiscard]] bool is_current(const std::vector<std::string>& sources) const {
    const std::lock_guard lock(mutex_);
    return quiet_ && sources == sources_ && quiet_();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> sources_;
  std::function<bool()> quiet_;
};

}  // namespace sonde::library
