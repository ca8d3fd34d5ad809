#include "tree/git_index.h"

#include <algorithm>

#include "base/hash.h"

namespace sonde::tree {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kStatBytes = 40;  // times, device, inode, mode, owner, size
constexpr std::uint16_t kExtendedFlag = 0x4000;

Error corrupt(std::size_t offset, const char* what) {
  return {Code::Corruption,
          "the git index does not parse at byte " + std::to_string(offset) + ": " + what};
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) {
    value = value << 8 | static_cast<std::uint8_t>(c);
  }
  return value;
}

}  // namespace

class TrackedFiles::Reader {
 public:
  Reader(std::string_view bytes, std::size_t hash_size) : bytes_(bytes), hash_size_(hash_size) {}

  Status entries(TrackedFiles& out) {
    if (bytes_.size() < kHeaderBytes + hash_size_ || !bytes_.starts_with("DIRC")) {
      return corrupt(0, "no header");
    }
    version_ = big_endian(bytes_.substr(4, 4));
    if (version_ < 2 || version_ > 4) {
      return Error{Code::Unsupported, "git index version " + std::to_string(version_)};
    }
    const std::uint32_t count = big_endian(bytes_.substr(8, 4));
    bytes_.remove_suffix(hash_size_);  // its checksum: the walk only needs names that make sense
    at_ = kHeaderBytes;
    if (count > kMaxEntries || bytes_.size() > kMaxBytes) {
      return Error{Code::Limit, "the git index has " + std::to_string(count) + " entries"};
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      TRY(entry(out));
    }
    return {};
  }

  /// The hash of the shared index when this one is split.
  [[nodiscard]] std::string shared_name() const {
    std::size_t at = at_;
    while (at + 8 <= bytes_.size()) {
      const auto length = big_endian(bytes_.substr(at + 4, 4));
      if (bytes_.substr(at, 4) == "link" && length >= hash_size_ &&
          at + 8 + hash_size_ <= bytes_.size()) {
        return to_hex(bytes_.substr(at + 8, hash_size_));
      }
      if (length > bytes_.size() - at - 8) {
        break;
      }
      at += 8 + length;
    }
    return {};
  }

 private:
  Status entry(TrackedFiles& out) {
    const std::size_t begin = at_;
    if (bytes_.size() - at_ < kStatBytes + hash_size_ + 2) {
      return corrupt(at_, "an entry is cut");
    }
    at_ += kStatBytes + hash_size_;
    const auto flags = static_cast<std::uint16_t>(big_endian(bytes_.substr(at_, 2)));
    at_ += version_ >= 3 && (flags & kExtendedFlag) != 0 ? 4 : 2;
    if (version_ == 4) {
      TRY(restore_prefix());
    } else {
      name_.clear();
    }
    const std::size_t end = at_ <= bytes_.size() ? bytes_.find('\0', at_) : std::string_view::npos;
    if (end == std::string_view::npos) {
      return corrupt(at_, "a name does not end");
    }
    name_.append(bytes_.substr(at_, end - at_));
    at_ = end + 1;
    if (version_ < 4) {
      at_ = begin + (end - begin + 8) / 8 * 8;  // 1 to 8 NULs fill up to a multiple of 8
      if (at_ > bytes_.size()) {
        return corrupt(begin, "an entry is cut");
      }
    }
    return out.add(name_);
  }

  // Version 4 says how many bytes of the name before to drop, then what to append.
  Status restore_prefix() {
    constexpr int kMaxDigits = 5;
    std::uint64_t drop = 0;
    for (int digit = 0;; ++digit) {
      if (digit == kMaxDigits || at_ >= bytes_.size()) {
        return corrupt(at_, "a prefix length");
      }
      const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
      drop = (drop << 7) + (byte & 0x7f);
      if ((byte & 0x80) == 0) {
        break;
      }
      ++drop;
    }
    if (drop > name_.size()) {
      return corrupt(at_, "a prefix longer than the name before");
    }
    name_.resize(name_.size() - static_cast<std::size_t>(drop));
    return {};
  }

  std::string_view bytes_;
  std::size_t hash_size_;
  std::uint32_t version_ = 0;
  std::size_t at_ = 0;
  std::string name_;
};

Result<TrackedFiles> TrackedFiles::parse(std::string_view bytes, std::size_t hash_size,
                                         const SharedIndex& shared) {
  TrackedFiles result;
  Reader reader(bytes, hash_size);
  TRY(reader.entries(result));
  // A split index: its own entries over those of the shared one. Those it deletes are a bitmap
  // that we do not read; a file counts as tracked a little too long, which only ever adds it.
  const std::string shared_name = reader.shared_name();
  if (shared_name.find_first_not_of('0') != std::string::npos) {
    const auto base = shared ? shared(shared_name) : std::nullopt;
    if (!base) {
      return Error{Code::NotFound,
                   "the git index is split and sharedindex." + shared_name + " cannot be read"};
    }
    Reader base_reader(*base, hash_size);
    TRY(base_reader.entries(result));
  }
  result.sort_if_needed();
  return result;
}

Status TrackedFiles::add(std::string_view name) {
  if (name.empty()) {
    return {};  // in a split index: this entry's name stands in the shared one
  }
  if (names_.size() + name.size() > kMaxBytes) {
    return Error{Code::Limit, "the names in the git index are too many"};
  }
  sparse_ = sparse_ || name.back() == '/';
  names_.append(name);
  ends_.push_back(static_cast<std::uint32_t>(names_.size()));
  return {};
}

std::string_view TrackedFiles::name(std::size_t index) const {
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(names_).substr(begin, ends_[index] - begin);
}

std::vector<std::string_view> TrackedFiles::names() const {
  std::vector<std::string_view> all;
  all.reserve(ends_.size());
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    all.push_back(name(i));
  }
  return all;
}

void TrackedFiles::sort_if_needed() {
  bool sorted = true;
  for (std::size_t i = 1; i < ends_.size() && sorted; ++i) {
    sorted = name(i - 1) <= name(i);
  }
  if (sorted) {
    return;
  }
  auto all = names();
  std::sort(all.begin(), all.end());
  std::string joined;
  joined.reserve(names_.size());
  ends_.clear();
  for (const auto& each : all) {
    joined.append(each);
    ends_.push_back(static_cast<std::uint32_t>(joined.size()));
  }
  names_ = std::move(joined);
}

namespace {

// The first of `count` sorted things for which `before` is false.
template <typename Before>
std::size_t partition_point(std::size_t count, const Before& before) {
  std::size_t low = 0;
  while (count > 0) {
    const std::size_t half = count / 2;
    if (before(low + half)) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

}  // namespace

bool TrackedFiles::contains(std::string_view path) const {
  const std::size_t found =
      partition_point(ends_.size(), [&](std::size_t i) { return name(i) < path; });
  return found < ends_.size() && name(found) == path;
}

bool TrackedFiles::contains_below(std::string_view folder) const {
  const auto is_before = [&](std::size_t i) {
    const std::string_view each = name(i);
    const int order = each.substr(0, folder.size()).compare(folder);
    // Behind the same beginning a '/' is wanted; "folder" and "folder-x" come before "folder/".
    return order < 0 || (order == 0 && (each.size() == folder.size() ||
                                        static_cast<std::uint8_t>(each[folder.size()]) < '/'));
  };
  const std::size_t found = partition_point(ends_.size(), is_before);
  return found < ends_.size() && name(found).size() > folder.size() &&
         name(found).starts_with(folder) && name(found)[folder.size()] == '/';
}

}  // namespace sonde::tree
