#include <sys/stat.h>

#include "faces/cli/context.h"
#include "faces/cli/exit_code.h"
#include "faces/cli/output.h"
#include "faces/cli/server_door.h"
#include "faces/http/server.h"
#include "faces/http/token_file.h"

namespace sonde::faces::cli {

namespace {

Result<std::vector<std::string>> roots_of(const Context& context) {
  std::vector<std::string> roots;
  for (const std::string& typed : context.invocation.serve.roots) {
    const std::string root = context.absolute(typed);
    struct stat info {};
    if (::stat(root.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
      return Error{Code::InvalidArgument, "there is no folder " + safe_path(typed) + " to serve"};
    }
    roots.push_back(root);
  }
  if (roots.empty()) {
    roots.push_back(library::project_root(context.environment.working_directory));
  }
  return roots;
}

Result<std::string> token_path(const Context& context) {
  const std::string& typed = context.invocation.serve.token_file;
  if (!typed.empty()) {
    return context.absolute(typed);
  }
  if (context.environment.state_home.empty()) {
    return Error{Code::InvalidArgument,
                 "there is no home folder to keep the token in; name a file with --token-file"};
  }
  return io::join_path(context.environment.state_home, "sonde/http-token");
}

/// Who can reach the address can try tokens, and reads what goes over the wire: that is decided by
/// naming the token's file, never by a slip in an address.
Status check_address(const http::Address& address, const Context& context) {
  if (address.loopback() || !context.invocation.serve.token_file.empty()) {
    return {};
  }
  return Error{Code::InvalidArgument,
               address.url() +
                   " can be reached from other machines, and what goes over the wire can be read: "
                   "say that you mean it with --token-file FILE, and keep the file secret"};
}

}  // namespace

Result<int> run_serve(Context& context) {
  const ServeOptions& given = context.invocation.serve;
  http::ServerOptions options;
  TRY_ASSIGN(options.address, http::parse_address(given.listen));
  TRY(check_address(options.address, context));
  TRY_ASSIGN(options.roots, roots_of(context));
  TRY_ASSIGN(const std::string path, token_path(context));
  TRY_ASSIGN(options.token, http::read_or_make_token(io::real_file_system(), path));
  options.allowed_hosts = given.allowed_hosts;
  options.home = context.environment.home;
  ServerDoor door(context);
  options.door = door.door();
  options.log = door.log();
  const auto ready = [&](const http::Address& address) {
    if (context.invocation.json()) {
      context.streams.out << json::serve_object(address.url(), path).text(json::Layout::OneLine);
    } else {
      context.streams.out << address.url() << '\n';
      context.note("the token that requests carry is in " + path);
    }
    context.streams.out.flush();
  };
  TRY(http::serve(options, ready, context.cancel));
  return kDone;  // it was told to end, and did
}

}  // namespace sonde::faces::cli
