// path_matches(): globs over paths. The set of places in the path that the pattern can have reached
// is carried along, so a pattern costs (its length) x (the path's length), whatever it is.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "index/query.h"

namespace sonde::index {
namespace {

using Places = std::vector<char>;  // [path + 1] 1 where the pattern can stand

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// A set in brackets: `begin` behind '[', `end` at ']'.
struct Set {
  std::string_view body;
  bool negated = false;

  [[nodiscard]] bool contains(char c) const {
    bool found = false;
    for (std::size_t i = 0; i < body.size(); ++i) {
      if (i + 2 < body.size() && body[i + 1] == '-') {
        found = found || (body[i] <= c && c <= body[i + 2]);
        i += 2;
      } else {
        found = found || body[i] == c;
      }
    }
    return found != negated;
  }
};

/// One character of the path for which `fits` holds.
template <typename Fits>
void step(std::string_view path, Places& places, Fits fits) {
  for (std::size_t i = path.size(); i > 0; --i) {
    places[i] = static_cast<char>(places[i - 1] != 0 && fits(path[i - 1]) ? 1 : 0);
  }
  places[0] = 0;
}

void skip_continuation(std::string_view path, Places& places) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (places[i] != 0 && is_continuation(path[i])) {
      places[i] = 0;
      places[i + 1] = 1;
    }
  }
}

void star(std::string_view path, Places& places) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (places[i] != 0 && path[i] != '/') {
      places[i + 1] = 1;
    }
  }
}

void double_star(std::string_view path, Places& places, bool whole_components) {
  bool seen = false;
  for (std::size_t i = 0; i <= path.size(); ++i) {
    const bool here = places[i] != 0;
    if (seen && (!whole_components || path[i - 1] == '/')) {
      places[i] = 1;
    }
    seen = seen || here;
  }
}

bool glob_matches(std::string_view pattern, std::string_view path, bool anchored) {
  Places places(path.size() + 1, 0);
  places[0] = 1;
  for (std::size_t i = 0; !anchored && i < path.size(); ++i) {
    places[i + 1] = static_cast<char>(path[i] == '/' ? 1 : 0);
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '*' && i + 1 < pattern.size() && pattern[i + 1] == '*') {
      const bool whole = i + 2 < pattern.size() && pattern[i + 2] == '/';
      double_star(path, places, whole);
      i += whole ? 2 : 1;
      continue;
    }
    const std::size_t close = c == '[' ? pattern.find(']', i + 2) : std::string_view::npos;
    if (c == '*') {
      star(path, places);
    } else if (c == '?') {
      step(path, places, [](char each) { return each != '/'; });
      skip_continuation(path, places);
    } else if (close != std::string_view::npos) {
      Set set{pattern.substr(i + 1, close - i - 1)};
      if (set.body.front() == '!' || set.body.front() == '^') {
        set.negated = true;
        set.body.remove_prefix(1);
      }
      step(path, places, [&set](char each) { return each != '/' && set.contains(each); });
      i = close;
    } else {
      step(path, places, [c](char each) { return each == c; });
    }
  }
  return places[path.size()] != 0;
}

bool has_component_run(std::string_view run, std::string_view path, bool anchored) {
  for (std::size_t at = path.find(run); at != std::string_view::npos; at = path.find(run, at + 1)) {
    const bool begins = at == 0 || (!anchored && path[at - 1] == '/');
    const std::size_t end = at + run.size();
    if (begins && (end == path.size() || path[end] == '/')) {
      return true;
    }
    if (anchored) {
      return false;
    }
  }
  return false;
}

}  // namespace

bool path_matches(std::string_view pattern, std::string_view path) {
  while (pattern.starts_with("./")) {
    pattern.remove_prefix(2);
  }
  const bool anchored = pattern.starts_with('/');
  if (anchored) {
    pattern.remove_prefix(1);
  }
  while (pattern.ends_with('/')) {
    pattern.remove_suffix(1);
  }
  if (pattern.empty()) {
    return true;
  }
  if (pattern.find_first_of("*?[") == std::string_view::npos) {
    return has_component_run(pattern, path, anchored);
  }
  return glob_matches(pattern, path, anchored);
}

}  // namespace sonde::index
