#include "tree/testing.h"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace sonde::tree::testing {

namespace {

std::string run(const std::string& command, int& exit_code) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    throw std::runtime_error("cannot run " + command);
  }
  std::string output;
  char buffer[4096];
  std::size_t count = 0;
  while ((count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0) {
    output.append(buffer, count);
  }
  const int status = ::pclose(pipe);
  exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return output;
}

}  // namespace

Scratch::Scratch() {
  // In memory where that is possible: thousands of small files take seconds on a busy disk.
  path_ = "/dev/shm/sonde-tree-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) {
    path_ = std::filesystem::temp_directory_path().string() + "/sonde-tree-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) {
      throw std::runtime_error("cannot make " + path_);
    }
  }
  std::filesystem::create_directory(home());
}

Scratch::~Scratch() {
  int ignored = 0;
  run("rm -rf '" + path_ + "' '" + home() + "'", ignored);
}

void Scratch::write(const std::string& relative, std::string_view content) const {
  const std::string full = path_ + "/" + relative;
  std::filesystem::create_directories(full.substr(0, full.rfind('/')));
  std::ofstream file(full, std::ios::binary);
  file << content;
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + full);
  }
}

void Scratch::make_folder(const std::string& relative) const {
  std::filesystem::create_directories(path_ + "/" + relative);
}

std::string Scratch::git(const std::string& arguments, std::string_view input,
                         const std::string& folder) const {
  const std::string input_file = home() + "/stdin";
  std::ofstream(input_file, std::ios::binary) << input;
  const std::string command =
      "cd '" + path_ + "/" + folder + "' && env -i PATH=\"$PATH\" HOME='" + home() +
      "' GIT_CONFIG_NOSYSTEM=1 git -c user.name=t -c user.email=t@t -c init.defaultBranch=main "
      "-c protocol.file.allow=always " +
      arguments + " <'" + input_file + "' 2>'" + home() + "/stderr'";
  int code = 0;
  std::string output = run(command, code);
  if (code > 1) {
    std::ifstream errors(home() + "/stderr");
    throw std::runtime_error("git " + arguments + ": " +
                             std::string(std::istreambuf_iterator<char>(errors), {}));
  }
  return output;
}

void Scratch::shell(const std::string& command) const {
  int code = 0;
  run("cd '" + path_ + "' && " + command, code);
  if (code != 0) {
    throw std::runtime_error("failed: " + command);
  }
}

std::vector<std::string> split_nul(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

}  // namespace sonde::tree::testing
