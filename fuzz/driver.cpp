// Runs a fuzz target without libFuzzer: every file of a corpus folder, then seeded mutations of
// them.
//
//   fuzz_NAME CORPUS [ROUNDS]     SONDE_FUZZ_SAVE=FILE keeps each input there before it is tried
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::uint64_t kSeed = 20'240'229;
constexpr std::size_t kDefaultRounds = 4'000;
constexpr std::size_t kMaxInput = std::size_t{1} << 16;
constexpr std::size_t kMaxEdits = 4;

std::vector<std::string> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string mutate(std::string input, const std::vector<std::string>& corpus) {
    const std::size_t edits = 1 + below(kMaxEdits);
    for (std::size_t i = 0; i < edits; ++i) {
      edit(input, corpus);
    }
    input.resize(std::min(input.size(), kMaxInput));
    return input;
  }

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

 private:
  void edit(std::string& input, const std::vector<std::string>& corpus) {
    const std::size_t at = below(input.size() + 1);
    const std::size_t length = std::min(1 + below(16), input.size() - at);
    switch (below(6)) {
      case 0: input.resize(at); break;
      case 1: input.erase(at, length); break;
      case 2: input.insert(at, input.substr(at, length)); break;
      case 3: {  // a byte that means much to readers of lengths
        static constexpr char kEdges[] = {'\0', '\1', '\x7f', '\x80', '\xff'};
        input.insert(at, 1 + below(8), kEdges[below(std::size(kEdges))]);
        break;
      }
      case 4: {  // the tail of another input
        const std::string& other = corpus.at(below(corpus.size()));
        input.replace(at, std::string::npos, other, below(other.size() + 1), std::string::npos);
        break;
      }
      default:
        if (at < input.size()) {
          input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        }
    }
  }

  std::mt19937_64 random_;
};

void try_input(const std::string& input) {
  if (const char* save = std::getenv("SONDE_FUZZ_SAVE")) {
    std::ofstream(save, std::ios::binary) << input;
  }
  // Exactly as long as the input, so that a sanitizer sees the first byte read past its end.
  const auto bytes = std::make_unique<std::uint8_t[]>(input.size());
  std::copy(input.begin(), input.end(), bytes.get());
  LLVMFuzzerTestOneInput(bytes.get(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS [ROUNDS]\n", argv[0]);
    return 2;
  }
  const std::vector<std::string> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s holds no inputs\n", argv[1]);
    return 1;
  }
  const std::size_t rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : kDefaultRounds;
  try_input("");
  for (const std::string& input : corpus) {
    try_input(input);
  }
  Mutator mutator(kSeed);
  for (std::size_t i = 0; i < rounds; ++i) {
    try_input(mutator.mutate(corpus[mutator.below(corpus.size())], corpus));
  }
  std::printf("%zu inputs and %zu mutations of them\n", corpus.size(), rounds);
  return 0;
}
