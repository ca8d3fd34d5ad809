#include "support/libraries.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/store.h"

namespace sonde::testing {

ScratchFolder::ScratchFolder(const std::string& name) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / ("sonde-" + name + "-XXXXXX")).string();
  if (mkdtemp(pattern.data()) == nullptr) {
    std::abort();
  }
  path_ = std::filesystem::canonical(pattern).string();
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string program_path(const std::string& name) {
  return std::filesystem::canonical("/proc/self/exe").parent_path() / name;
}

library::LibraryOptions options_of(const LibrarySetup& setup) {
  library::LibraryOptions options;
  options.location.directory = setup.directory;
  options.location.root = setup.root;
  options.environment.working_directory = setup.root;
  options.environment.worker_program =
      setup.worker.empty() ? program_path("sonde-worker") : setup.worker;
  options.config.threads = setup.threads;
  options.encoder = setup.encoder;
  return options;
}

std::unique_ptr<library::Library> open_or_create(const LibrarySetup& setup) {
  const library::LibraryOptions options = options_of(setup);
  auto library = std::filesystem::exists(setup.directory + "/library.db")
                     ? library::Library::open(options)
                     : library::Library::create(options);
  if (!library.ok()) {
    ADD_FAILURE() << library.error().message;
    std::abort();
  }
  return std::move(library).value();
}

library::IndexReport index_all(library::Library& library, library::IndexRequest request) {
  auto report = library.index(request, {}, {});
  if (!report.ok()) {
    ADD_FAILURE() << report.error().message;
    return {};
  }
  return std::move(report).value();
}

library::SearchAnswer ask(library::Library& library, const std::string& query, std::size_t limit) {
  library::SearchRequest request;
  request.query = query;
  request.limit = limit;
  request.refresh = false;
  auto answer = library.search(request, {});
  if (!answer.ok()) {
    ADD_FAILURE() << query << ": " << answer.error().message;
    return {};
  }
  return std::move(answer).value();
}

std::size_t files_with(library::Library& library, const std::string& phrase) {
  return ask(library, '"' + phrase + '"').results.size();
}

std::vector<std::string> dump_truth(const std::string& directory) {
  store::StoreOptions options;
  options.directory = directory;
  auto store = store::Store::open(options);
  if (!store.ok()) {
    ADD_FAILURE() << store.error().message;
    return {};
  }
  std::vector<std::string> lines;
  auto snapshot = std::move((*store)->snapshot()).value();
  const auto sources = std::move(snapshot->sources()).value();
  for (const store::SourceRow& source : sources) {
    std::vector<std::string> paths;
    const Status walked = snapshot->for_each_file(source.id, [&](const auto& file) -> Status {
      paths.push_back(file.path);
      return {};
    });
    EXPECT_TRUE(walked.ok());
    for (const std::string& path : paths) {
      const auto row = std::move(snapshot->file(source.id, path)).value();
      lines.push_back(fmt::format("{} {} {} {} {}", path, row->hash.hex(), row->language,
                                  row->lines, row->windowed));
      const auto chunks = std::move(snapshot->chunks(row->id)).value();
      for (const store::ChunkRecord& chunk : chunks) {
        lines.push_back(fmt::format("{}#{} {} {} {} [{}] {}-{} {}-{} {}", path, chunk.ordinal,
                                    chunk.kind, chunk.symbol, chunk.scope,
                                    fmt::join(chunk.defines, ","), chunk.start_byte, chunk.end_byte,
                                    chunk.start_line, chunk.end_line, chunk.text));
      }
    }
  }
  return lines;
}

std::map<std::string, std::string> dump_vectors(const std::string& directory) {
  store::StoreOptions options;
  options.directory = directory;
  const auto store = std::move(store::Store::open(options)).value();
  const auto snapshot = std::move(store->snapshot()).value();
  std::map<std::string, std::string> vectors;
  const auto models = std::move(snapshot->models()).value();
  EXPECT_LE(models.size(), 1U);
  for (const store::ModelRow& model : models) {
    const Status walked = snapshot->for_each_vector(
        model.id, 0, [&](std::int64_t, const store::VectorRow& row) -> Status {
          EXPECT_TRUE(vectors.emplace(row.hash.hex(), row.code).second);
          return {};
        });
    EXPECT_TRUE(walked.ok());
  }
  return vectors;
}

std::vector<std::string> dump_answers(library::Library& library,
                                      const std::vector<std::string>& queries, std::size_t limit) {
  std::vector<std::string> lines;
  for (const std::string& query : queries) {
    const library::SearchAnswer answer = ask(library, query, limit);
    for (const library::SearchHit& hit : answer.results) {
      lines.push_back(fmt::format("{}: {}:{}-{} {:.17g} {}", query, hit.path, hit.start_line,
                                  hit.end_line, hit.score, hit.text));
      for (const library::Place& place : hit.more) {
        lines.push_back(fmt::format("{}: {} more {}-{} {:.17g}", query, hit.path, place.start_line,
                                    place.end_line, place.score));
      }
    }
  }
  return lines;
}

std::vector<std::string> segment_bytes(const std::string& directory) {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/segments")) {
    std::ifstream file(entry.path(), std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> dump_skipped(library::Library& library) {
  const auto status = library.status({true, false}, {});
  if (!status.ok()) {
    ADD_FAILURE() << status.error().message;
    return {};
  }
  std::vector<std::string> lines;
  for (const library::SkippedInfo& entry : status->skipped_list) {
    lines.push_back(fmt::format("{} {} {}", entry.path, entry.reason, entry.detail));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

void expect_equal_to_fresh(library::Library& library, const LibrarySetup& setup,
                           const std::string& fresh_directory) {
  LibrarySetup fresh_setup = setup;
  fresh_setup.directory = fresh_directory;
  const auto fresh = open_or_create(fresh_setup);
  index_all(*fresh);
  EXPECT_EQ(dump_truth(setup.directory), dump_truth(fresh_directory));
  EXPECT_EQ(dump_skipped(library), dump_skipped(*fresh));
  const std::vector<std::string> queries = {"retry request",    "session token",
                                            "parse header",     "ledger lang:python",
                                            "\"order packet\"", "marker"};
  EXPECT_EQ(dump_answers(library, queries, 3'000), dump_answers(*fresh, queries, 3'000));
}

}  // namespace sonde::testing
