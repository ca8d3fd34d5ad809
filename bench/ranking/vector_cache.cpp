#include "vector_cache.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <thread>

#include "embed/local_encoder.h"
#include "io/file_system.h"

namespace sonde::bench {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kBatch = 512;

using Codes = std::map<ContentHash, std::string>;

/// Rows of 16 bytes of hash and a packed code, end to end; what is cut off at the end is dropped.
Codes read_codes(const fs::path& path, std::size_t row_bytes) {
  Codes codes;
  const std::string bytes = read_text(path);
  for (std::size_t at = 0; at + row_bytes <= bytes.size(); at += row_bytes) {
    const auto hash = ContentHash::from_bytes(bytes.substr(at, sizeof(ContentHash)));
    if (hash.ok()) {
      codes.emplace(*hash, bytes.substr(at + sizeof(ContentHash), row_bytes - sizeof(ContentHash)));
    }
  }
  return codes;
}

}  // namespace

Result<VectorCache> VectorCache::open(const std::string& model, fs::path folder) {
  VectorCache cache;
  cache.folder_ = std::move(folder);
  fs::create_directories(cache.folder_);
  cache.pool_ =
      std::make_unique<ThreadPool>(std::max(1U, std::thread::hardware_concurrency() - 1), "embed");
  TRY_ASSIGN(cache.encoder_,
             embed::LocalEncoder::open(io::real_file_system(), model, *cache.pool_, {}));
  return cache;
}

Result<std::vector<index::VectorSet::Row>> VectorCache::embed(const std::vector<std::string>& texts,
                                                              const fs::path& kept) {
  const std::size_t dimensions = encoder_->id().dimensions;
  const std::size_t row_bytes = sizeof(ContentHash) + sizeof(float) + dimensions;
  Codes codes = read_codes(kept, row_bytes);
  std::vector<std::string_view> missing;
  for (const std::string& text : texts) {
    if (codes.emplace(content_hash(text), "").second) {
      missing.push_back(text);
    }
  }
  std::ofstream out(kept, std::ios::binary | std::ios::app);
  for (std::size_t at = 0; at < missing.size(); at += kBatch) {
    const std::span batch = std::span(missing).subspan(at, std::min(kBatch, missing.size() - at));
    std::vector<float> vectors(batch.size() * dimensions);
    TRY(encoder_->embed_documents(batch, vectors, {}));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      TRY_ASSIGN(const index::VectorCode code,
                 index::encode_vector(std::span(vectors).subspan(i * dimensions, dimensions)));
      const ContentHash hash = content_hash(batch[i]);
      codes[hash] = index::pack_code(code);
      out << hash.view() << codes[hash];
    }
    out.flush();
  }
  std::vector<index::VectorSet::Row> rows;
  for (const std::string& text : texts) {
    const ContentHash hash = content_hash(text);
    rows.emplace_back(hash, codes[hash]);
  }
  return rows;
}

Status VectorCache::fill(const HeaderForm& form, Repository& repository) {
  std::vector<std::string> queries;
  for (const Item& item : repository.items) {
    queries.push_back(item.query);
  }
  const auto named = [&](const std::string& what) {
    return folder_ / fmt::format("{}.{}.codes", repository.name, what);
  };
  const std::uint32_t dimensions = encoder_->id().dimensions;
  TRY_ASSIGN(auto rows, embed(repository.fed, named(form.name)));
  TRY_ASSIGN(const auto set, index::VectorSet::from_rows(dimensions, std::move(rows)));
  TRY_ASSIGN(const auto asked, embed(queries, named("queries")));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    index::MeaningInput input;
    input.sets = {set};
    TRY_ASSIGN(const index::VectorCode code, index::unpack_code(asked[i].second, dimensions));
    input.query = index::query_of(code);
    repository.items[i].meaning = std::move(input);
  }
  repository.fed.clear();
  repository.fed.shrink_to_fit();
  return {};
}

}  // namespace sonde::bench
