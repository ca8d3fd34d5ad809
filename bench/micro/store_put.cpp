// What the truth costs: chunks put, packed and read. Texts are this repository's own sources, cut
// into pieces of about 750 bytes (SONDE_BENCH_TREE names another folder).

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/store.h"

namespace sonde::store {
namespace {

constexpr std::size_t kPieceBytes = 750;
constexpr std::size_t kChunksOfFile = 20;
constexpr std::size_t kFilesOfTransaction = 1000;
constexpr std::size_t kChunks = 100'000;

std::vector<std::string> pieces() {
  const char* tree = std::getenv("SONDE_BENCH_TREE");
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(tree != nullptr ? tree : "src")) {
    if (entry.is_regular_file()) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> found;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (text.find('\0') != std::string::npos) {
      continue;
    }
    for (std::size_t i = 0; i < text.size() && found.size() < kChunks; i += kPieceBytes) {
      found.push_back(text.substr(i, kPieceBytes));
    }
  }
  return found;
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sonde-bench-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data()) != nullptr ? pattern : "";
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::abort();
  }
  return std::move(result).value();
}

std::unique_ptr<Store> new_store(const Folder& folder) {
  StoreOptions options;
  options.directory = folder.path();
  options.access = Access::Write;
  return must(Store::create(options));
}

std::vector<std::vector<ChunkRecord>> files_of(const std::vector<std::string>& texts) {
  std::vector<std::vector<ChunkRecord>> files;
  for (std::size_t i = 0; i < kChunks; ++i) {
    if (i % kChunksOfFile == 0) {
      files.emplace_back();
    }
    ChunkRecord chunk;
    chunk.ordinal = static_cast<std::uint32_t>(i % kChunksOfFile);
    chunk.symbol = "symbol" + std::to_string(i % 1000);
    chunk.defines = {chunk.symbol};
    chunk.start_byte = chunk.ordinal * 800;
    chunk.text = texts[i % texts.size()];
    chunk.end_byte = chunk.start_byte + static_cast<std::uint32_t>(chunk.text.size());
    files.back().push_back(std::move(chunk));
  }
  return files;
}

FileRecord record_of(std::size_t number) {
  FileRecord file;
  file.path = "folder" + std::to_string(number / 50) + "/file" + std::to_string(number) + ".cpp";
  file.hash = content_hash(file.path);
  file.language = "cpp";
  file.encoding = "utf-8";
  file.chunker_version = 1;
  return file;
}

void put_all(Store& store, const std::vector<std::vector<ChunkRecord>>& files) {
  std::int64_t source = 0;
  for (std::size_t first = 0; first < files.size(); first += kFilesOfTransaction) {
    const auto transaction = must(store.begin());
    if (source == 0) {
      source = must(transaction->add_source("folder", "/bench")).id;
    }
    for (std::size_t i = first; i < std::min(files.size(), first + kFilesOfTransaction); ++i) {
      must(transaction->put_file(source, record_of(i), files[i]));
    }
    must(transaction->commit());
  }
}

void report(benchmark::State& state, const Folder& folder,
            const std::vector<std::vector<ChunkRecord>>& files) {
  double text = 0;
  for (const auto& file : files) {
    for (const ChunkRecord& chunk : file) {
      text += static_cast<double>(chunk.text.size());
    }
  }
  const auto size = std::filesystem::file_size(folder.path() + "/library.db");
  state.counters["db_bytes_per_chunk"] = static_cast<double>(size) / kChunks;
  state.counters["text_bytes_per_chunk"] = text / kChunks;
  state.SetItemsProcessed(static_cast<std::int64_t>(kChunks));
}

void BM_put_and_compress(benchmark::State& state) {
  const auto files = files_of(pieces());
  for (auto _ : state) {
    const Folder folder;
    const auto store = new_store(folder);
    put_all(*store, files);
    state.PauseTiming();
    static_cast<void>(store->checkpoint());
    report(state, folder, files);
    state.ResumeTiming();
  }
}
BENCHMARK(BM_put_and_compress)->Unit(benchmark::kMillisecond)->Iterations(1);

void BM_put_packed(benchmark::State& state) {
  auto files = files_of(pieces());
  for (auto _ : state) {
    state.PauseTiming();
    const Folder folder;
    const auto store = new_store(folder);
    put_all(*store, files);  // trains the dictionary
    {
      const auto transaction = must(store->begin());
      must(Result<int>(transaction->remove_source(1).ok() ? 0 : 1));
      must(transaction->commit());
    }
    for (auto& file : files) {
      for (ChunkRecord& chunk : file) {
        chunk.packed = must(store->pack(chunk.text));
      }
    }
    state.ResumeTiming();
    put_all(*store, files);
    state.PauseTiming();
    static_cast<void>(store->checkpoint());
    report(state, folder, files);
    state.ResumeTiming();
  }
}
BENCHMARK(BM_put_packed)->Unit(benchmark::kMillisecond)->Iterations(1);

void BM_pack(benchmark::State& state) {
  const auto texts = pieces();
  const Folder folder;
  const auto store = new_store(folder);
  put_all(*store, files_of(texts));
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(store->pack(texts[i++ % texts.size()])));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_pack);

void BM_snapshot_and_one_chunk(benchmark::State& state) {
  const Folder folder;
  const auto store = new_store(folder);
  put_all(*store, files_of(pieces()));
  std::int64_t file = 1;
  for (auto _ : state) {
    const auto snapshot = must(store->snapshot());
    benchmark::DoNotOptimize(must(snapshot->chunk(1 + file++ * 37 % 5000, 7)));
  }
}
BENCHMARK(BM_snapshot_and_one_chunk);

void BM_read_all_chunks(benchmark::State& state) {
  const Folder folder;
  const auto store = new_store(folder);
  put_all(*store, files_of(pieces()));
  for (auto _ : state) {
    const auto snapshot = must(store->snapshot());
    for (std::int64_t file = 1; file <= 5000; ++file) {
      benchmark::DoNotOptimize(must(snapshot->chunks(file)));
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(kChunks) * state.iterations());
}
BENCHMARK(BM_read_all_chunks)->Unit(benchmark::kMillisecond)->Iterations(2);

void BM_open(benchmark::State& state) {
  const Folder folder;
  new_store(folder);
  StoreOptions options;
  options.directory = folder.path();
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(Store::open(options)));
  }
}
BENCHMARK(BM_open);

}  // namespace
}  // namespace sonde::store
