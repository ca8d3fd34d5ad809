#pragma once
// A small tree of files that a trial edits, and the model of what a library of it may hold.

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace sonde::selftest {

/// What may be found in a library: of each path one or more versions. Only the last one may be
/// found of what was acknowledged.
class Expected {
 public:
  using Version = std::optional<ContentHash>;  // nothing: the path is not in the library

  /// From now on the path may be found with this content (nothing: be not there), or as before.
  void may_become(const std::string& path, const std::optional<std::string>& content);
  /// What was last said of each path is in the library, and nothing else.
  void acknowledge();
  /// This version was seen: none before it may be found again.
  void found(const std::string& path, const Version& version);
  /// Each chunk of what was acknowledged has its vector, and keeps it.
  void acknowledge_meaning();

  [[nodiscard]] bool may_be(const std::string& path, const Version& version) const;
  /// Whether the newest version of a path is that it is not there.
  [[nodiscard]] bool may_be_gone(const std::string& path) const;
  [[nodiscard]] bool has_vectors(const std::string& path) const { return embedded_.contains(path); }
  /// Whether anything was ever embedded.
  [[nodiscard]] bool meaning() const { return meaning_; }
  [[nodiscard]] const std::map<std::string, std::vector<Version>>& paths() const { return paths_; }
  /// Of every version that there ever was. @return null: no such version
  [[nodiscard]] const std::string* content(const ContentHash& hash) const;
  [[nodiscard]] const std::map<ContentHash, std::string>& contents() const { return contents_; }

 private:
  std::map<std::string, std::vector<Version>> paths_;  // oldest first
  std::map<ContentHash, std::string> contents_;
  std::set<std::string> embedded_;
  bool meaning_ = false;
};

/// The words of a text that mark one function of one version, each in one text only.
std::set<std::string> markers_of(const std::string& text);
/// A word that every function has.
inline constexpr const char* kCommonWord = "ledger";

/// Writes, edits, moves and deletes small source files below a root, deterministic for a seed, and
/// tells an Expected. Owned by one thread. Errors: Io, NoSpace.
class SmallTree {
 public:
  SmallTree(std::string root, std::uint64_t seed);

  Status add(std::size_t files);
  Status edit(std::size_t files);
  Status remove(std::size_t files);
  Status move(std::size_t files);
  /// The path of some file; its content is not expected any more, though it stays on the disk.
  std::string forget_one();
  /// Writes the tree as it is now over whatever is there.
  Status write_again() const;

  [[nodiscard]] Expected& expected() { return expected_; }
  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::size_t size() const { return files_.size(); }

 private:
  std::string make_content(const std::string& path);
  Status write(const std::string& path, const std::string& content) const;
  std::string pick();

  const std::string root_;
  std::mt19937_64 random_;
  std::map<std::string, std::string> files_;
  std::set<std::string> forgotten_;
  std::uint64_t next_ = 0;
  Expected expected_;
};

}  // namespace sonde::selftest
