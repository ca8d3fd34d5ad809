#include "library/history_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/hash.h"
#include "library/derived_folder.h"

namespace sonde::library {

namespace {

constexpr std::uint32_t kMagic = 0x4D444E53;  // "SNDM"
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kManifestLimitBytes = 64ULL << 20;
constexpr std::uint64_t kPartLimit = 100'000;
constexpr std::size_t kChecksumBytes = 8;
constexpr const char* kManifest = "manifest";
constexpr const char* kLock = "lock";

std::string segment_name(std::uint64_t number) { return fmt::format("{:08}.seg", number); }
std::string commits_name(std::uint64_t number) { return fmt::format("{:08}.commits", number); }

Error damaged(const std::string& what) {
  return {Code::Corruption, "the index of the history is damaged: " + what};
}

void encode_part(ByteWriter& writer, const HistoryPartRow& part) {
  writer.u64(part.number);
  writer.u32(part.commits);
  writer.u32(part.docs);
  writer.u64(part.segment_bytes);
  writer.u64(part.commit_bytes);
  writer.u64(part.tables);
  writer.varint(part.dead.size());
  std::uint32_t before = 0;
  for (const std::uint32_t ordinal : part.dead) {
    writer.varint(ordinal - before);
    before = ordinal;
  }
}

Result<HistoryPartRow> decode_part(ByteReader& reader) {
  HistoryPartRow part;
  TRY_ASSIGN(part.number, reader.u64());
  TRY_ASSIGN(part.commits, reader.u32());
  TRY_ASSIGN(part.docs, reader.u32());
  TRY_ASSIGN(part.segment_bytes, reader.u64());
  TRY_ASSIGN(part.commit_bytes, reader.u64());
  TRY_ASSIGN(part.tables, reader.u64());
  TRY_ASSIGN(const std::uint64_t dead, reader.varint_at_most(part.commits));
  std::uint64_t ordinal = 0;
  for (std::uint64_t i = 0; i < dead; ++i) {
    TRY_ASSIGN(const std::uint64_t step, reader.varint_at_most(part.commits));
    ordinal += step;
    if (ordinal >= part.commits || (i > 0 && step == 0)) {
      return damaged("its manifest does not fit its parts");
    }
    part.dead.push_back(static_cast<std::uint32_t>(ordinal));
  }
  return part;
}

std::string encode_manifest(const HistoryManifest& manifest) {
  ByteWriter writer;
  writer.u32(kMagic);
  writer.u32(kVersion);
  writer.u64(manifest.settings);
  writer.u8(manifest.head ? 1 : 0);
  writer.raw(manifest.head.value_or(history::CommitId{}).view());
  writer.u64(manifest.reachable);
  writer.u8(manifest.limited ? 1 : 0);
  writer.u64(manifest.missing);
  writer.u64(manifest.next_number);
  writer.varint(manifest.parts.size());
  for (const HistoryPartRow& part : manifest.parts) {
    encode_part(writer, part);
  }
  writer.u64(checksum64(writer.bytes()));
  return writer.take();
}

Result<HistoryManifest> decode_manifest(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) {
    return damaged("its manifest is cut off");
  }
  ByteReader trailer(bytes.substr(bytes.size() - kChecksumBytes));
  TRY_ASSIGN(const std::uint64_t checksum, trailer.u64());
  bytes.remove_suffix(kChecksumBytes);
  if (checksum64(bytes) != checksum) {
    return damaged("its manifest does not check");
  }
  ByteReader reader(bytes);
  HistoryManifest manifest;
  TRY_ASSIGN(const std::uint32_t magic, reader.u32());
  TRY_ASSIGN(const std::uint32_t version, reader.u32());
  if (magic != kMagic || version != kVersion) {
    return damaged("its manifest is of another version");
  }
  TRY_ASSIGN(manifest.settings, reader.u64());
  TRY_ASSIGN(const std::uint8_t has_head, reader.u8());
  history::CommitId head;
  TRY_ASSIGN(const std::string_view raw, reader.raw(head.bytes.size()));
  std::copy(raw.begin(), raw.end(), head.bytes.begin());
  if (has_head != 0) {
    manifest.head = head;
  }
  TRY_ASSIGN(manifest.reachable, reader.u64());
  TRY_ASSIGN(const std::uint8_t limited, reader.u8());
  manifest.limited = limited != 0;
  TRY_ASSIGN(manifest.missing, reader.u64());
  TRY_ASSIGN(manifest.next_number, reader.u64());
  TRY_ASSIGN(const std::uint64_t parts, reader.varint_at_most(kPartLimit));
  for (std::uint64_t i = 0; i < parts; ++i) {
    TRY_ASSIGN(HistoryPartRow part, decode_part(reader));
    manifest.parts.push_back(std::move(part));
  }
  if (!reader.at_end()) {
    return damaged("bytes follow its manifest");
  }
  return manifest;
}

/// The file of a part, when it is the one that is listed.
Result<std::shared_ptr<io::ByteSource>> open_listed(io::FileSystem& fs, const std::string& path,
                                                    std::uint64_t bytes, io::BlockCache* cache) {
  const auto info = fs.info(path);
  if (!info.ok() && info.error().code != Code::NotFound) {
    return info.error();
  }
  if (!info.ok() || info->size_bytes != bytes) {
    return damaged(path + (info.ok() ? " has another size than is listed" : " is missing"));
  }
  return io::open_block_file(fs, path, cache);
}

}  // namespace

std::uint64_t HistoryManifest::live() const {
  std::uint64_t live = 0;
  for (const HistoryPartRow& part : parts) {
    live += part.commits - part.dead.size();
  }
  return live;
}

HistoryFolder::HistoryFolder(io::FileSystem& fs, std::string directory, std::size_t cache_bytes)
    : fs_(fs), directory_(std::move(directory)), cache_(cache_bytes) {}

std::string HistoryFolder::lock_path() const { return io::join_path(directory_, kLock); }

Result<std::optional<HistoryManifest>> HistoryFolder::load() const {
  auto bytes = io::read_file(fs_, io::join_path(directory_, kManifest), kManifestLimitBytes);
  if (!bytes.ok()) {
    if (bytes.error().code == Code::NotFound) {
      return std::optional<HistoryManifest>();
    }
    return bytes.error();
  }
  TRY_ASSIGN(HistoryManifest manifest, decode_manifest(*bytes));
  return std::optional<HistoryManifest>(std::move(manifest));
}

Status HistoryFolder::save(const HistoryManifest& manifest) const {
  return io::replace_file(fs_, io::join_path(directory_, kManifest), encode_manifest(manifest));
}

Result<OpenHistoryPart> HistoryFolder::open(const HistoryPartRow& row) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(row.number);
    if (found != open_.end() && found->second.row.tables == row.tables) {
      OpenHistoryPart part = found->second;
      part.row = row;  // others may be dead by now
      return part;
    }
  }
  OpenHistoryPart part{row, nullptr, nullptr};
  TRY_ASSIGN(auto words, open_listed(fs_, io::join_path(directory_, segment_name(row.number)),
                                     row.segment_bytes, &cache_));
  TRY_ASSIGN(part.segment, index::Segment::open(std::move(words)));
  TRY_ASSIGN(auto commits, open_listed(fs_, io::join_path(directory_, commits_name(row.number)),
                                       row.commit_bytes, nullptr));
  TRY_ASSIGN(part.commits, history::CommitFile::open(std::move(commits)));
  if (part.segment->files() != row.commits || part.commits->rows().size() != row.commits ||
      part.segment->docs() != row.docs) {
    return damaged("a part has other commits than are listed");
  }
  const std::lock_guard lock(mutex_);
  return open_.insert_or_assign(row.number, std::move(part)).first->second;
}

Result<std::vector<OpenHistoryPart>> HistoryFolder::open_all(const HistoryManifest& manifest) {
  std::vector<OpenHistoryPart> parts;
  for (const HistoryPartRow& row : manifest.parts) {
    TRY_ASSIGN(OpenHistoryPart part, open(row));
    parts.push_back(std::move(part));
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(open_, [&](const auto& entry) {
    return std::none_of(parts.begin(), parts.end(), [&](const OpenHistoryPart& part) {
      return part.row.number == entry.first;
    });
  });
  return parts;
}

Result<HistoryPartRow> HistoryFolder::write(std::uint64_t number, HistoryBatch& batch) const {
  HistoryPartRow row;
  row.number = number;
  row.commits = batch.words.files();
  row.docs = batch.words.docs();
  TRY(write_derived_file(fs_, directory_, [&](io::BlockSink& sink) -> Result<std::string> {
    TRY_ASSIGN(const index::SegmentSummary summary, batch.words.write(sink));
    row.segment_bytes = summary.bytes;
    return segment_name(number);
  }));
  TRY(write_commits(row, std::exchange(batch.commits, {})));
  return row;
}

Status HistoryFolder::write_commits(HistoryPartRow& row,
                                    std::vector<history::CommitInput> commits) const {
  const std::string name = commits_name(row.number);
  TRY(write_derived_file(fs_, directory_, [&](io::BlockSink& sink) -> Result<std::string> {
    TRY_ASSIGN(row.tables, history::write_commit_file(std::move(commits), sink));
    return name;
  }));
  TRY_ASSIGN(const io::FileInfo info, fs_.info(io::join_path(directory_, name)));
  row.commit_bytes = info.size_bytes;
  return {};
}

Result<HistoryPartRow> HistoryFolder::merge(std::uint64_t number,
                                            const std::vector<OpenHistoryPart>& parts,
                                            const CancelToken& cancel) const {
  HistoryPartRow row;
  row.number = number;
  std::vector<index::MergeInput> inputs;
  std::vector<history::CommitInput> commits;
  for (const OpenHistoryPart& part : parts) {
    TRY(cancel.check());
    inputs.push_back({part.segment, part.row.dead});
    const std::vector<history::CommitRow>& rows = part.commits->rows();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      if (std::binary_search(part.row.dead.begin(), part.row.dead.end(), i)) {
        continue;
      }
      TRY_ASSIGN(std::string record, part.commits->stored(i));
      commits.push_back({rows[i], part.commits->authors()[rows[i].author], std::move(record)});
    }
  }
  row.commits = static_cast<std::uint32_t>(commits.size());
  TRY(write_derived_file(fs_, directory_, [&](io::BlockSink& sink) -> Result<std::string> {
    TRY_ASSIGN(const index::SegmentSummary summary, index::merge_segments(inputs, sink, cancel));
    row.segment_bytes = summary.bytes;
    row.docs = summary.docs;
    return segment_name(number);
  }));
  TRY(write_commits(row, std::move(commits)));
  return row;
}

Status HistoryFolder::remove_unlisted(const HistoryManifest& manifest) const {
  std::set<std::string> listed = {kManifest, kLock};
  for (const HistoryPartRow& part : manifest.parts) {
    listed.insert(segment_name(part.number));
    listed.insert(commits_name(part.number));
  }
  return remove_unlisted_files(fs_, directory_, listed);
}

Status HistoryFolder::wipe() {
  {
    const std::lock_guard lock(mutex_);
    open_.clear();
  }
  return remove_unlisted_files(fs_, directory_, {kLock});
}

std::uint64_t HistoryFolder::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  const auto names = derived_files(fs_, directory_);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>{}) {
    const auto info = fs_.info(io::join_path(directory_, name));
    bytes += info.ok() ? info->size_bytes : 0;
  }
  return bytes;
}

}  // namespace sonde::library
