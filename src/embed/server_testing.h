#pragma once
// For tests: tests/support/fake_server.py as a child process, on a port of its own.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "io/subprocess.h"
#include "io/test_folder.h"

#ifndef SONDE_TEST_SERVER  // CMake names the script where tests are built
#define SONDE_TEST_SERVER "tests/support/fake_server.py"
#endif

namespace sonde::embed {

class FakeServer {
 public:
  /// @param folder  with the files that the hub has
  explicit FakeServer(const std::string& folder) {
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) {
      ADD_FAILURE() << "no pipes";
      return;
    }
    const io::UniqueFd in_read(in[0]);
    in_write_ = io::UniqueFd(in[1]);
    const io::UniqueFd out_read(out[0]);
    io::UniqueFd out_write(out[1]);
    io::SubprocessOptions options;
    options.argv = {"/usr/bin/python3", SONDE_TEST_SERVER, folder, log_path()};
    options.descriptors = {{in_read.get(), 0}, {out_write.get(), 1}};
    auto process = io::Subprocess::start(options);
    if (!process.ok()) {
      ADD_FAILURE() << process.error().message;
      return;
    }
    process_ = std::move(process).value();
    out_write.reset();
    for (char c = 0; ::read(out_read.get(), &c, 1) == 1 && c != '\n';) {
      port_ += c;
    }
    EXPECT_FALSE(port_.empty()) << "the server did not start";
  }

  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + port_ + path;
  }
  /// What was asked so far: "GET /hub/... bytes=10-".
  [[nodiscard]] std::vector<std::string> requests() const {
    std::vector<std::string> lines;
    std::ifstream log(log_path());
    for (std::string line; std::getline(log, line);) {
      lines.push_back(line);
    }
    return lines;
  }
  [[nodiscard]] std::size_t count(const std::string& part) const {
    std::size_t found = 0;
    for (const std::string& line : requests()) {
      found += line.find(part) != std::string::npos ? 1 : 0;
    }
    return found;
  }
  void stop() { process_.reset(); }

 private:
  [[nodiscard]] std::string log_path() const { return folder_.path("log"); }

  const io::TestFolder folder_;
  io::UniqueFd in_write_;
  std::optional<io::Subprocess> process_;
  std::string port_;
};

}  // namespace sonde::embed
