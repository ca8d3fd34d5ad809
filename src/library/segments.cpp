#include "library/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "index/analyze.h"
#include "library/derived_folder.h"

namespace sonde::library {

namespace {

class StringSink : public io::BlockSink {
 public:
  Status append(std::string_view bytes) override {
    bytes_ += bytes;
    return {};
  }
  std::string take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

Status check_version(std::uint32_t version, const std::string& name) {
  if (version != index::kAnalyzerVersion) {
    return Error{
        Code::Unsupported,
        fmt::format("{} was made by version {} of the word analyzer, this is version {}; it "
                    "is rebuilt from library.db by the next `sonde index`",
                    name, version, index::kAnalyzerVersion)};
  }
  return {};
}

Status check_counts(const index::Segment& segment, std::uint32_t files, std::uint32_t docs) {
  if (segment.files() != files || segment.docs() != docs) {
    return Error{Code::Corruption,
                 fmt::format("{} is not the segment that library.db lists ({} files and {} chunks, "
                             "expected {} and {})",
                             segment.name(), segment.files(), segment.docs(), files, docs)};
  }
  return {};
}

}  // namespace

std::uint64_t Holder::live_docs() const {
  std::uint64_t dead = 0;
  for (const std::uint32_t ordinal : live.dead_files) {
    if (auto file = live.segment->file(ordinal); file.ok()) {
      dead += file->doc_count;
    }
  }
  return live.segment->docs() - std::min<std::uint64_t>(dead, live.segment->docs());
}

index::IndexView view_of(const HolderList& holders) {
  index::IndexView view;
  view.reserve(holders.size());
  for (const Holder& holder : holders) {
    view.push_back(holder.live);
  }
  return view;
}

Segments::Segments(io::FileSystem& fs, std::string directory, const Limits& limits)
    : fs_(fs),
      directory_(std::move(directory)),
      cache_(limits.block_cache_bytes),
      vectors_(fs, directory_, limits.vector_cache_bytes) {}

std::string Segments::segments_path() const { return io::join_path(directory_, "segments"); }

Result<std::shared_ptr<const index::Segment>> Segments::open_file(const store::SegmentRow& row) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(row.file_name); found != open_.end()) {
      return found->second;
    }
  }
  TRY(check_version(row.analyzer_version, "segments/" + row.file_name));
  const std::string path = io::join_path(segments_path(), row.file_name);
  auto info = fs_.info(path);
  if (!info.ok() && info.error().code == Code::NotFound) {
    return Error{Code::Corruption,
                 fmt::format("{} is listed in library.db but missing; `sonde doctor --repair` "
                             "rebuilds it from library.db",
                             path)};
  }
  TRY_ASSIGN(const io::FileInfo file_info, std::move(info));
  if (file_info.size_bytes != row.size_bytes) {
    return Error{Code::Corruption, fmt::format("{} has {} bytes, library.db lists {}", path,
                                               file_info.size_bytes, row.size_bytes)};
  }
  TRY(check_same_file(fs_, path, row.size_bytes, row.checksum));
  TRY_ASSIGN(std::shared_ptr<io::ByteSource> source, io::open_block_file(fs_, path, &cache_));
  TRY_ASSIGN(std::shared_ptr<const index::Segment> segment,
             index::Segment::open(std::move(source)));
  TRY(check_counts(*segment, row.files, row.docs));
  const std::lock_guard lock(mutex_);
  return open_.emplace(row.file_name, std::move(segment)).first->second;
}

Result<std::shared_ptr<const index::Segment>> Segments::open_row(const store::DeltaRow& row) {
  const std::string name = fmt::format("delta {} at generation {}", row.id, row.generation);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(name); found != open_.end()) {
      return found->second;
    }
  }
  TRY(check_version(row.analyzer_version, name));
  TRY_ASSIGN(std::shared_ptr<io::ByteSource> source, io::open_block_bytes(row.bytes, name));
  TRY_ASSIGN(std::shared_ptr<const index::Segment> segment,
             index::Segment::open(std::move(source)));
  TRY(check_counts(*segment, row.files, row.docs));
  const std::lock_guard lock(mutex_);
  return open_.emplace(name, std::move(segment)).first->second;
}

Result<HolderList> Segments::load(store::Reader& reader) {
  HolderList holders;
  std::set<std::string> used;
  TRY_ASSIGN(const std::vector<store::SegmentRow> segments, reader.segments());
  for (const store::SegmentRow& row : segments) {
    TRY_ASSIGN(std::shared_ptr<const index::Segment> segment, open_file(row));
    used.insert(row.file_name);
    holders.push_back({false, row.id, row.file_name, {std::move(segment), {}}});
  }
  TRY_ASSIGN(const std::vector<store::DeltaRow> deltas, reader.deltas());
  for (const store::DeltaRow& row : deltas) {
    TRY_ASSIGN(std::shared_ptr<const index::Segment> segment, open_row(row));
    used.insert(segment->name());
    holders.push_back({true, row.id, {}, {std::move(segment), {}}});
  }
  TRY_ASSIGN(const std::vector<store::Tombstone> tombstones, reader.tombstones());
  std::map<std::pair<bool, std::int64_t>, std::size_t> places;
  for (std::size_t i = 0; i < holders.size(); ++i) {
    places.emplace(std::pair{holders[i].is_delta, holders[i].id}, i);
  }
  for (const store::Tombstone& stone : tombstones) {
    const auto place = places.find({stone.in_delta, stone.holder_id});
    if (place == places.end() ||
        stone.file_ordinal >= holders[place->second].live.segment->files()) {
      return Error{Code::Corruption, "library.db holds a tombstone of a file that no segment has"};
    }
    holders[place->second].live.dead_files.push_back(stone.file_ordinal);
  }
  for (Holder& holder : holders) {
    std::sort(holder.live.dead_files.begin(), holder.live.dead_files.end());
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(open_, [&](const auto& entry) { return !used.contains(entry.first); });
  return holders;
}

Result<store::SegmentRow> Segments::write_file(
    std::uint64_t generation,
    const std::function<Result<index::SegmentSummary>(io::BlockSink&)>& write) {
  store::SegmentRow row;
  TRY(write_derived_file(fs_, segments_path(), [&](io::BlockSink& sink) -> Result<std::string> {
    TRY_ASSIGN(const index::SegmentSummary written, write(sink));
    row.file_name = fmt::format("{:012}-{:016x}.seg", generation, written.checksum);
    row.generation = generation;
    row.checksum = written.checksum;
    row.size_bytes = written.bytes;
    row.files = written.files;
    row.docs = written.docs;
    row.analyzer_version = index::kAnalyzerVersion;
    return row.file_name;
  }));
  return row;
}

Result<store::DeltaRow> Segments::write_row(
    std::uint64_t generation,
    const std::function<Result<index::SegmentSummary>(io::BlockSink&)>& write) {
  StringSink sink;
  TRY_ASSIGN(const index::SegmentSummary summary, write(sink));
  store::DeltaRow row;
  row.generation = generation;
  row.files = summary.files;
  row.docs = summary.docs;
  row.analyzer_version = index::kAnalyzerVersion;
  row.bytes = sink.take();
  return row;
}

Result<std::vector<std::string>> Segments::file_names() const {
  return derived_files(fs_, segments_path());
}

Status Segments::remove_unlisted(store::Reader& reader) {
  TRY_ASSIGN(const std::vector<store::SegmentRow> rows, reader.segments());
  std::set<std::string> listed;
  for (const store::SegmentRow& row : rows) {
    listed.insert(row.file_name);
  }
  return remove_unlisted_files(fs_, segments_path(), listed);
}

Status Segments::set_damaged_aside() {
  {
    const std::lock_guard lock(mutex_);
    open_.clear();
  }
  const std::string folder = io::join_path(directory_, "damaged");
  TRY_ASSIGN(const std::vector<std::string> names, file_names());
  for (const std::string& name : names) {
    const std::string path = io::join_path(segments_path(), name);
    auto source = io::open_block_file(fs_, path, nullptr);
    if (source.ok() && (*source)->check_all().ok()) {
      continue;
    }
    if (!fs_.info(folder).ok()) {
      TRY(fs_.make_directory(folder, 0700));
    }
    const Status moved = fs_.rename(path, io::join_path(folder, name));
    if (!moved.ok() && moved.error().code != Code::NotFound) {
      return moved;
    }
  }
  return names.empty() ? Status{} : fs_.sync_directory(segments_path());
}

std::uint64_t Segments::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  const auto names = file_names();
  if (!names.ok()) {
    return 0;
  }
  for (const std::string& name : *names) {
    if (const auto info = fs_.info(io::join_path(segments_path(), name)); info.ok()) {
      bytes += info->size_bytes;
    }
  }
  return bytes;
}

}  // namespace sonde::library
