#pragma once
// Two kinds of hash, never mixed: content_hash names content for ever (SHA-256, cut to 128 bits);
// checksum64 notices damage (XXH3, 64 bits) and is not safe against an adversary.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde {

/// The name of a piece of content: the first 16 bytes of its SHA-256.
struct ContentHash {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const ContentHash&) const = default;
  /// 32 lower-case hexadecimal digits.
  [[nodiscard]] std::string hex() const;
  /// The 16 raw bytes, valid while this object is.
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// From 16 raw bytes. Errors: InvalidArgument (another length).
  static Result<ContentHash> from_bytes(std::string_view raw);
};

/// Threads: safe. Cost: about 1.5 GB/s with SHA extensions.
ContentHash content_hash(std::string_view content);

/// XXH3-64 with a seed. Threads: safe. Cost: memory speed.
std::uint64_t checksum64(std::string_view bytes, std::uint64_t seed = 0);

/// checksum64 (seed 0) of bytes that come in pieces. Threads: owned by one thread.
class Checksum64 {
 public:
  Checksum64();
  ~Checksum64();
  Checksum64(const Checksum64&) = delete;
  Checksum64& operator=(const Checksum64&) = delete;

  void update(std::string_view bytes);
  /// Of all bytes so far; more may follow.
  [[nodiscard]] std::uint64_t digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of bytes that come in pieces. Threads: owned by one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  /// Of all bytes so far, as 64 lower-case hexadecimal digits; nothing may follow.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `bytes` as lower-case hexadecimal digits.
std::string to_hex(std::string_view bytes);

}  // namespace sonde

template <>
struct std::hash<sonde::ContentHash> {
  std::size_t operator()(const sonde::ContentHash& value) const noexcept;
};
