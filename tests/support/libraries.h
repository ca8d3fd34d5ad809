#pragma once
// Libraries in scratch folders, and what a test compares of them.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "library/library.h"

namespace sonde::testing {

/// A folder that is removed at the end.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& name);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Where the programs under test are (the build folder).
std::string program_path(const std::string& name);

struct LibrarySetup {
  std::string root;       // the source
  std::string directory;  // the library folder
  std::size_t threads = 2;
  std::string worker;  // empty: sonde-worker
  std::shared_ptr<embed::Encoder> encoder = {};
};
library::LibraryOptions options_of(const LibrarySetup& setup);

/// Opens the library, or makes it. Fails the test when it cannot.
std::unique_ptr<library::Library> open_or_create(const LibrarySetup& setup);
/// Runs index() and fails the test on an error.
library::IndexReport index_all(library::Library& library, library::IndexRequest request = {});
/// Runs a search without refresh and fails the test on an error.
library::SearchAnswer ask(library::Library& library, const std::string& query,
                          std::size_t limit = 10);

/// How many files hold exactly this word or phrase (a bare identifier is also found by its parts).
std::size_t files_with(library::Library& library, const std::string& phrase);

/// Every file and chunk that the truth holds, a line each, in order.
std::vector<std::string> dump_truth(const std::string& directory);
/// Every vector that the truth holds: hash of its text in hex, to packed code.
std::map<std::string, std::string> dump_vectors(const std::string& directory);
/// Answers to many queries, every place and score, a line each.
std::vector<std::string> dump_answers(library::Library& library,
                                      const std::vector<std::string>& queries, std::size_t limit);
/// The bytes of the segment files, by content (the names carry a generation).
std::vector<std::string> segment_bytes(const std::string& directory);

/// What was left out and why, a line each, in order.
std::vector<std::string> dump_skipped(library::Library& library);

/// Fails the test unless truth, answers and what was left out are those of a fresh library of the
/// same root, which is made in `fresh_directory`.
void expect_equal_to_fresh(library::Library& library, const LibrarySetup& setup,
                           const std::string& fresh_directory);

}  // namespace sonde::testing
