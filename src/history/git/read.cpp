// What commits say and change. Each is compared with its first parent, lines alone, no context.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "history/commit_job.h"
#include "history/git/objects.h"
#include "text/decode.h"

namespace sonde::history {

namespace {

using git::Diff;
using git::find_commit;
using git::GitCommit;
using git::Objects;
using git::OdbObject;
using git::Tree;

constexpr std::uint32_t kJoinLines = 3;     // changes so near to each other are one hunk
constexpr std::size_t kBinaryLook = 8'000;  // bytes, as git does

std::string decoded(std::string_view bytes, std::size_t limit) {
  return std::string(cut_text(text::decode_text(bytes.substr(0, limit)).text, limit));
}

std::string decoded(const char* bytes, std::size_t limit) {
  return bytes == nullptr ? std::string() : decoded(std::string_view(bytes), limit);
}

/// The content of one side of a change.
struct Content {
  OdbObject object;  // null: nothing is there

  [[nodiscard]] std::string_view bytes() const {
    return object ? std::string_view(static_cast<const char*>(git_odb_object_data(object.get())),
                                     git_odb_object_size(object.get()))
                  : std::string_view();
  }
  [[nodiscard]] bool binary() const {
    return bytes().substr(0, kBinaryLook).find('\0') != std::string_view::npos;
  }
};

/// Collects the hunks of one file out of libgit2's calls back.
class HunkCollector {
 public:
  HunkCollector(Commit& commit, std::size_t& text_left, Hunk file)
      : commit_(commit), text_left_(text_left), file_(std::move(file)) {}

  /// Nonzero ends the comparison.
  int begin(const git_diff_hunk& hunk) {
    finish();
    open_ = true;
    piece_ = file_;
    piece_.function = function_of(hunk);
    // Of a hunk that only takes lines out git names the line before it.
    next_line_ =
        static_cast<std::uint32_t>(std::max(hunk.new_start, 0)) + (hunk.new_lines == 0 ? 1 : 0);
    begin_piece();
    return 0;
  }

  int line(const git_diff_line& line) {
    if (line.origin != GIT_DIFF_LINE_ADDITION && line.origin != GIT_DIFF_LINE_DELETION) {
      next_line_ += line.origin == GIT_DIFF_LINE_CONTEXT ? 1 : 0;
      return 0;
    }
    std::string_view text(line.content, line.content_len);
    if (!text.empty() && text.back() == '\n') {
      text.remove_suffix(1);
    }
    const std::size_t needed = text.size() + 2;
    if (needed > text_left_) {
      commit_.missing |= kTextCut;
      text_left_ = 0;  // the rest of this commit is not read
      return GIT_EUSER;
    }
    if (!piece_.text.empty() && piece_.text.size() + needed > kPieceBytes) {
      const std::string function = piece_.function;
      finish();
      open_ = true;
      piece_ = file_;
      piece_.function = function;
      begin_piece();
    }
    text_left_ -= needed;
    piece_.text += line.origin == GIT_DIFF_LINE_ADDITION ? '+' : '-';
    piece_.text += text;
    piece_.text += '\n';
    if (line.origin == GIT_DIFF_LINE_ADDITION) {
      piece_.end_line = std::max(piece_.end_line, next_line_);
      ++next_line_;
    }
    return 0;
  }

  void finish() {
    if (open_ && !piece_.text.empty()) {
      if (commit_.hunks.size() < kHunkLimit) {
        piece_.text = text::decode_text(piece_.text).text;
        commit_.hunks.push_back(std::move(piece_));
      } else {
        commit_.missing |= kTextCut;
      }
    }
    open_ = false;
  }

 private:
  void begin_piece() {
    piece_.start_line = std::max(next_line_, 1U);
    piece_.end_line = piece_.start_line;
  }

  /// What follows "@@ -1,2 +3,4 @@ ".
  static std::string function_of(const git_diff_hunk& hunk) {
    const std::string_view header(hunk.header, std::min(hunk.header_len, sizeof hunk.header));
    const std::size_t marks = header.find("@@", 2);
    if (marks == std::string_view::npos) {
      return {};
    }
    std::string_view rest = header.substr(marks + 2);
    const std::size_t begin = std::min(rest.find_first_not_of(" \t"), rest.size());
    rest = rest.substr(begin, rest.find_last_not_of(" \t\r\n") + 1 - begin);
    return decoded(rest, kFunctionLimit);
  }

  Commit& commit_;
  std::size_t& text_left_;
  const Hunk file_;
  Hunk piece_;
  bool open_ = false;
  std::uint32_t next_line_ = 1;
};

int on_hunk(const git_diff_delta*, const git_diff_hunk* hunk, void* payload) {
  return static_cast<HunkCollector*>(payload)->begin(*hunk);
}

int on_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line, void* payload) {
  return static_cast<HunkCollector*>(payload)->line(*line);
}

/// Reads one commit.
class CommitReader {
 public:
  CommitReader(const Objects& objects, const std::string& prefix)
      : objects_(objects), prefix_(prefix) {}

  Result<Commit> read(const CommitId& id) {
    Commit commit;
    commit.id = id;
    TRY_ASSIGN(const GitCommit object, find_commit(objects_, git::oid_of(id)));
    if (!object) {
      return Error{Code::NotFound, "the commit " + id.hex() + " is not there"};
    }
    read_message(object.get(), commit);
    TRY(read_changes(object.get(), commit));
    return commit;
  }

 private:
  static void read_message(const git_commit* object, Commit& commit) {
    const git_signature* author = git_commit_author(object);
    if (author != nullptr) {
      commit.author = decoded(author->name, kNameLimit);
      commit.email = decoded(author->email, kNameLimit);
      commit.time_s = author->when.time;
      commit.offset_min = std::clamp(author->when.offset, -24 * 60, 24 * 60);
    }
    commit.message = decoded(git_commit_message(object), kMessageLimit);
    commit.parents = git_commit_parentcount(object);
  }

  /// Null when it is not there.
  static Tree tree_of(const git_commit* commit) {
    git_tree* tree = nullptr;
    if (git_commit_tree(&tree, commit) != 0) {
      git_error_clear();
    }
    return Tree(tree);
  }

  Status read_changes(const git_commit* object, Commit& commit) {
    const Tree tree = tree_of(object);
    Tree before;
    if (commit.parents > 0) {
      TRY_ASSIGN(const GitCommit parent, find_commit(objects_, *git_commit_parent_id(object, 0)));
      if (!parent) {
        commit.missing |= kParentMissing;
        return {};
      }
      before = tree_of(parent.get());
      if (!before) {
        commit.missing |= kObjectMissing;
        return {};
      }
    }
    if (!tree) {
      commit.missing |= kObjectMissing;
      return {};
    }
    const Diff diff = compare(before.get(), tree.get(), commit);
    if (diff) {
      read_files(diff.get(), commit);
      commit.elsewhere = !prefix_.empty() && commit.files == 0;
    }
    return {};
  }

  /// Null when objects are missing.
  Diff compare(git_tree* before, git_tree* after, Commit& commit) {
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    options.flags = GIT_DIFF_DISABLE_PATHSPEC_MATCH | GIT_DIFF_SKIP_BINARY_CHECK;
    std::string folder = prefix_;
    char* paths[] = {folder.data()};
    if (!prefix_.empty()) {
      options.pathspec = {paths, 1};
    }
    git_diff* raw = nullptr;
    if (git_diff_tree_to_tree(&raw, objects_.repository.get(), before, after, &options) != 0) {
      git_error_clear();
      commit.missing |= kObjectMissing;
      return nullptr;
    }
    Diff diff(raw);
    find_renames(diff.get());
    return diff;
  }

  /// Where it fails (objects that are missing) the two sides stay apart.
  static void find_renames(git_diff* diff) {
    const std::size_t added = git_diff_num_deltas_of_type(diff, GIT_DELTA_ADDED);
    const std::size_t deleted = git_diff_num_deltas_of_type(diff, GIT_DELTA_DELETED);
    if (added == 0 || deleted == 0 || added > kRenameLimit || deleted > kRenameLimit) {
      return;
    }
    git_diff_find_options options = GIT_DIFF_FIND_OPTIONS_INIT;
    options.flags = GIT_DIFF_FIND_RENAMES;
    options.rename_limit = kRenameLimit;
    if (git_diff_find_similar(diff, &options) != 0) {
      git_error_clear();
    }
  }

  void read_files(const git_diff* diff, Commit& commit) {
    const std::size_t deltas = git_diff_num_deltas(diff);
    commit.files = static_cast<std::uint32_t>(std::min<std::size_t>(deltas, 0xFFFFFFFF));
    if (deltas > kFileLimit) {
      commit.missing |= kFilesLeftOut;
    }
    std::size_t text_left = kHunkTextLimit;
    for (std::size_t i = 0; i < std::min(deltas, kFileLimit); ++i) {
      read_file(*git_diff_get_delta(diff, i), text_left, commit);
    }
  }

  void read_file(const git_diff_delta& delta, std::size_t& text_left, Commit& commit) {
    const bool renamed = delta.status == GIT_DELTA_RENAMED;
    Hunk file;
    file.path = path_of(delta.status == GIT_DELTA_DELETED ? delta.old_file : delta.new_file);
    file.old_path = renamed ? path_of(delta.old_file) : std::string();
    if (file.path.empty()) {
      return;
    }
    const std::size_t before = commit.hunks.size();
    if (text_left > 0) {
      read_hunks(delta, file, text_left, commit);
    } else {
      commit.missing |= kTextCut;
    }
    // At least its name can be found: a rename, a binary file, what was too large.
    if (commit.hunks.size() == before && commit.hunks.size() < kHunkLimit) {
      commit.hunks.push_back(std::move(file));
    }
  }

  void read_hunks(const git_diff_delta& delta, const Hunk& file, std::size_t& text_left,
                  Commit& commit) {
    const std::optional<Content> before = content(delta.old_file, commit);
    const std::optional<Content> after = before ? content(delta.new_file, commit) : std::nullopt;
    if (!before || !after) {
      return;
    }
    if (before->binary() || after->binary()) {
      commit.missing |= kBinaryLeftOut;
      return;
    }
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    options.flags = GIT_DIFF_FORCE_TEXT;
    options.context_lines = 0;
    options.interhunk_lines = kJoinLines;
    HunkCollector collector(commit, text_left, file);
    const int code = git_diff_buffers(before->bytes().data(), before->bytes().size(), "a",
                                      after->bytes().data(), after->bytes().size(), "b", &options,
                                      nullptr, nullptr, on_hunk, on_line, &collector);
    collector.finish();
    if (code != 0) {
      git_error_clear();
    }
  }

  /// Nothing when it cannot or shall not be read.
  std::optional<Content> content(const git_diff_file& file, Commit& commit) {
    if (git_oid_is_zero(&file.id) || file.mode == GIT_FILEMODE_COMMIT) {
      return Content{};
    }
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (git_odb_read_header(&size, &type, objects_.odb.get(), &file.id) != 0 ||
        type != GIT_OBJECT_BLOB) {
      git_error_clear();
      commit.missing |= kObjectMissing;
      return std::nullopt;
    }
    if (size > kContentLimitBytes) {
      commit.missing |= kLargeLeftOut;
      return std::nullopt;
    }
    git_odb_object* object = nullptr;
    if (git_odb_read(&object, objects_.odb.get(), &file.id) != 0) {
      git_error_clear();
      commit.missing |= kObjectMissing;
      return std::nullopt;
    }
    return Content{OdbObject(object)};
  }

  /// As seen from the folder that is looked at; empty when it is too long to be told.
  [[nodiscard]] std::string path_of(const git_diff_file& file) const {
    std::string_view path = file.path == nullptr ? std::string_view() : file.path;
    if (!prefix_.empty() && path.starts_with(prefix_) && path.size() > prefix_.size()) {
      path.remove_prefix(prefix_.size() + 1);
    }
    return path.size() <= kPathLimit ? std::string(path) : std::string();
  }

  const Objects& objects_;
  const std::string prefix_;
};

}  // namespace

Result<std::string> handle_read_job(std::string_view payload) {
  TRY_ASSIGN(const ReadJob job, decode_read_job(payload));
  TRY_ASSIGN(const Objects objects, git::open_objects(job.objects));
  CommitReader reader(objects, job.prefix);
  std::vector<Commit> commits;
  for (const CommitId& id : job.commits) {
    TRY_ASSIGN(Commit commit, reader.read(id));
    commits.push_back(std::move(commit));
  }
  return encode_read_answer(commits);
}

}  // namespace sonde::history
