#pragma once
// A chunked file to terms. Pure and thread-safe: runs on the pool while other files are parsed.

#include <cstdint>
#include <string>
#include <vector>

#include "index/segment.h"

namespace sonde::index {

/// The version of what analyze_file() and the query's analysis do; stored with each segment. A
/// segment of another version is rebuilt from the truth.
inline constexpr std::uint32_t kAnalyzerVersion = 1;

struct DocInput {
  std::uint8_t kind = 0;
  std::string_view symbol;
  std::string_view scope;
  const std::vector<std::string>* defines = nullptr;  // may be null
  std::uint32_t start_byte = 0;
  std::uint32_t end_byte = 0;
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
  std::string_view text;
};

struct FileInput {
  std::string_view source;  // uid
  std::string_view path;
  std::string_view language;
  std::uint32_t traits = 0;
  ContentHash hash;
  std::vector<DocInput> docs;  // by ordinal
};

/// Threads: safe. Cost: about 40 MB/s of text. Never fails: any bytes are text.
AnalyzedFile analyze_file(const FileInput& file);

}  // namespace sonde::index
