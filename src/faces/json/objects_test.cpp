#include "faces/json/objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "faces/json/base64.h"

namespace sonde::faces::json {
namespace {

using Json = nlohmann::ordered_json;

library::SearchAnswer small_answer() {
  library::SearchHit hit;
  hit.id = "an id";
  hit.source = "0123456789abcdef";
  hit.source_path = "/project";
  hit.path = "src/net.py";
  hit.start_line = 10;
  hit.end_line = 12;
  hit.language = "python";
  hit.kind = "function";
  hit.symbol = "retry";
  hit.score = 0.1 + 0.2;
  hit.text = "def retry():\n";
  hit.file_hash = "00ff";
  hit.more = {{40, 45, "", 0.25}};
  hit.words = 12.5;
  hit.boosts = {{"definition", 0.3}};
  library::SearchAnswer answer;
  answer.query = "retry";
  answer.root = "/project";
  answer.took_ms = 1.23456;
  answer.results = {hit};
  answer.index.generation = 7;
  answer.index.checked_at_ms = 1'700'000'000'123;
  answer.index.files = 1;
  answer.index.chunks = 2;
  return answer;
}

TEST(SearchObject, is_exactly_as_described) {
  EXPECT_EQ(
      search_object(small_answer(), Explain::No).text(Layout::OneLine),
      R"({"schema":"sonde.search/1","query":"retry","mode":"words","root":"/project","took_ms":1.235,)"
      R"("results":[{"id":"an id","source":"0123456789abcdef","path":"src/net.py","start_line":10,)"
      R"("end_line":12,"language":"python","kind":"function","symbol":"retry","score":0.3,)"
      R"("text":"def retry():\n","file_hash":"00ff","stale":false,)"
      R"("more":[{"start_line":40,"end_line":45,"symbol":null,"score":0.25}]}],)"
      R"("model":null,"tokens":null,"tokens_by":null,"left_out_by_budget":0,)"
      R"("index":{"generation":7,"checked_at":"2023-11-14T22:13:20.123Z","files":1,"chunks":2,)"
      R"("pending_chunks":0,"stale_files":0,"quarantined":0,"complete":true}})"
      "\n");
}

TEST(SearchObject, explains_only_when_asked) {
  const Json object = search_object(small_answer(), Explain::Yes).value();
  const Json& hit = object["results"][0];
  EXPECT_EQ(hit["words"], 12.5);
  EXPECT_TRUE(hit["meaning"].is_null());
  EXPECT_EQ(hit["boosts"]["definition"], 0.3);
}

TEST(SearchObject, context_is_there_when_it_is) {
  library::SearchAnswer answer = small_answer();
  answer.results[0].context_start_line = 8;
  answer.results[0].context = "a\nb\n";
  const Json hit = hit_object(answer.results[0], Explain::No).value();
  EXPECT_EQ(hit["context_start_line"], 8);
  EXPECT_EQ(hit["context"], "a\nb\n");
}

TEST(SearchObject, odd_bytes_anywhere_still_give_valid_json) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
  }
  library::SearchAnswer answer = small_answer();
  library::SearchHit& hit = answer.results[0];
  answer.query = answer.root = answer.mode = bytes;
  hit.id = hit.source = hit.path = hit.language = hit.kind = hit.symbol = hit.text = bytes;
  hit.context = hit.file_hash = hit.more[0].symbol = bytes;
  hit.context_start_line = 1;
  hit.boosts = {{bytes, 1.0}};
  const std::string text = search_object(answer, Explain::Yes).text(Layout::OneLine);
  EXPECT_TRUE(is_valid_utf8(text));
  const Json object = Json::parse(text);
  EXPECT_EQ(object["results"][0]["path"], to_valid_utf8(bytes));
  EXPECT_EQ(object["results"][0]["path_base64"], base64(bytes));
  EXPECT_EQ(object["root_base64"], base64(bytes));
  EXPECT_EQ(object["results"][0]["text"], to_valid_utf8(bytes));
}

TEST(SearchObject, a_path_in_utf8_has_no_base64) {
  const Json object = search_object(small_answer(), Explain::No).value();
  EXPECT_FALSE(object["results"][0].contains("path_base64"));
}

TEST(SearchObject, a_score_that_is_no_number_is_null) {
  library::SearchAnswer answer = small_answer();
  answer.results[0].score = std::nan("");
  EXPECT_TRUE(search_object(answer, Explain::No).value()["results"][0]["score"].is_null());
}

TEST(StatusObject, has_what_scripts_rely_on) {
  library::StatusReport report;
  report.index.files = 3;
  report.bytes_truth = 1;
  report.bytes_derived = 2;
  report.bytes_source = 3;
  const Json object = status_object(report, {}).value();
  for (const char* name : {"files", "chunks", "pending_chunks", "stale_files", "skipped",
                           "quarantined", "vectors", "embedded_total", "model", "bytes"}) {
    EXPECT_TRUE(object.contains(name)) << name;
  }
  EXPECT_EQ(object["schema"], "sonde.status/1");
  EXPECT_EQ(object["bytes"].dump(), R"({"truth":1,"derived":2,"source":3})");
  EXPECT_TRUE(object["model"].is_null());
  EXPECT_TRUE(object["writer_pid"].is_null());
  EXPECT_FALSE(object.contains("skipped_list"));
}

TEST(StatusObject, lists_are_there_when_asked_for) {
  library::StatusReport report;
  report.skipped_list = {{"/p", "a\xff", "binary", "by name"}};
  report.quarantine_list = {{"/p", "b", "crashed twice", 1}};
  const Json object = status_object(report, {true, true}).value();
  EXPECT_EQ(object["skipped_list"][0]["path_base64"], base64("a\xff"));
  EXPECT_EQ(object["quarantine_list"][0]["at"], "1970-01-01T00:00:00.001Z");
}

TEST(ErrorObject, is_exactly_as_described) {
  EXPECT_EQ(error_object({Code::Busy, "held by \"7\""}, 4).text(Layout::OneLine),
            "{\"schema\":\"sonde.error/1\",\"error\":{\"code\":\"busy\",\"message\":\"held by "
            "\\\"7\\\"\",\"exit_code\":4}}\n");
}

TEST(Base64, is_as_the_standard_says) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xff\xfe", "//4="},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64(bytes), text);
  }
}

TEST(UtcTime, handles_the_edges) {
  EXPECT_EQ(utc_time(0), "");
  EXPECT_EQ(utc_time(-1), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace sonde::faces::json
