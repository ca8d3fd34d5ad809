#pragma once
// What is asked of the history of a library's sources, and what comes back.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sonde::library {

struct HistoryRequest {
  std::string
      query;  // words, "phrases", -not and path: filters; empty: the newest commits that fit
  std::size_t limit = 10;
  std::size_t hunks_per_commit = 3;
  std::vector<std::string> path_globs;
  std::string author;                   // a part of "Name <address>", in any case; empty: anybody
  std::optional<std::int64_t> since_s;  // written at or after, since 1970-01-01 UTC
  std::optional<std::int64_t> until_s;  // written before
  bool refresh = true;                  // read new commits first
  /// Of reading new commits; what is left is read by the next call. 0: as long as it takes.
  std::chrono::milliseconds refresh_limit{0};
};

/// A place that a commit changed and that fits the query.
struct HistoryHunk {
  std::string path;              // relative to the source, bytes
  std::string old_path;          // when the file was renamed; else empty
  std::uint32_t start_line = 0;  // in the file as the commit left it; 0: no lines are known
  std::uint32_t end_line = 0;
  std::string function;  // the line that begins what encloses it; may be empty
  std::string text;      // the lines, each with "+" or "-" before it
  double score = 0;      // 0 to 1
};

struct HistoryHit {
  std::string commit;           // 40 hexadecimal digits
  std::string source;           // uid
  std::string source_path;      // absolute
  std::int64_t time_s = 0;      // when it was written
  std::int32_t offset_min = 0;  // of the author's clock from UTC
  std::string author;
  std::string email;
  std::string subject;
  std::string body;                   // the message behind its first line
  std::uint32_t parents = 0;          // 2 and more: a merge, compared with the first
  std::uint32_t files = 0;            // that it changed
  double score = 0;                   // 0 to 1; 0 without words
  std::vector<HistoryHunk> hunks;     // best first; none: the message alone fits
  std::uint64_t more_hunks = 0;       // that fit as well
  std::vector<std::string> left_out;  // why lines of it are not searched: "binary files", ...
};

/// How complete an answer is.
struct HistoryState {
  std::uint64_t commits = 0;     // that are searched
  std::uint64_t reachable = 0;   // that HEAD reaches, up to the limit
  std::uint64_t read = 0;        // by this call
  std::uint64_t unreadable = 0;  // of `commits`: nothing but their ids is known
  bool complete = true;          // all that HEAD reaches are searched, and nothing is known to lack
  std::uint64_t bytes = 0;       // of the index on disk
  std::vector<std::string> notes;  // for people: a shallow clone, no repository, ...
};

struct HistoryAnswer {
  std::string query;
  std::string root;
  double took_ms = 0;
  std::uint64_t total = 0;  // commits that fit; `results` has the best of them
  std::vector<HistoryHit> results;
  HistoryState state;
};

}  // namespace sonde::library
