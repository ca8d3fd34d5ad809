#pragma once
// Writes a segment from files in order and terms in order: what SegmentBuilder and merge_segments
// have in common, and why their bytes are equal.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "index/postings_codec.h"
#include "index/segment.h"
#include "index/segment_format.h"
#include "io/block_file.h"

namespace sonde::index {

/// A doc's row; the strings belong to whoever shows the view.
struct DocView {
  std::uint8_t kind = 0;
  std::uint32_t length = 0;
  std::uint32_t start_byte = 0;
  std::uint32_t end_byte = 0;
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
  std::string_view symbol;
  std::string_view scope;
  ContentHash embedded;
};

/// A file's row and its docs, valid while it is visited.
struct FileView {
  std::string_view source;
  std::string_view path;
  std::string_view language;
  std::uint32_t traits = 0;
  ContentHash hash;
  std::span<const DocView> docs;
};

using FileVisitor = std::function<Status(const FileView&)>;
/// Shows every file once, ascending by (source, path). Called twice: the rows of docs stand behind
/// their strings, and neither is held in memory.
using FileFeed = std::function<Status(const FileVisitor&)>;

/// Owned by one thread. Calls in this order: write_tables, add_term..., finish.
class SegmentWriter {
 public:
  SegmentWriter(io::BlockSink& sink, std::uint32_t analyzer_version);

  /// Errors: those of the feed and the sink, Limit.
  Status write_tables(const FileFeed& feed);
  /// @param key  field and term, ascending from call to call
  Status add_term(std::string_view key, const PostingList& list);
  Result<SegmentSummary> finish();

 private:
  /// Counts and checksums what goes through it.
  class CountingSink final : public io::BlockSink {
   public:
    explicit CountingSink(io::BlockSink& sink) : sink_(sink) {}
    Status append(std::string_view bytes) override;
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] std::uint64_t checksum() const { return checksum_.digest(); }

   private:
    io::BlockSink& sink_;
    std::uint64_t bytes_ = 0;
    Checksum64 checksum_;
  };

  /// Gives each string of a file its offset; equal ones the same.
  class FileStrings {
   public:
    void clear();
    /// Appends the string to `out` if it is new.
    std::uint64_t offset_of(std::string_view string, std::string& out);
    [[nodiscard]] std::uint64_t size() const { return size_; }

   private:
    std::unordered_map<std::string_view, std::uint64_t> offsets_;
    std::uint64_t size_ = 0;
  };

  /// The tables that are small enough to be collected in memory: about 10 bytes a doc.
  struct Columns {
    std::string file_rows;
    std::string paths;
    std::vector<std::uint32_t> first_docs;
    std::vector<std::uint16_t> languages;  // of each file, by first use
    std::vector<std::string> sources;
    std::map<std::string, std::uint16_t, std::less<>> language_ids;
    std::string kinds;
    std::vector<std::uint32_t> lengths;
  };

  Status write_strings(const FileFeed& feed, Columns& columns);
  Status take_file(const FileView& file, Columns& columns, std::string& strings);
  Status write_file_tables(Columns& columns);
  Status write_doc_rows(const FileFeed& feed);
  Status write_doc_columns(const Columns& columns);
  Status write_section(format::SectionKind kind, std::string_view bytes);
  void begin(format::SectionKind kind);
  void end(format::SectionKind kind);
  Status flush_group();

  CountingSink sink_;
  io::BlockWriter writer_;
  format::Layout layout_;
  FileStrings strings_;
  std::uint64_t strings_written_ = 0;

  std::size_t group_terms_ = 0;
  std::string group_postings_;
  std::string group_positions_;
  std::string group_entries_;
  std::string group_first_key_;
  std::string last_key_;
  std::uint64_t last_block_end_ = 0;
  std::string term_index_;
  std::string embedded_;
};

}  // namespace sonde::index
