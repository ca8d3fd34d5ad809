#include "library/changes.h"

#include <unistd.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "io/file_system.h"

namespace sonde::library {

namespace {

/// Files that were left out for their content, by path.
struct KnownSkip {
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  bool generated = false;   // another configuration may want it
  bool unreadable = false;  // permissions change neither size nor time
  bool on_disk = false;     // met by this comparison and still left out
};
using KnownSkips = std::unordered_map<std::string, KnownSkip>;

Result<KnownSkips> known_skips(store::Reader& reader, std::int64_t source_id) {
  KnownSkips known;
  TRY(reader.for_each_skipped([&](const store::SkippedRow& row) -> Status {
    if (row.source_id == source_id && row.by_content) {
      known[row.path] = {row.size_bytes, row.mtime_ns,
                         row.reason == tree::reason_name(tree::SkipReason::Generated),
                         row.reason == tree::reason_name(tree::SkipReason::Unreadable)};
    }
    return {};
  }));
  return known;
}

bool same(const tree::FileEntry& entry, const store::FileState& state) {
  return entry.size_bytes == state.size_bytes && entry.mtime_ns == state.mtime_ns &&
         entry.inode == state.inode;
}

/// Paths that the walk could not look into; a file below one is not gone.
std::vector<std::string> unreadable_paths(const std::vector<tree::SkippedEntry>& skipped) {
  std::vector<std::string> paths;
  for (const tree::SkippedEntry& entry : skipped) {
    if (entry.reason == tree::SkipReason::Unreadable) {
      const bool folder = entry.path.ends_with('/');
      paths.push_back(entry.path.substr(0, entry.path.size() - (folder ? 1 : 0)));
    }
  }
  return paths;
}

/// Merges the walk's files and the truth's, both by path, into a change set.
class Comparison {
 public:
  Comparison(const store::SourceRow& source, const Config& config, bool everything,
             const std::vector<std::int64_t>& lacking, std::vector<tree::FileEntry> files,
             KnownSkips skips, ChangeSet& changes)
      : source_(source),
        config_(config),
        everything_(everything),
        lacking_(lacking),
        files_(std::move(files)),
        skips_(std::move(skips)),
        unreadable_(unreadable_paths(changes.skipped)),
        changes_(changes) {}

  void truth_has(const store::FileState& state) {
    while (next_ < files_.size() && files_[next_].path < state.path) {
      take_new();
    }
    if (next_ < files_.size() && files_[next_].path == state.path) {
      take_known(state);
    } else if (!unreadable_.empty() && under_any(state.path, unreadable_)) {
      ++changes_.out_of_reach;
    } else {
      changes_.gone.push_back(state);
    }
  }

  void finish(const std::vector<std::string>& prefixes) {
    while (next_ < files_.size()) {
      take_new();
    }
    for (const auto& [path, skip] : skips_) {
      if (!skip.on_disk && under_any(path, prefixes) &&
          (unreadable_.empty() || !under_any(path, unreadable_))) {
        changes_.skips_over.push_back(path);
      }
    }
    std::sort(changes_.skips_over.begin(), changes_.skips_over.end());
  }

 private:
  void take_known(const store::FileState& state) {
    tree::FileEntry& entry = files_[next_++];
    const bool lacks = std::binary_search(lacking_.begin(), lacking_.end(), state.id);
    if (!everything_ && !lacks && same(entry, state)) {
      ++changes_.unchanged;
      return;
    }
    const auto skip = skips_.find(entry.path);
    const bool skipped_before = skip != skips_.end();
    if (skipped_before) {
      skip->second.on_disk = true;
    }
    changes_.candidates.push_back({std::move(entry), state, skipped_before, lacks});
  }

  void take_new() {
    tree::FileEntry& entry = files_[next_++];
    const auto skip = skips_.find(entry.path);
    const bool skipped_before = skip != skips_.end();
    if (skipped_before) {
      skip->second.on_disk = true;
      if (!everything_ && stays_out(entry, skip->second)) {
        ++changes_.unchanged;
        return;
      }
    }
    changes_.candidates.push_back({std::move(entry), std::nullopt, skipped_before, false});
  }

  [[nodiscard]] bool stays_out(const tree::FileEntry& entry, const KnownSkip& skip) const {
    if (skip.size_bytes != entry.size_bytes || skip.mtime_ns != entry.mtime_ns) {
      return false;
    }
    if (skip.generated && (config_.include_generated || entry.asked_for)) {
      return false;
    }
    return !skip.unreadable || ::access(io::join_path(source_.path, entry.path).c_str(), R_OK) != 0;
  }

  const store::SourceRow& source_;
  const Config& config_;
  const bool everything_;
  const std::vector<std::int64_t>& lacking_;
  std::vector<tree::FileEntry> files_;
  KnownSkips skips_;
  std::vector<std::string> unreadable_;
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
                               bool everything, const std::vector<std::int64_t>& lacking,
                               const CancelToken& cancel) {
  ChangeSet changes;
  auto walked = tree::walk(source.path, walk_options(config), cancel);
  if (!walked.ok()) {
    if (walked.error().code == Code::Cancelled) {
      return std::move(walked).error();
    }
    changes.absence = walked.error().message;
    return changes;
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

  TRY_ASSIGN(KnownSkips skips, known_skips(reader, source.id));
  Comparison comparison(source, config, everything, lacking, std::move(walked->files),
                        std::move(skips), changes);
  TRY(reader.for_each_file(source.id, [&](const store::FileState& state) -> Status {
    if (under_any(state.path, prefixes)) {
      comparison.truth_has(state);
    }
    return {};
  }));
  comparison.finish(prefixes);
  return changes;
}

}  // namespace sonde::library
