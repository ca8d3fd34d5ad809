#include "faces/cli/model_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "faces/cli/encoder_door.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"

namespace sonde::faces::cli {

namespace {

/// Each says the same in other words, and nothing of the other pairs.
constexpr std::array<std::array<std::string_view, 2>, 5> kPairs = {{
    {"How do I sort a list of numbers in ascending order?",
     "Arrange the values of an array from the smallest to the largest."},
    {"The connection to the database timed out.",
     "No answer came from the SQL server before the deadline."},
    {"Bake the bread in a hot oven for forty minutes.",
     "Put the loaf into the oven and let it bake until it is brown."},
    {"The football team won the championship.", "Our players took the title in the soccer league."},
    {"Plants turn sunlight into energy.",
     "Photosynthesis lets leaves make sugar out of light from the sun."},
}};
constexpr double kUnitTolerance = 1e-4;
constexpr double kSameTolerance = 1e-4;  // of a cosine; a server may compute each batch in its way
constexpr int kQueryRounds = 5;

double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

void check_lengths(std::span<const float> vectors, std::size_t dimensions,
                   json::ModelTrial& trial) {
  for (std::size_t at = 0; at < vectors.size(); at += dimensions) {
    const auto vector = vectors.subspan(at, dimensions);
    const double length = std::sqrt(dot(vector, vector));
    if (!std::isfinite(length) || std::abs(length - 1) > kUnitTolerance) {
      trial.failures.push_back(fmt::format("a vector has the length {}, not 1", length));
      return;
    }
  }
}

void check_closeness(std::span<const float> vectors, std::size_t dimensions,
                     json::ModelTrial& trial) {
  trial.related = 1;
  trial.unrelated = -1;
  const std::size_t count = vectors.size() / dimensions;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) {
      const double cosine = dot(vectors.subspan(i * dimensions, dimensions),
                                vectors.subspan(j * dimensions, dimensions));
      if (i / 2 == j / 2) {
        trial.related = std::min(trial.related, cosine);
      } else {
        trial.unrelated = std::max(trial.unrelated, cosine);
      }
    }
  }
  if (!(trial.related > trial.unrelated)) {
    trial.failures.push_back(
        fmt::format("two texts that say the same are less close ({:.3f}) than two that do not "
                    "({:.3f})",
                    trial.related, trial.unrelated));
  }
}

}  // namespace

Result<json::ModelTrial> try_model(embed::Encoder& encoder, const Clock& clock,
                                   const CancelToken& cancel) {
  json::ModelTrial trial;
  trial.id = encoder.id();
  const std::size_t dimensions = trial.id.dimensions;
  std::vector<std::string_view> texts;
  for (const auto& pair : kPairs) {
    texts.insert(texts.end(), pair.begin(), pair.end());
  }
  std::vector<float> vectors(texts.size() * dimensions);
  trial.documents = texts.size();
  auto start = clock();
  TRY(encoder.embed_documents(texts, vectors, cancel));
  trial.documents_ms = milliseconds(clock() - start);
  check_lengths(vectors, dimensions, trial);
  check_closeness(vectors, dimensions, trial);

  std::vector<double> times;
  for (int round = 0; round < kQueryRounds; ++round) {
    start = clock();
    TRY_ASSIGN(const std::vector<float> alone, encoder.embed_query(texts.front(), cancel));
    times.push_back(milliseconds(clock() - start));
    if (round == 0 && dot(alone, std::span(vectors).first(dimensions)) < 1 - kSameTolerance) {
      trial.failures.push_back("a text alone has another vector than among others");
    }
  }
  std::nth_element(times.begin(), times.begin() + kQueryRounds / 2, times.end());
  trial.query_ms = times[kQueryRounds / 2];
  trial.passed = trial.failures.empty();
  return trial;
}

Result<int> run_model_test(Context& context) {
  const auto start = context.clock();
  TRY_ASSIGN(const OpenedEncoder opened,
             open_chosen_encoder(context, context.invocation.model.what));
  const double open_ms = milliseconds(context.clock() - start);
  TRY_ASSIGN(json::ModelTrial trial, try_model(*opened.encoder, context.clock, context.cancel));
  trial.open_ms = open_ms;
  if (context.invocation.json()) {
    print_json(context, json::model_test_object(trial));
    return trial.passed ? kDone : kFailure;
  }
  context.streams.out << fmt::format(
      "{}  {} dimensions: {}\n"
      "texts that say the same: at least {:.2f}; others: at most {:.2f}\n"
      "opened in {:.1f} ms; a query takes {:.1f} ms, {} sentences {:.1f} ms\n",
      safe_line(trial.id.name), trial.id.dimensions, trial.passed ? "works" : "does NOT work",
      trial.related, trial.unrelated, trial.open_ms, trial.query_ms, trial.documents,
      trial.documents_ms);
  for (const std::string& failure : trial.failures) {
    context.streams.err << "sonde: " << failure << '\n';
  }
  return trial.passed ? kDone : kFailure;
}

}  // namespace sonde::faces::cli
