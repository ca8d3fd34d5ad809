#pragma once
// An output stream on a file descriptor that remembers why writing failed: a reader that went away
// ends the program quietly, a full disk does not.

#include <array>
#include <streambuf>

namespace sonde::faces::cli {

/// Buffered; flushed by the stream's flush() and by the destructor. Not thread-safe.
class DescriptorBuffer : public std::streambuf {
 public:
  /// @param descriptor  open, owned by the caller
  explicit DescriptorBuffer(int descriptor);
  ~DescriptorBuffer() override;
  DescriptorBuffer(const DescriptorBuffer&) = delete;
  DescriptorBuffer& operator=(const DescriptorBuffer&) = delete;

  /// errno of the first write that failed; 0 when none did.
  [[nodiscard]] int error() const { return error_; }

 protected:
  int_type overflow(int_type character) override;
  int sync() override;

 private:
  bool write_out();

  const int descriptor_;
  int error_ = 0;
  std::array<char, 16 * 1024> buffer_;
};

}  // namespace sonde::faces::cli
