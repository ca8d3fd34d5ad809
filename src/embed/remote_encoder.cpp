#include "embed/remote_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/hash.h"

namespace sonde::embed {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kBatchLimit = 2048;
constexpr std::size_t kDimensionLimit = 65'536;
constexpr std::uint64_t kAnswerLimit = 256ULL << 20;
constexpr std::size_t kReasonLimit = 300;
constexpr std::chrono::milliseconds kSleepStep{20};
constexpr const char* kEnding = "/embeddings";

std::string full_url(std::string url) {
  while (!url.empty() && url.back() == '/') {
    url.pop_back();
  }
  return url.ends_with(kEnding) ? url : url + kEnding;
}

bool worth_another_try(const Result<io::HttpResponse>& response) {
  if (!response.ok()) {
    return response.error().code == Code::Io;
  }
  return response->status == 408 || response->status == 429 || response->status >= 500;
}

Status sleep_for(std::chrono::milliseconds time, const CancelToken& cancel) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    TRY(cancel.check());
    std::this_thread::sleep_for(std::min(time, kSleepStep));
  }
  return cancel.check();
}

/// Numbers of one vector, made unit length. Nothing: it holds something else, or no direction.
std::optional<std::vector<float>> unit_vector(const Json& numbers) {
  std::vector<float> vector;
  double squares = 0;
  for (const Json& number : numbers) {
    if (!number.is_number()) {
      return std::nullopt;
    }
    const auto value = number.get<double>();
    squares += value * value;
    vector.push_back(static_cast<float>(value));
  }
  const double length = std::sqrt(squares);
  if (!std::isfinite(length) || !(length > 1e-12)) {
    return std::nullopt;
  }
  for (float& value : vector) {
    value = static_cast<float>(static_cast<double>(value) / length);
  }
  return vector;
}

}  // namespace

RemoteEncoder::RemoteEncoder(std::shared_ptr<io::HttpClient> http, RemoteOptions options)
    : http_(std::move(http)), options_(std::move(options)), url_(full_url(options_.url)) {
  id_.name = options_.model;
  id_.weights = content_hash(url_ + "\n" + options_.model).hex();
  id_.precision = "remote";
  id_.pooling = "server";
  id_.max_tokens = options_.max_tokens;
}

Result<std::unique_ptr<RemoteEncoder>> RemoteEncoder::open(std::shared_ptr<io::HttpClient> http,
                                                           RemoteOptions options,
                                                           const CancelToken& cancel) {
  TRY_ASSIGN(const io::UrlParts parts, io::url_parts(options.url));
  if (!options.key.empty() && !parts.secure && !parts.loopback) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}: a key is only sent over https, or to this machine", options.url)};
  }
  if (options.key.find_first_of("\r\n") != std::string::npos || options.model.empty() ||
      options.batch_texts == 0 || options.batch_texts > kBatchLimit || options.attempts < 1) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}: the server needs a model's name, a key of one line and 1 to {} "
                             "texts a request",
                             options.url, kBatchLimit)};
  }
  std::unique_ptr<RemoteEncoder> encoder(new RemoteEncoder(std::move(http), std::move(options)));
  const std::string_view text = "a text to learn the dimensions";
  TRY_ASSIGN(const Vectors vectors, encoder->ask({&text, 1}, cancel));
  encoder->id_.dimensions = static_cast<std::uint32_t>(vectors.front().size());
  return encoder;
}

Result<std::vector<float>> RemoteEncoder::embed_query(std::string_view text,
                                                      const CancelToken& cancel) {
  TRY_ASSIGN(Vectors vectors, ask({&text, 1}, cancel));
  ++queries_;
  return std::move(vectors.front());
}

Status RemoteEncoder::embed_documents(std::span<const std::string_view> texts, std::span<float> out,
                                      const CancelToken& cancel) {
  const std::size_t dimensions = id_.dimensions;
  if (out.size() != texts.size() * dimensions) {
    return Error{Code::InvalidArgument, "room for another number of vectors than there are texts"};
  }
  std::vector<std::string_view> distinct;
  std::unordered_map<std::string_view, std::size_t> place;
  for (const std::string_view text : texts) {
    if (place.emplace(text, distinct.size()).second) {
      distinct.push_back(text);
    }
  }
  Vectors vectors;
  vectors.reserve(distinct.size());
  for (std::size_t begin = 0; begin < distinct.size();) {
    std::size_t end = begin;
    for (std::size_t bytes = 0; end < distinct.size() && end - begin < options_.batch_texts;) {
      bytes += distinct[end].size();
      if (end > begin && bytes > options_.batch_bytes) {
        break;
      }
      ++end;
    }
    TRY_ASSIGN(Vectors some, ask(std::span(distinct).subspan(begin, end - begin), cancel));
    std::move(some.begin(), some.end(), std::back_inserter(vectors));
    texts_ += end - begin;
    begin = end;
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::vector<float>& vector = vectors[place.at(texts[i])];
    std::copy(vector.begin(), vector.end(),
              out.begin() + static_cast<std::ptrdiff_t>(i * dimensions));
  }
  return {};
}

EncoderCounters RemoteEncoder::counters() const { return {texts_, 0, queries_}; }

Result<RemoteEncoder::Vectors> RemoteEncoder::ask(std::span<const std::string_view> texts,
                                                  const CancelToken& cancel) const {
  Json request = {
      {"model", options_.model}, {"encoding_format", "float"}, {"input", Json::array()}};
  for (const std::string_view text : texts) {
    request["input"].push_back(std::string(text));
  }
  TRY_ASSIGN(const io::HttpResponse response,
             post(request.dump(-1, ' ', false, Json::error_handler_t::replace), cancel));
  if (response.status != 200) {
    return refused(response);
  }
  return read_answer(response.body, texts.size());
}

Result<io::HttpResponse> RemoteEncoder::post(const std::string& body,
                                             const CancelToken& cancel) const {
  io::HttpRequest request;
  request.url = url_;
  request.method = io::HttpMethod::Post;
  request.headers = {"Content-Type: application/json", "Accept: application/json", "Expect:"};
  if (!options_.key.empty()) {
    request.headers.push_back("Authorization: Bearer " + options_.key);
  }
  request.body = body;
  request.limit_bytes = kAnswerLimit;
  request.connect = options_.connect;
  request.stall = options_.stall;
  request.whole = options_.whole;
  for (int attempt = 1;; ++attempt) {
    auto response = http_->perform(request, cancel);
    if (!worth_another_try(response) || attempt >= options_.attempts) {
      return response;
    }
    TRY(sleep_for(options_.backoff * (1LL << std::min(attempt - 1, 10)), cancel));
  }
}

Error RemoteEncoder::wrong(const std::string& what) const {
  return Error{Code::Io, fmt::format("the embeddings server {} {}", url_, what)};
}

/// What the server says, without our key in it.
Error RemoteEncoder::refused(const io::HttpResponse& response) const {
  const Json json = Json::parse(response.body, nullptr, false);
  std::string reason;
  if (json.is_object() && json.contains("error")) {
    const Json& error = json["error"];
    reason = error.is_string() ? error.get<std::string>()
             : error.is_object() && error.contains("message") && error["message"].is_string()
                 ? error["message"].get<std::string>()
                 : "";
  }
  if (!options_.key.empty()) {
    for (std::size_t at = reason.find(options_.key); at != std::string::npos;
         at = reason.find(options_.key, at)) {
      reason.replace(at, options_.key.size(), "***");
      at += 3;
    }
  }
  return wrong(fmt::format("refused with HTTP status {}{}{}", response.status,
                           reason.empty() ? "" : ": ", reason.substr(0, kReasonLimit)));
}

Result<RemoteEncoder::Vectors> RemoteEncoder::read_answer(const std::string& body,
                                                          std::size_t count) const {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_array()) {
    return wrong("answered something that is no list of embeddings");
  }
  const Json& data = json["data"];
  if (data.size() != count) {
    return wrong(fmt::format("answered {} vectors for {} texts", data.size(), count));
  }
  Vectors vectors(count);
  std::size_t dimensions = id_.dimensions;
  for (std::size_t i = 0; i < count; ++i) {
    const Json& item = data[i];
    if (!item.is_object() || !item.contains("embedding") || !item["embedding"].is_array()) {
      return wrong("answered an embedding that is no list of numbers");
    }
    const auto index = item.find("index");
    const std::size_t place =
        index != item.end() && index->is_number_unsigned() ? index->get<std::size_t>() : i;
    const std::size_t size = item["embedding"].size();
    dimensions = dimensions == 0 ? size : dimensions;
    if (size != dimensions || size == 0 || size > kDimensionLimit) {
      return wrong(
          fmt::format("answered a vector of {} dimensions, the model \"{}\" has {}; has "
                      "another model been put there?",
                      size, options_.model, dimensions));
    }
    auto vector = unit_vector(item["embedding"]);
    if (!vector) {
      return wrong("answered a vector that is all zeroes or holds what is no finite number");
    }
    if (place >= count || !vectors[place].empty()) {
      return wrong("answered vectors whose order cannot be told");
    }
    vectors[place] = std::move(*vector);
  }
  return vectors;
}

}  // namespace sonde::embed
