#include "library/vector_files.h"

#include "library/derived_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/hash.h"
#include "index/vector_partition.h"
#include "io/block_file.h"

namespace sonde::library {

bool VectorView::has(const ContentHash& hash) const {
  return std::any_of(sets.begin(), sets.end(),
                     [&](const auto& set) { return set->find(hash).has_value(); });
}

std::uint64_t VectorView::size() const {
  std::uint64_t size = 0;
  for (const auto& set : sets) {
    size += set->size();
  }
  return size;
}

Result<std::shared_ptr<const index::VectorSet>> VectorFiles::open(const store::VectorFileRow& row,
                                                                  const store::ModelRow& model) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(row.file_name); found != open_.end()) {
      return found->second;
    }
  }
  const std::string path = io::join_path(folder(), row.file_name);
  auto info = fs_.info(path);
  if (!info.ok() && info.error().code == Code::NotFound) {
    return Error{Code::Corruption,
                 fmt::format("{} is listed in library.db but missing; `sonde doctor --repair` "
                             "writes it again from library.db",
                             path)};
  }
  TRY_ASSIGN(const io::FileInfo file_info, std::move(info));
  if (file_info.size_bytes != row.size_bytes) {
    return Error{Code::Corruption, fmt::format("{} has {} bytes, library.db lists {}", path,
                                               file_info.size_bytes, row.size_bytes)};
  }
  TRY(check_same_file(fs_, path, row.size_bytes, row.checksum));
  // A set keeps what it read: the cache of blocks would keep it twice.
  TRY_ASSIGN(std::shared_ptr<io::ByteSource> source, io::open_block_file(fs_, path, nullptr));
  TRY_ASSIGN(std::shared_ptr<const index::VectorSet> set,
             index::VectorSet::open(std::move(source), content_hash(model.key), model.dimensions,
                                    cache_bytes_));
  if (set->size() != row.vectors) {
    return Error{Code::Corruption, fmt::format("{} holds {} vectors, library.db lists {}", path,
                                               set->size(), row.vectors)};
  }
  const std::lock_guard lock(mutex_);
  return open_.emplace(row.file_name, std::move(set)).first->second;
}

Result<VectorView> VectorFiles::load(store::Reader& reader, const store::ModelRow& model) {
  VectorView view;
  std::set<std::string> listed;
  TRY_ASSIGN(std::vector<store::VectorFileRow> rows, reader.vector_files());
  for (store::VectorFileRow& row : rows) {
    listed.insert(row.file_name);
    if (row.model_id != model.id) {
      continue;
    }
    TRY_ASSIGN(std::shared_ptr<const index::VectorSet> set, open(row, model));
    view.sets.push_back(std::move(set));
    view.last_id = std::max(view.last_id, row.last_vector_id);
    view.files.push_back(std::move(row));
  }
  TRY_ASSIGN(Tail rest, tail(reader, model, view.last_id));
  view.last_id = rest.last_id;
  if (rest.set != nullptr) {
    view.tail = rest.set->size();
    view.sets.push_back(std::move(rest.set));
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(open_, [&](const auto& entry) { return !listed.contains(entry.first); });
  return view;
}

Result<VectorFiles::Tail> VectorFiles::tail(store::Reader& reader, const store::ModelRow& model,
                                            std::int64_t first_id) {
  Tail tail;
  tail.model_id = model.id;
  tail.first_id = tail.last_id = first_id;
  tail.vectors = model.vectors;
  TRY_ASSIGN(tail.generation, reader.generation());
  {
    // A search after a search finds nothing new, and reading the rows takes longer than searching.
    const std::lock_guard lock(mutex_);
    if (tail_.model_id == tail.model_id && tail_.first_id == tail.first_id &&
        tail_.generation == tail.generation && tail_.vectors == tail.vectors) {
      return tail_;
    }
  }
  TRY_ASSIGN(Part part, read_part(reader, model, first_id, index::kVectorsLimit));
  tail.last_id = part.last_id;
  tail.set = std::move(part.set);
  const std::lock_guard lock(mutex_);
  tail_ = tail;
  return tail;
}

Result<VectorFiles::Part> VectorFiles::read_part(store::Reader& reader,
                                                 const store::ModelRow& model, std::int64_t after,
                                                 std::size_t most) {
  Part part;
  part.last_id = after;
  std::vector<index::VectorSet::Row> rows;
  const Status read = reader.for_each_vector(
      model.id, after, [&](std::int64_t id, const store::VectorRow& row) -> Status {
        if (rows.size() == most) {
          return Error{Code::Limit, "there are more vectors"};
        }
        rows.emplace_back(row.hash, row.code);
        part.last_id = id;
        return {};
      });
  if (!read.ok() && rows.size() < most) {
    return read.error();
  }
  if (!rows.empty()) {
    TRY_ASSIGN(part.set, index::VectorSet::from_rows(model.dimensions, std::move(rows)));
  }
  return part;
}

Result<store::VectorFileRow> VectorFiles::write_all(store::Reader& reader, std::uint64_t generation,
                                                    const store::ModelRow& model, ThreadPool* pool,
                                                    std::size_t rows_bytes) {
  const std::size_t fitting = rows_bytes / (model.dimensions + index::kScaleBytes);
  const bool whole = model.vectors <= fitting;
  // Parts that are not divided into lists: to find some for a few would be in vain.
  const std::size_t most =
      whole ? index::kVectorsLimit : std::clamp<std::size_t>(fitting, 1, index::kWholeLimit);
  std::vector<std::shared_ptr<const index::VectorSet>> sets;
  std::vector<store::VectorFileRow> files;
  std::int64_t last_id = 0;
  for (;;) {
    TRY_ASSIGN(Part part, read_part(reader, model, last_id, most));
    if (part.set == nullptr) {
      break;
    }
    last_id = part.last_id;
    if (whole) {
      sets.push_back(std::move(part.set));
      continue;
    }
    TRY_ASSIGN(store::VectorFileRow file,
               write(generation, model, {std::move(part.set)}, {}, last_id, pool, rows_bytes));
    TRY_ASSIGN(std::shared_ptr<const index::VectorSet> set, open(file, model));
    sets.push_back(std::move(set));
    files.push_back(std::move(file));
  }
  TRY_ASSIGN(const store::VectorFileRow row,
             write(generation, model, sets, {}, last_id, pool, rows_bytes));
  for (const store::VectorFileRow& file : files) {
    if (file.file_name != row.file_name) {
      TRY(fs_.remove_file(io::join_path(folder(), file.file_name)));
    }
  }
  const std::lock_guard lock(mutex_);
  for (const store::VectorFileRow& file : files) {
    open_.erase(file.file_name);
  }
  return row;
}

Result<store::VectorFileRow> VectorFiles::write(
    std::uint64_t generation, const store::ModelRow& model,
    const std::vector<std::shared_ptr<const index::VectorSet>>& sets,
    const std::function<bool(const ContentHash&)>& keep, std::int64_t last_vector_id,
    ThreadPool* pool, std::size_t rows_bytes) {
  store::VectorFileRow row;
  TRY(write_derived_file(fs_, folder(), [&](io::BlockSink& sink) -> Result<std::string> {
    TRY_ASSIGN(const index::VectorSummary written,
               index::write_vectors(sets, content_hash(model.key), model.dimensions, keep, sink,
                                    pool, rows_bytes));
    row.model_id = model.id;
    row.file_name = fmt::format("{:012}-{:016x}.vec", generation, written.checksum);
    row.generation = generation;
    row.checksum = written.checksum;
    row.size_bytes = written.bytes;
    row.vectors = written.vectors;
    row.last_vector_id = last_vector_id;
    return row.file_name;
  }));
  return row;
}

Result<std::vector<std::string>> VectorFiles::file_names() const {
  return derived_files(fs_, folder());
}

Status VectorFiles::remove_unlisted(store::Reader& reader) {
  TRY_ASSIGN(const std::vector<store::VectorFileRow> rows, reader.vector_files());
  std::set<std::string> listed;
  for (const store::VectorFileRow& row : rows) {
    listed.insert(row.file_name);
  }
  return remove_unlisted_files(fs_, folder(), listed);
}

Status VectorFiles::set_aside(const std::string& file_name) {
  {
    const std::lock_guard lock(mutex_);
    open_.erase(file_name);
  }
  const std::string from = io::join_path(folder(), file_name);
  if (!fs_.info(from).ok()) {
    return {};
  }
  const std::string damaged = io::join_path(directory_, "damaged");
  static_cast<void>(fs_.make_directory(damaged));  // rename tells when it is not there
  const std::string to = io::join_path(damaged, file_name);
  static_cast<void>(fs_.remove_file(to));
  TRY(fs_.rename(from, to));
  return fs_.sync_directory(folder());
}

std::uint64_t VectorFiles::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  const auto names = file_names();
  if (!names.ok()) {
    return 0;
  }
  for (const std::string& name : *names) {
    if (const auto info = fs_.info(io::join_path(folder(), name)); info.ok()) {
      bytes += info->size_bytes;
    }
  }
  return bytes;
}

}  // namespace sonde::library
