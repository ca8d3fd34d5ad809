#pragma once
// A made-up source tree that can be edited: deterministic for a seed, in several languages, with a
// marker word in every function that occurs nowhere else.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace sonde::testing {

/// How many files a story takes: as many as it says, or a part of them under the sanitizers, which
/// are ten times slower. Never fewer rounds.
constexpr std::size_t story_size(std::size_t files) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  return files / 6;
#else
  return files;
#endif
}

/// Writes and edits files below a root. Owned by one thread.
class Corpus {
 public:
  Corpus(std::string root, std::uint64_t seed);

  /// Adds `count` new files, in folders by topic.
  void add_files(std::size_t count);
  /// Rewrites one function of each of `count` files; its old marker is in retired_markers() then.
  void edit_files(std::size_t count);
  void delete_files(std::size_t count);
  void move_files(std::size_t count);

  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }
  /// Markers that are in no file any more.
  [[nodiscard]] const std::vector<std::string>& retired_markers() const { return retired_; }
  /// A marker that is in some file now.
  [[nodiscard]] std::string living_marker();
  [[nodiscard]] const std::string& root() const { return root_; }
  std::mt19937_64& random() { return random_; }

 private:
  struct Function {
    std::string name;
    std::string marker;
    std::string body;
  };
  struct Content {
    std::string language;
    std::vector<Function> functions;
  };

  Function make_function();
  std::string render(const Content& content) const;
  void write(const std::string& path, const Content& content) const;
  std::size_t below(std::size_t limit);
  std::string word();

  std::string root_;
  std::mt19937_64 random_;
  std::vector<std::string> files_;
  std::vector<Content> contents_;
  std::vector<std::string> retired_;
  std::uint64_t next_id_ = 0;
};

/// The words that its files are made of.
std::vector<std::string> corpus_words();

/// Writes a file and the folders above it. Aborts the test program when it cannot.
void write_file(const std::string& path, const std::string& content);

}  // namespace sonde::testing
