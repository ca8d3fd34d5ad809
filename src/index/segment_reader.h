#pragma once
// The one implementation of Segment, and what merge_segments and check() need beyond it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/snapshot_cell.h"
#include "index/segment.h"
#include "index/segment_format.h"
#include "index/segment_terms.h"
#include "index/segment_writer.h"

namespace sonde::index {

/// All docs of a file. The views point into `strings`, which stands still when this is moved.
struct FileDocs {
  std::unique_ptr<const std::string> strings;
  std::vector<DocView> docs;
};

class SegmentReader final : public Segment {
 public:
  SegmentReader(std::shared_ptr<io::ByteSource> source, format::Layout layout);
  /// Reads the sparse index; called once, before the reader is shared.
  Status load_index();

  [[nodiscard]] std::uint32_t files() const override { return layout_.files; }
  [[nodiscard]] std::uint32_t docs() const override { return layout_.docs; }
  [[nodiscard]] std::uint64_t body_length() const override { return layout_.body_length; }
  [[nodiscard]] const std::string& name() const override { return source_->name(); }
  [[nodiscard]] std::uint32_t analyzer_version() const override { return layout_.analyzer_version; }

  Result<FileMeta> file(std::uint32_t ordinal) const override;
  Result<DocMeta> doc(std::uint32_t doc) const override;
  Result<std::uint32_t> find_file(std::string_view source, std::string_view path) const override;
  Result<std::shared_ptr<const std::vector<std::uint32_t>>> first_docs() const override;
  Result<std::shared_ptr<const std::vector<std::uint32_t>>> lengths() const override;
  Result<std::shared_ptr<const std::vector<std::uint8_t>>> kinds() const override;
  Result<std::shared_ptr<const std::vector<ContentHash>>> embedded() const override;
  Status for_each_file(
      const std::function<Status(std::uint32_t, const FileMeta&)>& visit) const override;

  Result<Postings> postings(Field field, std::string_view term) const override;
  Result<std::vector<std::vector<std::uint32_t>>> positions(std::string_view term) const override;
  Result<std::vector<std::vector<std::uint32_t>>> positions_in(
      std::string_view term, const std::vector<std::uint32_t>& docs) const override;
  Result<std::vector<std::string>> terms(Field field, std::string_view prefix,
                                         std::size_t limit) const override;
  Status check() const override;

  /// Checks that files' paths and strings follow each other. Without it a lie could make docs_of()
  /// of every file read the strings of all.
  Status check_file_rows() const;
  /// The docs of one file in a few reads.
  Result<FileDocs> docs_of(std::uint32_t ordinal) const;

  [[nodiscard]] const format::Layout& layout() const { return layout_; }
  [[nodiscard]] const TermIndex& index() const { return index_; }
  /// Logical bytes [offset, offset + length). The caller has checked the range against a section.
  Result<std::string> read(std::uint64_t offset, std::uint64_t length) const;
  [[nodiscard]] Error corrupt(std::string_view part) const;

 private:
  struct Names {
    std::vector<std::string> sources;
    std::vector<std::string> languages;
  };
  struct FileRow {
    std::uint64_t path_offset = 0;
    std::uint64_t strings_offset = 0;
    std::uint64_t body_length = 0;
    ContentHash hash;
    std::uint32_t traits = 0;
    std::uint16_t path_length = 0;
    std::uint16_t source = 0;
    std::uint16_t language = 0;
  };
  struct DocRow {
    std::uint32_t start_byte = 0;
    std::uint32_t end_byte = 0;
    std::uint32_t start_line = 0;
    std::uint32_t end_line = 0;
    std::uint32_t symbol_offset = 0;
    std::uint32_t scope_offset = 0;
    std::uint16_t symbol_length = 0;
    std::uint16_t scope_length = 0;
  };

  /// Bytes [offset, offset + length) of a section. Errors: Corruption (outside of it).
  Result<std::string> read_in(format::SectionKind kind, std::uint64_t offset,
                              std::uint64_t length) const;
  Result<std::shared_ptr<const Names>> names() const;
  static FileRow parse_file_row(std::string_view bytes);
  static DocRow parse_doc_row(std::string_view bytes);
  Result<FileRow> file_row(std::uint32_t ordinal) const;
  Result<std::string> path_of(const FileRow& row) const;
  Result<FileMeta> meta_of(const FileRow& row, const Names& names, std::string path,
                           std::uint32_t first_doc, std::uint32_t next_doc) const;
  [[nodiscard]] Error out_of_range(const char* what, std::uint32_t number) const;
  Result<bool> find_term(Field field, std::string_view term, TermEntry& entry) const;
  Status read_postings(const TermEntry& entry, PostingList& list,
                       std::vector<std::uint32_t>* run_bytes) const;

  std::shared_ptr<io::ByteSource> source_;
  format::Layout layout_;
  TermIndex index_;
  mutable SnapshotCell<Names> names_;
  mutable SnapshotCell<std::vector<std::uint32_t>> first_docs_;
  mutable SnapshotCell<std::vector<std::uint32_t>> lengths_;
  mutable SnapshotCell<std::vector<std::uint8_t>> kinds_;
  mutable SnapshotCell<std::vector<ContentHash>> embedded_;
};

/// Walks the terms of a segment in order. Owned by one thread; the segment must outlive it.
class TermCursor {
 public:
  enum class Load : std::uint8_t {
    Keys,      // term blocks only
    Postings,  // whole groups, in one read each
  };
  TermCursor(const SegmentReader& segment, Load load) : segment_(segment), load_(load) {}

  /// Begins at the block that may hold `key`; without a call, at the first.
  void seek(std::string_view key) { next_block_ = segment_.index().find(key); }
  /// Moves to the next term. @return false at the end
  Result<bool> next();
  [[nodiscard]] const TermEntry& entry() const { return entry_; }
  /// The present term's postings and positions. Only with Load::Postings.
  Status read(PostingList& list) const;

 private:
  Status load_block();
  [[nodiscard]] std::string_view part(const format::Section& section) const;

  const SegmentReader& segment_;
  Load load_;
  std::size_t next_block_ = 0;
  std::uint64_t bytes_offset_ = 0;  // logical offset of bytes_
  std::string bytes_;
  std::optional<TermBlockReader> block_;
  std::string last_key_;  // of the block before
  TermEntry entry_;
};

}  // namespace sonde::index
