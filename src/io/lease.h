#pragma once
// The writer lease: an exclusive lock on a file that the kernel gives back when its holder dies.

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace sonde::io {

/// Holds the lease until it is destroyed. Movable. Never inherited by a program we start.
/// Threads: owned by one thread; holder() is safe.
class Lease {
 public:
  /// Takes the lease on `path` (created with mode 0600) without waiting.
  /// Errors: Busy (the message says which process holds it, as far as it wrote that down), Io.
  static Result<Lease> acquire(const std::string& path);
  /// The process id that the present holder wrote into the file; nothing when nobody holds it.
  /// Asking does not disturb who takes it at the same time.
  static std::optional<int> holder(const std::string& path);

  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

 private:
  explicit Lease(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace sonde::io
