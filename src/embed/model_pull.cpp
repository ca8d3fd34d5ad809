#include "embed/model_pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "embed/model_files.h"

namespace sonde::embed {

namespace {

constexpr int kRedirects = 5;
constexpr std::chrono::milliseconds kLongestBackoff{30'000};
constexpr std::chrono::milliseconds kSleepStep{50};
constexpr std::size_t kHashBytes = 4U << 20;
constexpr std::uint64_t kErrorTextLimit = 64 * 1024;
constexpr const char* kDefaultOwner = "sentence-transformers";

/// A file as the hub describes it.
struct Remote {
  const ModelFile* file = nullptr;
  std::string url;
  std::string key;     // names its content, as far as the hub tells
  std::string sha256;  // empty: not told
  std::optional<std::uint64_t> size_bytes;
};

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::string header(const io::HttpResponse& response, const char* name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? std::string() : found->second;
}

/// An entity tag without its quotes and the mark of a weak one.
std::string bare_etag(std::string tag) {
  if (tag.starts_with("W/")) {
    tag.erase(0, 2);
  }
  std::erase(tag, '"');
  return tag;
}

bool is_hex(const std::string& text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool worth_another_try(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

Status sleep_for(std::chrono::milliseconds time, const CancelToken& cancel) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    TRY(cancel.check());
    std::this_thread::sleep_for(std::min(time, kSleepStep));
  }
  return cancel.check();
}

/// Attempts in a row that gained nothing, and the waits between them.
class Patience {
 public:
  explicit Patience(const PullOptions& options) : options_(options) {}
  void gained() { failures_ = 0; }
  /// Waits before the next attempt. Errors: `reason` when there is to be none; Cancelled.
  Status after(const Error& reason, const CancelToken& cancel) {
    if (++failures_ >= options_.attempts) {
      return reason;
    }
    const auto wait = options_.backoff * (1LL << std::min(failures_ - 1, 10));
    return sleep_for(std::min<std::chrono::milliseconds>(wait, kLongestBackoff), cancel);
  }

 private:
  const PullOptions& options_;
  int failures_ = 0;
};

class Pull {
 public:
  Pull(ModelStore& store, io::HttpClient& http, const PullOptions& options, const PullSink& sink,
       const CancelToken& cancel)
      : store_(store),
        fs_(store.file_system()),
        http_(http),
        options_(options),
        sink_(sink),
        cancel_(cancel) {}

  Result<AddedModel> run() {
    TRY(read_names());
    TRY_ASSIGN(const io::Lease held, store_.lock());
    folder_ = io::join_path(store_.folder(), fmt::format(".pull-{}--{}", owner_, name_));
    if (const Status made = fs_.make_directory(folder_); !made.ok() && !fs_.list(folder_).ok()) {
      return made.error();
    }
    TRY(look_up_all());
    const std::string kept_as = options_.name.empty() ? name_ : options_.name;
    const std::string source = fmt::format("{}/{}/{}{}{}", endpoint_, owner_, name_,
                                           revision_.empty() ? "" : "@", revision_);
    if (auto present = store_.find(kept_as);
        present.ok() && present->source == source && !revision_.empty()) {
      static_cast<void>(remove_tree(fs_, folder_));
      return AddedModel{std::move(present).value(), true};
    }
    for (const Remote& remote : remotes_) {
      TRY(download(remote));
    }
    TRY(assemble());
    auto added = store_.install(held, folder_, kept_as, source, cancel_);
    // Whatever is wrong with what was downloaded is wrong with it tomorrow too.
    if (!added.ok() ? added.error().code != Code::Cancelled : added->was_there) {
      static_cast<void>(remove_tree(fs_, folder_));
    }
    return added;
  }

 private:
  Status read_names() {
    const std::size_t slash = options_.repository.find('/');
    owner_ = slash == std::string::npos ? kDefaultOwner : options_.repository.substr(0, slash);
    name_ =
        slash == std::string::npos ? options_.repository : options_.repository.substr(slash + 1);
    const Status good =
        check_model_name(owner_).ok() ? check_model_name(name_) : check_model_name(owner_);
    if (!good.ok()) {
      return Error{Code::InvalidArgument,
                   fmt::format("'{}' names no model on a hub: OWNER/NAME does, or NAME alone for "
                               "{}/NAME",
                               options_.repository, kDefaultOwner)};
    }
    TRY(options_.name.empty() ? Status() : check_model_name(options_.name));
    endpoint_ = options_.endpoint.empty() ? kHubEndpoint : options_.endpoint;
    while (!endpoint_.empty() && endpoint_.back() == '/') {
      endpoint_.pop_back();
    }
    const auto parts = io::url_parts(endpoint_);
    if (!parts.ok()) {
      return parts.error().with_context("HF_ENDPOINT");
    }
    if (!parts->secure && !parts->loopback) {
      return Error{Code::InvalidArgument,
                   fmt::format("HF_ENDPOINT: {} has to begin with https://; http is for this "
                               "machine alone",
                               endpoint_)};
    }
    return {};
  }

  [[nodiscard]] std::string url_of(std::string_view file) const {
    return fmt::format("{}/{}/{}/resolve/{}/{}", endpoint_, owner_, name_,
                       revision_.empty() ? "main" : revision_, file);
  }

  [[nodiscard]] Error no_network(const Error& error) const {
    return Error{error.code,
                 fmt::format("{}; what has come is kept, and the same command goes on from there. "
                             "Without the network, bring the model's folder (or a wheel, zip or "
                             "tar of it) and use `sonde model add PATH`",
                             error.message)};
  }

  io::HttpRequest request_for(const std::string& url, io::HttpMethod method) const {
    io::HttpRequest request;
    request.url = url;
    request.method = method;
    request.redirects = kRedirects;
    request.connect = options_.connect;
    request.stall = options_.stall;
    request.limit_bytes = kErrorTextLimit;
    return request;
  }

  /// The answer to a HEAD request, after as many attempts as it takes.
  Result<io::HttpResponse> head(const std::string& url) {
    for (Patience patience(options_);;) {
      auto response = head_once(url);
      if (response.ok() && !worth_another_try(response->status)) {
        return response;
      }
      const Error error = response.ok() ? unwanted(url, response->status) : response.error();
      if (error.code != Code::Io) {
        return error;
      }
      if (const Status again = patience.after(error, cancel_); !again.ok()) {
        return again.error().code == Code::Io ? no_network(again.error()) : again.error();
      }
    }
  }

  /// Follows redirects within the hub (a model that was renamed) but not from it to where the bytes
  /// are: the hub has told all by then, and addresses that are signed for GET refuse HEAD.
  Result<io::HttpResponse> head_once(std::string url) {
    for (int redirects = 0; redirects <= kRedirects; ++redirects) {
      io::HttpRequest request = request_for(url, io::HttpMethod::Head);
      request.redirects = 0;
      TRY_ASSIGN(io::HttpResponse response, http_.perform(request, cancel_));
      if (response.status < 300 || response.status > 399) {
        return response;
      }
      if (!header(response, "x-linked-size").empty()) {
        response.status = 200;
        return response;
      }
      const std::string location = header(response, "location");
      if (!location.starts_with('/') || location.starts_with("//")) {
        return http_.perform(request_for(url, io::HttpMethod::Head), cancel_);
      }
      url = url.substr(0, url.find('/', url.find("//") + 2)) + location;
    }
    return Error{Code::Unsupported, url + " leads from one address to the next"};
  }

  static Error unwanted(const std::string& url, int status) {
    return Error{Code::Io, fmt::format("{} answered with HTTP status {}", url, status)};
  }

  Status look_up_all() {
    for (const ModelFile& file : kModelFiles) {
      TRY(look_up(file));
    }
    const bool tokenizer = std::any_of(remotes_.begin(), remotes_.end(), [](const Remote& remote) {
      return remote.file->name == "tokenizer.json" || remote.file->name == "vocab.txt";
    });
    if (!tokenizer) {
      return Error{Code::Unsupported,
                   fmt::format("{}/{} has neither tokenizer.json nor vocab.txt", owner_, name_)};
    }
    for (const Remote& remote : remotes_) {
      total_ += remote.size_bytes.value_or(0);
    }
    return {};
  }

  Status look_up(const ModelFile& file) {
    Remote remote;
    remote.file = &file;
    remote.url = url_of(file.name);
    TRY_ASSIGN(const io::HttpResponse response, head(remote.url));
    if (response.status == 404 && !file.required) {
      return {};
    }
    // The hub hides models that are not there behind 401.
    if (response.status == 404 || response.status == 401 || response.status == 403) {
      return Error{Code::NotFound,
                   fmt::format("{} has no {} that everybody may read in {}/{} (HTTP status {})",
                               endpoint_, file.name, owner_, name_, response.status)};
    }
    if (response.status < 200 || response.status > 299) {
      return unwanted(remote.url, response.status);
    }
    if (const std::string commit = header(response, "x-repo-commit"); is_hex(commit, 40)) {
      revision_ = commit;  // the rest is asked of the same revision
      remote.url = url_of(file.name);
    }
    const std::string linked = bare_etag(header(response, "x-linked-etag"));
    remote.sha256 = is_hex(linked, 64) ? linked : std::string();
    remote.size_bytes = number(header(response, "x-linked-size"));
    if (!remote.size_bytes) {
      remote.size_bytes = number(header(response, "content-length"));
    }
    if (remote.size_bytes.value_or(0) > file.limit_bytes) {
      return Error{Code::Limit, fmt::format("{} has {} bytes, more than the limit of {}",
                                            remote.url, *remote.size_bytes, file.limit_bytes)};
    }
    const std::string tag = linked.empty() ? bare_etag(header(response, "etag")) : linked;
    remote.key =
        content_hash(fmt::format("{}\n{}\n{}", tag, revision_, remote.size_bytes.value_or(0)))
            .hex()
            .substr(0, 16);
    remotes_.push_back(std::move(remote));
    return {};
  }

  [[nodiscard]] std::string part_path(const Remote& remote) const {
    std::string flat(remote.file->name);
    std::replace(flat.begin(), flat.end(), '/', '+');
    return io::join_path(folder_, fmt::format("{}.{}.part", flat, remote.key));
  }

  void tell(const Remote& remote, std::uint64_t have) const {
    if (sink_) {
      sink_({std::string(remote.file->name), done_ + have, std::max(total_, done_ + have)});
    }
  }

  Status download(const Remote& remote) {
    TRY_ASSIGN(const auto part, fs_.open_random(part_path(remote), io::OpenMode::CreateIfMissing));
    TRY_ASSIGN(std::uint64_t have, part->size());
    if (!remote.size_bytes || have > *remote.size_bytes) {
      have = 0;  // nobody can say whether what is there is a beginning
      TRY(part->truncate(0));
    }
    Patience patience(options_);
    bool ended = remote.size_bytes == have;
    while (!ended) {
      tell(remote, have);
      const std::uint64_t before = have;
      const Status got = fetch(remote, *part, have);
      ended = got.ok() && (!remote.size_bytes || have >= *remote.size_bytes);
      if (have > before) {
        patience.gained();
      }
      if (!ended) {
        const Error error =
            got.ok() ? Error{Code::Io, remote.url + ": it ended early"} : got.error();
        if (error.code != Code::Io || disk_failed_) {
          return error;
        }
        if (const Status again = patience.after(error, cancel_); !again.ok()) {
          return again.error().code == Code::Io ? no_network(again.error()) : again.error();
        }
      }
    }
    TRY(part->sync());
    tell(remote, have);
    done_ += have;
    return verify(remote, *part, have);
  }

  /// One GET for what is missing. `have` rises with what is written.
  Status fetch(const Remote& remote, io::RandomFile& part, std::uint64_t& have) {
    io::HttpRequest request = request_for(remote.url, io::HttpMethod::Get);
    const std::uint64_t asked_from = have;
    if (asked_from > 0) {
      request.headers.push_back(fmt::format("Range: bytes={}-", asked_from));
    }
    bool begun = false;
    request.sink = [&](const io::HttpResponse& so_far, std::string_view bytes) -> Status {
      if (!begun) {
        begun = true;
        TRY(begin(remote, so_far, asked_from, part, have));
      }
      if (bytes.size() > remote.size_bytes.value_or(remote.file->limit_bytes) - have) {
        return Error{Code::Limit, remote.url + " sends more than it announced"};
      }
      if (Status written = part.write_at(have, bytes); !written.ok()) {
        disk_failed_ = true;
        return written;
      }
      have += bytes.size();
      tell(remote, have);
      return {};
    };
    const auto response = http_.perform(request, cancel_);
    if (!response.ok()) {
      return response.error();
    }
    if (response->status == 416) {
      have = 0;
      return part.truncate(0);
    }
    if (response->status < 200 || response->status > 299) {
      const Error error = unwanted(remote.url, response->status);
      return worth_another_try(response->status) ? error : Error{Code::NotFound, error.message};
    }
    return {};
  }

  /// Looks at the head of an answer: does it go on where we asked?
  static Status begin(const Remote& remote, const io::HttpResponse& head, std::uint64_t asked_from,
                      io::RandomFile& part, std::uint64_t& have) {
    if (head.status == 206 && asked_from > 0) {
      if (!header(head, "content-range").starts_with(fmt::format("bytes {}-", asked_from))) {
        return Error{Code::Unsupported, remote.url + " answers with another part than was asked"};
      }
      return {};
    }
    have = 0;  // a server that knows no ranges sends it all again
    return part.truncate(0);
  }

  Status verify(const Remote& remote, io::RandomFile& part, std::uint64_t size) {
    if (remote.sha256.empty()) {
      return {};
    }
    Sha256 hash;
    std::string piece(kHashBytes, '\0');
    for (std::uint64_t at = 0; at < size;) {
      TRY(cancel_.check());
      TRY_ASSIGN(const std::size_t got, part.read_at(at, piece.data(), piece.size()));
      hash.update(std::string_view(piece).substr(0, got));
      at += std::max<std::size_t>(got, 1);
    }
    const std::string actual = hash.finish();
    if (actual == remote.sha256) {
      return {};
    }
    static_cast<void>(fs_.remove_file(part_path(remote)));
    return Error{Code::Corruption,
                 fmt::format("{} came damaged: its sha256 is {}, the hub says {}; it was thrown "
                             "away, and the same command tries again",
                             remote.file->name, actual, remote.sha256)};
  }

  /// Gives every file its name, and removes what is left of other revisions.
  Status assemble() {
    for (const Remote& remote : remotes_) {
      const std::string target = io::join_path(folder_, remote.file->name);
      const std::string parent = io::parent_path(target);
      if (parent != folder_ && !fs_.list(parent).ok()) {
        TRY(fs_.make_directory(parent));
      }
      TRY(fs_.rename(part_path(remote), target));
    }
    TRY_ASSIGN(const auto entries, fs_.list(folder_));
    for (const io::DirectoryEntry& entry : entries) {
      if (entry.type == io::FileType::Regular && find_model_file(entry.name) == nullptr) {
        TRY(fs_.remove_file(io::join_path(folder_, entry.name)));
      }
    }
    return {};
  }

  ModelStore& store_;
  io::FileSystem& fs_;
  io::HttpClient& http_;
  const PullOptions& options_;
  const PullSink& sink_;
  const CancelToken& cancel_;
  std::string endpoint_;
  std::string owner_;
  std::string name_;
  std::string revision_;  // the hub's commit, once it told
  std::string folder_;
  std::vector<Remote> remotes_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  bool disk_failed_ = false;  // no reason to ask the server again
};

}  // namespace

Result<AddedModel> pull_model(ModelStore& store, io::HttpClient& http, const PullOptions& options,
                              const PullSink& sink, const CancelToken& cancel) {
  return Pull(store, http, options, sink, cancel).run();
}

}  // namespace sonde::embed
