#include "history/repository.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/hash.h"
#include "io/file_system.h"
#include "tree/file_at.h"
#include "tree/git_folders.h"

namespace sonde::history {

namespace {

using tree::Links;

constexpr std::size_t kReferenceBytes = 8 * 1024;
constexpr std::size_t kPackedBytes = std::size_t{256} << 20;
constexpr std::size_t kAlternatesBytes = 64 * 1024;
constexpr std::size_t kShallowBytes = std::size_t{16} << 20;
constexpr std::size_t kConfigBytes = std::size_t{1} << 20;
constexpr std::size_t kAlternatesLimit = 16;
constexpr int kSymbolicLimit = 5;  // as git
constexpr std::size_t kLongHash = 64;

std::string_view trimmed(std::string_view line) {
  const std::size_t end = line.find_last_not_of(" \t\r\n");
  return line.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Calls visit for each line; stops when it returns true.
template <typename Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (visit(trimmed(text.substr(0, end)))) {
      return;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// A name that can lead nowhere else than below the folder of references.
bool is_reference_name(std::string_view name) {
  return name.starts_with("refs/") && name.find("..") == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

Result<CommitId> parse_id(std::string_view text) {
  if (text.size() == kLongHash && is_hex(text)) {
    return Error{Code::Unsupported,
                 "its commits have names of 256 bits (SHA-256), which are not read yet"};
  }
  if (const auto id = CommitId::from_hex(text)) {
    return *id;
  }
  return Error{Code::Io, "its HEAD names no commit"};
}

std::optional<std::string> packed_reference(int common, std::string_view name) {
  const auto packed = tree::read_file_at(common, "packed-refs", Links::Follow, kPackedBytes);
  std::optional<std::string> found;
  for_each_line(packed ? std::string_view(*packed) : std::string_view(),
                [&](std::string_view line) {
                  const std::size_t space = line.find(' ');
                  if (space != std::string_view::npos && line.substr(space + 1) == name) {
                    found = line.substr(0, space);
                  }
                  return found.has_value();
                });
  return found;
}

Result<std::optional<CommitId>> read_head(int git, int common) {
  const auto head = tree::read_file_at(git, "HEAD", Links::Follow, kReferenceBytes);
  if (!head) {
    return Error{Code::Io, "its HEAD cannot be read"};
  }
  std::string value(trimmed(*head));
  for (int i = 0; i < kSymbolicLimit && value.starts_with("ref:"); ++i) {
    std::string name = value.substr(std::min(value.find_first_not_of(' ', 4), value.size()));
    if (name == "refs/heads/.invalid") {
      return Error{Code::Unsupported, "its references are in a reftable, which is not read yet"};
    }
    if (!is_reference_name(name)) {
      return Error{Code::Io, "its HEAD names no reference"};
    }
    auto loose = tree::read_file_at(common, name.c_str(), Links::Follow, kReferenceBytes);
    if (!loose) {
      loose = packed_reference(common, name);
    }
    if (!loose) {
      return std::optional<CommitId>();  // a branch without a commit
    }
    value = trimmed(*loose);
  }
  TRY_ASSIGN(const CommitId id, parse_id(value));
  return std::optional<CommitId>(id);
}

/// Folders that objects are also read from, as git does: a line each, relative to `objects`.
std::vector<std::string> read_alternates(const std::string& objects) {
  std::vector<std::string> all;
  std::vector<std::string> next = {objects};
  while (!next.empty() && all.size() < kAlternatesLimit) {
    const std::string folder = next.back();
    next.pop_back();
    const io::UniqueFd open = tree::open_folder_at(AT_FDCWD, folder.c_str(), Links::Follow);
    const auto text = open.valid() ? tree::read_file_at(open.get(), "info/alternates",
                                                        Links::Follow, kAlternatesBytes)
                                   : std::nullopt;
    for_each_line(text ? std::string_view(*text) : std::string_view(), [&](std::string_view line) {
      if (line.empty() || line.front() == '#' || line.find('\0') != std::string_view::npos) {
        return false;
      }
      const std::string named =
          line.front() == '/' ? std::string(line) : io::join_path(folder, line);
      const io::UniqueFd there = tree::open_folder_at(AT_FDCWD, named.c_str(), Links::Follow);
      const std::string path = there.valid() ? tree::path_of(there) : std::string();
      if (!path.empty() && path != objects &&
          std::find(all.begin(), all.end(), path) == all.end()) {
        all.push_back(path);
        next.push_back(path);
      }
      return all.size() == kAlternatesLimit;
    });
  }
  return all;
}

bool has(int folder, const char* name) { return ::faccessat(folder, name, F_OK, 0) == 0; }

/// A remote that promised to send what is missing; said only to explain what is missing.
bool is_partial(int common) {
  const auto config = tree::read_file_at(common, "config", Links::Follow, kConfigBytes);
  return config && (config->find("promisor") != std::string::npos ||
                    config->find("partialclone") != std::string::npos);
}

/// The nearest folder up from `folder` that is the top of a working tree.
std::string top_of(const std::string& folder) {
  std::string top = folder;
  for (std::size_t i = 0; i < tree::kMaxParents; ++i) {
    const io::UniqueFd open = tree::open_folder_at(AT_FDCWD, top.c_str(), Links::Follow);
    const io::UniqueFd git = open.valid() ? tree::open_git_folder(open.get()) : io::UniqueFd();
    if (git.valid() && has(git.get(), "HEAD")) {
      return top;
    }
    const std::string parent = io::parent_path(top);
    if (parent == top) {
      break;
    }
    top = parent;
  }
  return {};
}

}  // namespace

Result<RepositoryPlace> find_repository(const std::string& folder) {
  const std::string top = top_of(folder);
  const io::UniqueFd open =
      top.empty() ? io::UniqueFd() : tree::open_folder_at(AT_FDCWD, top.c_str(), Links::Follow);
  const io::UniqueFd git = open.valid() ? tree::open_git_folder(open.get()) : io::UniqueFd();
  const io::UniqueFd common = git.valid() ? tree::open_common_folder(git.get()) : io::UniqueFd();
  const io::UniqueFd objects = common.valid()
                                   ? tree::open_folder_at(common.get(), "objects", Links::Follow)
                                   : io::UniqueFd();
  if (!objects.valid()) {
    return Error{Code::NotFound, "it lies in no git repository"};
  }
  RepositoryPlace place;
  place.objects = tree::path_of(objects);
  place.prefix = folder.size() > top.size() ? folder.substr(top == "/" ? 1 : top.size() + 1) : "";
  const auto shallow = tree::read_file_at(common.get(), "shallow", Links::Follow, kShallowBytes);
  place.shallow = shallow ? std::max<std::uint64_t>(checksum64(*shallow), 1) : 0;
  place.partial = is_partial(common.get());
  place.alternates = read_alternates(place.objects);
  TRY_ASSIGN(place.head, read_head(git.get(), common.get()));
  return place;
}

}  // namespace sonde::history
