// A process that holds a library and its model, as a server would: reads queries, one a line, and
// answers each with a line of how long it took.
//
//   warm_queries ROOT [--no-refresh] < queries
//
// --no-refresh leaves out the comparison with the tree before each answer, as a process that
// watches the tree may.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

#include "base/thread_pool.h"
#include "embed/open_encoder.h"
#include "library/library.h"

namespace {

using namespace sonde;

Status answer_lines(const std::string& root, bool refresh) {
  TRY_ASSIGN(library::Environment environment, library::environment_of_process());
  library::LibraryOptions options;
  options.environment = environment;
  TRY_ASSIGN(options.config, library::read_config(environment, root));
  TRY_ASSIGN(options.location, library::find_library(environment, root, ""));
  embed::EncoderChoice choice;
  TRY_ASSIGN(choice.models_folder, library::models_folder(environment));
  ThreadPool pool(1, "embed");
  TRY_ASSIGN(options.encoder, embed::open_encoder(io::real_file_system(), choice, pool, {}));
  TRY_ASSIGN(const auto library, library::Library::open(options));
  library::SearchRequest request;
  request.refresh = refresh;
  while (std::getline(std::cin, request.query)) {
    const auto start = std::chrono::steady_clock::now();
    TRY_ASSIGN(const library::SearchAnswer answer, library->search(request, {}));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    fmt::print("{{\"ms\":{:.3f},\"mode\":\"{}\",\"results\":{},\"pending\":{}}}\n", took.count(),
               answer.mode, answer.results.size(), answer.index.pending_chunks);
    std::fflush(stdout);
  }
  return {};
}

}  // namespace

int main(int argument_count, char** arguments) {
  const Status done =
      answer_lines(argument_count > 1 ? arguments[1] : ".",
                   argument_count < 3 || std::string(arguments[2]) != "--no-refresh");
  if (!done.ok()) {
    fmt::print(stderr, "warm_queries: {}\n", done.error().message);
  }
  return done.ok() ? 0 : 1;
}
