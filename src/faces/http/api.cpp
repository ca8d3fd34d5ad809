#include "faces/http/api.h"

#include <algorithm>
#include <exception>

#include "faces/http/search_arguments.h"
#include "faces/mcp/answers.h"

namespace sonde::faces::http {

namespace {

Result<std::string> search_text(const SearchArguments& search, const mcp::ToolCall& call) {
  const auto ask = [&](library::Library& library, std::vector<std::string> within,
                       std::size_t roots) {
    library::SearchRequest request = search.request;
    request.within = std::move(within);
    request.budget_tokens /= roots;
    return library.search(request, call.cancel);
  };
  TRY_ASSIGN(std::vector<mcp::RootAnswer> answers,
             mcp::ask_roots<library::SearchAnswer>(call, search.root, ask));
  const mcp::ToolAnswer answer =
      mcp::answer_with(call, std::move(answers), search.request.limit, "", search.explain);
  return answer.structured.dump() + "\n";
}

Result<std::string> status_text(const mcp::ToolCall& call) {
  TRY_ASSIGN(mcp::ToolAnswer answer, mcp::status_tool().run(call, mcp::Json::object()));
  mcp::Object object;
  object["schema"] = "sonde.server/1";
  object["version"] = SONDE_VERSION;
  object["roots"] = std::move(answer.structured["roots"]);
  return object.dump() + "\n";
}

Response text_response(int status, const char* text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain";
  response.body = text;
  return response;
}

}  // namespace

void Api::answer(const std::shared_ptr<Exchange>& exchange, Work work) {
  if (under_way_.fetch_add(1) >= kWorkLimit) {
    under_way_.fetch_sub(1);
    exchange->respond(
        error_response({Code::Busy, "too many requests are under way; try again in some seconds"}));
    return;
  }
  pool_.submit([this, exchange, work = std::move(work)] {
    Response response;
    try {
      const CancelToken cancel = exchange->cancel();
      Result<std::string> text =
          cancel.cancelled() ? Error{Code::Cancelled, "the server is ending"} : work(cancel);
      if (text.ok()) {
        response.body = std::move(*text);
      } else {
        response = error_response({text.error().code, mcp::advice_for(text.error())});
      }
    } catch (const std::exception& error) {
      response = error_response({Code::Internal, error.what()});
    }
    exchange->respond(std::move(response));
    under_way_.fetch_sub(1);
  });
}

void Api::search(const std::shared_ptr<Exchange>& exchange) {
  answer(exchange, [this, exchange](const CancelToken& cancel) -> Result<std::string> {
    TRY_ASSIGN(const mcp::Json parameters, parameters_of(exchange->request()));
    TRY_ASSIGN(const SearchArguments search, read_search(parameters));
    return search_text(search, {workspace_, cancel, {}});
  });
}

void Api::status(const std::shared_ptr<Exchange>& exchange) {
  answer(exchange, [this](const CancelToken& cancel) {
    return status_text({workspace_, cancel, {}});
  });
}

void Api::health(const std::shared_ptr<Exchange>& exchange) const {
  exchange->respond(text_response(200, "ok\n"));
}

void Api::ready(const std::shared_ptr<Exchange>& exchange) {
  const auto projects = workspace_.projects({});
  using Phase = mcp::ProjectState::Phase;
  const bool ready =
      projects.ok() && std::all_of(projects->begin(), projects->end(), [](const auto& project) {
        return project->state().phase == Phase::Ready;
      });
  exchange->respond(ready ? text_response(200, "ready\n") : text_response(503, "not ready\n"));
}

}  // namespace sonde::faces::http
