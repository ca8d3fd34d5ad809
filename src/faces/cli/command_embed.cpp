#include <fmt/format.h>

#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "faces/cli/context.h"
#include "faces/cli/encoder_door.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"

namespace sonde::faces::cli {

namespace {

constexpr std::size_t kBatchTexts = 256;
constexpr std::size_t kLineLimitBytes = 1U << 20;
constexpr std::size_t kJsonFloatLimit = 100'000'000;  // one object is held whole in memory

/// The texts, one after the other: the arguments, or lines.
class TextSource {
 public:
  explicit TextSource(Context& context) : context_(context) {}

  /// At most kBatchTexts more; none at the end. Errors: Limit (a line's length), Cancelled.
  Result<std::vector<std::string>> next() {
    std::vector<std::string> batch;
    const std::vector<std::string>& given = context_.invocation.embed.texts;
    while (batch.size() < kBatchTexts) {
      if (!given.empty()) {
        if (at_ == given.size()) {
          break;
        }
        batch.push_back(given[at_++]);
        continue;
      }
      TRY_ASSIGN(std::optional<std::string> line, read_line());
      if (!line) {
        break;
      }
      batch.push_back(std::move(*line));
    }
    TRY(context_.cancel.check());
    return batch;
  }

 private:
  Result<std::optional<std::string>> read_line() {
    std::string line;
    std::istream& in = context_.streams.in;
    ++at_;
    for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
      if (c == '\n') {
        if (!line.empty() && line.back() == '\r') {
          line.pop_back();
        }
        return std::optional(std::move(line));
      }
      if (line.size() == kLineLimitBytes) {
        return Error{Code::Limit, fmt::format("line {} of standard input is longer than {} bytes",
                                              at_, kLineLimitBytes)};
      }
      line += static_cast<char>(c);
    }
    return line.empty() ? std::optional<std::string>() : std::optional(std::move(line));
  }

  Context& context_;
  std::size_t at_ = 0;
};

Result<std::vector<float>> embed_batch(embed::Encoder& encoder, const EmbedOptions& options,
                                       const std::vector<std::string>& texts,
                                       const CancelToken& cancel) {
  std::vector<float> vectors;
  if (options.query) {
    for (const std::string& text : texts) {
      TRY_ASSIGN(const std::vector<float> vector, encoder.embed_query(text, cancel));
      vectors.insert(vectors.end(), vector.begin(), vector.end());
    }
    return vectors;
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  vectors.resize(texts.size() * encoder.id().dimensions);
  TRY(encoder.embed_documents(views, vectors, cancel));
  return vectors;
}

/// One vector a line, the numbers apart by a space.
void print_lines(std::ostream& out, const std::vector<float>& vectors, std::size_t dimensions) {
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    out << fmt::format("{}", vectors[i]) << ((i + 1) % dimensions == 0 ? '\n' : ' ');
  }
}

}  // namespace

Result<int> run_embed(Context& context) {
  const EmbedOptions& options = context.invocation.embed;
  if (options.texts.empty() && context.streams.in_is_terminal) {
    return Error{Code::InvalidArgument,
                 "give texts (`sonde embed \"a text\"`), or lines on standard input"};
  }
  TRY_ASSIGN(const OpenedEncoder opened, open_chosen_encoder(context, options.model));
  embed::Encoder& encoder = *opened.encoder;
  const bool as_json = context.invocation.json();
  std::vector<float> all;
  TextSource source(context);
  for (;;) {
    TRY_ASSIGN(const std::vector<std::string> texts, source.next());
    if (texts.empty()) {
      break;
    }
    TRY_ASSIGN(const std::vector<float> vectors,
               embed_batch(encoder, options, texts, context.cancel));
    if (!as_json) {
      print_lines(context.streams.out, vectors, encoder.id().dimensions);
      continue;
    }
    if (all.size() + vectors.size() > kJsonFloatLimit) {
      return Error{Code::Limit,
                   "too many texts for one object; without --json each vector is "
                   "printed as it is made"};
    }
    all.insert(all.end(), vectors.begin(), vectors.end());
  }
  if (as_json) {
    print_json(context, json::embed_object(encoder.id(), all));
  }
  return kDone;
}

}  // namespace sonde::faces::cli
