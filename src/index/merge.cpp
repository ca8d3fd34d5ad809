#include <algorithm>
#include <optional>
#include <queue>

#include "index/analyze.h"
#include "index/segment.h"
#include "index/segment_reader.h"
#include "index/segment_writer.h"

namespace sonde::index {
namespace {

constexpr std::uint32_t kDead = UINT32_MAX;
constexpr std::uint32_t kFilesPerCancelCheck = 256;
constexpr std::uint32_t kTermsPerCancelCheck = 4096;

/// A live file of an input, at its place in the output. 8 bytes a file.
struct LiveFile {
  std::uint32_t input = 0;
  std::uint32_t ordinal = 0;
};

/// One input and what becomes of its ids.
struct Input {
  std::shared_ptr<const SegmentReader> segment;
  std::vector<std::uint32_t> new_files;  // kDead: not in the output
  std::vector<std::uint32_t> new_docs;
};

Result<Input> open_input(const MergeInput& given) {
  Input input;
  input.segment = std::dynamic_pointer_cast<const SegmentReader>(given.segment);
  if (input.segment == nullptr) {
    return Error{Code::InvalidArgument, "merge: an input that was not opened by Segment::open"};
  }
  TRY(input.segment->check_file_rows());
  input.new_files.assign(input.segment->files(), 0);
  input.new_docs.assign(input.segment->docs(), kDead);
  for (const std::uint32_t dead : given.dead_files) {
    if (dead >= input.new_files.size()) {
      return Error{Code::InvalidArgument,
                   input.segment->name() + ": merge: no file " + std::to_string(dead)};
    }
    input.new_files[dead] = kDead;
  }
  return input;
}

/// Reads an input's live files in order.
class FileCursor {
 public:
  explicit FileCursor(const Input& input) : input_(&input) {}

  /// Moves to the next live file. @return false at the end
  Result<bool> next() {
    for (; next_ < input_->new_files.size(); ++next_) {
      if (input_->new_files[next_] == kDead) {
        continue;
      }
      std::string before_source = std::exchange(meta_.source, {});
      std::string before_path = std::exchange(meta_.path, {});
      TRY_ASSIGN(meta_, input_->segment->file(next_));
      if (started_ && std::tie(before_source, before_path) >= std::tie(meta_.source, meta_.path)) {
        return input_->segment->corrupt("the order of files");
      }
      started_ = true;
      ordinal_ = next_++;
      return true;
    }
    return false;
  }
  [[nodiscard]] std::uint32_t ordinal() const { return ordinal_; }
  [[nodiscard]] const FileMeta& meta() const { return meta_; }

 private:
  const Input* input_;
  std::uint32_t next_ = 0;
  std::uint32_t ordinal_ = 0;
  bool started_ = false;
  FileMeta meta_;
};

class Merger {
 public:
  Merger(std::vector<Input> inputs, const CancelToken& cancel)
      : inputs_(std::move(inputs)), cancel_(cancel) {}

  Status order_files();
  Result<SegmentSummary> write(io::BlockSink& sink, std::uint32_t analyzer_version);

 private:
  void place_file(std::uint32_t input, std::uint32_t ordinal, const FileMeta& meta);
  Status feed(const FileVisitor& visit) const;
  Status write_terms(SegmentWriter& writer) const;
  static void append(const Input& input, Field field, const PostingList& from, PostingList& to);

  std::vector<Input> inputs_;
  const CancelToken& cancel_;
  std::vector<LiveFile> files_;
  std::uint32_t next_doc_ = 0;
};

void Merger::place_file(std::uint32_t input, std::uint32_t ordinal, const FileMeta& meta) {
  inputs_[input].new_files[ordinal] = static_cast<std::uint32_t>(files_.size());
  for (std::uint32_t i = 0; i < meta.doc_count; ++i) {
    inputs_[input].new_docs[meta.first_doc + i] = next_doc_++;
  }
  files_.push_back({input, ordinal});
}

Status Merger::order_files() {
  std::vector<FileCursor> cursors;
  for (const Input& input : inputs_) {
    cursors.emplace_back(input);
  }
  const auto later = [&cursors](std::uint32_t a, std::uint32_t b) {
    const FileMeta& left = cursors[a].meta();
    const FileMeta& right = cursors[b].meta();
    return std::tie(left.source, left.path, a) > std::tie(right.source, right.path, b);
  };
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, decltype(later)> heap(later);
  for (std::uint32_t i = 0; i < cursors.size(); ++i) {
    TRY_ASSIGN(const bool more, cursors[i].next());
    if (more) {
      heap.push(i);
    }
  }
  std::uint64_t docs = 0;
  std::optional<FileMeta> last;
  while (!heap.empty()) {
    const std::uint32_t input = heap.top();
    heap.pop();
    const FileMeta& meta = cursors[input].meta();
    if (last && std::tie(last->source, last->path) == std::tie(meta.source, meta.path)) {
      return Error{Code::InvalidArgument, "merge: " + meta.path + " is live in two segments"};
    }
    docs += meta.doc_count;
    if (docs > format::kIdLimit || files_.size() >= format::kIdLimit) {
      return Error{Code::Limit, "merge: more than 2^30 - 1 docs or files"};
    }
    place_file(input, cursors[input].ordinal(), meta);
    last = meta;
    TRY_ASSIGN(const bool more, cursors[input].next());
    if (more) {
      heap.push(input);
    }
    if (files_.size() % kFilesPerCancelCheck == 0) {
      TRY(cancel_.check());
    }
  }
  return {};
}

Status Merger::feed(const FileVisitor& visit) const {
  std::uint32_t visited = 0;
  for (const LiveFile& live : files_) {
    const SegmentReader& segment = *inputs_[live.input].segment;
    TRY_ASSIGN(const FileMeta meta, segment.file(live.ordinal));
    TRY_ASSIGN(const FileDocs docs, segment.docs_of(live.ordinal));
    TRY(visit({meta.source, meta.path, meta.language, meta.traits, meta.hash, docs.docs}));
    if (++visited % kFilesPerCancelCheck == 0) {
      TRY(cancel_.check());
    }
  }
  return {};
}

void Merger::append(const Input& input, Field field, const PostingList& from, PostingList& to) {
  const std::vector<std::uint32_t>& ids = field == Field::Path ? input.new_files : input.new_docs;
  auto position = from.positions.begin();
  for (std::size_t i = 0; i < from.docs.size(); ++i) {
    const std::uint32_t id = ids[from.docs[i]];
    const std::uint32_t positions = from.positions.empty() ? 0 : from.frequencies[i];
    if (id != kDead) {
      to.docs.push_back(id);
      to.frequencies.push_back(from.frequencies[i]);
      to.positions.insert(to.positions.end(), position, position + positions);
    }
    position += positions;
  }
}

Status Merger::write_terms(SegmentWriter& writer) const {
  std::vector<TermCursor> cursors;
  cursors.reserve(inputs_.size());
  for (const Input& input : inputs_) {
    cursors.emplace_back(*input.segment, TermCursor::Load::Postings);
  }
  const auto later = [&cursors](std::size_t a, std::size_t b) {
    return cursors[a].entry().key > cursors[b].entry().key;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> heap(later);
  for (std::size_t i = 0; i < cursors.size(); ++i) {
    TRY_ASSIGN(const bool more, cursors[i].next());
    if (more) {
      heap.push(i);
    }
  }
  PostingList one;
  PostingList all;
  std::string key;
  std::uint32_t written = 0;
  while (!heap.empty()) {
    key = cursors[heap.top()].entry().key;
    all.clear();
    while (!heap.empty() && cursors[heap.top()].entry().key == key) {
      const std::size_t input = heap.top();
      heap.pop();
      TRY(cursors[input].read(one));
      append(inputs_[input], static_cast<Field>(key[0]), one, all);
      TRY_ASSIGN(const bool more, cursors[input].next());
      if (more) {
        heap.push(input);
      }
    }
    if (!all.docs.empty()) {
      all.sort();
      TRY(writer.add_term(key, all));
    }
    if (++written % kTermsPerCancelCheck == 0) {
      TRY(cancel_.check());
    }
  }
  return {};
}

Result<SegmentSummary> Merger::write(io::BlockSink& sink, std::uint32_t analyzer_version) {
  SegmentWriter writer(sink, analyzer_version);
  TRY(writer.write_tables([this](const FileVisitor& visit) { return feed(visit); }));
  TRY(write_terms(writer));
  return writer.finish();
}

}  // namespace

Result<SegmentSummary> merge_segments(const std::vector<MergeInput>& inputs, io::BlockSink& sink,
                                      const CancelToken& cancel) {
  TRY(cancel.check());
  std::vector<Input> opened;
  std::uint32_t version = kAnalyzerVersion;
  for (const MergeInput& given : inputs) {
    TRY_ASSIGN(Input input, open_input(given));
    const std::uint32_t its = input.segment->analyzer_version();
    if (!opened.empty() && its != version) {
      return Error{Code::InvalidArgument,
                   input.segment->name() + ": merge: made by another version of the analyzer"};
    }
    version = its;
    opened.push_back(std::move(input));
  }
  Merger merger(std::move(opened), cancel);
  TRY(merger.order_files());
  return merger.write(sink, version);
}

}  // namespace sonde::index
