#include "faces/mcp/saved_answers.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace sonde::faces::mcp {

std::string SavedAnswers::save(const std::string& title, const Object& answer) {
  SavedAnswer saved;
  saved.title = title;
  saved.json = answer.dump(-1, ' ', false, Object::error_handler_t::replace);
  saved.uri = "sonde://answers/" + content_hash(title + "\n" + saved.json).hex().substr(0, 12);
  std::string uri = saved.uri;
  const std::lock_guard lock(mutex_);
  bytes_ += saved.json.size();
  answers_.push_back(std::move(saved));
  while (answers_.size() > kSavedAnswers || (bytes_ > kSavedBytes && answers_.size() > 1)) {
    bytes_ -= answers_.front().json.size();
    answers_.pop_front();
  }
  return uri;
}

std::vector<SavedAnswer> SavedAnswers::list() const {
  const std::lock_guard lock(mutex_);
  return {answers_.rbegin(), answers_.rend()};
}

std::optional<SavedAnswer> SavedAnswers::find(const std::string& uri) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(answers_.rbegin(), answers_.rend(),
                                  [&](const SavedAnswer& each) { return each.uri == uri; });
  return found == answers_.rend() ? std::nullopt : std::optional(*found);
}

}  // namespace sonde::faces::mcp
