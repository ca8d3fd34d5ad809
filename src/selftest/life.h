#pragma once
// The life that a library leads in the trials, and the means to open it on any disk.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "library/library.h"
#include "selftest/bag_encoder.h"
#include "selftest/small_tree.h"

namespace sonde::selftest {

/// Where a library is and with what it is opened.
struct Ground {
  std::string root;       // of the tree
  std::string directory;  // of the library; exists also on the real disk, for the lease
  std::string worker_program;
  io::FileSystem* fs = nullptr;  // null: the operating system's
  std::string vfs = {};
};

/// Options of one thread and a small budget. @param model  0: none; else which of two
library::LibraryOptions options_for(const Ground& ground, int model);

/// Writes all vectors of a library into one file, as large libraries do by themselves. Errors:
/// those of the library.
Status write_vector_file(const library::LibraryOptions& options);

/// A life in steps: create, index, edit, delete, move, embed, merge, forget, change of model. Each
/// step edits the tree first and then calls the library; when the call succeeded, what it did is
/// acknowledged. Owned by one thread.
class Life {
 public:
  Life(std::string root, std::uint64_t seed);

  [[nodiscard]] static std::size_t steps();
  [[nodiscard]] static std::string name(std::size_t step);
  /// The model that step uses; 0: none.
  [[nodiscard]] static int model(std::size_t step);
  [[nodiscard]] static bool forgets(std::size_t step);
  /// Edits the tree as the step says. Errors: Io, NoSpace.
  Status prepare(std::size_t step);
  /// Calls the library. Errors: those of the library.
  Status call(std::size_t step, const Ground& ground) const;
  /// Calls the library and acknowledges. Errors: those of the library.
  Status act(std::size_t step, const Ground& ground);

  [[nodiscard]] SmallTree& tree() { return tree_; }

 private:
  SmallTree tree_;
  std::string to_forget_;
};

}  // namespace sonde::selftest
