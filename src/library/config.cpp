#include "library/config.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <string_view>

#include "embed/precision.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace sonde::library {

namespace {

constexpr std::size_t kFileLimitBytes = 1 << 20;
constexpr std::size_t kPatternLimit = 10'000;
constexpr std::size_t kPatternLimitBytes = 4096;
constexpr std::size_t kTextLimitBytes = 4096;
constexpr std::int64_t kTokenLimit = 1'000'000;
constexpr std::int64_t kThresholdLimit = 1'000'000;
constexpr std::int64_t kTimeoutLimitS = 3'600;
constexpr std::int64_t kThreadLimit = 256;
constexpr std::int64_t kResultLimit = 1000;
constexpr std::int64_t kRefreshBudgetLimitMs = 60'000;
constexpr std::uint64_t kSizeCapLimitBytes = 64ULL << 20;  // what the chunker takes
constexpr std::uint64_t kSmallestRssBytes = 64ULL << 20;

/// Where in which file a value stands, for messages.
struct Where {
  const std::string& file;
  std::string key;

  [[nodiscard]] Error error(const toml::node& node, const std::string& expected) const {
    return Error{Code::InvalidArgument, fmt::format("{}:{}: {} must be {}", file,
                                                    node.source().begin.line, key, expected)};
  }
};

Status read_flag(const toml::node& node, const Where& where, bool& out) {
  const auto value = node.value_exact<bool>();
  if (!value) {
    return where.error(node, "true or false");
  }
  out = *value;
  return {};
}

template <typename Integer>
Status read_number(const toml::node& node, const Where& where, std::int64_t least,
                   std::int64_t most, Integer& out) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < least || *value > most) {
    return where.error(node, fmt::format("a number from {} to {}", least, most));
  }
  out = static_cast<Integer>(*value);
  return {};
}

Status read_size(const toml::node& node, const Where& where, std::uint64_t least,
                 std::uint64_t most, std::uint64_t& out) {
  const std::string expected = fmt::format(
      "a size like \"512MB\" or a number of bytes, {} at least{}", least,
      most == std::numeric_limits<std::uint64_t>::max() ? std::string()
                                                        : fmt::format(" and {} at most", most));
  std::uint64_t bytes = 0;
  if (const auto number = node.value_exact<std::int64_t>(); number && *number >= 0) {
    bytes = static_cast<std::uint64_t>(*number);
  } else if (const auto text = node.value_exact<std::string>()) {
    const auto parsed = parse_size(*text);
    if (!parsed.ok()) {
      return where.error(node, expected);
    }
    bytes = *parsed;
  } else {
    return where.error(node, expected);
  }
  if (bytes < least || bytes > most) {
    return where.error(node, expected);
  }
  out = bytes;
  return {};
}

Status read_text(const toml::node& node, const Where& where, std::string& out) {
  const auto value = node.value_exact<std::string>();
  if (!value || value->size() > kTextLimitBytes) {
    return where.error(node, fmt::format("text of at most {} bytes", kTextLimitBytes));
  }
  out = *value;
  return {};
}

Status read_color(const toml::node& node, const Where& where, std::string& out) {
  const auto value = node.value_exact<std::string>();
  if (!value || (*value != "auto" && *value != "always" && *value != "never")) {
    return where.error(node, "\"auto\", \"always\" or \"never\"");
  }
  out = *value;
  return {};
}

Status read_precision(const toml::node& node, const Where& where, std::string& out) {
  const auto value = node.value_exact<std::string>();
  if (!value || !embed::precision_of(*value)) {
    return where.error(node, "\"auto\", \"f32\" or \"int8\"");
  }
  out = *value;
  return {};
}

/// Adds to what an earlier file gave: a project's exclusions do not undo the user's.
Status read_patterns(const toml::node& node, const Where& where, std::vector<std::string>& out) {
  const std::string expected = "a list of patterns, as in .gitignore: [\"*.log\", \"/data/\"]";
  const toml::array* patterns = node.as_array();
  if (patterns == nullptr || patterns->size() + out.size() > kPatternLimit) {
    return where.error(node, patterns == nullptr
                                 ? expected
                                 : fmt::format("a list of at most {} patterns", kPatternLimit));
  }
  for (const toml::node& item : *patterns) {
    const auto pattern = item.value_exact<std::string>();
    if (!pattern || pattern->empty() || pattern->size() > kPatternLimitBytes) {
      return where.error(item, expected);
    }
    out.push_back(*pattern);
  }
  return {};
}

struct Key {
  std::string_view table;  // empty: at the top
  std::string_view name;
  std::function<Status(const toml::node&, const Where&, Config&)> read;

  [[nodiscard]] std::string full_name() const {
    return table.empty() ? std::string(name) : fmt::format("{}.{}", table, name);
  }
};

const std::vector<Key>& keys() {
  using Node = const toml::node&;
  using At = const Where&;
  constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();
  static const std::vector<Key> all = {
      {"", "threads",
       [](Node n, At w, Config& c) { return read_number(n, w, 0, kThreadLimit, c.threads); }},
      {"", "max_rss",
       [](Node n, At w, Config& c) {
         return read_size(n, w, kSmallestRssBytes, kNoLimit, c.max_rss_bytes);
       }},
      {"", "color", [](Node n, At w, Config& c) { return read_color(n, w, c.color); }},
      {"", "precision", [](Node n, At w, Config& c) { return read_precision(n, w, c.precision); }},
      {"index", "exclude", [](Node n, At w, Config& c) { return read_patterns(n, w, c.exclude); }},
      {"index", "hidden",
       [](Node n, At w, Config& c) { return read_flag(n, w, c.include_hidden); }},
      {"index", "generated",
       [](Node n, At w, Config& c) { return read_flag(n, w, c.include_generated); }},
      {"index", "vendored",
       [](Node n, At w, Config& c) { return read_flag(n, w, c.include_vendored); }},
      {"index", "size_cap",
       [](Node n, At w, Config& c) {
         return read_size(n, w, 1, kSizeCapLimitBytes, c.size_cap_bytes);
       }},
      {"search", "results",
       [](Node n, At w, Config& c) { return read_number(n, w, 1, kResultLimit, c.results); }},
      {"search", "refresh", [](Node n, At w, Config& c) { return read_flag(n, w, c.refresh); }},
      {"search", "refresh_budget_ms",
       [](Node n, At w, Config& c) {
         return read_number(n, w, 0, kRefreshBudgetLimitMs, c.refresh_budget_ms);
       }},
      {"embedding", "url", [](Node n, At w, Config& c) { return read_text(n, w, c.server.url); }},
      {"embedding", "model",
       [](Node n, At w, Config& c) { return read_text(n, w, c.server.model); }},
      {"embedding", "key_variable",
       [](Node n, At w, Config& c) { return read_text(n, w, c.server.key_variable); }},
      {"embedding", "max_tokens",
       [](Node n, At w, Config& c) {
         return read_number(n, w, 0, kTokenLimit, c.server.max_tokens);
       }},
      {"embedding", "timeout_s",
       [](Node n, At w, Config& c) {
         return read_number(n, w, 1, kTimeoutLimitS, c.server.timeout_s);
       }},
      {"analyze", "cyclomatic",
       [](Node n, At w, Config& c) {
         return read_number(n, w, 0, kThresholdLimit, c.thresholds.cyclomatic);
       }},
      {"analyze", "cognitive",
       [](Node n, At w, Config& c) {
         return read_number(n, w, 0, kThresholdLimit, c.thresholds.cognitive);
       }},
      {"analyze", "nesting",
       [](Node n, At w, Config& c) {
         return read_number(n, w, 0, kThresholdLimit, c.thresholds.nesting);
       }},
      {"analyze", "lines",
       [](Node n, At w, Config& c) {
         return read_number(n, w, 0, kThresholdLimit, c.thresholds.lines);
       }},
      {"analyze", "parameters",
       [](Node n, At w, Config& c) {
         return read_number(n, w, 0, kThresholdLimit, c.thresholds.parameters);
       }},
  };
  return all;
}

Error unknown_key(const std::string& file, const toml::node& node, const std::string& name) {
  std::string known;
  for (const Key& key : keys()) {
    known += (known.empty() ? "" : ", ") + key.full_name();
  }
  return Error{Code::InvalidArgument, fmt::format("{}:{}: {} is not a setting; the settings are {}",
                                                  file, node.source().begin.line, name, known)};
}

bool is_table_name(std::string_view name) {
  return name == "index" || name == "search" || name == "embedding" || name == "analyze";
}

Status read_table(const toml::table& table, std::string_view table_name, const std::string& file,
                  Config& config) {
  for (const auto& [toml_key, node] : table) {
    const std::string_view name = toml_key.str();
    const Key* known = nullptr;
    for (const Key& key : keys()) {
      known = key.table == table_name && key.name == name ? &key : known;
    }
    const std::string full_name =
        table_name.empty() ? std::string(name) : fmt::format("{}.{}", table_name, name);
    if (known != nullptr) {
      TRY(known->read(node, Where{file, full_name}, config));
    } else if (table_name.empty() && is_table_name(name)) {
      if (node.as_table() == nullptr) {
        return Where{file, full_name}.error(node, fmt::format("a table: [{}]", name));
      }
      TRY(read_table(*node.as_table(), name, file, config));
    } else {
      return unknown_key(file, node, full_name);
    }
  }
  return {};
}

/// The content of a settings file; empty when there is none.
Result<std::string> read_settings_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return std::string();
    }
    return Error{Code::Io, fmt::format("cannot read {} ({})", path, std::strerror(errno))};
  }
  if (!S_ISREG(info.st_mode)) {
    return Error{Code::InvalidArgument, path + " is not a file; Sonde's settings are a TOML file"};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error{Code::Io, fmt::format("cannot read {} ({})", path, std::strerror(errno))};
  }
  std::string text(kFileLimitBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) {
    return Error{Code::Io, fmt::format("cannot read {} ({})", path, std::strerror(errno))};
  }
  if (text.size() > kFileLimitBytes) {
    return Error{
        Code::InvalidArgument,
        fmt::format("{} is larger than {} bytes; is it a settings file?", path, kFileLimitBytes)};
  }
  return text;
}

Status apply_file(const std::string& path, Config& config) {
  TRY_ASSIGN(const std::string text, read_settings_file(path));
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}:{}: not valid TOML: {}", path, parsed.error().source().begin.line,
                             parsed.error().description())};
  }
  return read_table(parsed.table(), "", path, config);
}

/// The factor of "k", "MB", "GiB", ... ; 0 for anything else.
std::uint64_t unit_factor(std::string_view unit) {
  std::string letters;
  for (const char c : unit) {
    letters += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  constexpr std::string_view kUnits = "kmgt";
  if (letters.empty() || letters == "b") {
    return 1;
  }
  const std::size_t power = kUnits.find(letters.front());
  const std::string_view rest = std::string_view(letters).substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) {
    return 0;
  }
  return 1ULL << (10 * (power + 1));
}

}  // namespace

Result<std::uint64_t> parse_size(const std::string& text) {
  const Error wrong{Code::InvalidArgument,
                    fmt::format("\"{}\" is not a size; write it as 500k, 16MB or 2GiB", text)};
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (error != std::errc() || !(number >= 0)) {
    return wrong;
  }
  while (!unit.empty() && unit.front() == ' ') {
    unit.remove_prefix(1);
  }
  const std::uint64_t factor = unit_factor(unit);
  const double bytes = number * static_cast<double>(factor);
  constexpr double kMost = 9.0e18;  // under 2^63
  if (factor == 0 || bytes > kMost) {
    return wrong;
  }
  return static_cast<std::uint64_t>(bytes);
}

Result<Config> read_config(const Environment& environment, const std::string& root) {
  Config config;
  if (!environment.config_home.empty()) {
    TRY(apply_file(environment.config_home + "/sonde/config.toml", config));
  }
  if (!root.empty()) {
    const EmbeddingServer users = config.server;
    const std::string path = root + (root.back() == '/' ? "" : "/") + ".sonde.toml";
    TRY(apply_file(path, config));
    if (config.server != users) {
      return Error{Code::InvalidArgument,
                   path +
                       ": [embedding] belongs into the user's own config.toml: a project's file "
                       "could send what it is searched with elsewhere"};
    }
  }
  return config;
}

}  // namespace sonde::library
