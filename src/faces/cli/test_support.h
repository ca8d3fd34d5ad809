#pragma once
// For the tests of this folder: a library that answers what it is told, and a run of the program
// without a process.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "faces/cli/run.h"
#include "library/analysis.h"

namespace sonde::faces::cli {

/// What a fake library answers, and what it was asked.
struct FakeState {
  library::IndexReport index_report;
  library::SymbolAnswer symbol_answer;
  library::CallsAnswer calls_answer;
  library::OutlineAnswer outline_answer;
  library::UnusedAnswer unused_answer;
  library::CyclesAnswer cycles_answer;
  library::AnalyzeAnswer analyze_answer;
  std::vector<library::SymbolRequest> symbols;
  std::vector<library::OutlineRequest> outlined;
  std::vector<library::UnusedRequest> unused;
  std::vector<library::CyclesRequest> cycles;
  std::vector<library::AnalyzeRequest> analyzed;
  library::SearchAnswer answer;
  std::optional<library::SearchAnswer> answer_without_filters;
  library::StatusReport status;
  std::vector<library::SourceInfo> sources;
  library::ForgetReport forget_report;
  library::DoctorReport doctor_report;
  std::optional<Error> error;  // of every call, when set
  std::optional<Error> open_error;

  std::vector<library::IndexRequest> indexed;
  std::vector<library::SearchRequest> searched;
  std::vector<library::SimilarRequest> compared;
  std::vector<library::LibraryOptions> created;
  std::vector<library::LibraryOptions> opened;
  std::vector<std::string> added, removed, forgotten;
  int resets = 0;
  bool repaired = false;
};

class FakeLibrary : public library::Library {
 public:
  explicit FakeLibrary(FakeState& state) : state_(state) {}

  Result<library::IndexReport> index(const library::IndexRequest& request,
                                     const library::ProgressSink& progress,
                                     const CancelToken& cancel) override {
    state_.indexed.push_back(request);
    TRY(cancel.check());
    progress({library::Progress::Phase::Index, 1, 2, 10, 20, 3, 40});
    return answer(state_.index_report);
  }
  Result<library::SearchAnswer> search(const library::SearchRequest& request,
                                       const CancelToken& cancel) override {
    state_.searched.push_back(request);
    TRY(cancel.check());
    if (state_.searched.size() > 1 && state_.answer_without_filters) {
      return *state_.answer_without_filters;
    }
    return answer(state_.answer);
  }
  Result<library::SearchAnswer> similar(const library::SimilarRequest& request,
                                        const CancelToken& cancel) override {
    state_.compared.push_back(request);
    TRY(cancel.check());
    return answer(state_.answer);
  }
  Result<library::SymbolAnswer> definition(const library::SymbolRequest& request,
                                           const CancelToken&) override {
    state_.symbols.push_back(request);
    return answer(state_.symbol_answer);
  }
  Result<library::SymbolAnswer> references(const library::SymbolRequest& request,
                                           const CancelToken&) override {
    state_.symbols.push_back(request);
    return answer(state_.symbol_answer);
  }
  Result<library::CallsAnswer> callers(const library::SymbolRequest& request,
                                       const CancelToken&) override {
    state_.symbols.push_back(request);
    return answer(state_.calls_answer);
  }
  Result<library::CallsAnswer> callees(const library::SymbolRequest& request,
                                       const CancelToken&) override {
    state_.symbols.push_back(request);
    return answer(state_.calls_answer);
  }
  Result<library::OutlineAnswer> outline(const library::OutlineRequest& request,
                                         const CancelToken&) override {
    state_.outlined.push_back(request);
    return answer(state_.outline_answer);
  }
  Result<library::UnusedAnswer> unused(const library::UnusedRequest& request,
                                       const CancelToken&) override {
    state_.unused.push_back(request);
    return answer(state_.unused_answer);
  }
  Result<library::CyclesAnswer> cycles(const library::CyclesRequest& request,
                                       const CancelToken&) override {
    state_.cycles.push_back(request);
    return answer(state_.cycles_answer);
  }
  Result<library::AnalyzeAnswer> analyze(const library::AnalyzeRequest& request,
                                         const CancelToken&) override {
    state_.analyzed.push_back(request);
    return answer(state_.analyze_answer);
  }
  Result<library::SearchHit> result(const std::string&) override {
    return answer(library::SearchHit{});
  }
  Result<library::StatusReport> status(const library::StatusRequest&, const CancelToken&) override {
    return answer(state_.status);
  }
  library::TreeWatch& tree_watch() override { return tree_watch_; }
  Result<std::vector<library::SourceInfo>> sources() override { return answer(state_.sources); }
  Result<library::SourceInfo> add_source(const std::string& path) override {
    state_.added.push_back(path);
    return answer(library::SourceInfo{"0123456789abcdef", "folder", path, 0, true});
  }
  Result<library::SourceInfo> remove_source(const std::string& uid_or_path) override {
    state_.removed.push_back(uid_or_path);
    return answer(library::SourceInfo{"0123456789abcdef", "folder", uid_or_path, 5, true});
  }
  Result<library::ForgetReport> forget(const std::vector<std::string>& paths,
                                       const CancelToken&) override {
    state_.forgotten = paths;
    return answer(state_.forget_report);
  }

 private:
  template <typename T>
  Result<T> answer(const T& value) const {
    return state_.error ? Result<T>(*state_.error) : Result<T>(value);
  }
  library::TreeWatch tree_watch_;
  FakeState& state_;
};

/// A run of the program in a folder of its own, which goes away with this.
class Rig {
 public:
  Rig() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sonde-faces-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    folder = std::filesystem::canonical(folder).string();
    make("project/src");
    make("home");
    environment.working_directory = folder + "/project";
    environment.home = folder + "/home";
    environment.config_home = folder + "/home/.config";
    environment.state_home = folder + "/home/.local/state";
    environment.data_home = folder + "/home/.local/share";
    state.answer.root = folder + "/project";
    state.status.directory = folder + "/project/.sonde";
    state.status.root = folder + "/project";
    state.sources.push_back({"0123456789abcdef", "folder", folder + "/project", 1, true});
  }
  ~Rig() { std::filesystem::remove_all(folder); }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  void make(const std::string& path) const {
    std::filesystem::create_directories(folder + "/" + path);
  }
  void write(const std::string& path, const std::string& text = "x") const {
    make(std::filesystem::path(path).parent_path().string());
    std::ofstream(folder + "/" + path) << text;
  }
  /// From now on the project has a library.
  void with_library() const { write("project/.sonde/library.db"); }
  void on_terminal() {
    out_terminal = {true, false, 80, "host"};
    err_terminal = out_terminal;
    in_is_terminal = true;
  }

  int run(const std::vector<std::string>& arguments, const std::string& input = "") {
    std::ostringstream out_stream;
    std::ostringstream err_stream;
    std::istringstream in_stream(input);
    Streams streams{out_stream,   err_stream,     in_stream, out_terminal,
                    err_terminal, in_is_terminal, no_color};
    const int code = cli::run(arguments, environment, streams, door(), cancel.token(),
                              [] { return std::chrono::steady_clock::time_point(); });
    out = out_stream.str();
    err = err_stream.str();
    return code;
  }

  std::string folder;
  FakeState state;
  library::Environment environment;
  Terminal out_terminal;
  Terminal err_terminal;
  bool in_is_terminal = false;
  bool no_color = false;
  CancelSource cancel;
  std::string out;
  std::string err;

 private:
  LibraryDoor door() {
    LibraryDoor door;
    const auto make_fake = [this]() -> LibraryDoor::Opened {
      if (state.open_error) {
        return *state.open_error;
      }
      return std::unique_ptr<library::Library>(std::make_unique<FakeLibrary>(state));
    };
    door.create = [this, make_fake](const library::LibraryOptions& options) {
      state.created.push_back(options);
      return make_fake();
    };
    door.open = [this, make_fake](const library::LibraryOptions& options) {
      state.opened.push_back(options);
      return make_fake();
    };
    door.doctor = [this](const library::LibraryOptions&, bool repair, const library::ProgressSink&,
                         const CancelToken&) -> Result<library::DoctorReport> {
      state.repaired = repair;
      return state.doctor_report;
    };
    door.reset = [this](const library::LibraryOptions& options) -> Result<std::string> {
      ++state.resets;
      return options.location.directory + ".backup";
    };
    return door;
  }
};

/// A result of the project's file `path`.
inline library::SearchHit hit_in(const Rig& rig, const std::string& path) {
  library::SearchHit hit;
  hit.id = "lib/0123456789abcdef/1/0";
  hit.source = "0123456789abcdef";
  hit.source_path = rig.folder + "/project";
  hit.path = path;
  hit.start_line = 10;
  hit.end_line = 12;
  hit.language = "python";
  hit.kind = "function";
  hit.symbol = "retry";
  hit.scope = "Session";
  hit.score = 0.875;
  hit.text = "# limits retries\ndef retry(self, count):\n    return count\n";
  hit.file_hash = "00112233445566778899aabbccddeeff";
  return hit;
}

}  // namespace sonde::faces::cli
