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
  // .sondeignore's "!" asks for this file: look at its content with include_generated set.
  bool asked_for = false;
};

struct SkippedEntry {
  std::string path;  // a folder ends in '/'
  SkipReason reason = SkipReason::Ignored;
  std::string detail;  // the rule and its file, the system's message; may be empty
};

struct WalkResult {
  std::vector<FileEntry> files;       // sorted by path bytes
  std::vector<SkippedEntry> skipped;  // sorted by path bytes; a skipped folder is one entry
  std::vector<std::string> notes;     // what could not be told, for people: an index not read
};

/// Lists the files of `root` that are to be indexed.
///
/// Rules, from the strongest:
/// 1. Secrets, links, special files, .git and .sonde folders stay out whatever the rules say.
/// 2. options.exclude, then .sondeignore files (the deepest first), both in .gitignore's syntax.
///    They hold for tracked files too. "!" brings back what is ignored by git, hidden, generated or
///    vendored: "!build/" makes the walk enter build, whose files are then judged one by one (a
///    .gitignore of just "*" in it, as caches have, does not count); "!a/b/*.yml" is reached also
///    when a is left out. As in git, nothing below a folder that these files exclude comes back.
/// 3. Hidden names.
/// 4. Git's rules, as git has them; a tracked file is never Ignored, and an ignored folder with
///    tracked files is entered for them. They hold outside of repositories too.
/// 5. Vendored folders, generated names, binary names, the size cap.
///
/// A nested repository, submodule or worktree has its own rules and index; the outer repository's
/// rules end at its top, as for git itself, but decide whether the folder as a whole is ignored.
/// .sondeignore and exclude reach into it. When `root` lies inside a repository, the rules above it
/// hold as well, unless they ignore `root` itself: whoever names it wants it.
///
/// Symbolic links are never followed (those to a file inside the root are read at their target).
/// Errors: NotFound (no such folder), Io (the root itself cannot be read), Cancelled.
/// A folder below the root that cannot be read is a skipped entry, not an error.
/// Threads: safe. Cost: one lstat a file, one open and fstat a folder; about 150 bytes of memory a
/// file.
Result<WalkResult> walk(const std::string& root, const WalkOptions& options,
                        const CancelToken& cancel);

/// What the content says, for a file that walk() listed: Secret (a private key), LfsPointer,
/// Binary, Generated or nothing.
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
