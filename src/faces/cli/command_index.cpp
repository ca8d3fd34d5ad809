#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"

namespace sonde::faces::cli {

namespace {

struct Opened {
  std::unique_ptr<library::Library> library;
  bool created = false;
  std::string absent;  // the path that was typed, when nothing is there
};

bool lies_in(const std::string& path, const std::string& folder) {
  return path == folder || folder == "/" ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

/// The path with its symbolic links resolved; itself where that cannot be done.
std::string resolved(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
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
    const std::string real_source = resolved(source.path);
    const std::string real_path = resolved(path);
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

Error nothing_there(const std::string& typed) {
  return Error{Code::InvalidArgument, "there is no " + safe_path(typed) + " to index"};
}

Result<Opened> open_or_create(Context& context, library::IndexRequest& request) {
  const std::string& typed = context.invocation.index.path;
  const std::string start =
      typed.empty() ? context.environment.working_directory : context.absolute(typed);
  struct stat info {};
  const bool there = ::lstat(start.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
  auto options = found_library(context, start);
  if (options.ok()) {
    TRY_ASSIGN(auto library, context.door.open(*options));
    if (!typed.empty()) {
      TRY_ASSIGN(std::string part,
                 part_of_a_source(context, *library, start, options->location.directory));
      request.paths.push_back(std::move(part));
    }
    if (!options->location.note.empty()) {
      context.note(options->location.note);
    }
    return Opened{std::move(library), false, there ? "" : typed};
  }
  if (options.error().code != Code::NotFound) {
    return std::move(options).error();
  }
  if (!there) {
    return nothing_there(typed);
  }
  const std::string root = typed.empty() ? library::project_root(start) : start;
  TRY_ASSIGN(library::Location location,
             library::place_library(context.environment, root, context.invocation.common.library));
  if (!location.note.empty()) {
    context.note(location.note);
  }
  TRY_ASSIGN(const library::LibraryOptions made, options_at(context, std::move(location)));
  TRY_ASSIGN(auto library, context.door.create(made));
  return Opened{std::move(library), true, ""};
}

/// "ignored 300, binary 80", the most frequent first.
std::string sums_by_reason(const std::vector<library::SkippedInfo>& skipped) {
  std::map<std::string, std::uint64_t> sums;
  for (const library::SkippedInfo& entry : skipped) {
    ++sums[entry.reason];
  }
  std::vector<std::pair<std::string, std::uint64_t>> ordered(sums.begin(), sums.end());
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [reason, count] : ordered) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, with_commas(count));
  }
  return text;
}

std::string changes_of(const library::IndexReport& report) {
  const std::pair<const char*, std::uint64_t> parts[] = {{"new", report.added},
                                                         {"changed", report.changed},
                                                         {"moved", report.moved},
                                                         {"gone", report.removed},
                                                         {"unchanged", report.unchanged}};
  std::string text;
  for (const auto& [name, count] : parts) {
    if (count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", with_commas(count), name);
    }
  }
  return text.empty() ? "nothing to do" : text;
}

void print_summary(const Context& context, const library::IndexReport& report,
                   const library::StatusReport& status, bool created) {
  std::ostream& out = context.streams.out;
  if (created) {
    out << "made a library in " << context.shown_path(status.directory) << '\n';
  }
  out << fmt::format("{} in {}: {}\n", counted(status.index.files, "file", "files"),
                     human_duration(report.seconds), changes_of(report));
  out << fmt::format("{}, {} written by this run", counted(status.index.chunks, "place", "places"),
                     with_commas(report.chunks_written));
  if (report.lines > 0 && report.seconds > 0) {
    const double rate = static_cast<double>(report.lines) / report.seconds;
    out << fmt::format(", {} ({} a second)", counted(report.lines, "line", "lines"),
                       with_commas(static_cast<std::uint64_t>(rate)));
  }
  out << '\n';
  if (report.vectors_taken > 0) {
    out << counted(report.vectors_taken, "vector", "vectors")
        << " taken from other working trees of this repository\n";
  }
  if (report.embedded > 0 || report.pending_chunks > 0) {
    out << counted(report.embedded, "vector", "vectors") << " made in "
        << human_duration(report.embed_seconds);
    if (report.pending_chunks > 0) {
      out << "; " << counted(report.pending_chunks, "place is", "places are")
          << " not searchable by meaning yet";
    }
    out << '\n';
  }
  if (report.skipped > 0) {
    out << "left out: " << safe_line(sums_by_reason(status.skipped_list))
        << " (`sonde status --skipped` lists them)\n";
  }
  if (report.windowed > 0) {
    out << counted(report.windowed, "file was", "files were")
        << " read without a syntax tree, in plain windows\n";
  }
  if (report.quarantined > 0) {
    out << counted(report.quarantined, "file", "files")
        << " could not be read (`sonde status --quarantine` says why)\n";
  }
}

}  // namespace

Result<int> run_index(Context& context) {
  library::IndexRequest request = context.invocation.index.request;
  TRY_ASSIGN(Opened opened, open_or_create(context, request));
  auto run_it = [&]() -> Result<library::IndexReport> {
    ProgressLine progress = context.progress();
    return opened.library->index(request, progress.sink(), context.cancel);
  };
  TRY_ASSIGN(const library::IndexReport report, run_it());
  for (const std::string& note : report.notes) {
    context.note(note);
  }
  // What is gone is taken out of the library; what was never in it is a slip of the pen.
  if (!opened.absent.empty() && report.removed + report.moved == 0) {
    return nothing_there(opened.absent);
  }
  const int exit_code = report.embed_trouble.empty() ? kDone : kFailure;
  if (context.invocation.common.quiet && !context.invocation.json()) {
    return exit_code;
  }
  TRY_ASSIGN(const library::StatusReport status,
             opened.library->status({true, false}, context.cancel));
  if (context.invocation.json()) {
    print_json(context, json::index_object(report, status));
  } else {
    print_summary(context, report, status, opened.created);
  }
  return exit_code;
}

}  // namespace sonde::faces::cli
