#include "selftest/small_tree.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <utility>

#include "io/file_system.h"

namespace sonde::selftest {

namespace {

constexpr std::array kWords = {"account", "buffer", "cache",   "decode",  "event",  "filter",
                               "gateway", "header", "invoice", "journal", "limit",  "message",
                               "notify",  "order",  "packet",  "queue",   "record", "session",
                               "token",   "update", "verify",  "window"};
constexpr std::array kEndings = {".py", ".c", ".md", ".go", ".txt"};
constexpr std::size_t kFunctions = 3;
constexpr std::string_view kMarkerBegin = "mark";
constexpr std::string_view kMarkerEnd = "zq";

}  // namespace

void Expected::may_become(const std::string& path, const std::optional<std::string>& content) {
  Version version;
  if (content) {
    version = content_hash(*content);
    contents_.emplace(*version, *content);
  }
  std::vector<Version>& versions = paths_[path];
  if (versions.empty()) {
    versions.push_back(std::nullopt);  // it was not there
  }
  versions.push_back(version);
  embedded_.erase(path);
}

void Expected::acknowledge() {
  for (auto& [path, versions] : paths_) {
    versions.erase(versions.begin(), versions.end() - 1);
  }
}

void Expected::acknowledge_meaning() {
  meaning_ = true;
  for (const auto& [path, versions] : paths_) {
    embedded_.insert(path);
  }
}

void Expected::found(const std::string& path, const Version& version) {
  const auto versions = paths_.find(path);
  if (versions == paths_.end()) {
    return;
  }
  // The newest of equal ones may be what was found; the oldest is what is sure.
  const auto seen = std::find(versions->second.begin(), versions->second.end(), version);
  versions->second.erase(versions->second.begin(), seen);
}

bool Expected::may_be(const std::string& path, const Version& version) const {
  const auto versions = paths_.find(path);
  return versions == paths_.end() ? !version
                                  : std::find(versions->second.begin(), versions->second.end(),
                                              version) != versions->second.end();
}

bool Expected::may_be_gone(const std::string& path) const {
  const auto versions = paths_.find(path);
  return versions == paths_.end() || !versions->second.back();
}

const std::string* Expected::content(const ContentHash& hash) const {
  const auto found = contents_.find(hash);
  return found == contents_.end() ? nullptr : &found->second;
}

std::set<std::string> markers_of(const std::string& text) {
  std::set<std::string> markers;
  for (std::size_t at = text.find(kMarkerBegin); at != std::string::npos;
       at = text.find(kMarkerBegin, at + 1)) {
    std::size_t end = at + kMarkerBegin.size();
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) {
      ++end;
    }
    if (text.compare(end, kMarkerEnd.size(), kMarkerEnd) == 0) {
      markers.insert(text.substr(at, end + kMarkerEnd.size() - at));
    }
  }
  return markers;
}

SmallTree::SmallTree(std::string root, std::uint64_t seed)
    : root_(std::move(root)), random_(seed) {}

std::string SmallTree::make_content(const std::string& path) {
  const auto word = [&] { return std::string(kWords[random_() % kWords.size()]); };
  std::string text;
  for (std::size_t i = 0; i < kFunctions; ++i) {
    const std::string marker =
        std::string(kMarkerBegin) + std::to_string(next_++) + std::string(kMarkerEnd);
    const std::string name = word() + "_" + word();
    std::string body = std::string(kCommonWord) + " " + marker;
    for (std::size_t j = 0; j < 12; ++j) {
      body += " " + word();
    }
    if (path.ends_with(".py")) {
      text += "def " + name + "(value):\n    \"\"\"" + body + "\"\"\"\n    return value\n\n\n";
    } else if (path.ends_with(".c")) {
      text += "/* " + body + " */\nint " + name + "(int value) {\n  return value;\n}\n\n";
    } else if (path.ends_with(".go")) {
      text += "// " + body + "\nfunc " + name + "(value int) int {\n\treturn value\n}\n\n";
    } else {
      text += "# " + name + "\n\n" + body + "\n\n";
    }
  }
  return text;
}

Status SmallTree::write(const std::string& path, const std::string& content) const {
  return io::replace_file(io::real_file_system(), io::join_path(root_, path), content, 0600);
}

std::string SmallTree::pick() {
  auto file = files_.begin();
  std::advance(file, static_cast<std::ptrdiff_t>(random_() % files_.size()));
  return file->first;
}

Status SmallTree::add(std::size_t files) {
  static_cast<void>(io::real_file_system().make_directory(root_, 0700));  // usually there
  const std::uint64_t first = random_() % kEndings.size();
  for (std::size_t i = 0; i < files; ++i) {  // of every kind, when they are enough
    const std::string path =
        "file" + std::to_string(next_++) + kEndings[(first + i) % kEndings.size()];
    files_[path] = make_content(path);
    expected_.may_become(path, files_[path]);
    TRY(write(path, files_[path]));
  }
  return {};
}

Status SmallTree::edit(std::size_t files) {
  for (std::size_t i = 0; i < files && !files_.empty(); ++i) {
    const std::string path = pick();
    std::string& content = files_[path];
    // One function changes, the others stay.
    const std::string fresh = make_content(path);
    const std::size_t part = fresh.size() / kFunctions;
    const std::size_t old_part = content.size() / kFunctions;
    content = random_() % 3 == 0
                  ? fresh
                  : content.substr(0, content.find_last_of('\n', content.size() - old_part) + 1) +
                        fresh.substr(fresh.find_first_of('\n', fresh.size() - part) + 1);
    if (!forgotten_.contains(path)) {
      expected_.may_become(path, content);
    }
    TRY(write(path, content));
  }
  return {};
}

Status SmallTree::remove(std::size_t files) {
  for (std::size_t i = 0; i < files && files_.size() > 1; ++i) {
    const std::string path = pick();
    files_.erase(path);
    if (!forgotten_.contains(path)) {
      expected_.may_become(path, std::nullopt);
    }
    TRY(io::real_file_system().remove_file(io::join_path(root_, path)));
  }
  return {};
}

Status SmallTree::move(std::size_t files) {
  for (std::size_t i = 0; i < files && !files_.empty(); ++i) {
    const std::string from = pick();
    if (forgotten_.contains(from)) {
      continue;
    }
    const std::string to = "moved" + std::to_string(next_++) + from.substr(from.rfind('.'));
    std::string content = std::move(files_[from]);
    files_.erase(from);
    expected_.may_become(from, std::nullopt);
    expected_.may_become(to, content);
    files_[to] = std::move(content);
    TRY(io::real_file_system().rename(io::join_path(root_, from), io::join_path(root_, to)));
  }
  return {};
}

std::string SmallTree::forget_one() {
  const std::string path = pick();
  forgotten_.insert(path);
  expected_.may_become(path, std::nullopt);
  return io::join_path(root_, path);
}

Status SmallTree::write_again() const {
  TRY_ASSIGN(const auto entries, io::real_file_system().list(root_));
  for (const io::DirectoryEntry& entry : entries) {
    if (!files_.contains(entry.name)) {
      TRY(io::real_file_system().remove_file(io::join_path(root_, entry.name)));
    }
  }
  for (const auto& [path, content] : files_) {
    TRY(write(path, content));
  }
  return {};
}

}  // namespace sonde::selftest
