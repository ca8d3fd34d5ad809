#include "selftest/damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "selftest/model_disk.h"
#include "selftest/small_tree.h"

namespace sonde::selftest {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kFileLimitBytes = 64 << 20;
constexpr unsigned kSearchers = 4;
constexpr int kSearchRounds = 3;
constexpr int kModel = 1;

/// What came of a question: the answer's places, scores and texts, or the error.
struct Reply {
  std::string text;
  bool complete = true;
  bool failed = false;
};

Reply reply_to(const Error& error) {
  return {std::string(code_name(error.code)) + ": " + error.message, false, true};
}

Reply reply_of(Result<library::SearchAnswer> answer) {
  if (!answer.ok()) {
    return reply_to(answer.error());
  }
  Reply reply;
  for (const library::SearchHit& hit : answer->results) {
    reply.text += fmt::format("{}:{}-{} {:.17g} {:.17g} {}\n", hit.path, hit.start_line,
                              hit.end_line, hit.score, hit.meaning, hit.text);
  }
  reply.complete = answer->index.complete;
  return reply;
}

Reply reply_of(Result<library::SymbolAnswer> answer) {
  if (!answer.ok()) {
    return reply_to(answer.error());
  }
  Reply reply;
  for (const library::CodePlace& place : answer->places) {
    reply.text += fmt::format("{}:{} {} {}\n", place.path, place.line, place.symbol, place.text);
  }
  reply.complete = answer->index.complete;
  return reply;
}

/// What is asked: by words for all and for one, by meaning, and of the code.
class Questions {
 public:
  static constexpr std::size_t kCount = 4;

  Questions(std::string marker, std::string symbol)
      : marker_(std::move(marker)), symbol_(std::move(symbol)) {}

  [[nodiscard]] Reply ask(library::Library& library, std::size_t question) const {
    library::SearchRequest request;
    request.limit = 1'000;
    request.by_chunk = true;
    switch (question) {
      case 0: request.query = kCommonWord; break;
      case 1: request.query = '"' + marker_ + '"'; break;
      case 2:
        request.query = kCommonWord;
        request.mode = library::SearchMode::Meaning;
        return reply_of(library.search(request, {}));
      default: {
        library::SymbolRequest symbol;
        symbol.symbol = symbol_;
        return reply_of(library.definition(symbol, {}));
      }
    }
    request.mode = library::SearchMode::Words;
    return reply_of(library.search(request, {}));
  }

 private:
  std::string marker_;
  std::string symbol_;
};

/// The name of the first function of a text; empty where there is none.
std::string function_in(const std::string& content) {
  const std::string lines = '\n' + content;
  for (const std::string_view before : {"\ndef ", "\nfunc ", "\nint "}) {
    const std::size_t at = lines.find(before);
    const std::size_t end = at == std::string::npos ? at : lines.find('(', at);
    if (end != std::string::npos) {
      return lines.substr(at + before.size(), end - at - before.size());
    }
  }
  return {};
}

/// A file of the library on the model's disk.
struct OnDisk {
  std::string path;
  std::string bytes;
};

Status list_files(io::FileSystem& fs, const std::string& folder, std::vector<OnDisk>& files) {
  TRY_ASSIGN(const auto entries, fs.list(folder));
  for (const io::DirectoryEntry& entry : entries) {
    const std::string path = io::join_path(folder, entry.name);
    if (entry.type == io::FileType::Directory) {
      TRY(list_files(fs, path, files));
    } else {
      TRY_ASSIGN(std::string bytes, io::read_file(fs, path, kFileLimitBytes));
      files.push_back({path, std::move(bytes)});
    }
  }
  return {};
}

/// One random damage after another.
class Vandal {
 public:
  Vandal(std::uint64_t seed, const std::vector<OnDisk>& older) : random_(seed), older_(older) {}

  /// @return what was done, for people. Errors: those of the disk.
  Result<std::string> damage(io::FileSystem& fs, Tally& tally) {
    std::vector<OnDisk> files;
    TRY(list_files(fs, kOnDisk, files));
    if (files.empty()) {
      return std::string("nothing is left");
    }
    const OnDisk& file = files[below(files.size())];
    const std::string name = file.path.substr(std::string(kOnDisk).size() + 1);
    switch (below(6)) {
      case 0: tally.add("a bit flipped"); return flip(fs, file, name);
      case 1: tally.add("a page zeroed"); return zero(fs, file, name);
      case 2: tally.add("a file cut"); return cut(fs, file, name);
      case 3: tally.add("two files swapped"); return swap(fs, file, files[below(files.size())]);
      case 4: tally.add("a file replaced by an older one"); return replace(fs, file, name);
      default:
        tally.add("a file deleted");
        TRY(fs.remove_file(file.path));
        return "deleted " + name;
    }
  }

  std::uint64_t below(std::uint64_t limit) { return random_() % std::max<std::uint64_t>(limit, 1); }

 private:
  static Status write(io::FileSystem& fs, const std::string& path, std::uint64_t offset,
                      std::string_view bytes) {
    TRY_ASSIGN(const auto file, fs.open_random(path, io::OpenMode::Existing, 0600));
    return file->write_at(offset, bytes);
  }

  Result<std::string> flip(io::FileSystem& fs, const OnDisk& file, const std::string& name) {
    if (file.bytes.empty()) {
      return std::string("nothing: an empty file");
    }
    const std::uint64_t at = below(file.bytes.size());
    const auto bit = static_cast<unsigned>(below(8));
    const char byte = static_cast<char>(static_cast<unsigned char>(file.bytes[at]) ^ (1U << bit));
    TRY(write(fs, file.path, at, {&byte, 1}));
    return fmt::format("flipped bit {} of byte {} of {}", bit, at, name);
  }

  Result<std::string> zero(io::FileSystem& fs, const OnDisk& file, const std::string& name) {
    const std::uint64_t page = below(file.bytes.size() / kPageBytes + 1);
    const std::uint64_t start = page * kPageBytes;
    const std::uint64_t length = std::min<std::uint64_t>(
        kPageBytes, file.bytes.size() - std::min<std::uint64_t>(start, file.bytes.size()));
    TRY(write(fs, file.path, start, std::string(length, '\0')));
    return fmt::format("zeroed page {} of {}", page, name);
  }

  Result<std::string> cut(io::FileSystem& fs, const OnDisk& file, const std::string& name) {
    const std::uint64_t size = below(file.bytes.size() + 1);
    TRY_ASSIGN(const auto open, fs.open_random(file.path, io::OpenMode::Existing, 0600));
    TRY(open->truncate(size));
    return fmt::format("cut {} to {} bytes", name, size);
  }

  static Result<std::string> swap(io::FileSystem& fs, const OnDisk& one, const OnDisk& other) {
    const std::string aside = std::string(kOnDisk) + "/aside";
    TRY(fs.rename(one.path, aside));
    if (one.path != other.path) {
      TRY(fs.rename(other.path, one.path));
    }
    TRY(fs.rename(aside, other.path));
    return fmt::format("swapped {} and {}", one.path, other.path);
  }

  Result<std::string> replace(io::FileSystem& fs, const OnDisk& file, const std::string& name) {
    const std::string ending = name.substr(std::min(name.rfind('.'), name.size()));
    std::vector<const OnDisk*> same;
    for (const OnDisk& old : older_) {
      if (old.path.ends_with(ending)) {
        same.push_back(&old);
      }
    }
    if (same.empty()) {
      return std::string("nothing: no older ") + name;
    }
    const OnDisk& old = *same[below(same.size())];
    TRY(io::replace_file(fs, file.path, old.bytes));
    return fmt::format("replaced {} by an older {} of {} bytes", name, old.path, old.bytes.size());
  }

  std::mt19937_64 random_;
  const std::vector<OnDisk>& older_;
};

class DamageTrial {
 public:
  explicit DamageTrial(const DamageOptions& options)
      : options_(options), tree_(io::join_path(options.scratch, "tree"), options.seed) {
    ground_.root = tree_.root();
    ground_.worker_program = options.worker_program;
  }

  Result<Tally> run() {
    for (unsigned child = 0; child < options_.children; ++child) {
      TRY(io::real_file_system().make_directory(directory(child)));
    }
    ground_.directory = directory(0);
    TRY_ASSIGN(disk_, empty_disk());
    TRY(make_library());
    TRY(learn());
    return in_children(options_.children, options_.scratch,
                       [&](unsigned child) { return try_some(child); });
  }

 private:
  [[nodiscard]] std::string directory(unsigned child) const {
    return io::join_path(options_.scratch, fmt::format("library-{}", child));
  }

  /// A merged segment, a file of vectors, two small changes on top, and older files of each kind.
  Status make_library() {
    TRY(tree_.add(10));
    TRY(create());
    for (int round = 0; round < 2; ++round) {
      TRY(tree_.edit(4));
      TRY(index(true));
      TRY(tree_.edit(2));
      TRY(index(false));
      TRY(on_disk(write_vector_file));
      TRY(remember_older());
    }
    TRY(tree_.edit(2));
    TRY(index(false));
    TRY(tree_.edit(1));
    TRY(tree_.remove(1));
    return index(false);
  }

  template <typename Work>
  Status on_disk(const Work& work) {
    TRY_ASSIGN(const auto disk, ModelDisk::create(disk_, ground_, no_tape));
    TRY(work(options_for(disk->ground(), kModel)));
    disk_ = disk->disk().disk().crash({io::Survival::Kind::All, 0});
    return {};
  }

  Status create() {
    return on_disk([&](const library::LibraryOptions& options) -> Status {
      TRY(library::Library::create(options));
      return {};
    });
  }

  Status index(bool compact) {
    return on_disk([&](const library::LibraryOptions& options) -> Status {
      TRY_ASSIGN(const auto library, library::Library::open(options));
      library::IndexRequest request;
      request.compact = compact;
      TRY(library->index(request, {}, {}));
      return {};
    });
  }

  Status remember_older() {
    io::FaultFileSystem fs(disk_);
    return list_files(fs, kOnDisk, older_);
  }

  /// The right answers, and that the library has a file of each kind.
  Status learn() {
    io::FaultFileSystem fs(disk_);
    std::vector<OnDisk> files;
    TRY(list_files(fs, kOnDisk, files));
    for (const char* ending : {".db", ".seg", ".vec"}) {
      if (std::none_of(files.begin(), files.end(),
                       [&](const OnDisk& file) { return file.path.ends_with(ending); })) {
        return Error{Code::Internal, std::string("the library has no file *") + ending};
      }
    }
    for (const auto& [path, versions] : tree_.expected().paths()) {
      const std::string* content =
          versions.back() ? tree_.expected().content(*versions.back()) : nullptr;
      if (content == nullptr) {
        continue;
      }
      const std::set<std::string> markers = markers_of(*content);
      const std::string function = function_in(*content);
      if (!markers.empty() && !function.empty()) {
        questions_ = Questions(*markers.begin(), function);
      }
    }
    TRY_ASSIGN(const auto disk, ModelDisk::create(disk_, ground_, no_tape));
    TRY_ASSIGN(const auto library, library::Library::open(options_for(disk->ground(), kModel)));
    for (std::size_t question = 0; question < Questions::kCount; ++question) {
      right_[question] = questions_.ask(*library, question);
      if (right_[question].failed || !right_[question].complete || right_[question].text.empty()) {
        return Error{Code::Internal,
                     fmt::format("undisturbed, question {}: {}", question, right_[question].text)};
      }
    }
    return {};
  }

  Tally try_some(unsigned child) {
    Tally tally;
    Ground ground = ground_;
    ground.directory = directory(child);
    for (std::uint64_t i = child; i < options_.damages; i += options_.children) {
      if (Clock::now() >= options_.end) {
        break;
      }
      tell_doing(options_.scratch, child, fmt::format("seed {}, damage {}", options_.seed, i));
      const auto tried = try_one(i, ground, tally);
      if (!tried.ok()) {
        tally.break_promise(
            fmt::format("seed {}, damage {}: {}", options_.seed, i, tried.error().message));
      }
    }
    return tally;
  }

  /// @return an error when the trial itself went wrong
  Status try_one(std::uint64_t number, const Ground& ground, Tally& tally) {
    Vandal vandal(options_.seed * 1'000'000'007 + number, older_);
    TRY_ASSIGN(const auto disk, ModelDisk::create(disk_, ground, no_tape));
    const library::LibraryOptions options = options_for(disk->ground(), kModel);
    Verdict verdict;
    std::string what;
    if (number % options_.searched_every == 0) {
      tally.add("damages while searched");
      TRY_ASSIGN(what, search_and_damage(options, disk->disk(), vandal, verdict, tally));
    } else {
      const std::uint64_t times = vandal.below(5) == 0 ? 2 : 1;
      for (std::uint64_t i = 0; i < times; ++i) {
        TRY_ASSIGN(const std::string done, vandal.damage(disk->disk(), tally));
        what += (what.empty() ? "" : ", ") + done;
      }
    }
    tally.add("damages");
    ask_all(options, verdict);
    if (verdict.needs_repair()) {
      tally.add(verdict.errors.empty() ? "said to be incomplete" : "named errors");
      repair(options, verdict);
    } else if (verdict.wrong.empty()) {
      tally.add("right at once");
    }
    for (const std::string& wrong : verdict.wrong) {
      tally.add("wrong answers");
      tally.break_promise(
          fmt::format("seed {}, damage {} ({}): {}", options_.seed, number, what, wrong));
    }
    return {};
  }

  struct Verdict {
    std::vector<std::string> wrong;
    std::vector<std::string> errors;
    bool incomplete = false;
    [[nodiscard]] bool needs_repair() const { return incomplete || !errors.empty(); }
  };

  void judge(std::size_t question, const Reply& reply, Verdict& verdict) const {
    if (reply.failed) {
      verdict.errors.push_back(reply.text);
    } else if (reply.text != right_[question].text) {
      if (reply.complete) {
        verdict.wrong.push_back(fmt::format("question {} has {} bytes of answer, {} are right",
                                            question, reply.text.size(),
                                            right_[question].text.size()));
      }
      verdict.incomplete = true;
    }
  }

  void ask_all(const library::LibraryOptions& options, Verdict& verdict) const {
    const auto library = library::Library::open(options);
    if (!library.ok()) {
      verdict.errors.push_back(library.error().message);
      return;
    }
    for (std::size_t question = 0; question < Questions::kCount; ++question) {
      judge(question, questions_.ask(**library, question), verdict);
    }
  }

  Result<std::string> search_and_damage(const library::LibraryOptions& options, io::FileSystem& fs,
                                        Vandal& vandal, Verdict& verdict, Tally& tally) const {
    TRY_ASSIGN(const std::unique_ptr<library::Library> library, library::Library::open(options));
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (unsigned thread = 0; thread < kSearchers; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::size_t i = 0; i < kSearchRounds * Questions::kCount; ++i) {
          const std::size_t question = (i + thread) % Questions::kCount;
          const Reply reply = questions_.ask(*library, question);
          const std::lock_guard lock(mutex);
          judge(question, reply, verdict);
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(vandal.below(4'000)));
    auto what = vandal.damage(fs, tally);
    for (std::thread& thread : threads) {
      thread.join();
    }
    return what;
  }

  /// As a person would: `doctor --repair`, then `index`; where no library is any more, a new one.
  void repair(const library::LibraryOptions& options, Verdict& verdict) const {
    const auto mended = library::Library::doctor(options, true, {}, {});
    if (!mended.ok() && mended.error().code == Code::NotFound) {
      const auto made = library::Library::create(options);
      if (!made.ok()) {
        verdict.wrong.push_back("no library, and none can be made: " + made.error().message);
        return;
      }
    } else if (!mended.ok() || !mended->healthy) {
      verdict.wrong.push_back("doctor --repair: " +
                              (mended.ok() ? "still not healthy" : mended.error().message));
      return;
    }
    {
      const auto library = library::Library::open(options);
      if (!library.ok()) {
        verdict.wrong.push_back("after the repair: " + library.error().message);
        return;
      }
      if (const auto report = (*library)->index({}, {}, {}); !report.ok()) {
        verdict.wrong.push_back("index after the repair: " + report.error().message);
        return;
      }
    }
    Verdict after;
    ask_all(options, after);
    for (const std::string& error : after.errors) {
      verdict.wrong.push_back("after the repair: " + error);
    }
    for (const std::string& wrong : after.wrong) {
      verdict.wrong.push_back("after the repair: " + wrong);
    }
    if (after.incomplete && after.wrong.empty()) {
      verdict.wrong.emplace_back("after the repair an answer is not complete");
    }
  }

  const DamageOptions options_;
  SmallTree tree_;
  Ground ground_;
  io::DiskModel disk_;
  std::vector<OnDisk> older_;
  Questions questions_{"", ""};
  std::array<Reply, Questions::kCount> right_;
};

}  // namespace

Result<Tally> try_damages(const DamageOptions& options) { return DamageTrial(options).run(); }

}  // namespace sonde::selftest
