#include "io/http.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>
#include <optional>
#include <utility>

namespace sonde::io {

namespace {

constexpr const char* kLibrary = "libcurl.so.4";
constexpr std::size_t kHeaderLimit = 1000;  // in all answers of one request
constexpr std::size_t kIdleHandles = 8;
constexpr std::size_t kUrlLimit = 8192;

/// What we use of libcurl.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
};

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

Result<Curl> load_curl() {
  void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Error{Code::Unsupported, std::string("this needs ") + kLibrary +
                                        ", which is not installed (Debian: libcurl4)"};
  }
  Curl curl;
  const bool found = find(library, "curl_global_init", curl.global_init) &&
                     find(library, "curl_easy_init", curl.easy_init) &&
                     find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
                     find(library, "curl_easy_reset", curl.easy_reset) &&
                     find(library, "curl_easy_setopt", curl.easy_setopt) &&
                     find(library, "curl_easy_perform", curl.easy_perform) &&
                     find(library, "curl_easy_strerror", curl.easy_strerror) &&
                     find(library, "curl_slist_append", curl.slist_append) &&
                     find(library, "curl_slist_free_all", curl.slist_free_all);
  if (!found || curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return Error{Code::Unsupported, std::string(kLibrary) + " cannot be used"};
  }
  return curl;
}

/// Loaded once and never unloaded: other threads may be in it.
const Result<Curl>& the_curl() {
  static const Result<Curl> curl = load_curl();
  return curl;
}

/// What the callbacks of one request work on.
struct Transfer {
  const HttpRequest& request;
  const CancelToken& cancel;
  HttpResponse response = {};
  std::optional<Error> error = {};
  std::size_t headers = 0;

  void take_header(std::string_view line);
  bool take_body(std::string_view bytes);
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

void Transfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    const std::size_t space = line.find(' ');
    response.status = 0;
    for (std::size_t i = space + 1;
         space != std::string_view::npos && i < std::min(space + 4, line.size()); ++i) {
      response.status = response.status * 10 + (line[i] - '0');
    }
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || ++headers > kHeaderLimit) {
    return;
  }
  const std::string name = lower(trimmed(line.substr(0, colon)));
  const std::string value(trimmed(line.substr(colon + 1)));
  if (name.starts_with("content-")) {
    response.headers[name] = value;
  } else {
    response.headers.emplace(name, value);
  }
}

bool Transfer::take_body(std::string_view bytes) {
  if (request.sink && response.status >= 200 && response.status < 300) {
    if (Status status = request.sink(response, bytes); !status.ok()) {
      error = std::move(status).error();
    }
  } else if (response.body.size() + bytes.size() > request.limit_bytes) {
    error = Error{Code::Limit, "the answer of " + request.url + " is longer than the limit of " +
                                   std::to_string(request.limit_bytes) + " bytes"};
  } else {
    response.body += bytes;
  }
  return !error.has_value();
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  try {
    static_cast<Transfer*>(transfer)->take_header({bytes, size * count});
    return size * count;
  } catch (const std::exception&) {
    return 0;
  }
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  try {
    return static_cast<Transfer*>(transfer)->take_body({bytes, size * count}) ? size * count : 0;
  } catch (const std::exception&) {
    return 0;
  }
}

/// Called about once a second also while nothing comes.
int on_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(transfer)->cancel.cancelled() ? 1 : 0;
}

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(const Curl& curl) : curl_(curl) {}
  ~CurlClient() override {
    for (CURL* handle : idle_) {
      curl_.easy_cleanup(handle);
    }
  }

  Result<HttpResponse> perform(const HttpRequest& request, const CancelToken& cancel) override {
    TRY(cancel.check());
    TRY_ASSIGN(const UrlParts parts, url_parts(request.url));
    CURL* const handle = take();
    if (handle == nullptr) {
      return Error{Code::NoSpace, "no memory for a request"};
    }
    Result<HttpResponse> result = perform_with(handle, request, parts, cancel);
    give_back(handle);
    return result;
  }

 private:
  Result<HttpResponse> perform_with(CURL* handle, const HttpRequest& request, const UrlParts& parts,
                                    const CancelToken& cancel) {
    Transfer transfer{request, cancel};
    std::array<char, CURL_ERROR_SIZE> detail{};
    const SlistOwner headers(curl_, request.headers);
    set_limits(handle, request, parts);
    const auto set = curl_.easy_setopt;
    set(handle, CURLOPT_ERRORBUFFER, detail.data());
    set(handle, CURLOPT_HTTPHEADER, headers.list);
    set(handle, CURLOPT_HEADERFUNCTION, &on_header);
    set(handle, CURLOPT_HEADERDATA, &transfer);
    set(handle, CURLOPT_WRITEFUNCTION, &on_body);
    set(handle, CURLOPT_WRITEDATA, &transfer);
    set(handle, CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(handle, CURLOPT_XFERINFODATA, &transfer);
    set(handle, CURLOPT_NOPROGRESS, 0L);
    if (request.method == HttpMethod::Head) {
      set(handle, CURLOPT_NOBODY, 1L);
    } else if (request.method == HttpMethod::Post) {
      set(handle, CURLOPT_POST, 1L);
      set(handle, CURLOPT_POSTFIELDS, request.body.data());
      set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    const CURLcode code = curl_.easy_perform(handle);
    if (transfer.error) {
      return std::move(*transfer.error);
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
      TRY(cancel.check());
    }
    if (code != CURLE_OK) {
      return Error{Code::Io, request.url + ": " +
                                 (detail[0] != '\0' ? detail.data() : curl_.easy_strerror(code))};
    }
    return std::move(transfer.response);
  }

  void set_limits(CURL* handle, const HttpRequest& request, const UrlParts& parts) const {
    const auto set = curl_.easy_setopt;
    const char* const protocols = parts.secure ? "https" : "http,https";
    set(handle, CURLOPT_URL, request.url.c_str());
    set(handle, CURLOPT_PROTOCOLS_STR, protocols);
    set(handle, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    set(handle, CURLOPT_FOLLOWLOCATION, request.redirects > 0 ? 1L : 0L);
    set(handle, CURLOPT_MAXREDIRS, static_cast<long>(request.redirects));
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_USERAGENT, "sonde/" SONDE_VERSION);
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect.count()));
    set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.whole.count()));
    set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(handle, CURLOPT_LOW_SPEED_TIME,
        static_cast<long>(std::max<std::int64_t>(1, request.stall.count() / 1000)));
    if (parts.loopback) {
      set(handle, CURLOPT_NOPROXY, "*");
    }
  }

  /// The request's headers in libcurl's form.
  struct SlistOwner {
    SlistOwner(const Curl& curl, const std::vector<std::string>& lines) : owner(curl) {
      for (const std::string& line : lines) {
        if (curl_slist* longer = curl.slist_append(list, line.c_str()); longer != nullptr) {
          list = longer;
        }
      }
    }
    ~SlistOwner() { owner.slist_free_all(list); }
    SlistOwner(const SlistOwner&) = delete;
    SlistOwner& operator=(const SlistOwner&) = delete;
    const Curl& owner;
    curl_slist* list = nullptr;
  };

  CURL* take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      return curl_.easy_init();
    }
    CURL* const handle = idle_.back();
    idle_.pop_back();
    return handle;
  }

  void give_back(CURL* handle) {
    curl_.easy_reset(handle);  // keeps its connections
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleHandles) {
      idle_.push_back(handle);
    } else {
      curl_.easy_cleanup(handle);
    }
  }

  const Curl& curl_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

}  // namespace

Result<std::shared_ptr<HttpClient>> open_http_client() {
  const Result<Curl>& curl = the_curl();
  if (!curl.ok()) {
    return curl.error();
  }
  return std::shared_ptr<HttpClient>(std::make_shared<CurlClient>(*curl));
}

Result<UrlParts> url_parts(std::string_view url) {
  const std::string text = lower(url.substr(0, kUrlLimit));
  UrlParts parts;
  parts.secure = text.starts_with("https://");
  const bool plain = text.starts_with("http://");
  const bool bad_byte = std::any_of(url.begin(), url.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
  });
  const std::size_t begin = parts.secure ? 8 : 7;
  const std::string authority =
      text.substr(std::min(begin, text.size()),
                  std::min(text.find_first_of("/?#\\", begin), text.size()) - begin);
  if ((!parts.secure && !plain) || bad_byte || url.size() > kUrlLimit || authority.empty() ||
      authority.find('@') != std::string::npos) {
    return Error{Code::InvalidArgument, "'" + std::string(url.substr(0, 200)) +
                                            "' is no usable address: it has to begin with "
                                            "https:// (or http://) and a host, without a password"};
  }
  const std::string host = authority.front() == '[' ? authority.substr(0, authority.find(']') + 1)
                                                    : authority.substr(0, authority.find(':'));
  const bool dotted =
      host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
  parts.loopback = host == "localhost" || host == "[::1]" || dotted;
  return parts;
}

}  // namespace sonde::io
