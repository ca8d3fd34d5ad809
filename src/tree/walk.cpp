#include "tree/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "io/file_system.h"
#include "io/unique_fd.h"
#include "tree/file_at.h"
#include "tree/folder.h"
#include "tree/git_folders.h"
#include "tree/names.h"
#include "tree/rule_stack.h"
#include "tree/walker.h"

namespace sonde::tree {
namespace {

// Folders held open at once; those above are opened again when the walk comes back to them.
constexpr std::size_t kMaxOpenFolders = 64;
constexpr std::uint32_t kEntriesBetweenChecks = 1024;

struct LeftOut {
  SkipReason reason = SkipReason::Ignored;
  std::string detail;
  bool by_git = false;  // git's rules ignore it: what is tracked comes in nevertheless
};

enum class Action : std::uint8_t { List, Skip, Enter };

struct Item {
  std::uint32_t name = 0;
  std::uint16_t length = 0;
  Action action = Action::List;
  bool asked_for = false;  // .sondeignore's "!"
  bool folder = false;
  std::int32_t left_out = -1;  // into Frame::left_out: why it is skipped, or what holds inside it
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
};

struct Frame {
  io::UniqueFd fd;
  std::uint64_t device = 0, inode = 0;
  std::size_t path_length = 0;  // of this folder in path_, with the slash behind it
  FolderEntries raw;
  std::vector<Item> items;  // sorted
  std::vector<LeftOut> left_out;
  std::size_t next = 0;
  std::size_t folders_left = 0;
  RuleStack::Mark mark{};            // before this folder's own rules
  std::optional<LeftOut> inherited;  // entered only for what is tracked or asked for
  bool asked_for = false;
  bool is_top = false;  // of the walk or of a repository
  bool has_manifest = false;
};

// What a folder has that changes how it is read.
struct Notable {
  bool git = false, gitignore = false, sondeignore = false, environment = false, cache_tag = false;
};

std::string system_message(int error) { return std::strerror(error); }  // NOLINT: glibc's is safe

class Walker {
 public:
  Walker(const WalkOptions& options, const CancelToken& cancel, const GitEnvironment& environment)
      : options_(options), cancel_(cancel), environment_(environment) {}

  Result<WalkResult> run(const std::string& root) {
    TRY(start(root));
    while (!frames_.empty()) {
      TRY(cancel_.check());
      TRY(advance());
    }
    rules_.restore({0, 0, 0}, result_.notes);
    return std::move(result_);
  }

 private:
  Status start(const std::string& root);
  void enter_enclosing_repository();
  bool apply_rules_above(const std::string& top);
  Status advance();
  void emit(const Frame& frame, const Item& item);
  Status enter(std::size_t parent, const Item& item);
  Status open_frame(io::UniqueFd fd, Frame frame);
  int reopen(std::size_t index);
  void leave();

  Notable look_for_notable(Frame& frame) const;
  std::optional<LeftOut> whole_folder(const Frame& frame, const Notable& notable) const;
  void read_rules(Frame& frame, const Notable& notable);
  void push_rules_file(int fd, const char* name, const std::string& origin, bool self_ignored);

  Status judge_all(Frame& frame);
  void judge(Frame& frame, const RawEntry& raw, Item& item);
  void judge_file(Frame& frame, const RawEntry& raw, Item& item);
  std::optional<LeftOut> fixed_reason(std::string_view name, const RawEntry& raw) const;
  std::optional<LeftOut> usual_reason(const Frame& frame, std::string_view name,
                                      const RuleStack::Question& question) const;
  bool is_vendored(const Frame& frame, std::string_view name) const;
  bool may_enter(const LeftOut& left_out, std::string_view path) const;
  void leave_out(Frame& frame, Item& item, LeftOut reason) const;
  LeftOut describe_link(int fd, const char* name) const;
  void skip(LeftOut reason);
  [[nodiscard]] std::string_view parent_name(const Frame& frame) const;

  const WalkOptions& options_;
  const CancelToken& cancel_;
  const GitEnvironment& environment_;
  std::string real_root_;
  std::string path_;         // of the entry at hand, from the top of the outermost repository
  std::size_t root_at_ = 0;  // where the part below the walk's root begins in path_
  RuleStack rules_;
  std::vector<Frame> frames_;
  WalkResult result_;
};

Status Walker::start(const std::string& root) {
  io::UniqueFd fd = open_folder_at(AT_FDCWD, root.c_str(), Links::Follow);
  if (!fd.valid()) {
    const int error = errno;
    const bool missing = error == ENOENT || error == ENOTDIR;
    return Error{missing ? Code::NotFound : Code::Io,
                 "cannot read the folder " + root + ": " + system_message(error)};
  }
  real_root_ = path_of(fd);
  rules_.push_repository(GitRepository::none(environment_), 0);
  if (GitRepository::open(fd.get(), environment_) == nullptr) {
    enter_enclosing_repository();
  }
  std::string patterns;
  for (const auto& pattern : options_.exclude) {
    patterns += pattern + "\n";
  }
  rules_.set_excludes(RuleList::parse(patterns, "exclude", rules_.letter_case()), root_at_);
  Frame frame;
  frame.is_top = true;
  frame.mark = rules_.mark();
  TRY(open_frame(std::move(fd), std::move(frame)));
  if (frames_.empty()) {
    return Error{Code::Io, "cannot read the folder " + root + ": " +
                               (result_.skipped.empty() ? "" : result_.skipped.front().detail)};
  }
  return {};
}

// The root may lie inside a repository, whose rules above it hold as well.
void Walker::enter_enclosing_repository() {
  std::string top = real_root_;
  for (std::size_t i = 0; i < kMaxParents && top.size() > 1; ++i) {
    top = io::parent_path(top);
    const io::UniqueFd fd = open_folder_at(AT_FDCWD, top.c_str(), Links::Follow);
    auto repository = fd.valid() ? GitRepository::open(fd.get(), environment_) : nullptr;
    if (repository == nullptr) {
      continue;
    }
    const RuleStack::Mark before = rules_.mark();
    rules_.push_repository(std::move(repository), 0);
    if (!apply_rules_above(top)) {
      rules_.restore(before, result_.notes);
      path_.clear();
    }
    root_at_ = path_.size();
    return;
  }
}

// Reads .gitignore files from `top` down to above the root; false when they ignore the root.
bool Walker::apply_rules_above(const std::string& top) {
  const std::string below = real_root_.substr(top == "/" ? 1 : top.size() + 1);
  std::string folder = top;
  for (std::size_t begin = 0; begin <= below.size();) {
    const io::UniqueFd fd = open_folder_at(AT_FDCWD, folder.c_str(), Links::Refuse);
    push_rules_file(fd.get(), ".gitignore", folder + "/.gitignore", false);
    const std::size_t end = std::min(below.find('/', begin), below.size());
    path_ = below.substr(0, end);
    if (rules_.by_git({path_, begin, EntryKind::Folder}).verdict == Verdict::Ignore) {
      return false;
    }
    folder = io::join_path(top, path_);
    path_ += '/';
    begin = end + 1;
  }
  return true;
}

Status Walker::advance() {
  Frame& frame = frames_.back();
  while (frame.next < frame.items.size()) {
    const Item item = frame.items[frame.next++];
    if (item.action == Action::Enter) {
      return enter(frames_.size() - 1, item);  // may move frames_
    }
    emit(frame, item);
  }
  leave();
  return {};
}

void Walker::leave() {
  rules_.restore(frames_.back().mark, result_.notes);
  frames_.pop_back();
}

void Walker::emit(const Frame& frame, const Item& item) {
  path_.resize(frame.path_length);
  path_.append(frame.raw.names, item.name, item.length);
  if (item.action == Action::Skip) {
    if (item.folder) {
      path_ += '/';
    }
    skip(frame.left_out[static_cast<std::size_t>(item.left_out)]);
    return;
  }
  result_.files.push_back(
      {path_.substr(root_at_), item.size_bytes, item.mtime_ns, item.inode, item.asked_for});
}

void Walker::skip(LeftOut reason) {
  result_.skipped.push_back({path_.substr(root_at_), reason.reason, std::move(reason.detail)});
}

Status Walker::enter(std::size_t parent, const Item& item) {
  Frame frame;
  {
    Frame& above = frames_[parent];
    path_.resize(above.path_length);
    path_.append(above.raw.names, item.name, item.length);
    path_ += '/';
    if (item.left_out >= 0) {
      frame.inherited = above.left_out[static_cast<std::size_t>(item.left_out)];
    }
  }
  frame.asked_for = item.asked_for;
  frame.path_length = path_.size();
  frame.mark = rules_.mark();
  if (frames_.size() >= kMaxWalkDepth) {
    skip({SkipReason::Unreadable, "more than " + std::to_string(kMaxWalkDepth) + " folders deep"});
    return {};
  }
  int error = frames_[parent].fd.valid() ? 0 : reopen(parent);
  Frame& above = frames_[parent];
  io::UniqueFd fd;
  if (error == 0) {
    fd = open_folder_at(above.fd.get(), above.raw.names.data() + item.name, Links::Refuse);
    error = fd.valid() ? 0 : errno;
  }
  if (--above.folders_left == 0 && parent > 0) {
    above.fd.reset();  // the last one: in a chain of folders only two are open
  }
  if (error == ENOENT) {
    return {};  // gone since its folder was read
  }
  if (error == ENOTDIR || error == ELOOP) {
    skip({SkipReason::Symlink, "it became a link while the folder was read"});
    return {};
  }
  if (error != 0) {
    skip({SkipReason::Unreadable, system_message(error)});
    return {};
  }
  return open_frame(std::move(fd), std::move(frame));
}

// Opens frame `index` again by the names that led to it; it must be the same folder still.
int Walker::reopen(std::size_t index) {
  std::size_t known = index;
  while (!frames_[known].fd.valid()) {
    if (known == 0) {
      return EBADF;
    }
    --known;
  }
  io::UniqueFd passing;
  int from = frames_[known].fd.get();
  for (std::size_t i = known + 1; i <= index; ++i) {
    const std::size_t begin = frames_[i - 1].path_length;
    const std::string name = path_.substr(begin, frames_[i].path_length - 1 - begin);
    io::UniqueFd next = open_folder_at(from, name.c_str(), Links::Refuse);
    struct stat status {};
    if (!next.valid() || ::fstat(next.get(), &status) != 0) {
      return errno;
    }
    if (status.st_dev != frames_[i].device || status.st_ino != frames_[i].inode) {
      return ESTALE;
    }
    from = next.get();
    if (i + kMaxOpenFolders > index && frames_[i].folders_left > 0) {
      frames_[i].fd = std::move(next);
    } else {
      passing = std::move(next);
    }
  }
  return 0;
}

Status Walker::open_frame(io::UniqueFd fd, Frame frame) {
  struct stat status {};
  int error = ::fstat(fd.get(), &status) == 0 ? 0 : errno;
  frame.device = status.st_dev;
  frame.inode = status.st_ino;
  frame.path_length = path_.size();
  const bool loop = std::any_of(frames_.begin(), frames_.end(), [&](const Frame& above) {
    return above.device == frame.device && above.inode == frame.inode;
  });
  if (loop) {
    skip({SkipReason::Symlink, "the folder contains itself"});
    return {};
  }
  error = error != 0 ? error : read_folder(fd.get(), frame.raw);
  if (error == EFBIG) {
    result_.notes.push_back(path_.substr(root_at_) + " has more than " +
                            std::to_string(kMaxFolderEntries) +
                            " entries; the others are not read");
  } else if (error != 0) {
    skip({SkipReason::Unreadable, system_message(error)});
    return {};
  }
  frame.fd = std::move(fd);
  const Notable notable = look_for_notable(frame);
  if (const auto reason = frames_.empty() ? std::nullopt : whole_folder(frame, notable)) {
    skip(*reason);
    return {};
  }
  read_rules(frame, notable);
  TRY(judge_all(frame));
  if (frames_.size() > kMaxOpenFolders) {
    frames_[frames_.size() - kMaxOpenFolders].fd.reset();  // never frame 0
  }
  frames_.push_back(std::move(frame));
  return {};
}

Notable Walker::look_for_notable(Frame& frame) const {
  Notable notable;
  for (const RawEntry& entry : frame.raw.entries) {
    const std::string_view name(frame.raw.name(entry), entry.length);
    if (name.front() == '.') {
      notable.git = notable.git || name == ".git";
      notable.gitignore = notable.gitignore || name == ".gitignore";
      notable.sondeignore = notable.sondeignore || name == ".sondeignore";
    } else if (entry.type == DT_REG) {
      notable.environment = notable.environment || name == "pyvenv.cfg";
      notable.cache_tag = notable.cache_tag || name == "CACHEDIR.TAG";
      frame.has_manifest = frame.has_manifest || is_manifest_name(name);
    }
  }
  return notable;
}

// Folders that say themselves what they are: Python's virtual environments, and caches
// (https://bford.info/cachedir/), such as Cargo's target.
std::optional<LeftOut> Walker::whole_folder(const Frame& frame, const Notable& notable) const {
  constexpr std::string_view kSignature = "Signature: 8a477f597d28d172789f06886806bc55";
  constexpr std::size_t kMaxTagBytes = 65536;
  if (frame.asked_for ||
      rules_.may_include_below(std::string_view(path_).substr(0, path_.size() - 1))) {
    return std::nullopt;
  }
  if (notable.environment && !options_.include_vendored) {
    return LeftOut{SkipReason::Vendored, "a Python environment (pyvenv.cfg)"};
  }
  if (notable.cache_tag && !options_.include_generated) {
    const auto tag = read_file_at(frame.fd.get(), "CACHEDIR.TAG", Links::Refuse, kMaxTagBytes);
    if (tag && tag->starts_with(kSignature)) {
      return LeftOut{SkipReason::Generated, "a cache (CACHEDIR.TAG)"};
    }
  }
  return std::nullopt;
}

void Walker::push_rules_file(int fd, const char* name, const std::string& origin,
                             bool self_ignored) {
  const auto text = read_file_at(fd, name, Links::Refuse, kMaxRulesFileBytes);
  if (!text) {
    return;
  }
  auto list = RuleList::parse(*text, origin, rules_.letter_case());
  if (!list->empty() && !(self_ignored && list->ignores_everything())) {
    rules_.push_git(std::move(list), path_.size());
  }
}

void Walker::read_rules(Frame& frame, const Notable& notable) {
  const int fd = frame.fd.get();
  if (notable.git) {
    if (auto repository = GitRepository::open(fd, environment_)) {
      rules_.push_repository(std::move(repository), path_.size());
      frame.is_top = true;
    }
  }
  const std::string here = path_.substr(root_at_);
  // Git reads no rules inside a folder that it ignores.
  if (notable.gitignore && !(frame.inherited && frame.inherited->by_git)) {
    push_rules_file(fd, ".gitignore", here + ".gitignore", frame.asked_for);
  }
  if (notable.sondeignore) {
    const auto text = read_file_at(fd, ".sondeignore", Links::Refuse, kMaxRulesFileBytes);
    auto list = RuleList::parse(text.value_or(""), here + ".sondeignore", rules_.letter_case());
    if (!list->empty()) {
      rules_.push_sonde(std::move(list), path_.size());
    }
  }
}

Status Walker::judge_all(Frame& frame) {
  frame.items.reserve(frame.raw.entries.size());
  std::uint32_t until_check = kEntriesBetweenChecks;
  for (const RawEntry& raw : frame.raw.entries) {
    if (--until_check == 0) {
      TRY(cancel_.check());
      until_check = kEntriesBetweenChecks;
    }
    Item item;
    item.name = raw.name;
    item.length = raw.length;
    item.folder = raw.type == DT_DIR;
    judge(frame, raw, item);
    if (item.length == 0) {
      continue;  // gone
    }
    frame.folders_left += item.action == Action::Enter ? 1 : 0;
    frame.items.push_back(item);
  }
  path_.resize(frame.path_length);
  // Folders sort as if a slash stood behind them: then the paths below come out sorted, too.
  const std::string& names = frame.raw.names;
  std::sort(frame.items.begin(), frame.items.end(), [&names](const Item& a, const Item& b) {
    const std::size_t common = std::min(a.length, b.length);
    const int order = std::memcmp(names.data() + a.name, names.data() + b.name, common);
    if (order != 0) {
      return order < 0;
    }
    const auto after = [&](const Item& item) {
      return common < item.length ? static_cast<unsigned char>(names[item.name + common])
                                  : static_cast<unsigned char>(item.folder ? '/' : '\0');
    };
    return after(a) < after(b);
  });
  return {};
}

void Walker::leave_out(Frame& frame, Item& item, LeftOut reason) const {
  item.left_out = static_cast<std::int32_t>(frame.left_out.size());
  frame.left_out.push_back(std::move(reason));
}

void Walker::judge(Frame& frame, const RawEntry& raw, Item& item) {
  const std::string_view name(frame.raw.name(raw), raw.length);
  path_.resize(frame.path_length);
  path_ += name;
  item.action = Action::Skip;
  if (auto reason = fixed_reason(name, raw)) {
    leave_out(frame, item, *std::move(reason));
    return;
  }
  const RuleStack::Question question{path_, frame.path_length,
                                     item.folder ? EntryKind::Folder : EntryKind::File};
  const Decision sonde = rules_.by_sonde(question);
  if (sonde.verdict == Verdict::Ignore) {
    leave_out(frame, item, {SkipReason::Ignored, sonde.describe()});
    return;
  }
  item.asked_for = sonde.verdict == Verdict::Include;
  if (auto reason = item.asked_for ? std::nullopt : usual_reason(frame, name, question)) {
    if (item.folder && may_enter(*reason, path_)) {
      item.action = Action::Enter;
    }
    leave_out(frame, item, *std::move(reason));
    return;
  }
  if (item.folder) {
    item.action = Action::Enter;
    return;
  }
  judge_file(frame, raw, item);
}

std::string_view Walker::parent_name(const Frame& frame) const {
  if (frame.path_length == 0) {
    return {};
  }
  const std::string_view folder = std::string_view(path_).substr(0, frame.path_length - 1);
  const std::size_t slash = folder.rfind('/');
  return slash == std::string_view::npos ? folder : folder.substr(slash + 1);
}

std::optional<LeftOut> Walker::fixed_reason(std::string_view name, const RawEntry& raw) const {
  if (name == ".git" || (name == ".sonde" && raw.type == DT_DIR)) {
    return LeftOut{SkipReason::Nested, name == ".git" ? "git's own data" : "a library of Sonde"};
  }
  if (raw.type == DT_DIR) {
    const std::string_view rule = secret_folder_rule(name);
    return rule.empty() ? std::nullopt
                        : std::optional(LeftOut{SkipReason::Secret, std::string(rule)});
  }
  std::string_view parent(path_);
  parent.remove_suffix(std::min(parent.size(), name.size() + 1));
  parent = parent.substr(parent.rfind('/') + 1);
  const std::string_view rule = secret_file_rule(name, parent);
  return rule.empty() ? std::nullopt
                      : std::optional(LeftOut{SkipReason::Secret, std::string(rule)});
}

std::optional<LeftOut> Walker::usual_reason(const Frame& frame, std::string_view name,
                                            const RuleStack::Question& question) const {
  const bool folder = question.kind == EntryKind::Folder;
  if (name.front() == '.' && !options_.include_hidden) {
    return LeftOut{SkipReason::Hidden, ""};
  }
  if (folder && !options_.include_vendored && is_vendored(frame, name)) {
    return LeftOut{SkipReason::Vendored, std::string(name)};
  }
  if (frame.inherited) {
    if (!frame.inherited->by_git || !rules_.is_tracked(question.path)) {
      return frame.inherited;
    }
  } else {
    const Decision git = rules_.by_git(question);
    if (git.verdict == Verdict::Ignore && !rules_.is_tracked(question.path)) {
      return LeftOut{SkipReason::Ignored, git.describe(), true};
    }
  }
  if (!folder && !options_.include_generated && is_generated_name(name)) {
    return LeftOut{SkipReason::Generated, std::string(name)};
  }
  return std::nullopt;
}

bool Walker::is_vendored(const Frame& frame, std::string_view name) const {
  if (is_vendored_folder(name)) {
    return true;
  }
  if (!may_be_vendored_name(name)) {
    return false;
  }
  const auto holds = [&](const char* marker) {
    struct stat status {};
    return ::fstatat(frame.fd.get(), marker, &status, AT_SYMLINK_NOFOLLOW) == 0;
  };
  return frame.is_top || frame.has_manifest || is_asset_folder(parent_name(frame)) ||
         holds("vendor/modules.txt") || holds("vendor/autoload.php") || holds("vendor/bundle");
}

bool Walker::may_enter(const LeftOut& left_out, std::string_view path) const {
  return (left_out.by_git && rules_.has_tracked_below(path)) || rules_.may_include_below(path);
}

void Walker::judge_file(Frame& frame, const RawEntry& raw, Item& item) {
  const char* name = frame.raw.name(raw);
  if (raw.type == DT_LNK) {
    leave_out(frame, item, describe_link(frame.fd.get(), name));
    return;
  }
  if (raw.type == DT_REG && is_binary_name({name, raw.length})) {
    leave_out(frame, item, {SkipReason::Binary, "by its name"});
    return;
  }
  struct stat status {};
  if (raw.type == DT_REG && ::fstatat(frame.fd.get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) {
      item.length = 0;
      return;
    }
    leave_out(frame, item, {SkipReason::Unreadable, system_message(errno)});
    return;
  }
  if (raw.type != DT_REG || !S_ISREG(status.st_mode)) {
    leave_out(frame, item, {SkipReason::Special, "a socket, pipe or device"});
    return;
  }
  item.size_bytes = static_cast<std::uint64_t>(status.st_size);
  if (item.size_bytes > options_.size_cap_bytes) {
    leave_out(frame, item,
              {SkipReason::TooLarge, std::to_string(item.size_bytes) + " bytes, the limit is " +
                                         std::to_string(options_.size_cap_bytes)});
    return;
  }
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  item.mtime_ns = status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec;
  item.inode = status.st_ino;
  item.action = Action::List;
}

LeftOut Walker::describe_link(int fd, const char* name) const {
  const io::UniqueFd target(::openat(fd, name, O_PATH | O_CLOEXEC));
  if (!target.valid()) {
    return {SkipReason::Symlink, errno == ENOENT  ? "the link is broken"
                                 : errno == ELOOP ? "the link leads to itself"
                                                  : system_message(errno)};
  }
  const std::string real = path_of(target);
  const bool inside = real == real_root_ || real_root_ == "/" ||
                      (real.starts_with(real_root_) && real[real_root_.size()] == '/');
  return {SkipReason::Symlink,
          inside ? "the target is read in its own place" : "the link leads out of the folder"};
}

}  // namespace

std::string_view reason_name(SkipReason reason) {
  switch (reason) {
    case SkipReason::Ignored: return "ignored";
    case SkipReason::Hidden: return "hidden";
    case SkipReason::Secret: return "secret";
    case SkipReason::Binary: return "binary";
    case SkipReason::Generated: return "generated";
    case SkipReason::Vendored: return "vendored";
    case SkipReason::TooLarge: return "too large";
    case SkipReason::Symlink: return "symbolic link";
    case SkipReason::Special: return "special file";
    case SkipReason::Unreadable: return "unreadable";
    case SkipReason::LfsPointer: return "LFS pointer";
    case SkipReason::Forgotten: return "forgotten";
    case SkipReason::Nested: return "nested";
  }
  return "unknown";
}

Result<WalkResult> walk_with(const std::string& root, const WalkOptions& options,
                             const CancelToken& cancel, const GitEnvironment& environment) {
  return Walker(options, cancel, environment).run(root);
}

Result<WalkResult> walk(const std::string& root, const WalkOptions& options,
                        const CancelToken& cancel) {
  return walk_with(root, options, cancel, GitEnvironment::from_process());
}

}  // namespace sonde::tree
