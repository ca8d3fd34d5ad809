// `sonde install` and `sonde uninstall`.

#include <algorithm>
#include <filesystem>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/clients/clients.h"

namespace sonde::faces::cli {

namespace {

using clients::Action;
using clients::Client;

/// This program by a name that outlives the next version of it: its place in PATH if it has one.
Result<std::string> this_program(const Context& context) {
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) {
    return Error{Code::Io, "cannot tell where this program is; --program says it"};
  }
  const auto& variable = context.environment.variable;
  const std::string folders = variable ? variable("PATH") : std::string();
  for (std::size_t begin = 0; begin < folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string path = folders.substr(begin, end - begin) + "/sonde";
    if (path.front() == '/' && library::resolved_path(path) == self) {
      return path;
    }
    begin = end + 1;
  }
  return self;
}

Result<std::vector<Client>> chosen_clients(const Context& context) {
  const InstallOptions& asked = context.invocation.install;
  if (asked.all && !asked.clients.empty()) {
    return Error{Code::InvalidArgument, "either --all or --client"};
  }
  TRY_ASSIGN(std::vector<Client> all, clients::all_clients(context.environment));
  const auto is_unwanted = [&](const Client& client) {
    return asked.clients.empty() ? !asked.all && !clients::is_here(client)
                                 : std::find(asked.clients.begin(), asked.clients.end(),
                                             client.name) == asked.clients.end();
  };
  all.erase(std::remove_if(all.begin(), all.end(), is_unwanted), all.end());
  return all;
}

Result<clients::Change> plan(const Context& context, const Client& client,
                             const clients::ServerCommand& server) {
  return context.invocation.command == Command::Install ? clients::plan_install(client, server)
                                                        : clients::plan_uninstall(client);
}

json::ClientReport change_one(const Context& context, const Client& client,
                              const clients::ServerCommand& server) {
  json::ClientReport report{client.name, client.title, client.settings, "failed", {}, {}, {}};
  const auto change = plan(context, client, server);
  if (!change.ok()) {
    report.problem = change.error().message;
    return report;
  }
  const bool changes = change->action != Action::Unchanged && change->action != Action::Absent;
  report.change = changes ? clients::shown_change(*change) : std::string();
  if (changes && !context.invocation.install.dry_run) {
    auto copy = clients::apply(*change);
    if (!copy.ok()) {
      report.problem = copy.error().message;
      return report;
    }
    report.copy = std::move(*copy);
  }
  report.action = clients::action_name(change->action);
  return report;
}

/// A line that says what was done, and the lines that differ.
void print(const Context& context, const json::ClientReport& report) {
  std::ostream& out = context.streams.out;
  const Painter painter = context.painter_out();
  const bool dry = context.invocation.install.dry_run;
  out << report.title << ": " << (dry && !report.change.empty() ? "would be " : "") << report.action
      << "  " << painter.paint(Style::Path, context.shown_path(report.file));
  if (!report.copy.empty()) {
    out << "  (as it was: " << context.shown_path(report.copy) << ")";
  }
  out << '\n';
  std::string_view lines = report.change;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    out << safe_line(lines.substr(0, end)) << '\n';
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

}  // namespace

Result<int> run_install(Context& context) {
  const InstallOptions& asked = context.invocation.install;
  TRY_ASSIGN(const std::vector<Client> wanted, chosen_clients(context));
  clients::ServerCommand server{asked.program, {"mcp"}};
  if (asked.program.empty() && context.invocation.command == Command::Install) {
    TRY_ASSIGN(server.program, this_program(context));
  }
  std::vector<json::ClientReport> reports;
  for (const Client& client : wanted) {
    reports.push_back(change_one(context, client, server));
  }
  if (context.invocation.json()) {
    print_json(context, json::clients_object(
                            context.invocation.command == Command::Install ? "sonde.install/1"
                                                                           : "sonde.uninstall/1",
                            asked.dry_run ? json::DryRun::Yes : json::DryRun::No, reports));
  } else {
    for (const json::ClientReport& report : reports) {
      print(context, report);
    }
  }
  int code = kDone;
  for (const json::ClientReport& report : reports) {
    if (!report.problem.empty()) {
      context.note(report.title + ": " + report.file + " is left as it is: " + report.problem);
      code = kFailure;
    }
  }
  if (reports.empty()) {
    context.note("no coding agent was found here; --client NAME names one, of " + [] {
      std::string names;
      for (const std::string& name : clients::client_names()) {
        names += (names.empty() ? "" : ", ") + name;
      }
      return names;
    }());
    return kNothingFound;
  }
  return code;
}

}  // namespace sonde::faces::cli
