#include "embed/model_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/codec.h"
#include "base/hash.h"

namespace sonde::embed {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kPieceBytes = 4U << 20;
constexpr std::uint64_t kHashFileLimit = 4096;

/// A file as it was when its hash was taken.
struct Stamp {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
};

Json to_json(const Stamp& stamp) {
  return {{"name", stamp.name}, {"size_bytes", stamp.size_bytes}, {"mtime_ns", stamp.mtime_ns}};
}

/// Opened, so that links (as a download cache has them) are followed.
Result<Stamp> stamp_of(io::FileSystem& fs, const std::string& folder, const std::string& name) {
  TRY_ASSIGN(const auto file, fs.open_read(io::join_path(folder, name)));
  TRY_ASSIGN(const io::FileInfo info, file->info());
  return Stamp{name, info.size_bytes, info.mtime_ns};
}

Result<std::array<Stamp, 2>> stamps_of(io::FileSystem& fs, const std::string& folder) {
  TRY_ASSIGN(Stamp weights, stamp_of(fs, folder, "model.safetensors"));
  auto tokenizer = stamp_of(fs, folder, "tokenizer.json");
  if (!tokenizer.ok() && tokenizer.error().code == Code::NotFound) {
    tokenizer = stamp_of(fs, folder, "vocab.txt");
  }
  if (!tokenizer.ok()) {
    return std::move(tokenizer).error();
  }
  return std::array<Stamp, 2>{std::move(weights), std::move(tokenizer).value()};
}

/// The hash that kHashFile keeps, if it is of these files.
std::optional<std::string> kept_hash(io::FileSystem& fs, const std::string& folder,
                                     const std::array<Stamp, 2>& stamps) {
  const auto text = io::read_file(fs, io::join_path(folder, kHashFile), kHashFileLimit);
  if (!text.ok()) {
    return std::nullopt;
  }
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() ||
      json.value("files", Json()) != Json{to_json(stamps[0]), to_json(stamps[1])} ||
      !json.contains("hash") || !json["hash"].is_string()) {
    return std::nullopt;
  }
  auto hash = json["hash"].get<std::string>();
  const bool hex =
      hash.size() == 32 && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hex ? std::optional(std::move(hash)) : std::nullopt;
}

Result<std::string> take_hash(io::FileSystem& fs, const std::string& folder,
                              const std::array<Stamp, 2>& stamps) {
  ByteWriter hashes;
  std::string piece(kPieceBytes, '\0');
  for (const Stamp& stamp : stamps) {
    TRY_ASSIGN(const auto file, fs.open_read(io::join_path(folder, stamp.name)));
    hashes.u64(stamp.size_bytes);
    for (std::uint64_t at = 0; at < stamp.size_bytes; at += kPieceBytes) {
      TRY_ASSIGN(const std::size_t got, file->read_at(at, piece.data(), piece.size()));
      hashes.raw(content_hash(std::string_view(piece).substr(0, got)).view());
    }
  }
  return content_hash(hashes.bytes()).hex();
}

}  // namespace

Result<ModelId> identify(io::FileSystem& fs, const std::string& folder, const BertConfig& config,
                         std::uint32_t max_tokens) {
  TRY_ASSIGN(const auto stamps, stamps_of(fs, folder));
  ModelId id;
  if (auto kept = kept_hash(fs, folder, stamps)) {
    id.weights = std::move(*kept);
  } else {
    TRY_ASSIGN(id.weights, take_hash(fs, folder, stamps));
    const Json json = {{"hash", id.weights}, {"files", {to_json(stamps[0]), to_json(stamps[1])}}};
    // A folder that may only be read keeps no hash; it is taken again at the next start.
    const Status ignored = io::replace_file(fs, io::join_path(folder, kHashFile), json.dump());
    static_cast<void>(ignored);
  }
  const std::size_t end = folder.find_last_not_of('/');
  id.name = io::file_name(std::string_view(folder).substr(0, end + 1));
  id.precision = "f32";
  id.pooling = config.pooling == Pooling::Cls ? "cls" : "mean";
  id.dimensions = config.width;
  id.max_tokens = max_tokens;
  return id;
}

}  // namespace sonde::embed
