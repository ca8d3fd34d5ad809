#pragma once
// For tests only: a folder of their own, and git run in it.

#include <string>
#include <string_view>
#include <vector>

namespace sonde::tree::testing {

/// A new folder, removed with everything in it at the end. A failure to make something throws:
/// the test cannot go on.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string home() const { return path_ + "-home"; }
  /// Makes the folders of `relative` as needed.
  void write(const std::string& relative, std::string_view content) const;
  void make_folder(const std::string& relative) const;
  /// Runs git in `folder` with no configuration of the machine's, HOME being home(); gives its
  /// output. Exit code 1 (check-ignore: nothing is ignored) is fine, others throw.
  std::string git(const std::string& arguments, std::string_view input = {},
                  const std::string& folder = ".") const;
  /// Shell command in the folder; throws unless it exits with 0.
  void shell(const std::string& command) const;

 private:
  std::string path_;
};

std::vector<std::string> split_nul(std::string_view text);

}  // namespace sonde::tree::testing
