#include "index/postings_codec.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "index/bitpack.h"
#include "index/segment_format.h"

namespace sonde::index {
namespace {

using Block = std::array<std::uint32_t, kPackedValues>;

constexpr unsigned kFrequencyBitsLimit = 24;
// 128 gaps of this width added to an id below kIdLimit stay below 2^32.
constexpr unsigned kSafeGapBits = 23;

void append_short(std::uint32_t gap, std::uint32_t frequency, std::string& out) {
  append_varint(out, std::uint64_t{gap} * 2 + (frequency > 1 ? 1 : 0));
  if (frequency > 1) {
    append_varint(out, frequency - 2);
  }
}

/// Adds one short posting to the lists. @param last  the id before, -1 at the start
bool read_short(ByteCursor& cursor, std::uint32_t id_limit, std::int64_t& last,
                std::uint32_t& frequency) {
  const std::uint32_t tag = cursor.varint();
  const std::uint32_t more = (tag & 1U) != 0 ? cursor.varint() : 0;
  last += std::int64_t{tag >> 1U} + 1;
  if (cursor.failed() || last >= std::int64_t{id_limit} || more > format::kFrequencyLimit - 2) {
    return false;
  }
  frequency = (tag & 1U) != 0 ? more + 2 : 1;
  return true;
}

/// Positions of consecutive docs as distances.
void append_distances(std::span<const std::uint32_t> frequencies, const std::uint32_t* positions,
                      std::vector<std::uint32_t>& distances) {
  for (const std::uint32_t frequency : frequencies) {
    std::uint32_t before = 0;
    for (std::uint32_t i = 0; i < frequency; ++i) {
      distances.push_back(*positions - before);
      before = *positions++;
    }
  }
}

void append_run(std::span<const std::uint32_t> frequencies, const std::uint32_t* positions,
                std::vector<std::uint32_t>& scratch, std::string& out) {
  scratch.clear();
  append_distances(frequencies, positions, scratch);
  std::size_t at = 0;
  for (; at + kPackedValues <= scratch.size(); at += kPackedValues) {
    const unsigned bits = std::max(1U, packed_width(&scratch[at]));
    out += static_cast<char>(bits);
    pack128(&scratch[at], bits, out);
  }
  for (; at < scratch.size(); ++at) {
    append_varint(out, scratch[at]);
  }
}

/// Decodes the distances of one run, which must fill `bytes` exactly, into values[0, count).
bool read_distances(std::string_view bytes, std::uint64_t count, std::uint32_t* values) {
  ByteCursor cursor(bytes);
  for (; count >= kPackedValues; count -= kPackedValues, values += kPackedValues) {
    const unsigned bits = cursor.byte();
    if (bits < 1 || bits > 32) {
      return false;
    }
    const std::string_view packed = cursor.raw(packed_bytes(bits));
    if (cursor.failed()) {
      return false;
    }
    unpack128(packed.data(), bits, values);
  }
  for (; count > 0; --count) {
    *values++ = cursor.varint();
  }
  return cursor.complete();
}

/// Distances to positions, in place.
bool add_up(std::span<const std::uint32_t> frequencies, std::uint32_t* values) {
  for (const std::uint32_t frequency : frequencies) {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < frequency; ++i, ++values) {
      sum += *values;
      *values = static_cast<std::uint32_t>(sum);
      if (sum > UINT32_MAX) {
        return false;
      }
    }
  }
  return true;
}

std::uint64_t sum_of(std::span<const std::uint32_t> frequencies) {
  return std::accumulate(frequencies.begin(), frequencies.end(), std::uint64_t{0});
}

/// No run has fewer than one bit for a position; checked before memory is taken for them.
bool can_hold(std::string_view bytes, std::uint64_t count) { return count / 8 <= bytes.size(); }

bool ids_from_gaps(const Block& gaps, unsigned bits, std::uint32_t id_limit, std::int64_t& last,
                   std::uint32_t* ids) {
  if (bits <= kSafeGapBits) {
    auto id = static_cast<std::uint32_t>(last);  // -1 wraps to 0 with the first step
    for (std::size_t i = 0; i < kPackedValues; ++i) {
      id += gaps[i] + 1;
      ids[i] = id;
    }
    last = id;
    return id < id_limit;
  }
  for (std::size_t i = 0; i < kPackedValues; ++i) {
    last += std::int64_t{gaps[i]} + 1;
    if (last >= std::int64_t{id_limit}) {
      return false;
    }
    ids[i] = static_cast<std::uint32_t>(last);
  }
  return true;
}

/// The k-th run of a list: which docs it is of and which bytes.
struct Run {
  std::span<const std::uint32_t> frequencies;
  std::string_view bytes;
};

class Runs {
 public:
  Runs(std::string_view bytes, std::span<const std::uint32_t> frequencies,
       std::span<const std::uint32_t> run_bytes)
      : bytes_(bytes), frequencies_(frequencies), run_bytes_(run_bytes) {}

  [[nodiscard]] std::size_t count() const {
    return run_bytes_.size() + (frequencies_.size() % kPackedValues != 0 ? 1 : 0);
  }
  /// The next run; false when its bytes are not there, or bytes are left behind the last.
  bool next(Run& run) {
    const bool packed = index_ < run_bytes_.size();
    const std::size_t length = packed ? run_bytes_[index_] : bytes_.size();
    if (length > bytes_.size()) {
      return false;
    }
    run.bytes = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    const std::size_t first = index_ * kPackedValues;
    run.frequencies =
        frequencies_.subspan(first, std::min(kPackedValues, frequencies_.size() - first));
    ++index_;
    return index_ < count() || bytes_.empty();
  }

 private:
  std::string_view bytes_;
  std::span<const std::uint32_t> frequencies_;
  std::span<const std::uint32_t> run_bytes_;
  std::size_t index_ = 0;
};

}  // namespace

void PostingList::clear() {
  docs.clear();
  frequencies.clear();
  positions.clear();
}

void PostingList::sort() {
  if (std::is_sorted(docs.begin(), docs.end())) {
    return;
  }
  struct Entry {
    std::uint32_t doc;
    std::uint32_t frequency;
    std::size_t position;
  };
  std::vector<Entry> entries;
  entries.reserve(docs.size());
  std::size_t position = 0;
  for (std::size_t i = 0; i < docs.size(); ++i) {
    entries.push_back({docs[i], frequencies[i], position});
    position += frequencies[i];
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.doc < b.doc; });
  std::vector<std::uint32_t> sorted;
  sorted.reserve(positions.size());
  for (std::size_t i = 0; i < docs.size(); ++i) {
    docs[i] = entries[i].doc;
    frequencies[i] = entries[i].frequency;
    if (!positions.empty()) {
      const auto first = positions.begin() + static_cast<std::ptrdiff_t>(entries[i].position);
      sorted.insert(sorted.end(), first, first + entries[i].frequency);
    }
  }
  positions = std::move(sorted);
}

bool is_inline(const PostingList& list) {
  return list.docs.size() <= format::kInlineDocs &&
         sum_of(list.frequencies) <= format::kInlineOccurrences;
}

void append_inline(const PostingList& list, Positions kind, std::string& out) {
  std::uint32_t next = 0;
  const std::uint32_t* position = list.positions.data();
  for (std::size_t i = 0; i < list.docs.size(); ++i) {
    append_short(list.docs[i] - next, list.frequencies[i], out);
    next = list.docs[i] + 1;
    std::uint32_t before = 0;
    for (std::uint32_t n = 0; kind == Positions::Stored && n < list.frequencies[i]; ++n) {
      append_varint(out, *position - before);
      before = *position++;
    }
  }
}

void append_postings(const PostingList& list, Positions kind, std::string& postings,
                     std::string& positions) {
  Block gaps;
  Block frequencies;
  std::vector<std::uint32_t> scratch;
  const std::span<const std::uint32_t> all(list.frequencies);
  const std::uint32_t* position = list.positions.data();
  std::uint32_t next = 0;
  std::size_t at = 0;
  for (; at + kPackedValues <= list.docs.size(); at += kPackedValues) {
    for (std::size_t i = 0; i < kPackedValues; ++i) {
      gaps[i] = list.docs[at + i] - next;
      next = list.docs[at + i] + 1;
      frequencies[i] = list.frequencies[at + i] - 1;
    }
    const unsigned gap_bits = packed_width(gaps.data());
    const unsigned frequency_bits = packed_width(frequencies.data());
    postings += static_cast<char>(gap_bits);
    postings += static_cast<char>(frequency_bits);
    if (kind == Positions::Stored) {
      const std::size_t before = positions.size();
      const auto docs = all.subspan(at, kPackedValues);
      append_run(docs, position, scratch, positions);
      position += sum_of(docs);
      append_varint(postings, positions.size() - before);
    }
    pack128(gaps.data(), gap_bits, postings);
    pack128(frequencies.data(), frequency_bits, postings);
  }
  const std::size_t packed = at;
  for (; at < list.docs.size(); ++at) {
    append_short(list.docs[at] - next, list.frequencies[at], postings);
    next = list.docs[at] + 1;
  }
  if (kind == Positions::Stored) {
    append_run(all.subspan(packed), position, scratch, positions);
  }
}

bool decode_inline(ByteCursor& cursor, const EncodedList& what, PostingList& list) {
  list.clear();
  if (what.count > format::kInlineDocs) {
    return false;
  }
  std::int64_t last = -1;
  std::uint32_t occurrences = 0;
  for (std::uint32_t i = 0; i < what.count; ++i) {
    std::uint32_t frequency = 0;
    if (!read_short(cursor, what.id_limit, last, frequency) ||
        (occurrences += frequency) > format::kInlineOccurrences) {
      return false;
    }
    list.docs.push_back(static_cast<std::uint32_t>(last));
    list.frequencies.push_back(frequency);
    if (what.kind == Positions::None) {
      continue;
    }
    for (std::uint32_t n = 0; n < frequency; ++n) {
      list.positions.push_back(cursor.varint());
    }
    const std::uint32_t one[] = {frequency};
    if (cursor.failed() ||
        !add_up(one, list.positions.data() + list.positions.size() - frequency)) {
      return false;
    }
  }
  return true;
}

bool decode_postings(std::string_view bytes, const EncodedList& what,
                     std::vector<std::uint32_t>& docs, std::vector<std::uint32_t>& frequencies,
                     std::vector<std::uint32_t>* run_bytes) {
  if (what.count > what.id_limit) {
    return false;
  }
  docs.resize(what.count);
  frequencies.resize(what.count);
  ByteCursor cursor(bytes);
  Block gaps;
  std::int64_t last = -1;
  std::size_t at = 0;
  for (; at + kPackedValues <= what.count; at += kPackedValues) {
    const unsigned gap_bits = cursor.byte();
    const unsigned frequency_bits = cursor.byte();
    if (gap_bits > 32 || frequency_bits > kFrequencyBitsLimit) {
      return false;
    }
    const std::uint32_t length = what.kind == Positions::Stored ? cursor.varint() : 0;
    const std::string_view packed_gaps = cursor.raw(packed_bytes(gap_bits));
    const std::string_view packed_frequencies = cursor.raw(packed_bytes(frequency_bits));
    if (cursor.failed()) {
      return false;
    }
    unpack128(packed_gaps.data(), gap_bits, gaps.data());
    if (!ids_from_gaps(gaps, gap_bits, what.id_limit, last, &docs[at])) {
      return false;
    }
    unpack128(packed_frequencies.data(), frequency_bits, &frequencies[at]);
    for (std::size_t i = 0; i < kPackedValues; ++i) {
      ++frequencies[at + i];
    }
    if (run_bytes != nullptr) {
      run_bytes->push_back(length);
    }
  }
  for (; at < what.count; ++at) {
    if (!read_short(cursor, what.id_limit, last, frequencies[at])) {
      return false;
    }
    docs[at] = static_cast<std::uint32_t>(last);
  }
  return cursor.complete();
}

bool decode_positions(std::string_view bytes, std::span<const std::uint32_t> frequencies,
                      std::span<const std::uint32_t> run_bytes,
                      std::vector<std::uint32_t>& positions) {
  const std::uint64_t total = sum_of(frequencies);
  if (!can_hold(bytes, total)) {
    return false;
  }
  positions.resize(total);
  Runs runs(bytes, frequencies, run_bytes);
  std::uint32_t* out = positions.data();
  for (std::size_t i = runs.count(); i > 0; --i) {
    Run run;
    if (!runs.next(run)) {
      return false;
    }
    const std::uint64_t count = sum_of(run.frequencies);
    if (!can_hold(run.bytes, count) || !read_distances(run.bytes, count, out) ||
        !add_up(run.frequencies, out)) {
      return false;
    }
    out += count;
  }
  return true;
}

bool decode_positions_of(std::string_view bytes, std::span<const std::uint32_t> frequencies,
                         std::span<const std::uint32_t> run_bytes,
                         std::span<const std::uint32_t> wanted,
                         std::vector<std::vector<std::uint32_t>>& lists) {
  lists.clear();
  Runs runs(bytes, frequencies, run_bytes);
  std::vector<std::uint32_t> values;
  std::size_t first = 0;  // place of the run's first doc
  for (std::size_t i = runs.count(); i > 0 && lists.size() < wanted.size(); --i) {
    Run run;
    if (!runs.next(run)) {
      return false;
    }
    const std::size_t end = first + run.frequencies.size();
    if (wanted[lists.size()] < end) {
      const std::uint64_t count = sum_of(run.frequencies);
      if (!can_hold(run.bytes, count)) {
        return false;
      }
      values.resize(count);
      if (!read_distances(run.bytes, count, values.data()) ||
          !add_up(run.frequencies, values.data())) {
        return false;
      }
      const std::uint32_t* at = values.data();
      for (std::size_t place = first; place < end; ++place) {
        const std::uint32_t frequency = frequencies[place];
        if (lists.size() < wanted.size() && wanted[lists.size()] == place) {
          lists.emplace_back(at, at + frequency);
        }
        at += frequency;
      }
    }
    first = end;
  }
  return lists.size() == wanted.size();
}

}  // namespace sonde::index
