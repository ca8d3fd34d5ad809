#include "io/disk_model.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <set>
#include <utility>

#include "base/hash.h"
#include "io/os_error.h"

namespace sonde::io {

namespace {
constexpr DiskModel::Id kRoot = 1;
}  // namespace

std::size_t PagedBytes::read(std::uint64_t offset, char* buffer, std::size_t length) const {
  if (offset >= size_) {
    return 0;
  }
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - offset));
  for (std::size_t done = 0; done < length;) {
    const std::uint64_t at = offset + done;
    const auto start = static_cast<std::size_t>(at % kPageBytes);
    const std::size_t part = std::min(length - done, kPageBytes - start);
    const auto& page = pages_[static_cast<std::size_t>(at / kPageBytes)];
    if (page) {
      std::memcpy(buffer + done, page->data() + start, part);
    } else {
      std::memset(buffer + done, 0, part);
    }
    done += part;
  }
  return length;
}

PagedBytes::Page& PagedBytes::page_for_write(std::size_t index) {
  auto& page = pages_[index];
  if (!page) {
    page = std::make_shared<Page>();
  } else if (page.use_count() > 1) {
    page = std::make_shared<Page>(*page);
  }
  return *page;
}

void PagedBytes::write(std::uint64_t offset, std::string_view bytes) {
  if (offset + bytes.size() > size_) {
    resize(offset + bytes.size());
  }
  while (!bytes.empty()) {
    const auto start = static_cast<std::size_t>(offset % kPageBytes);
    const std::size_t part = std::min(bytes.size(), kPageBytes - start);
    Page& page = page_for_write(static_cast<std::size_t>(offset / kPageBytes));
    std::memcpy(page.data() + start, bytes.data(), part);
    offset += part;
    bytes.remove_prefix(part);
  }
}

void PagedBytes::resize(std::uint64_t size_bytes) {
  pages_.resize(static_cast<std::size_t>((size_bytes + kPageBytes - 1) / kPageBytes));
  if (size_bytes < size_ && size_bytes % kPageBytes != 0 && pages_.back()) {
    // What is cut off must read as zeroes when the file grows again.
    const auto start = static_cast<std::size_t>(size_bytes % kPageBytes);
    std::memset(page_for_write(pages_.size() - 1).data() + start, 0, kPageBytes - start);
  }
  size_ = size_bytes;
}

std::uint64_t PagedBytes::digest() const {
  constexpr std::array<char, kPageBytes> kZeroes{};
  std::uint64_t digest = size_;
  for (const std::shared_ptr<Page>& page : pages_) {
    const char* const bytes = page ? page->data() : kZeroes.data();
    digest = checksum64(std::string_view(bytes, kPageBytes), digest);
  }
  return digest;
}

std::string Survival::describe() const {
  const std::string n = std::to_string(number);
  switch (kind) {
    case Kind::Nothing: return "no pending change";
    case Kind::All: return "every pending change";
    case Kind::AllButOne: return "all pending changes but number " + n;
    case Kind::Prefix: return "the first " + n + " pending changes";
    case Kind::TornLast: return "all, but only " + n + " sectors of the last write";
    case Kind::Random: return "a random subset with seed " + n;
  }
  return {};
}

DiskModel::DiskModel() {
  nodes_[kRoot].type = FileType::Directory;
  nodes_[kRoot].mode = 0700;
}

Result<DiskModel::Place> DiskModel::locate(const std::string& path) const {
  Place place{kRoot, {}};
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string name = path.substr(start, end - start);
    start = end + 1;
    if (name.empty() || name == ".") {
      continue;
    }
    if (name == "..") {
      return os_error(EINVAL, "follow '..' in", path);
    }
    if (!place.name.empty()) {
      const Id* next = entry(place);
      if (next == nullptr || nodes_.at(*next).type != FileType::Directory) {
        return os_error(next == nullptr ? ENOENT : ENOTDIR, "find", path);
      }
      place.folder = *next;
    }
    place.name = name;
  }
  return place;
}

const DiskModel::Id* DiskModel::entry(const Place& place) const {
  if (place.name.empty()) {
    return &kRoot;
  }
  const auto& entries = nodes_.at(place.folder).entries_now;
  const auto found = entries.find(place.name);
  return found == entries.end() ? nullptr : &found->second;
}

Result<DiskModel::Id> DiskModel::find(const std::string& path) const {
  TRY_ASSIGN(const Place place, locate(path));
  const Id* id = entry(place);
  if (id == nullptr) {
    return os_error(ENOENT, "find", path);
  }
  return *id;
}

Result<DiskModel::Id> DiskModel::make(const std::string& path, FileType type, std::uint32_t mode) {
  TRY_ASSIGN(const Place place, locate(path));
  if (entry(place) != nullptr) {
    return os_error(EEXIST, "create", path);
  }
  const Id id = next_id_++;
  Node node;
  node.type = type;
  node.mode = mode;
  node.changed = ++clock_;
  nodes_.emplace(id, std::move(node));
  nodes_.at(place.folder).entries_now[place.name] = id;
  Change change{.kind = Change::Kind::Link, .node = place.folder, .name = place.name, .file = id};
  pending_.push_back(std::move(change));
  return id;
}

Status DiskModel::rename(const std::string& from, const std::string& to) {
  TRY_ASSIGN(const Place old_place, locate(from));
  TRY_ASSIGN(const Place new_place, locate(to));
  const Id* file = entry(old_place);
  if (file == nullptr) {
    return os_error(ENOENT, "rename", from);
  }
  const Id id = *file;
  const Id* target = entry(new_place);
  if (target != nullptr && *target == id) {
    return {};
  }
  const bool folder = nodes_.at(id).type == FileType::Directory;
  if (old_place.name.empty() || new_place.name.empty() || (folder && to.starts_with(from + "/"))) {
    return os_error(EINVAL, "rename", from);
  }
  if (target != nullptr) {
    const Node& node = nodes_.at(*target);
    if ((node.type == FileType::Directory) != folder) {
      return os_error(folder ? ENOTDIR : EISDIR, "replace", to);
    }
    if (!node.entries_now.empty()) {
      return os_error(ENOTEMPTY, "replace", to);
    }
  }
  nodes_.at(old_place.folder).entries_now.erase(old_place.name);
  nodes_.at(new_place.folder).entries_now[new_place.name] = id;
  pending_.push_back({.kind = Change::Kind::Move,
                      .node = new_place.folder,
                      .name = new_place.name,
                      .file = id,
                      .from_folder = old_place.folder,
                      .from_name = old_place.name});
  return {};
}

Status DiskModel::remove(const std::string& path, FileType type) {
  TRY_ASSIGN(const Place place, locate(path));
  const Id* id = entry(place);
  if (id == nullptr) {
    return os_error(ENOENT, "remove", path);
  }
  const Node& node = nodes_.at(*id);
  if (node.type != type) {
    return os_error(type == FileType::Directory ? ENOTDIR : EISDIR, "remove", path);
  }
  if (!node.entries_now.empty() || place.name.empty()) {
    return os_error(ENOTEMPTY, "remove", path);
  }
  Change change{
      .kind = Change::Kind::Unlink, .node = place.folder, .name = place.name, .file = *id};
  nodes_.at(place.folder).entries_now.erase(place.name);
  pending_.push_back(std::move(change));
  return {};
}

Result<std::vector<DirectoryEntry>> DiskModel::list(const std::string& path) const {
  TRY_ASSIGN(const Id id, find(path));
  if (nodes_.at(id).type != FileType::Directory) {
    return os_error(ENOTDIR, "list", path);
  }
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : nodes_.at(id).entries_now) {
    entries.push_back({name, nodes_.at(child).type});
  }
  return entries;
}

FileInfo DiskModel::info(Id id) const {
  const Node& node = nodes_.at(id);
  FileInfo info;
  info.type = node.type;
  info.size_bytes = node.now.size();
  info.mtime_ns = node.changed;
  info.device = 1;
  info.inode = id;
  info.mode = node.mode;
  return info;
}

void DiskModel::write(Id file, std::uint64_t offset, std::string_view bytes) {
  Node& node = nodes_.at(file);
  node.now.write(offset, bytes);
  node.changed = ++clock_;
  pending_.push_back({.kind = Change::Kind::Write,
                      .node = file,
                      .offset = offset,
                      .bytes = std::make_shared<const std::string>(bytes)});
}

void DiskModel::resize(Id file, std::uint64_t size_bytes) {
  Node& node = nodes_.at(file);
  node.now.resize(size_bytes);
  node.changed = ++clock_;
  pending_.push_back({.kind = Change::Kind::Resize, .node = file, .offset = size_bytes});
}

void DiskModel::sync(Id id) {
  std::vector<Change> left;
  for (Change& change : pending_) {
    if (change.node == id) {
      apply(change);
    } else {
      left.push_back(std::move(change));
    }
  }
  pending_ = std::move(left);
}

void DiskModel::lose_unsynced_data(Id file) {
  std::erase_if(pending_, [&](const Change& change) { return change.node == file; });
}

void DiskModel::apply(const Change& change) {
  Node& node = nodes_.at(change.node);
  switch (change.kind) {
    case Change::Kind::Write: node.durable.write(change.offset, *change.bytes); break;
    case Change::Kind::Resize: node.durable.resize(change.offset); break;
    case Change::Kind::Link: node.entries_durable[change.name] = change.file; break;
    case Change::Kind::Move: {
      auto& entries = nodes_.at(change.from_folder).entries_durable;
      const auto old = entries.find(change.from_name);
      if (old != entries.end() && old->second == change.file) {
        entries.erase(old);
      }
      node.entries_durable[change.name] = change.file;
      break;
    }
    case Change::Kind::Unlink: {
      const auto old = node.entries_durable.find(change.name);
      if (old != node.entries_durable.end() && old->second == change.file) {
        node.entries_durable.erase(old);
      }
      break;
    }
  }
}

/// Applies `sectors` sectors of a write, from the sector that is number `first_sector` of those
/// that the write touches.
void DiskModel::apply_write(const Change& change, std::uint64_t first_sector,
                            std::uint64_t sectors) {
  const std::uint64_t base = change.offset / kSectorBytes;
  const std::uint64_t end = change.offset + change.bytes->size();
  const std::uint64_t from = std::max(change.offset, (base + first_sector) * kSectorBytes);
  const std::uint64_t to = std::min(end, (base + first_sector + sectors) * kSectorBytes);
  if (from < to) {
    nodes_.at(change.node)
        .durable.write(from, std::string_view(*change.bytes)
                                 .substr(static_cast<std::size_t>(from - change.offset),
                                         static_cast<std::size_t>(to - from)));
  }
}

namespace {
std::uint64_t sectors_of(std::uint64_t offset, std::size_t length) {
  return length == 0 ? 0 : (offset + length - 1) / kSectorBytes - offset / kSectorBytes + 1;
}
}  // namespace

/// Keeps a change, or loses it, or keeps some sectors of it. A lost write that made the file
/// longer may still leave its length, with zeroes (delayed allocation).
void DiskModel::apply_random(const Change& change, std::uint64_t draw) {
  std::mt19937_64 random(draw);
  const std::uint64_t fate = random() % 8;
  if (fate < 4) {
    apply(change);
    return;
  }
  if (change.kind != Change::Kind::Write || fate == 4) {
    return;
  }
  PagedBytes& durable = nodes_.at(change.node).durable;
  const std::uint64_t end = change.offset + change.bytes->size();
  if (fate == 5) {
    durable.resize(std::max(durable.size(), end));
    return;
  }
  const std::uint64_t sectors = sectors_of(change.offset, change.bytes->size());
  for (std::uint64_t sector = 0; sector < sectors; ++sector) {
    if (random() % 2 == 0) {
      apply_write(change, sector, 1);
    }
  }
}

/// Makes what is on the disk what programs see, and forgets what no name leads to.
void DiskModel::settle() {
  pending_.clear();
  std::set<Id> reached;
  std::vector<Id> open{kRoot};
  while (!open.empty()) {
    const Id id = open.back();
    open.pop_back();
    if (!reached.insert(id).second) {
      continue;
    }
    Node& node = nodes_.at(id);
    node.now = node.durable;
    node.entries_now = node.entries_durable;
    for (const auto& [name, child] : node.entries_now) {
      open.push_back(child);
    }
  }
  std::erase_if(nodes_, [&](const auto& item) { return reached.count(item.first) == 0; });
}

std::size_t DiskModel::last_write() const {
  for (std::size_t i = pending_.size(); i > 0; --i) {
    if (pending_[i - 1].kind == Change::Kind::Write) {
      return i - 1;
    }
  }
  return pending_.size();
}

DiskModel DiskModel::crash(const Survival& survival) const {
  DiskModel disk = *this;
  std::mt19937_64 random(survival.number);
  const std::size_t torn = last_write();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const Change& change = pending_[i];
    switch (survival.kind) {
      case Survival::Kind::Nothing: break;
      case Survival::Kind::All: disk.apply(change); break;
      case Survival::Kind::AllButOne:
        if (i != survival.number) {
          disk.apply(change);
        }
        break;
      case Survival::Kind::Prefix:
        if (i < survival.number) {
          disk.apply(change);
        }
        break;
      case Survival::Kind::TornLast:
        if (i == torn) {
          disk.apply_write(change, 0, survival.number);
        } else {
          disk.apply(change);
        }
        break;
      case Survival::Kind::Random: disk.apply_random(change, random()); break;
    }
  }
  disk.settle();
  return disk;
}

std::uint64_t DiskModel::digest() const {
  std::uint64_t digest = 0;
  const auto add = [&](const auto& self, Id id) -> void {
    const Node& node = nodes_.at(id);
    digest = checksum64(std::to_string(node.durable.digest()), digest);
    for (const auto& [name, child] : node.entries_durable) {
      digest = checksum64(name, digest);
      self(self, child);
    }
  };
  add(add, kRoot);
  return digest;
}

std::vector<Survival> DiskModel::survivals(std::size_t limit, std::size_t random,
                                           std::uint64_t seed) const {
  using Kind = Survival::Kind;
  std::vector<Survival> all{{Kind::Nothing, 0}, {Kind::All, 0}};
  // Numbers first..end-1, all of them or `limit` evenly spread.
  const auto add = [&](Kind kind, std::uint64_t first, std::uint64_t end) {
    const std::uint64_t count = end > first ? end - first : 0;
    const std::uint64_t take = std::min<std::uint64_t>(count, limit);
    for (std::uint64_t i = 0; i < take; ++i) {
      all.push_back({kind, first + i * count / take});
    }
  };
  add(Kind::AllButOne, 0, pending_.size());
  add(Kind::Prefix, 1, pending_.size());
  const std::size_t torn = last_write();
  if (torn < pending_.size()) {
    add(Kind::TornLast, 0, sectors_of(pending_[torn].offset, pending_[torn].bytes->size()));
  }
  for (std::size_t i = 0; i < random && !pending_.empty(); ++i) {
    all.push_back({Kind::Random, seed + i});
  }
  return all;
}

}  // namespace sonde::io
