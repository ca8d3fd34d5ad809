#include "tree/git_config.h"

#include <fcntl.h>

#include <cctype>
#include <cstdlib>
#include <optional>

#include "io/file_system.h"
#include "tree/file_at.h"
#include "tree/wildmatch.h"

namespace sonde::tree {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{4} << 20;
constexpr int kMaxIncludeDepth = 10;
constexpr std::size_t kMaxValues = 100'000;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    c = static_cast<char>(ascii_lower(static_cast<std::uint8_t>(c)));
  }
  return result;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

GitEnvironment GitEnvironment::from_process() {
  GitEnvironment result;
  result.home = variable("HOME");
  result.config_home = variable("XDG_CONFIG_HOME");
  if (result.config_home.empty() && !result.home.empty()) {
    result.config_home = result.home + "/.config";
  }
  const std::string no_system = lower(variable("GIT_CONFIG_NOSYSTEM"));
  if (no_system.empty() || no_system == "0" || no_system == "false" || no_system == "no") {
    const std::string chosen = variable("GIT_CONFIG_SYSTEM");
    result.system_config = chosen.empty() ? "/etc/gitconfig" : chosen;
  }
  const std::string global = variable("GIT_CONFIG_GLOBAL");
  if (!global.empty()) {
    result.user_configs = {global};
  } else if (!result.home.empty()) {
    result.user_configs = {result.config_home + "/git/config", result.home + "/.gitconfig"};
  }
  return result;
}

// One file: calls `set(key, value)` for each variable, the key as "section.sub section.name".
class GitConfig::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) {
      text_.remove_prefix(3);
    }
  }

  template <typename Set>
  void run(const Set& set) {
    for (std::size_t count = 0; count < kMaxValues;) {
      skip_space();
      if (text_.empty()) {
        return;
      }
      if (text_.front() == '#' || text_.front() == ';') {
        text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
      } else if (text_.front() == '[') {
        if (!header()) {
          return;
        }
      } else {
        std::string name;
        std::string value;
        if (!assignment(name, value)) {
          return;
        }
        set(section_ + "." + name, value);
        ++count;
      }
    }
  }

 private:
  char take() {
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  void skip_space() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size()));
  }
  void skip_blanks() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r"), text_.size()));
  }

  bool header() {
    take();
    const std::size_t end = text_.find_first_of(" \t]\n");
    if (end == std::string_view::npos || text_[end] == '\n') {
      return false;
    }
    section_ = lower(text_.substr(0, end));
    text_.remove_prefix(end);
    skip_blanks();
    if (text_.empty()) {
      return false;
    }
    if (text_.front() == '"' && !subsection()) {
      return false;
    }
    return !text_.empty() && take() == ']';
  }

  bool subsection() {
    take();
    section_ += '.';
    while (!text_.empty()) {
      char c = take();
      if (c == '"') {
        return true;
      }
      if (c == '\n' || (c == '\\' && text_.empty())) {
        return false;
      }
      section_ += c == '\\' ? take() : c;
    }
    return false;
  }

  bool assignment(std::string& name, std::string& value) {
    std::size_t end = 0;
    while (end < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[end])) != 0 || text_[end] == '-')) {
      ++end;
    }
    name = lower(text_.substr(0, end));
    text_.remove_prefix(end);
    skip_blanks();
    if (name.empty()) {
      return false;
    }
    if (text_.empty() || text_.front() == '\n' || text_.front() == '#' || text_.front() == ';') {
      value = "true";
      return true;
    }
    if (take() != '=') {
      return false;
    }
    skip_blanks();
    return read_value(value);
  }

  bool read_value(std::string& value) {
    bool quoted = false;
    bool comment = false;
    std::size_t keep = 0;  // blanks behind this are dropped unless something follows
    while (!text_.empty()) {
      const char c = take();
      if (c == '\n') {
        break;
      }
      if (comment || (c == '\r' && text_.starts_with('\n'))) {
        continue;
      }
      if (!quoted && (c == '#' || c == ';')) {
        comment = true;
      } else if (c == '"') {
        quoted = !quoted;
        keep = value.size();
      } else if (c == '\\') {
        if (!escape(value)) {
          return false;
        }
        keep = value.size();
      } else {
        value += c;
        keep = quoted || (c != ' ' && c != '\t') ? value.size() : keep;
      }
    }
    value.resize(keep);
    return !quoted;
  }

  bool escape(std::string& value) {
    if (text_.starts_with("\r\n")) {
      take();
    }
    if (text_.empty()) {
      return false;
    }
    switch (take()) {
      case '\n': return true;  // the value goes on in the next line
      case 't': value += '\t'; return true;
      case 'b': value += '\b'; return true;
      case 'n': value += '\n'; return true;
      case '\\': value += '\\'; return true;
      case '"': value += '"'; return true;
      default: return false;
    }
  }

  std::string_view text_;
  std::string section_;
};

void GitConfig::read_defaults() {
  if (!environment_.system_config.empty()) {
    read(environment_.system_config);
  }
  for (const auto& path : environment_.user_configs) {
    read(path);
  }
}

void GitConfig::read(const std::string& path, int depth) {
  const auto text = read_file_at(AT_FDCWD, path.c_str(), Links::Follow, kMaxConfigBytes);
  if (!text || depth > kMaxIncludeDepth) {
    return;
  }
  const std::string folder = io::parent_path(path);
  Parser(*text).run([&](const std::string& key, const std::string& value) {
    constexpr std::string_view kIf = "includeif.";
    constexpr std::string_view kPath = ".path";
    const bool conditional =
        key.starts_with(kIf) && key.ends_with(kPath) && key.size() > kIf.size() + kPath.size();
    const bool wanted =
        conditional && condition_holds(std::string_view(key).substr(
                                           kIf.size(), key.size() - kIf.size() - kPath.size()),
                                       folder);
    if (key == "include.path" || wanted) {
      const std::string target = expand(value);
      read(target.starts_with('/') ? target : io::join_path(folder, target), depth + 1);
    } else if (values_.size() < kMaxValues) {
      values_[key] = value;
    }
  });
}

// "gitdir:" and "gitdir/i:"; other conditions (branches, remotes) do not change ignore rules in
// any setup we know of and do not hold.
bool GitConfig::condition_holds(std::string_view condition, std::string_view folder) const {
  LetterCase letters = LetterCase::Exact;
  if (condition.starts_with("gitdir:")) {
    condition.remove_prefix(7);
  } else if (condition.starts_with("gitdir/i:")) {
    condition.remove_prefix(9);
    letters = LetterCase::Ignored;
  } else {
    return false;
  }
  if (git_folder_.empty() || condition.empty()) {
    return false;
  }
  std::string pattern = expand(condition);
  if (pattern.starts_with("./")) {
    pattern = io::join_path(folder, pattern.substr(2));
  } else if (!pattern.starts_with('/')) {
    pattern = "**/" + pattern;
  }
  if (pattern.ends_with('/')) {
    pattern += "**";
  }
  return WildPattern(pattern, WildMode::Path, letters).matches(git_folder_);
}

const std::string* GitConfig::find(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

bool GitConfig::is_true(const std::string& key) const {
  const std::string* value = find(key);
  if (value == nullptr) {
    return false;
  }
  const std::string folded = lower(*value);
  return folded == "true" || folded == "yes" || folded == "on" ||
         (!folded.empty() && folded.find_first_not_of("0123456789") == std::string::npos &&
          folded.find_first_not_of('0') != std::string::npos);
}

std::string GitConfig::expand(std::string_view path) const {
  if (path == "~" || path.starts_with("~/")) {
    return environment_.home + std::string(path.substr(1));
  }
  return std::string(path);
}

}  // namespace sonde::tree
