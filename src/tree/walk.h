#pragma once
// Reading a folder: which files belong to it. Ignore rules as git has them, plus .sondeignore.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"

namespace sonde::tree {

/// Why a file or folder was left out. Names are stored and printed: see reason_name().
enum class SkipReason : std::uint8_t {
  Ignored = 1,      // .gitignore, .sondeignore, excludes
  Hidden = 2,       // a dot file or folder
  Secret = 3,       // .env, private keys, credentials
  Binary = 4,       // by name here; by content where it is read
  Generated = 5,    // lock files, minified code, "DO NOT EDIT" (by content where it is read)
  Vendored = 6,     // node_modules, third_party, vendor, ...
  TooLarge = 7,     // over the size cap
  Symlink = 8,      // leads out of the root, is broken, or would be a loop
  Special = 9,      // a socket, pipe or device
  Unreadable = 10,  // the system refused; detail says what
  LfsPointer = 11,  // a Git LFS pointer, not the content (by content where it is read)
  Forgotten = 12,   // the user asked to forget it
  Nested = 13,      // a library folder (.sonde), .git
};
std::string_view reason_name(SkipReason reason);

struct WalkOptions {
  std::uint64_t size_cap_bytes = 16ULL << 20;  // larger files are skipped, TooLarge
  bool include_hidden = false;
  bool include_generated = false;
  bool include_vendored = false;
  std::vector<std::string>
      exclude;  // further patterns, in .gitignore's syntax, relative to the root
};

struct FileEntry {
  std::string path;  // relative to the root, bytes, '/' between components
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
};

struct SkippedEntry {
  std::string path;  // a folder ends in '/'
  SkipReason reason = SkipReason::Ignored;
  std::string detail;  // the rule and its file, the system's message; may be empty
};

struct WalkResult {
  std::vector<FileEntry> files;       // sorted by path bytes
  std::vector<SkippedEntry> skipped;  // sorted by path bytes; a skipped folder is one entry
};

/// Lists the files of `root` that are to be indexed. Tracked files of a git repository are never
/// Ignored (they can still be Binary, Secret, ...). Nested repositories, submodules and worktrees
/// are read by their own rules. Symbolic links to files inside the root are left to their target
/// (skipped, Symlink, "the target is read in its own place"); links are never followed out of it.
/// Errors: NotFound (no such folder), Io (the root itself cannot be read), Cancelled.
/// A folder below the root that cannot be read is a skipped entry, not an error.
/// Threads: safe. Cost: one lstat a file; about 10 bytes of memory over the path a file.
Result<WalkResult> walk(const std::string& root, const WalkOptions& options,
                        const CancelToken& cancel);

/// What the content says, for a file that walk() listed: Binary, Generated, LfsPointer or nothing.
/// @param head  the first bytes, at most 8 KiB
/// @return true and the reason when the file is to be left out
bool skip_by_content(std::string_view path, std::string_view head, const WalkOptions& options,
                     SkipReason& reason);

/// What a path says about a file, for ranking; looked at nowhere else.
struct PathTraits {
  bool test = false;       // tests, specs, fixtures
  bool example = false;    // examples, demos, samples, docs' snippets
  bool generated = false;  // included only when asked for
  bool vendored = false;
  bool compat = false;  // compatibility layers, legacy, deprecated, polyfills
  bool stub = false;    // .pyi, .d.ts, declarations only
};
PathTraits path_traits(std::string_view path);

}  // namespace sonde::tree
