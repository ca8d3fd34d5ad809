#include "faces/cli/open_or_create.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace sonde::faces::cli {

namespace {

bool lies_in(const std::string& path, const std::string& folder) {
  return path == folder || folder == "/" ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

/// The part of a source that `path` names, spelled as the source spells its folder.
/// Errors: InvalidArgument, when it lies in none.
Result<std::string> part_of_a_source(Context& context, library::Library& library,
                                     const std::string& path, const std::string& directory) {
  TRY_ASSIGN(const std::vector<library::SourceInfo> sources, library.sources());
  for (const library::SourceInfo& source : sources) {
    if (lies_in(path, source.path)) {
      return path;
    }
    const std::string real_source = library::resolved_path(source.path);
    const std::string real_path = library::resolved_path(path);
    if (lies_in(real_path, real_source)) {
      return context.absolute(source.path + "/" + real_path.substr(real_source.size()));
    }
  }
  const std::string shown = context.shown_path(path);
  return Error{
      Code::InvalidArgument,
      fmt::format("{} is in no source of the library {}; `sonde source add {}` adds it, or "
                  "--library DIR makes a library of its own",
                  shown, directory, shown)};
}

Result<OpenedLibrary> open_there(Context& context, library::LibraryOptions options,
                                 const std::vector<std::string>& typed) {
  OpenedLibrary opened;
  TRY_ASSIGN(opened.library, context.door.open(options));
  for (const std::string& path : typed) {
    TRY_ASSIGN(std::string part, part_of_a_source(context, *opened.library, context.absolute(path),
                                                  options.location.directory));
    opened.parts.push_back(std::move(part));
  }
  if (!options.location.note.empty()) {
    context.note(options.location.note);
  }
  opened.options = std::move(options);
  return opened;
}

}  // namespace

Error nothing_there(const std::string& typed) {
  return Error{Code::InvalidArgument, "there is no " + safe_path(typed) + " to index"};
}

Result<OpenedLibrary> open_or_create(Context& context, const std::vector<std::string>& typed) {
  const std::string start =
      typed.empty() ? context.environment.working_directory : context.absolute(typed.front());
  struct stat info {};
  const bool there = ::lstat(start.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
  auto options = found_library(context, start);
  if (options.ok()) {
    TRY_ASSIGN(OpenedLibrary opened, open_there(context, std::move(options).value(), typed));
    opened.absent = there ? "" : typed.front();
    return opened;
  }
  if (options.error().code != Code::NotFound) {
    return std::move(options).error();
  }
  if (!there) {
    return nothing_there(typed.front());
  }
  if (typed.size() > 1) {
    return Error{Code::InvalidArgument,
                 "there is no library here yet; name its root alone to make one"};
  }
  const std::string root = typed.empty() ? library::project_root(start) : start;
  TRY_ASSIGN(library::Location location,
             library::place_library(context.environment, root, context.invocation.common.library));
  if (!location.note.empty()) {
    context.note(location.note);
  }
  OpenedLibrary opened;
  TRY_ASSIGN(opened.options, options_at(context, std::move(location)));
  TRY_ASSIGN(opened.library, context.door.create(opened.options));
  opened.created = true;
  return opened;
}

}  // namespace sonde::faces::cli
