#pragma once
// Defaults: the user's config.toml (XDG config folder, sonde/config.toml), then the project's
// .sonde.toml over it. The keys are described in docs/config.md.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "library/location.h"

namespace sonde::library {

/// An embeddings server instead of a model of this machine. Only the user's own file may name one:
/// a project's could send everything it is searched with elsewhere.
struct EmbeddingServer {
  std::string url;               // [embedding] url; empty: none
  std::string model;             // [embedding] model
  std::string key_variable;      // [embedding] key_variable: which environment variable has the key
  std::uint32_t max_tokens = 0;  // [embedding] max_tokens; 0: unknown
  std::uint32_t timeout_s = 120;  // [embedding] timeout_s: for one request
  bool operator==(const EmbeddingServer&) const = default;
};

/// What a function may be at most for `sonde analyze`; 0: not limited.
struct Thresholds {
  std::uint32_t cyclomatic = 0;  // [analyze] cyclomatic
  std::uint32_t cognitive = 0;   // [analyze] cognitive
  std::uint32_t nesting = 0;     // [analyze] nesting
  std::uint32_t lines = 0;       // [analyze] lines
  std::uint32_t parameters = 0;  // [analyze] parameters
  bool operator==(const Thresholds&) const = default;
};

struct Config {
  std::vector<std::string> exclude;            // [index] exclude: patterns in .gitignore's syntax
  bool include_hidden = false;                 // [index] hidden
  bool include_generated = false;              // [index] generated
  bool include_vendored = false;               // [index] vendored
  std::uint64_t size_cap_bytes = 16ULL << 20;  // [index] size_cap = "16MB"
  std::size_t threads = 0;                     // threads; 0: as many as cores
  std::uint64_t max_rss_bytes = 0;       // max_rss = "2GB"; 0: a quarter of the machine's memory
  std::size_t results = 10;              // [search] results
  bool refresh = true;                   // [search] refresh
  std::uint32_t refresh_budget_ms = 50;  // [search] refresh_budget_ms
  std::string color = "auto";            // color: auto, always, never
  std::string precision = "auto";        // precision: auto, f32, int8
  EmbeddingServer server = {};
  Thresholds thresholds = {};
};

/// Reads both files; a missing one is nothing. Errors: InvalidArgument (names file, line, key and
/// what is expected; an unknown key is an error that lists the known ones), Io.
Result<Config> read_config(const Environment& environment, const std::string& root);

/// "16MB", "2 GiB", "500k", "123" to bytes (powers of 1024). Errors: InvalidArgument.
Result<std::uint64_t> parse_size(const std::string& text);

}  // namespace sonde::library
