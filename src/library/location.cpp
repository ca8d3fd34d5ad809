#include "library/location.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/hash.h"
#include "io/file_system.h"

namespace sonde::library {

namespace {

constexpr std::size_t kPathLimitBytes = 64 * 1024;  // longer ones are no paths of a system we know
constexpr const char* kRootFile = "root";           // in a library that lies outside its root

std::string join(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (path.empty() || path.back() != '/') {
    path += '/';
  }
  path += name;
  return path;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// The mode of what `path` leads to, symbolic links followed; nothing when there is nothing.
std::optional<mode_t> mode_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return std::nullopt;
  }
  return info.st_mode;
}

bool is_directory(const std::string& path) {
  const auto mode = mode_of(path);
  return mode.has_value() && S_ISDIR(*mode);
}

bool exists(const std::string& path) { return mode_of(path).has_value(); }

/// A library's folder holds its truth, or what is left of one: a missing library.db beside segments
/// is damage to be told about, not a place for a new library.
/// An empty segments/ is what an interrupted creation leaves.
bool holds_library(const std::string& directory) {
  for (const char* name : {"library.db", "library.id", "library.db-wal"}) {
    if (exists(join(directory, name))) {
      return true;
    }
  }
  std::error_code error;
  const std::filesystem::directory_iterator segment(join(directory, "segments"), error);
  return !error && segment != std::filesystem::directory_iterator();
}

/// True for a folder with nothing in it but what an interrupted creation may leave.
bool is_free_for_library(const std::string& path) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name != "lock" && name != ".gitignore" && name != "segments" && name != kRootFile &&
        !name.starts_with("library.db-new") && !io::is_temporary_name(name)) {
      return false;
    }
  }
  return !error;
}

/// The root that a library outside of its root is for; empty when it does not say.
std::string recorded_root(const std::string& directory) {
  std::ifstream file(join(directory, kRootFile), std::ios::binary);
  std::string root(kPathLimitBytes, '\0');
  file.read(root.data(), static_cast<std::streamsize>(root.size()));
  root.resize(static_cast<std::size_t>(file.gcount()));
  if (!root.empty() && root.back() == '\n') {
    root.pop_back();
  }
  return !root.empty() && root.front() == '/' ? root : std::string();
}

std::string state_directory(const Environment& environment, const std::string& root) {
  return join(environment.state_home, "sonde/libraries/" + content_hash(root).hex().substr(0, 16));
}

/// The folders from `start` up to "/".
std::vector<std::string> folders_upwards(const std::string& start) {
  std::vector<std::string> folders;
  for (std::string folder = start;; folder = parent_of(folder)) {
    folders.push_back(folder);
    if (folder == "/" || folders.size() >= PATH_MAX) {
      return folders;
    }
  }
}

Result<Location> named_library(const std::string& directory, const std::string& start) {
  if (!holds_library(directory)) {
    return Error{Code::NotFound, "no library in " + directory + "; `sonde index PATH --library " +
                                     directory + "` makes one there"};
  }
  std::string root = recorded_root(directory);
  if (root.empty()) {
    const bool in_its_root = directory.ends_with("/.sonde");
    root = in_its_root ? parent_of(directory) : project_root(start);
  }
  return Location{directory, root, ""};
}

Result<Location> place_named(const std::string& directory, const std::string& root) {
  if (exists(directory) && !is_directory(directory)) {
    return Error{Code::InvalidArgument,
                 directory + " is not a folder; a library needs a folder of its own"};
  }
  // A library ignores itself with a .gitignore of "*": in somebody's own folder that would hide it.
  if (is_directory(directory) && !holds_library(directory) && !is_free_for_library(directory)) {
    return Error{Code::InvalidArgument,
                 directory + " holds other files; name an empty or a new folder for the library"};
  }
  return Location{directory, root, ""};
}

/// Why a library cannot lie in `root`; empty when it can.
std::string why_not_in(const std::string& root) {
  struct statfs info {};
  if (::statfs(root.c_str(), &info) == 0) {
    const std::string_view name = file_system_without_wal(static_cast<std::uint32_t>(info.f_type));
    if (!name.empty()) {
      return root + " is on " + std::string(name) + ", where a library cannot be kept safely";
    }
  }
  const std::string inside = join(root, ".sonde");
  if (::access((is_directory(inside) ? inside : root).c_str(), W_OK | X_OK) != 0) {
    return root + " cannot be written (" + std::strerror(errno) + ")";
  }
  return "";
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// An XDG folder. Its specification says that a relative value is to be ignored.
std::string xdg_folder(const char* name, const std::string& home, const char* below_home) {
  std::string value = variable(name);
  if (!value.empty() && value.front() == '/') {
    return value;
  }
  return home.empty() ? "" : join(home, below_home);
}

std::string find_worker_program() {
  std::string program(PATH_MAX, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", program.data(), program.size());
  program.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::string folder = parent_of(program);
  const std::string beside = join(folder, "sonde-worker");
  const std::string installed = join(parent_of(folder), "libexec/sonde/sonde-worker");
  for (const std::string& candidate : {beside, installed, variable("SONDE_WORKER")}) {
    if (!candidate.empty() && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return beside;  // starting it then fails by name
}

}  // namespace

std::string_view file_system_without_wal(std::uint32_t type) {
  // The numbers of statfs(2); 64-bit kernels sign-extend some, so 32 bits are compared.
  switch (type) {
    case 0x6969: return "NFS";
    case 0x01021997: return "9p";
    case 0x517B: return "SMB";
    case 0xFF534D42: return "CIFS";
    case 0xFE534D42: return "SMB2";
    case 0x65735546: return "FUSE";
    case 0x5346414F:
    case 0x6B414653: return "AFS";
    case 0x73757245: return "Coda";
    case 0x00C36400: return "Ceph";
    case 0x0BD00BD0: return "Lustre";
    case 0x786F4256: return "vboxsf";
    default: return "";
  }
}

Result<Environment> environment_of_process() {
  std::error_code error;
  const std::filesystem::path working = std::filesystem::current_path(error);
  if (error || !working.is_absolute()) {
    return Error{Code::Io, "the working folder cannot be read (" +
                               (error ? error.message() : "it is not reachable") +
                               "); go to another folder and try again"};
  }
  Environment environment;
  environment.working_directory = working.string();
  environment.home = variable("HOME");
  environment.config_home = xdg_folder("XDG_CONFIG_HOME", environment.home, ".config");
  environment.state_home = xdg_folder("XDG_STATE_HOME", environment.home, ".local/state");
  environment.data_home = xdg_folder("XDG_DATA_HOME", environment.home, ".local/share");
  environment.library = variable("SONDE_LIBRARY");
  environment.hub_endpoint = variable("HF_ENDPOINT");
  environment.variable = [](const std::string& name) { return variable(name.c_str()); };
  environment.worker_program = find_worker_program();
  return environment;
}

Result<std::string> models_folder(const Environment& environment) {
  if (environment.data_home.empty()) {
    return Error{Code::InvalidArgument,
                 "there is no folder for models: neither HOME nor XDG_DATA_HOME is set"};
  }
  return join(environment.data_home, "sonde/models");
}

Result<Location> find_library(const Environment& environment, const std::string& start,
                              const std::string& explicit_directory) {
  const std::string from = absolute_path(environment, start);
  const std::string& named = explicit_directory.empty() ? environment.library : explicit_directory;
  if (!named.empty()) {
    return named_library(absolute_path(environment, named), from);
  }
  for (const std::string& folder : folders_upwards(from)) {
    const std::string inside = join(folder, ".sonde");
    if (holds_library(inside)) {
      return Location{inside, folder, ""};
    }
    if (environment.state_home.empty()) {
      continue;
    }
    const std::string outside = state_directory(environment, folder);
    if (holds_library(outside) && recorded_root(outside) == folder) {
      return Location{outside, folder, "the library of " + folder + " is kept in " + outside};
    }
  }
  return Error{Code::NotFound,
               "no library for " + from + " or a folder above it; `sonde index` makes one"};
}

Result<Location> place_library(const Environment& environment, const std::string& root,
                               const std::string& explicit_directory) {
  const std::string top = absolute_path(environment, root);
  if (!is_directory(top)) {
    return Error{Code::InvalidArgument, top +
                                            (exists(top) ? " is not a folder" : " does not exist") +
                                            "; a library is made for a folder"};
  }
  const std::string& named = explicit_directory.empty() ? environment.library : explicit_directory;
  if (!named.empty()) {
    return place_named(absolute_path(environment, named), top);
  }
  const std::string reason = why_not_in(top);
  if (reason.empty()) {
    return Location{join(top, ".sonde"), top, ""};
  }
  if (environment.state_home.empty()) {
    return Error{Code::Io, reason +
                               ", and neither HOME nor XDG_STATE_HOME is set; name a place "
                               "for the library with --library DIR"};
  }
  const std::string outside = state_directory(environment, top);
  return Location{outside, top, reason + "; the library is kept in " + outside};
}

Status record_root(const Location& location) {
  if (location.directory == join(location.root, ".sonde")) {
    return {};
  }
  const std::string path = join(location.directory, kRootFile);
  return io::replace_file(io::real_file_system(), path, location.root + "\n", 0600);
}

std::string project_root(const std::string& start) {
  const std::string folder = is_directory(start) ? start : parent_of(start);
  for (const std::string& candidate : folders_upwards(folder)) {
    if (exists(join(candidate, ".git"))) {
      return candidate;
    }
  }
  return folder;
}

namespace {

/// The components of a path, "." and empty ones left out, ".." applied by name.
std::vector<std::string_view> normal_components(std::string_view path) {
  std::vector<std::string_view> components;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (component == "..") {
      if (!components.empty()) {
        components.pop_back();
      }
    } else if (!component.empty() && component != ".") {
      components.push_back(component);
    }
  }
  return components;
}

}  // namespace

std::string absolute_path(const Environment& environment, const std::string& path) {
  const bool absolute = !path.empty() && path.front() == '/';
  const std::string whole = absolute ? path : join(environment.working_directory, path);
  std::string result;
  for (const std::string_view component : normal_components(whole)) {
    result += '/';
    result += component;
  }
  return result.empty() ? "/" : result;
}

std::string resolved_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

std::string relative_path(const std::string& path, const std::string& base) {
  const auto target = normal_components(path);
  const auto from = normal_components(base);
  std::size_t common = 0;
  while (common < target.size() && common < from.size() && target[common] == from[common]) {
    ++common;
  }
  std::string result;
  for (std::size_t i = common; i < from.size(); ++i) {
    result += result.empty() ? ".." : "/..";
  }
  for (std::size_t i = common; i < target.size(); ++i) {
    result += result.empty() ? "" : "/";
    result += target[i];
  }
  return result.empty() ? "." : result;
}

}  // namespace sonde::library
