#pragma once
// Answers of tools, kept for a while so that a client can read them again as resources.

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "faces/mcp/protocol.h"

namespace sonde::faces::mcp {

inline constexpr std::size_t kSavedAnswers = 64;
inline constexpr std::size_t kSavedBytes = 8U << 20;

struct SavedAnswer {
  std::string uri;    // "sonde://answers/3f2a9c01d4e5": named by its content
  std::string title;  // "search: where are sessions forgotten"
  std::string json;
};

/// The last of them, as many as the limits allow. Threads: safe.
class SavedAnswers {
 public:
  /// @return the address under which it can be read
  std::string save(const std::string& title, const Object& answer);
  /// The newest first.
  [[nodiscard]] std::vector<SavedAnswer> list() const;
  [[nodiscard]] std::optional<SavedAnswer> find(const std::string& uri) const;

 private:
  mutable std::mutex mutex_;
  std::deque<SavedAnswer> answers_;  // the newest last
  std::size_t bytes_ = 0;
};

}  // namespace sonde::faces::mcp
