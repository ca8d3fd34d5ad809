#pragma once
// Holds a library to what is expected of it: the truth's rows first, then its answers.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "library/library.h"
#include "selftest/small_tree.h"
#include "store/store.h"

namespace sonde::selftest {

/// The cosines that texts had, by model, question, path and text: the same text may never get
/// another one.
using Cosines = std::map<std::string, double>;

/// What a library holds.
struct Found {
  std::map<std::string, ContentHash> files;
  std::map<std::string, std::uint64_t> chunks;  // of each file
  std::uint64_t digest = 0;  // of all rows: libraries of the same one give the same answers
};

/// One inspection of one library. Complaints are sentences.
class Inspection {
 public:
  Inspection(const Expected& expected, Cosines& cosines) : expected_(expected), cosines_(cosines) {}

  /// Every row of the truth: acknowledged files are there in an allowed version, each once, its
  /// chunks are its text. Errors of reading are complaints.
  Found look(store::Store& store);
  /// The answers by words and by meaning: every function of every file found, each once, no text of
  /// another version, cosines as ever.
  void ask(library::Library& library, const Found& found);

  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void look_at_file(store::Reader& reader, const store::SourceRow& source, const std::string& path,
                    const ContentHash& hash, Found& found);
  void ask_words(library::Library& library, const Found& found);
  void ask_retired(library::Library& library, const Found& found);
  void ask_meaning(library::Library& library, const Found& found);
  void check_hit(const library::SearchHit& hit, const Found& found);
  [[nodiscard]] std::set<std::string> markers_in(const Found& found) const;
  void complain(std::string what) { complaints_.push_back(std::move(what)); }

  const Expected& expected_;
  Cosines& cosines_;
  std::vector<std::string> complaints_;
};

}  // namespace sonde::selftest
