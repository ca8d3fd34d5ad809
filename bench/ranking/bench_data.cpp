#include "bench_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/utf8.h"
#include "index/analyze.h"
#include "index/embed_text.h"
#include "index/symbols.h"
#include "io/block_file.h"
#include "text/chunk.h"
#include "text/language.h"
#include "tree/walk.h"

namespace sonde::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class BytesSink final : public io::BlockSink {
 public:
  Status append(std::string_view more) override {
    bytes += more;
    return {};
  }
  std::string bytes;
};

std::uint32_t traits_of(const std::string& path) {
  const tree::PathTraits traits = tree::path_traits(path);
  return (traits.test ? index::kTest : 0U) | (traits.example ? index::kExample : 0U) |
         (traits.generated ? index::kGenerated : 0U) | (traits.vendored ? index::kVendored : 0U) |
         (traits.compat ? index::kCompat : 0U) | (traits.stub ? index::kStub : 0U);
}

std::string category_of(const json& item) {
  if (item.contains("category")) {
    return item["category"];
  }
  const std::string query = item["query"];
  return query.find(' ') == std::string::npos ? "symbol"
         : query.starts_with("how ")          ? "architecture"
                                              : "semantic";
}

/// "BaseRouter_v2" -> "Base Router v2".
std::string spaced(std::string_view name) {
  std::string words;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto is = [&](std::size_t at, int (*kind)(int)) {
      return at < name.size() && kind(static_cast<unsigned char>(name[at])) != 0;
    };
    if (is(i, std::isupper) && i > 0 && (is(i - 1, std::islower) || is(i + 1, std::islower))) {
      words += ' ';
    }
    words += is(i, std::isalnum) ? name[i] : ' ';
  }
  return words;
}

std::string fed_text(const HeaderForm& form, const index::AnalyzedFile& file,
                     const index::AnalyzedDoc& doc, std::string_view text) {
  const std::string_view stem = index::file_stem(file.path);
  const std::string_view path = index::without_extension(file.path);
  if (form.name == "shipped") {
    return index::embed_text(file.language, file.path, doc.scope, doc.symbol, text);
  }
  if (form.name == "bare") {
    return std::string(text);
  }
  if (form.name == "stem") {
    return fmt::format("{}\n{}", stem, text);
  }
  if (form.name == "no-language") {
    return fmt::format("{} {} {}\n{}", stem, doc.scope, doc.symbol, text);
  }
  if (form.name == "words") {
    return fmt::format("{} {} {} {}\n{}", file.language, spaced(stem), spaced(doc.scope),
                       spaced(doc.symbol), text);
  }
  if (form.name == "path") {
    return fmt::format("{} {} {} {}\n{}", file.language, file.path, doc.scope, doc.symbol, text);
  }
  return fmt::format("{} {} {}\n{}", spaced(path), doc.scope, doc.symbol, text);  // path-words
}

index::AnalyzedFile analyze(const std::string& path, const std::string& text,
                            const HeaderForm* form, std::vector<std::string>& fed) {
  const std::string_view language = text::language_of(path, std::string_view(text).substr(0, 512));
  auto chunked = text::chunk_text(language, text);
  const text::ChunkedText chunks =
      chunked.ok() ? std::move(chunked).value() : text::chunk_windows(language, text);
  index::FileInput file;
  file.source = "source";
  file.path = path;
  file.language = language;
  file.traits = traits_of(path);
  for (const text::Chunk& chunk : chunks.chunks) {
    index::DocInput doc;
    doc.kind = static_cast<std::uint8_t>(chunk.kind);
    doc.symbol = chunk.symbol;
    doc.scope = chunk.scope;
    doc.defines = &chunk.defines;
    doc.start_byte = chunk.start_byte;
    doc.end_byte = chunk.end_byte;
    doc.start_line = chunk.start_line;
    doc.end_line = chunk.end_line;
    doc.text = std::string_view(text).substr(chunk.start_byte, chunk.end_byte - chunk.start_byte);
    file.docs.push_back(doc);
  }
  index::AnalyzedFile analyzed = index::analyze_file(file);
  for (std::size_t i = 0; form != nullptr && i < analyzed.docs.size(); ++i) {
    fed.push_back(fed_text(*form, analyzed, analyzed.docs[i], file.docs[i].text));
    analyzed.docs[i].embedded = content_hash(fed.back());
  }
  return analyzed;
}

}  // namespace

bool is_header_form(const std::string& name) {
  constexpr std::array<std::string_view, 7> kForms{"shipped", "bare", "stem",      "no-language",
                                                   "words",   "path", "path-words"};
  return std::find(kForms.begin(), kForms.end(), name) != kForms.end();
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

bool index_folder(const fs::path& folder, const HeaderForm* form, Repository& repository) {
  constexpr std::size_t kFileLimit = 2U << 20;
  index::SegmentBuilder builder;
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::end(it); ++it) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(".")) {
      it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file() || it->is_symlink() || it->file_size() > kFileLimit) {
      continue;
    }
    const std::string bytes = read_text(it->path());
    if (bytes.substr(0, 8192).find('\0') != std::string::npos) {
      continue;
    }
    if (!builder
             .add(analyze(fs::relative(it->path(), folder).string(), to_valid_utf8(bytes), form,
                          repository.fed))
             .ok()) {
      return false;
    }
  }
  BytesSink sink;
  if (!builder.write(sink).ok()) {
    return false;
  }
  auto source = io::open_block_bytes(std::move(sink.bytes), repository.name);
  auto segment = index::Segment::open(std::move(source).value());
  if (!segment.ok()) {
    fmt::print(stderr, "{}\n", segment.error().message);
    return false;
  }
  repository.view = {{std::move(segment).value(), {}}};
  return true;
}

std::vector<Item> read_items(const fs::path& path) {
  std::vector<Item> items;
  for (const json& each : json::parse(read_text(path))) {
    Item item{each["query"], category_of(each), {}, {}};
    for (const char* list : {"relevant", "secondary"}) {
      for (const json& target : each.value(list, json::array())) {
        if (target.is_string()) {
          item.targets.push_back({target, 0, 0});
        } else {
          item.targets.push_back(
              {target["path"], target.value("start_line", 0U), target.value("end_line", 0U)});
        }
      }
    }
    items.push_back(std::move(item));
  }
  return items;
}

bool hits(const index::FileHit& hit, const Target& target, const std::string& root) {
  const std::string path = fs::path(root).append(hit.path).lexically_normal().string();
  const std::string wanted = fs::path(target.path).lexically_normal().string();
  if (path != wanted && !path.ends_with("/" + wanted) && !wanted.ends_with("/" + path)) {
    return false;
  }
  return target.start_line == 0 || (hit.chunks.front().start_line <= target.end_line &&
                                    target.start_line <= hit.chunks.front().end_line);
}

double ndcg(const index::SearchResult& result, const Item& item, const std::string& root) {
  constexpr std::size_t kDepth = 10;
  std::vector<double> gains(kDepth, 0);
  for (const Target& target : item.targets) {
    for (std::size_t i = 0; i < result.files.size() && i < kDepth; ++i) {
      if (hits(result.files[i], target, root)) {
        gains[i] = 1;
        break;
      }
    }
  }
  double gained = 0;
  double best = 0;
  for (std::size_t i = 0; i < kDepth; ++i) {
    gained += gains[i] / std::log2(static_cast<double>(i) + 2);
    best += i < item.targets.size() ? 1 / std::log2(static_cast<double>(i) + 2) : 0;
  }
  return gained / best;
}

}  // namespace sonde::bench
