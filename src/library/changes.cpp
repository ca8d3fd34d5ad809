#include "library/changes.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "io/file_system.h"

namespace sonde::library {

namespace {

/// Size and time of files that were left out for their content.
using KnownSkips = std::unordered_map<std::string, std::pair<std::uint64_t, std::int64_t>>;

Result<KnownSkips> known_skips(store::Reader& reader, std::int64_t source_id) {
  KnownSkips known;
  TRY(reader.for_each_skipped([&](const store::SkippedRow& row) -> Status {
    if (row.source_id == source_id && row.by_content) {
      known.emplace(row.path, std::pair{row.size_bytes, row.mtime_ns});
    }
    return {};
  }));
  return known;
}

bool same(const tree::FileEntry& entry, const store::FileState& state) {
  return entry.size_bytes == state.size_bytes && entry.mtime_ns == state.mtime_ns &&
         entry.inode == state.inode;
}

/// Merges the walk's files and the truth's, both by path, into a change set.
class Comparison {
 public:
  Comparison(std::vector<tree::FileEntry> files, const KnownSkips& skips, bool everything,
             ChangeSet& changes)
      : files_(std::move(files)), skips_(skips), everything_(everything), changes_(changes) {}

  void truth_has(const store::FileState& state) {
    while (next_ < files_.size() && files_[next_].path < state.path) {
      take_new();
    }
    if (next_ < files_.size() && files_[next_].path == state.path) {
      if (!everything_ && same(files_[next_], state)) {
        ++changes_.unchanged;
      } else {
        changes_.candidates.push_back({std::move(files_[next_]), state});
      }
      ++next_;
    } else {
      changes_.gone.push_back(state);
    }
  }

  void finish() {
    while (next_ < files_.size()) {
      take_new();
    }
  }

 private:
  void take_new() {
    tree::FileEntry& entry = files_[next_++];
    const auto skip = skips_.find(entry.path);
    if (!everything_ && skip != skips_.end() &&
        skip->second == std::pair{entry.size_bytes, entry.mtime_ns}) {
      ++changes_.unchanged;
      return;
    }
    changes_.candidates.push_back({std::move(entry), std::nullopt});
  }

  std::vector<tree::FileEntry> files_;
  const KnownSkips& skips_;
  const bool everything_;
  ChangeSet& changes_;
  std::size_t next_ = 0;
};

}  // namespace

std::uint64_t ChangeSet::changed_bytes() const {
  std::uint64_t bytes = 0;
  for (const Candidate& candidate : candidates) {
    bytes += candidate.entry.size_bytes;
  }
  return bytes;
}

tree::WalkOptions walk_options(const Config& config) {
  tree::WalkOptions options;
  options.size_cap_bytes = config.size_cap_bytes;
  options.include_hidden = config.include_hidden;
  options.include_generated = config.include_generated;
  options.include_vendored = config.include_vendored;
  options.exclude = config.exclude;
  return options;
}

bool under_any(std::string_view path, const std::vector<std::string>& prefixes) {
  return prefixes.empty() ||
         std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
           return prefix.empty() || path == prefix ||
                  (path.size() > prefix.size() && path.starts_with(prefix) &&
                   path[prefix.size()] == '/');
         });
}

Result<ChangeSet> find_changes(store::Reader& reader, const store::SourceRow& source,
                               const Config& config, const std::vector<std::string>& prefixes,
                               bool everything, const CancelToken& cancel) {
  ChangeSet changes;
  auto walked = tree::walk(source.path, walk_options(config), cancel);
  if (!walked.ok()) {
    if (walked.error().code == Code::NotFound) {
      changes.source_present = false;
      return changes;
    }
    return std::move(walked).error();
  }
  TRY_ASSIGN(const std::vector<std::string> forgotten, reader.forgotten(source.id));
  std::vector<std::string> excluded;
  for (const std::string& path : forgotten) {
    excluded.push_back(path.ends_with('/') ? path.substr(0, path.size() - 1) : path);
  }
  changes.files_seen = walked->files.size();
  // One entry for what was forgotten, not one a file: their names are no longer written down.
  for (const std::string& prefix : excluded) {
    if (std::any_of(walked->files.begin(), walked->files.end(), [&](const tree::FileEntry& entry) {
          return under_any(entry.path, {prefix});
        })) {
      walked->skipped.push_back({prefix, tree::SkipReason::Forgotten, "sonde forget"});
    }
  }
  std::erase_if(walked->files, [&](const tree::FileEntry& entry) {
    return !under_any(entry.path, prefixes) ||
           (!excluded.empty() && under_any(entry.path, excluded));
  });
  changes.skipped = std::move(walked->skipped);
  changes.notes = std::move(walked->notes);

  TRY_ASSIGN(const KnownSkips skips, known_skips(reader, source.id));
  Comparison comparison(std::move(walked->files), skips, everything, changes);
  TRY(reader.for_each_file(source.id, [&](const store::FileState& state) -> Status {
    if (under_any(state.path, prefixes)) {
      comparison.truth_has(state);
    }
    return {};
  }));
  comparison.finish();
  return changes;
}

}  // namespace sonde::library
