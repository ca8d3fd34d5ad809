#include "faces/cli/run.h"

#include <algorithm>
#include <exception>

#include "faces/cli/exit_code.h"
#include "faces/json/objects.h"

namespace sonde::faces::cli {

namespace {

constexpr const char* kShortHelp =
    "Sonde finds things in your files, on your own machine.\n"
    "\n"
    "  sonde index                  read this project (again: only what changed)\n"
    "  sonde search \"QUERY\"         find places in it\n"
    "  sonde status                 what is known, and how fresh it is\n"
    "\n"
    "`sonde --help` lists everything; `sonde COMMAND --help` explains one command.\n";

Result<int> dispatch(Context& context) {
  switch (context.invocation.command) {
    case Command::Index: return run_index(context);
    case Command::Watch: return run_watch(context);
    case Command::Search: return run_search(context);
    case Command::Similar: return run_similar(context);
    case Command::Outline:
    case Command::Definition:
    case Command::References:
    case Command::Callers:
    case Command::Callees: return run_code(context);
    case Command::History: return run_history(context);
    case Command::Unused:
    case Command::Cycles:
    case Command::Analyze: return run_analysis(context);
    case Command::SourceAdd:
    case Command::SourceList:
    case Command::SourceRemove: return run_source(context);
    case Command::Status: return run_status(context);
    case Command::Forget: return run_forget(context);
    case Command::Doctor: return run_doctor(context);
    case Command::Retry: return run_retry(context);
    case Command::Selftest: return run_selftest(context);
    case Command::Reset: return run_reset(context);
    case Command::Completion: return run_completion(context);
    case Command::ModelAdd:
    case Command::ModelPull:
    case Command::ModelList:
    case Command::ModelUse:
    case Command::ModelRemove:
    case Command::ModelTest: return run_model(context);
    case Command::Embed: return run_embed(context);
    case Command::BenchVectors: return run_bench_vectors(context);
    case Command::Mcp: return run_mcp(context);
    case Command::BenchEncoder: return run_bench_encoder(context);
    case Command::Install:
    case Command::Uninstall: return run_install(context);
    case Command::Serve: return run_serve(context);
    case Command::None: context.streams.out << kShortHelp; return kDone;
  }
  return Error{Code::Internal, "a command without its code"};
}

/// What a person reads about an error, with what to do where the message alone does not say.
std::string explained(const Error& error, Command command) {
  if (error.code == Code::Cancelled) {
    const bool writes = command == Command::Index || command == Command::History ||
                        command == Command::Forget || command == Command::Retry ||
                        command == Command::SourceAdd || command == Command::SourceRemove;
    return writes ? "interrupted; what was done is kept, and the same command goes on from there"
                  : "interrupted";
  }
  if (error.code == Code::Corruption && command != Command::Doctor &&
      error.message.find("sonde doctor") == std::string::npos) {
    return error.message + "; `sonde doctor` says what is damaged and what can be done";
  }
  if (error.code == Code::NoSpace && command != Command::None) {
    return error.message + "; make space and run the same command again, what was done is kept";
  }
  if (error.code == Code::Internal) {
    return error.message + " (this is a mistake in Sonde; please report it)";
  }
  return error.message;
}

int report(const Error& error, Command command, bool as_json, Streams& streams) {
  const int exit_code = exit_code_of(error.code);
  const Error shown{error.code, explained(error, command)};
  streams.err << "sonde: " << safe_line(shown.message) << std::endl;
  if (as_json) {
    streams.out << json::error_object(shown, exit_code).text(json::Layout::OneLine);
  }
  return exit_code;
}

bool asks_for_json(const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const std::string& a) { return a == "--json" || a == "--jsonl"; });
}

int run_parsed(const ParsedArguments& parsed, const std::vector<std::string>& arguments,
               const library::Environment& environment, Streams& streams, const LibraryDoor& door,
               const CancelToken& cancel, const Clock& clock) {
  const Invocation& invocation = parsed.invocation;
  if (!parsed.print.empty()) {
    streams.out << (asks_for_json(arguments)
                        ? json::text_object(parsed.print).text(json::Layout::OneLine)
                        : parsed.print);
    return kDone;
  }
  std::string color = invocation.common.color;
  if (color.empty()) {
    color = streams.no_color ? "never" : "auto";
  }
  Context context{invocation, environment, streams, door, cancel, clock, color};
  const Result<int> result = dispatch(context);
  if (result.ok()) {
    return *result;
  }
  return report(result.error(), invocation.command, invocation.json(), streams);
}

}  // namespace

int run(const std::vector<std::string>& arguments, const library::Environment& environment,
        Streams& streams, const LibraryDoor& door, const CancelToken& cancel, const Clock& clock) {
  const bool as_json = asks_for_json(arguments);
  try {
    const Result<ParsedArguments> parsed = parse_arguments(arguments);
    if (!parsed.ok()) {
      return report(parsed.error(), Command::None, as_json, streams);
    }
    return run_parsed(*parsed, arguments, environment, streams, door, cancel, clock);
  } catch (const std::bad_alloc&) {
    return report({Code::NoSpace, "out of memory; --max-rss makes Sonde use less"}, Command::None,
                  as_json, streams);
  } catch (const std::exception& error) {
    return report({Code::Internal, error.what()}, Command::None, as_json, streams);
  }
}

}  // namespace sonde::faces::cli
