// How well search ranks, by words, by meaning and by both: mean nDCG@10 over annotated queries of
// real repositories, and what each part of the ranking is worth.
//
//   ranking_bench --specs repos.json --annotations DIR --checkouts DIR
//                 [--repos a,b] [--ablate] [--misses] [--set name=value].. [--try name=value]..
//                 [--mode words|meaning|hybrid --model DIR --vectors DIR [--form NAME]]
//
// --vectors keeps the vectors of chunks and queries between runs; --form names what stands before a
// chunk when it is embedded (bench_data.h).
// --checkouts holds each repository's files as DIR/<name>/<root>. Repositories are split in two
// halves by the order of their names (even, odd): what is tuned on one is to hold on the other.

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "bench_data.h"
#include "index/search_ranked.h"
#include "vector_cache.h"

namespace {

using namespace sonde;
using namespace sonde::bench;
namespace fs = std::filesystem;
using nlohmann::json;

struct Parameter {
  const char* name;
  double index::Ranking::*value;
};
constexpr Parameter kParameters[] = {
#define SONDE_PARAMETER(name) \
  { #name, &index::Ranking::name }
    SONDE_PARAMETER(k1),
    SONDE_PARAMETER(b),
    SONDE_PARAMETER(defines),
    SONDE_PARAMETER(path_text),
    SONDE_PARAMETER(joined),
    SONDE_PARAMETER(part),
    SONDE_PARAMETER(whole),
    SONDE_PARAMETER(name),
    SONDE_PARAMETER(name_explicit),
    SONDE_PARAMETER(more_chunks),
    SONDE_PARAMETER(more_decay),
    SONDE_PARAMETER(path_match),
    SONDE_PARAMETER(stem_match),
    SONDE_PARAMETER(coverage),
    SONDE_PARAMETER(depth),
    SONDE_PARAMETER(akin),
    SONDE_PARAMETER(path_akin),
    SONDE_PARAMETER(path_whole),
    SONDE_PARAMETER(header),
    SONDE_PARAMETER(not_code),
    SONDE_PARAMETER(test),
    SONDE_PARAMETER(example),
    SONDE_PARAMETER(compat),
    SONDE_PARAMETER(generated),
    SONDE_PARAMETER(mention),
    SONDE_PARAMETER(mention_decay),
    SONDE_PARAMETER(half_score),
    SONDE_PARAMETER(stub),
    SONDE_PARAMETER(vendored),
    SONDE_PARAMETER(foreign),
    SONDE_PARAMETER(superseded),
    SONDE_PARAMETER(meaning),
#undef SONDE_PARAMETER
};

struct Mean {
  double sum = 0;
  std::size_t count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
  [[nodiscard]] double value() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
};

struct Scores {
  std::map<std::string, Mean> repositories;
  std::map<std::string, Mean> categories;
  Mean halves[2];
  Mean all;
};

void print_miss(const Item& item, const index::SearchResult& result, const std::string& root,
                double score) {
  fmt::print("\n{:.2f} [{}] {}\n", score, item.category, item.query);
  for (std::size_t i = 0; i < result.files.size(); ++i) {
    const index::FileHit& hit = result.files[i];
    bool wanted = false;
    for (const Target& target : item.targets) {
      wanted = wanted || hits(hit, target, root);
    }
    if (i >= 4 && !wanted) {
      continue;
    }
    fmt::print("  {} {:2} {:40} {:4}-{:<4} {}", wanted ? "*" : " ", i + 1, hit.path,
               hit.chunks[0].start_line, hit.chunks[0].end_line, hit.chunks[0].symbol);
    for (const index::ScorePart& part : hit.parts) {
      fmt::print(" {}={:.2f}", part.name, part.value);
    }
    fmt::print("\n");
  }
}

Scores evaluate(const std::vector<Repository>& repositories, const index::Ranking& ranking,
                index::Mode mode, bool misses) {
  Scores scores;
  for (std::size_t r = 0; r < repositories.size(); ++r) {
    const Repository& repository = repositories[r];
    if (misses) {
      fmt::print("\n## {}\n", repository.name);
    }
    for (const Item& item : repository.items) {
      index::SearchOptions options;
      options.explain = misses;
      options.mode = mode;
      options.meaning = item.meaning ? &*item.meaning : nullptr;
      options.limit = misses ? 30 : 10;
      double score = 0;
      auto query = index::parse_query(item.query);
      if (query.ok()) {
        auto result = index::search_ranked(repository.view, *query, options, ranking, {});
        if (!result.ok()) {
          fmt::print(stderr, "{}: {}\n", item.query, result.error().message);
          continue;
        }
        score = ndcg(*result, item, repository.root);
        for (const index::Correction& each : result->corrections) {
          if (misses) {
            fmt::print("{}: {} -> {}\n", item.query, each.written, each.used);
          }
        }
        if (misses && score < 0.99) {
          print_miss(item, *result, repository.root, score);
        }
      }
      scores.repositories[repository.name].add(score);
      scores.categories[item.category].add(score);
      scores.halves[r % 2].add(score);
      scores.all.add(score);
    }
  }
  return scores;
}

void print_row(const std::string& name, const Scores& scores) {
  fmt::print("{:28} {:.4f}  even {:.4f}  odd {:.4f}\n", name, scores.all.value(),
             scores.halves[0].value(), scores.halves[1].value());
}

bool set_parameter(index::Ranking& ranking, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  for (const Parameter& parameter : kParameters) {
    if (equals != std::string::npos && assignment.substr(0, equals) == parameter.name) {
      ranking.*parameter.value = std::stod(assignment.substr(equals + 1));
      return true;
    }
  }
  fmt::print(stderr, "no parameter: {}\n", assignment);
  return false;
}

/// "a=1,b=2" sets both.
bool set_parameters(index::Ranking& ranking, const std::string& assignments) {
  std::stringstream list(assignments);
  std::string one;
  bool all = true;
  while (std::getline(list, one, ',')) {
    all = set_parameter(ranking, one) && all;
  }
  return all;
}

/// The ranking with one part switched off, for each.
const std::vector<std::string>& ablations() {
  static const std::vector<std::string> rows = {
      "defines=0",       "path_text=0",
      "joined=0",        "part=0",
      "whole=0",         "name=0",
      "name_explicit=0", "name=0,name_explicit=0",
      "more_chunks=0",   "path_match=0",
      "stem_match=0",    "coverage=0",
      "akin=0",          "path_akin=0",
      "path_whole=0",    "depth=0",
      "header=1",        "not_code=1",
      "test=1",          "example=1",
      "compat=1",        "test=1,example=1,compat=1,stub=1,generated=1",
      "foreign=1",       "superseded=1",
      "mention=0",       "meaning=0",
  };
  return rows;
}

struct Arguments {
  fs::path specs;
  fs::path annotations;
  fs::path checkouts;
  std::string repos;
  std::string model;
  fs::path vectors;
  HeaderForm form = {"shipped"};
  index::Mode mode = index::Mode::Words;
  std::vector<std::string> sets;
  std::vector<std::string> tries;
  bool ablate = false;
  bool misses = false;
};

bool read_arguments(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--ablate") {
      arguments.ablate = true;
    } else if (option == "--misses") {
      arguments.misses = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (option == "--specs") {
      arguments.specs = argv[++i];
    } else if (option == "--annotations") {
      arguments.annotations = argv[++i];
    } else if (option == "--checkouts") {
      arguments.checkouts = argv[++i];
    } else if (option == "--repos") {
      arguments.repos = "," + std::string(argv[++i]) + ",";
    } else if (option == "--model") {
      arguments.model = argv[++i];
    } else if (option == "--vectors") {
      arguments.vectors = argv[++i];
    } else if (option == "--form") {
      arguments.form.name = argv[++i];
    } else if (option == "--mode") {
      const std::string mode = argv[++i];
      arguments.mode = mode == "meaning"  ? index::Mode::Meaning
                       : mode == "hybrid" ? index::Mode::Hybrid
                                          : index::Mode::Words;
    } else if (option == "--set") {
      arguments.sets.emplace_back(argv[++i]);
    } else if (option == "--try") {
      arguments.tries.emplace_back(argv[++i]);
    } else {
      return false;
    }
  }
  const bool meaning = arguments.mode != index::Mode::Words;
  return !arguments.specs.empty() && !arguments.annotations.empty() &&
         !arguments.checkouts.empty() && is_header_form(arguments.form.name) &&
         (!meaning || (!arguments.model.empty() && !arguments.vectors.empty()));
}

int run(const Arguments& arguments) {
  std::vector<json> specs = json::parse(read_text(arguments.specs));
  std::sort(specs.begin(), specs.end(),
            [](const json& a, const json& b) { return a["name"] < b["name"]; });
  std::vector<Repository> repositories;
  std::uint64_t docs = 0;
  std::optional<VectorCache> vectors;
  if (arguments.mode != index::Mode::Words) {
    auto opened = VectorCache::open(arguments.model, arguments.vectors);
    if (!opened.ok()) {
      fmt::print(stderr, "{}\n", opened.error().message);
      return 1;
    }
    vectors = std::move(opened).value();
  }
  for (const json& spec : specs) {
    Repository repository{spec["name"], spec["root"], {}, {}, {}};
    if (!arguments.repos.empty() &&
        arguments.repos.find("," + repository.name + ",") == std::string::npos) {
      continue;
    }
    repository.items = read_items(arguments.annotations / (repository.name + ".json"));
    if (!index_folder(arguments.checkouts / repository.name / repository.root,
                      vectors ? &arguments.form : nullptr, repository)) {
      return 1;
    }
    if (vectors) {
      const Status filled = vectors->fill(arguments.form, repository);
      if (!filled.ok()) {
        fmt::print(stderr, "{}\n", filled.error().message);
        return 1;
      }
    }
    docs += repository.view[0].segment->docs();
    repositories.push_back(std::move(repository));
  }
  index::Ranking ranking;
  for (const std::string& set : arguments.sets) {
    if (!set_parameters(ranking, set)) {
      return 2;
    }
  }
  const auto started = std::chrono::steady_clock::now();
  const Scores scores = evaluate(repositories, ranking, arguments.mode, arguments.misses);
  const double took_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  if (arguments.tries.empty()) {
    for (const auto& [name, mean] : scores.repositories) {
      fmt::print("{:28} {:.4f}\n", name, mean.value());
    }
    for (const auto& [name, mean] : scores.categories) {
      fmt::print("{:28} {:.4f}  ({} queries)\n", name, mean.value(), mean.count);
    }
    fmt::print("{} chunks, {:.3f} ms a query\n", docs,
               took_ms / static_cast<double>(scores.all.count));
  }
  print_row("all", scores);
  std::vector<std::string> rows = arguments.tries;
  if (arguments.ablate) {
    rows.insert(rows.end(), ablations().begin(), ablations().end());
  }
  for (const std::string& row : rows) {
    index::Ranking changed = ranking;
    if (!set_parameters(changed, row)) {
      return 2;
    }
    print_row(row, evaluate(repositories, changed, arguments.mode, false));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!read_arguments(argc, argv, arguments)) {
    fmt::print(stderr,
               "usage: ranking_bench --specs FILE --annotations DIR --checkouts DIR [--repos a,b] "
               "[--ablate] [--misses] [--set name=value,..] [--try name=value,..]\n");
    return 2;
  }
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
