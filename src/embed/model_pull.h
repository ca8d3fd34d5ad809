#pragma once
// A model from the Hugging Face hub, or from a server that speaks as it does.
//
// Each file is asked for with HEAD first: its size, its revision, and for large ones its SHA-256
// (the hub's x-linked-etag). What has come is kept in models/.pull-OWNER--NAME/ under the file's
// name and what names its content, so that an interrupted pull goes on from where it was, and a
// changed file begins anew.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/result.h"
#include "embed/model_store.h"
#include "io/http.h"

namespace sonde::embed {

inline constexpr const char* kHubEndpoint = "https://huggingface.co";

struct PullOptions {
  std::string repository = {};  // "OWNER/NAME"; "NAME" alone is sentence-transformers/NAME
  std::string endpoint = {};    // HF_ENDPOINT; empty: kHubEndpoint
  std::string name = {};        // to be kept under; empty: the repository's
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds stall{30'000};   // without a byte
  int attempts = 6;                          // in a row without a byte gained
  std::chrono::milliseconds backoff{1'000};  // before the second attempt; doubles up to 30 s
};

struct PullProgress {
  std::string file;
  std::uint64_t done_bytes = 0;   // of all files, what was there already included
  std::uint64_t total_bytes = 0;  // of all files
};
using PullSink = std::function<void(const PullProgress&)>;

/// Downloads, checks and installs. @param sink  may be empty
/// Errors: NotFound (no such model on the hub), InvalidArgument (name, endpoint), Unsupported
/// (another kind of model), Io (no network, with what to do instead), Corruption (the SHA-256 is
/// another), Busy, NoSpace, Cancelled (what has come is kept).
Result<AddedModel> pull_model(ModelStore& store, io::HttpClient& http, const PullOptions& options,
                              const PullSink& sink, const CancelToken& cancel);

}  // namespace sonde::embed
