// Threads are ours alone: no OpenMP, BLAS or ML runtime in any process of a Sonde that has its
// model loaded and its workers running. (Of the programs on disk tests/lint/no_foreign_runtime asks
// ldd.)

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fcntl.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"
#include "support/tiny_model.h"

namespace sonde::testing {
namespace {

namespace fs = std::filesystem;

int check_processes(const std::vector<pid_t>& processes) {
  std::string command = SONDE_TEST_NO_FOREIGN_RUNTIME " --process";
  for (const pid_t process : processes) {
    command += " " + std::to_string(process);
  }
  return std::system(command.c_str());
}

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::ifstream list(task.path() / "children");
    for (pid_t child = 0; list >> child;) {
      children.push_back(child);
    }
  }
  return children;
}

TEST(ForeignRuntime, is_in_no_process_of_a_sonde_that_embeds_and_parses) {
  const ScratchFolder scratch("foreign");
  words_model(5).write(scratch.path() + "/tiny");
  ASSERT_EQ(run_sonde(scratch.path(), {"model", "add", scratch.path() + "/tiny"}).exit_code, 0);
  Corpus corpus(scratch.path() + "/tree", 3);
  corpus.add_files(20);
  const std::string library = scratch.path() + "/library";
  Running watching(scratch.path(), {"watch", corpus.root(), "--library", library});
  // The first run is over when everything has its vector: model and workers were needed for that.
  for (bool ready = false; !ready;) {
    ASSERT_FALSE(watching.ended()) << watching.wait().all();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const Ran status = run_sonde(scratch.path(), {"status", "--json", "--library", library});
    ready = status.out.find("\"embedded_total\":0") == std::string::npos &&
            status.out.find("\"pending_chunks\":0") != std::string::npos;
  }
  std::vector<pid_t> processes = children_of(watching.pid());
  processes.push_back(watching.pid());
  EXPECT_EQ(check_processes(processes), 0);
}

TEST(ForeignRuntime, that_a_process_loaded_later_is_noticed) {
  const ScratchFolder scratch("loaded");
  const std::string path = scratch.path() + "/libgomp.so.1";
  write_file(path, "not really");
  const int fd = ::open(path.c_str(), O_RDONLY);
  void* const mapped = ::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE, fd, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  EXPECT_NE(check_processes({::getpid()}), 0);
  ::munmap(mapped, 1);
  ::close(fd);
}

}  // namespace
}  // namespace sonde::testing
