#pragma once
// What is written to the client, by a thread of its own: nobody waits for a client that does not
// read.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "faces/mcp/channel.h"

namespace sonde::faces::mcp {

inline constexpr std::size_t kOutboxLimitBytes = 32U << 20;

/// Messages to one descriptor, in their order. Threads: safe.
class Outbox : public Channel {
 public:
  /// @param descriptor  not owned; written in pieces that never block for long
  explicit Outbox(int descriptor);
  /// Drops what is not written.
  ~Outbox() override;
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Always taken; who asks is slowed down by full().
  void answer(const Json& id, std::string line) override;
  void tell(const Json& id, std::string line) override;
  void ask(std::string line) override;
  /// So much waits that no more requests should be read.
  [[nodiscard]] bool full();
  /// The client closed its end.
  [[nodiscard]] bool broken();
  /// Returns when all is written, `patience` passed, or nobody reads any more.
  void drain(std::chrono::milliseconds patience);

 private:
  void put(std::string line, std::size_t limit_bytes);
  void run();
  bool write_all(const std::string& text);

  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  std::size_t waiting_bytes_ = 0;
  bool writing_ = false;
  bool broken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sonde::faces::mcp
