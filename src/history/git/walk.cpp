// Which commits a repository has. Our own walk: libgit2's ends with an error at the first parent
// that is not there, and those of shallow clones are not.

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "history/commit_job.h"
#include "history/git/objects.h"

namespace sonde::history {

namespace {

using git::find_commit;
using git::GitCommit;
using git::Objects;

/// How a commit was reached.
enum Mark : std::uint8_t { kFromHead = 1, kFromKnown = 2, kVisited = 4 };

struct IdHash {
  std::size_t operator()(const CommitId& id) const {
    std::size_t hash = 0;
    std::copy_n(id.bytes.begin(), sizeof hash, reinterpret_cast<std::uint8_t*>(&hash));
    return hash;
  }
};

struct Waiting {
  std::int64_t time = 0;  // of the committer's clock
  std::uint64_t order =
      0;  // in which they were met: among commits of one second children come first
  CommitId id;
  bool operator<(const Waiting& other) const {
    return time != other.time ? time < other.time : order > other.order;
  }
};

/// Newest first. Two colours, as in git: what `known` reaches is not told.
class Walk {
 public:
  Walk(const Objects& objects, const WalkJob& job) : objects_(objects), job_(job) {}

  Result<WalkAnswer> run() {
    if (job_.known && *job_.known != job_.head) {
      TRY_ASSIGN(WalkAnswer answer, walk(&*job_.known));
      if (answer.continues) {
        return answer;
      }
    }
    return walk(nullptr);
  }

 private:
  Result<WalkAnswer> walk(const CommitId* known) {
    marks_.clear();
    waiting_ = {};
    fresh_ = 0;
    WalkAnswer answer;
    if (!reach(job_.head, kFromHead)) {
      return Error{Code::NotFound, "the commit " + job_.head.hex() + " is not there"};
    }
    if (known != nullptr && !reach(*known, kFromKnown)) {
      return answer;  // thrown away since: it is no continuation
    }
    // What is left when none waits that only HEAD reaches is known.
    while (!waiting_.empty() && fresh_ > 0) {
      const CommitId id = waiting_.top().id;
      waiting_.pop();
      std::uint8_t& mark = marks_[id];
      const std::uint8_t colours = mark & (kFromHead | kFromKnown);
      mark |= kVisited;
      fresh_ -= colours == kFromHead ? 1 : 0;
      if (colours == kFromHead) {
        if (answer.commits.size() == job_.limit) {
          answer.limited = true;
          break;
        }
        answer.commits.push_back(id);
      }
      reach_parents(id, colours, answer);
    }
    const auto old = known == nullptr ? marks_.end() : marks_.find(*known);
    answer.continues = old != marks_.end() && (old->second & kFromHead) != 0;
    return answer;
  }

  void reach_parents(const CommitId& id, std::uint8_t colours, WalkAnswer& answer) {
    const GitCommit commit = lookup(id);
    const unsigned parents = commit ? git_commit_parentcount(commit.get()) : 0;
    for (unsigned i = 0; i < parents; ++i) {
      const CommitId parent = git::id_of(*git_commit_parent_id(commit.get(), i));
      answer.missing += reach(parent, colours) ? 0 : 1;
    }
  }

  /// Null when it is not there, or damaged.
  GitCommit lookup(const CommitId& id) const {
    auto found = find_commit(objects_, git::oid_of(id));
    return found.ok() ? std::move(found).value() : GitCommit();
  }

  /// False when it is not there.
  bool reach(const CommitId& id, std::uint8_t colours) {
    const auto [place, met_first] = marks_.try_emplace(id, std::uint8_t{0});
    const std::uint8_t before = place->second;
    place->second |= colours;
    if (met_first) {
      const GitCommit commit = lookup(id);
      if (!commit) {
        place->second |= kVisited;
        return false;
      }
      waiting_.push({git_commit_time(commit.get()), next_order_++, id});
      fresh_ += colours == kFromHead ? 1 : 0;
    } else if ((before & kVisited) == 0 && before == kFromHead && place->second != before) {
      --fresh_;  // it waits, and turned out to be known
    }
    return true;
  }

  const Objects& objects_;
  const WalkJob& job_;
  std::unordered_map<CommitId, std::uint8_t, IdHash> marks_;
  std::priority_queue<Waiting> waiting_;
  std::uint64_t fresh_ = 0;  // of those that wait: reached from HEAD alone
  std::uint64_t next_order_ = 0;
};

}  // namespace

Result<std::string> handle_walk_job(std::string_view payload) {
  TRY_ASSIGN(const WalkJob job, decode_walk_job(payload));
  TRY_ASSIGN(const Objects objects, git::open_objects(job.objects));
  TRY_ASSIGN(const WalkAnswer answer, Walk(objects, job).run());
  return encode_walk_answer(answer);
}

}  // namespace sonde::history
