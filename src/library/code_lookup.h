#pragma once
// Finding the files that name something, and reading their structures, on one snapshot.
//
// The words of a name stand in the body postings of each chunk that has it, whatever the language
// and however it is used there; so they narrow a library down to the files whose structures have to
// be read, and no postings of calls or imports are kept beside them.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "io/file_system.h"
#include "library/library.h"
#include "library/segments.h"
#include "store/store.h"
#include "text/structure.h"

namespace sonde::library {

/// A file of the truth with its structure.
struct CodeFile {
  const store::SourceRow* source = nullptr;  // owned by the CodeLookup
  store::FileRow row;
  text::Structure structure;
  bool known = true;  // false: its structure was not read yet
};
using CodeFilePtr = std::shared_ptr<const CodeFile>;

/// A file that may hold a name, with the chunks that do.
struct NamedFile {
  std::string source;  // uid
  std::string path;
  std::uint32_t traits = 0;
  std::vector<std::uint32_t> chunks;  // ordinals, ascending
};

/// Owned by one thread; the reader and segments outlive it.
class CodeLookup {
 public:
  /// Errors: those of the reader and the segments.
  static Result<CodeLookup> create(io::FileSystem& fs, store::Reader& reader, Segments& segments,
                                   const CancelToken& cancel);

  /// Leaves out files of other languages and outside `within` from all that follows.
  /// Errors: InvalidArgument (a path that is in no source).
  Status restrict_to(const std::vector<std::string>& languages,
                     const std::vector<std::string>& within);
  /// Likewise files that fit none of the globs, when there are any.
  void restrict_to_paths(const std::vector<std::string>& globs) { globs_ = globs; }

  enum class Which { InScope, All };
  /// Every file with its structure, by source and path; none is kept. The visitor's error ends it.
  Status for_each_file(Which which, const std::function<Status(const CodeFile&)>& visit);
  [[nodiscard]] bool in_scope(const CodeFile& file) const;

  /// Files with a chunk that has all words of `name`: code before tests and what is vendored, then
  /// by source and path. Cost: the postings of its words.
  Result<std::vector<NamedFile>> files_with(std::string_view name);
  /// Files with a chunk that defines `name`, as the index keeps symbols; the same order.
  Result<std::vector<NamedFile>> files_defining(std::string_view name);

  /// A file with its structure; those that were read last are kept.
  /// @param sought  null, or bytes that must occur in the structure for it to be read
  /// @return null when they do not. Errors: Corruption (the truth lacks it, or holds another).
  Result<CodeFilePtr> read(const std::string& source_uid, const std::string& path,
                           const std::string* sought);

  /// The line's text, without white space around it; empty when no chunk has it.
  Result<std::string> line_text(const CodeFile& file, std::uint32_t line);
  Result<std::optional<store::ChunkRecord>> chunk(const CodeFile& file, std::uint32_t ordinal) {
    return reader_->chunk(file.row.id, ordinal);
  }

  /// A place in the file, compared with the disk. Nothing when the file is gone from there.
  Result<std::optional<CodePlace>> place(const CodeFile& file, std::uint32_t line,
                                         std::uint32_t end_line);
  /// Fills `stale`, and `text` where it is empty, of a place that names a file of the library.
  Status look_at_disk(CodePlace& place);
  Result<StructureState> state();

  [[nodiscard]] const store::SourceRow* source_of(const std::string& absolute_path) const;
  [[nodiscard]] store::Reader& reader() { return *reader_; }
  [[nodiscard]] const CancelToken& cancel() const { return *cancel_; }

 private:
  struct Scope {
    std::string source;
    std::string prefix;
  };

  CodeLookup(io::FileSystem& fs, store::Reader& reader, const CancelToken& cancel)
      : fs_(&fs), reader_(&reader), cancel_(&cancel) {}
  [[nodiscard]] bool in_scope(std::string_view source, std::string_view path,
                              std::string_view language) const;
  [[nodiscard]] bool path_in_scope(std::string_view source, std::string_view path) const;
  Status collect(const Holder& holder, const std::vector<std::uint32_t>& docs,
                 std::vector<NamedFile>& files) const;

  io::FileSystem* fs_;
  store::Reader* reader_;
  const CancelToken* cancel_;
  HolderList holders_;
  std::map<std::string, store::SourceRow> sources_;  // by uid
  std::vector<std::string> languages_;
  std::vector<Scope> scopes_;
  std::vector<std::string> globs_;
  std::unordered_map<std::string, CodeFilePtr> kept_;                        // by source and path
  std::unordered_map<std::int64_t, std::vector<store::ChunkRecord>> texts_;  // by file
};

}  // namespace sonde::library
