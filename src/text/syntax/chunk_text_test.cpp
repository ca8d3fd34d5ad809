#include <gtest/gtest.h>

#include <random>

#include "text/chunk_checks.h"
#include "text/chunk_job.h"
#include "text/syntax/grammars.h"

namespace sonde::text {
namespace {

ChunkedText chunk(std::string_view language, std::string_view text) {
  auto chunked = chunk_text(language, text);
  EXPECT_TRUE(chunked.ok());
  return chunked.ok() ? std::move(chunked).value() : ChunkedText{};
}

std::string body(std::string_view text, const Chunk& chunk) {
  return std::string(text.substr(chunk.start_byte, chunk.end_byte - chunk.start_byte));
}

std::string python_function(const std::string& name, int statements, const std::string& indent) {
  std::string text = indent + "def " + name + "(self, value):\n";
  for (int i = 0; i < statements; ++i) {
    text += indent + "    value = self.combine(value, " + std::to_string(i * 7919) + ", '" + name +
            "')\n";
  }
  return text + indent + "    return value\n\n";
}

TEST(Chunker, a_large_class_becomes_a_head_and_its_methods) {
  std::string text = "class Session(Base):\n    \"\"\"Keeps cookies between requests.\"\"\"\n\n";
  for (const char* name : {"open", "close", "send"}) {
    text += python_function(name, 11, "    ");
  }
  const ChunkedText chunked = chunk("python", text);
  expect_sound(chunked, text);
  ASSERT_EQ(chunked.chunks.size(), 3U);
  EXPECT_EQ(chunked.chunks[0].kind, ChunkKind::Class);
  EXPECT_EQ(chunked.chunks[0].symbol, "Session");
  EXPECT_EQ(chunked.chunks[0].defines, (std::vector<std::string>{"Session", "open"}));
  EXPECT_EQ(chunked.chunks[1].kind, ChunkKind::Function);
  EXPECT_EQ(chunked.chunks[1].symbol, "close");
  EXPECT_EQ(chunked.chunks[1].scope, "Session");
  EXPECT_EQ(chunked.chunks[2].symbol, "send");
  EXPECT_TRUE(body(text, chunked.chunks[2]).starts_with("    def send"));
}

TEST(Chunker, later_parts_of_a_function_keep_its_symbol_and_scope) {
  const std::string text = "class A:\n" + python_function("long_one", 60, "    ");
  const ChunkedText chunked = chunk("python", text);
  expect_sound(chunked, text);
  ASSERT_GT(chunked.chunks.size(), 3U);
  for (std::size_t i = 1; i < chunked.chunks.size(); ++i) {
    EXPECT_EQ(chunked.chunks[i].symbol, "long_one");
    EXPECT_EQ(chunked.chunks[i].scope, "A");
    EXPECT_EQ(chunked.chunks[i].kind, ChunkKind::Function);
    EXPECT_TRUE(chunked.chunks[i].defines.empty());
  }
}

TEST(Chunker, joined_neighbours_list_all_they_define) {
  std::string text = "import os\n\nLIMIT = 3\n\n\n";
  text += python_function("one", 2, "");
  text += python_function("two", 2, "");
  const ChunkedText chunked = chunk("python", text);
  ASSERT_EQ(chunked.chunks.size(), 1U);
  EXPECT_EQ(chunked.chunks[0].symbol, "one");
  EXPECT_EQ(chunked.chunks[0].kind, ChunkKind::Function);
  EXPECT_EQ(chunked.chunks[0].defines, (std::vector<std::string>{"LIMIT", "one", "two"}));
}

TEST(Chunker, nothing_of_another_scope_is_joined_to_a_large_class) {
  std::string text = "class A:\n";
  for (const char* name : {"one", "two", "three"}) {
    text += python_function(name, 9, "    ");
  }
  text += "\n" + python_function("outside", 5, "");
  const ChunkedText chunked = chunk("python", text);
  const Chunk& last = chunked.chunks.back();
  EXPECT_EQ(last.symbol, "outside");
  EXPECT_EQ(last.scope, "");
  EXPECT_TRUE(body(text, last).starts_with("def outside"));
}

TEST(Chunker, code_of_the_module_is_named_as_such) {
  const std::string text = "import os\nimport sys\n\nprint(os.name)\n";
  const ChunkedText chunked = chunk("python", text);
  ASSERT_EQ(chunked.chunks.size(), 1U);
  EXPECT_EQ(chunked.chunks[0].kind, ChunkKind::Module);
  EXPECT_EQ(chunked.chunks[0].symbol, "");
}

TEST(Chunker, mostly_wrong_text_is_windowed_with_the_reason) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += "}}) ]] ?? <<< >>> ((( @@ !! \xC2\xA7 $$ %% ^^ &&&\n";
  }
  const ChunkedText chunked = chunk("java", text);
  expect_sound(chunked, text);
  EXPECT_TRUE(chunked.windowed);
  EXPECT_NE(chunked.reason.find("syntax tree"), std::string::npos);
}

TEST(Chunker, text_beyond_the_parse_limit_is_windowed_with_the_reason) {
  std::string text;
  while (text.size() <= (2U << 20U)) {
    text += "int x" + std::to_string(text.size()) + " = 1;\n";
  }
  const ChunkedText chunked = chunk("c", text);
  expect_sound(chunked, text);
  EXPECT_TRUE(chunked.windowed);
  EXPECT_EQ(chunked.reason, "syntax tree not tried on more than 2 MiB");
}

TEST(Chunker, refuses_what_is_not_utf8) {
  const auto chunked = chunk_text("python", "x = '\xFF'");
  ASSERT_FALSE(chunked.ok());
  EXPECT_EQ(chunked.error().code, Code::InvalidArgument);
}

class EveryLanguage : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryLanguage, takes_odd_texts_without_harm) {
  const std::string_view language = GetParam();
  std::string long_line(40'000, 'x');
  for (std::size_t i = 0; i < long_line.size(); i += 61) {
    long_line[i] = ' ';
  }
  std::string comments;
  for (int i = 0; i < 300; ++i) {
    comments += "// # -- /* one comment line after another */\n";
  }
  for (const std::string& text :
       {std::string(), std::string(" \n\t \r\n"), std::string("\n\n\n"), std::string("x"),
        std::string("a\r\nb\r\n\r\nc\r\n"), std::string("\0\0\0", 3), comments, long_line,
        std::string(2'000, '(') + std::string(2'000, ')'), std::string(2'000, '['),
        std::string(2'000, '{'),
        std::string("\xEF\xBB\xBF"
                    "int x;\n")}) {
    expect_sound(chunk(language, text), text);
  }
}

std::vector<std::string_view> language_names() {
  std::vector<std::string_view> names;
  for (const Grammar& grammar : all_grammars()) {
    names.push_back(grammar.language);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, EveryLanguage, testing::ValuesIn(language_names()),
                         [](const auto& test) { return std::string(test.param); });

TEST(Chunker, a_line_of_five_million_characters_stays_in_bounds) {
  std::string text(5'000'000, 'x');
  for (std::size_t i = 0; i < text.size(); i += 61) {
    text[i] = ' ';
  }
  expect_sound(chunk("javascript", text), text);
}

TEST(Chunker, deep_nesting_costs_no_stack) {
  for (const std::string_view language : {"c", "json", "python", "rust"}) {
    const std::string text = std::string(100'000, '[') + std::string(100'000, ']');
    expect_sound(chunk(language, text), text);
  }
  std::string text = "x = ";
  for (int i = 0; i < 50'000; ++i) {
    text += "[\n";
  }
  text += std::string(50'000, ']');
  expect_sound(chunk("python", text), text);
  std::string sum = "x = 1";
  for (int i = 0; i < 50'000; ++i) {
    sum += " +\n 1";
  }
  expect_sound(chunk("javascript", sum), sum);
}

TEST(Chunker, a_kotlin_annotation_at_the_very_end_does_not_hang_the_scanner) {
  for (const std::string text :
       {"class A @Inject", "class A(val x: Int)\n@Foo", "val x = 1\n@get:Foo(ü"}) {
    expect_sound(chunk("kotlin", text), text);
  }
}

TEST(Chunker, job_answers_check) {
  const std::string text = python_function("one", 30, "") + python_function("two", 30, "");
  const auto answer = handle_chunk_job(encode_chunk_request("python", text));
  ASSERT_TRUE(answer.ok());
  const auto decoded = decode_chunk_answer(*answer, text);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_GE(decoded->chunks.size(), 3U);
  EXPECT_FALSE(handle_chunk_job("nonsense").ok());
}

constexpr const char* kNotebook = R"({"cells": [
  {"cell_type": "markdown", "source": ["# Title\n", "Some words."]},
  {"cell_type": "code", "source": "def load(path):\n    return path\n", "outputs": [{"data": "no"}]},
  {"cell_type": "code", "source": []}], "metadata": {}, "nbformat": 4})";

TEST(Notebook, becomes_a_text_of_its_cells) {
  const ChunkedText chunked = chunk("notebook", kNotebook);
  EXPECT_EQ(chunked.text,
            "# %% [markdown]\n# Title\nSome words.\n\n# %%\ndef load(path):\n    return path\n\n");
  expect_sound(chunked, chunked.text);
  ASSERT_FALSE(chunked.chunks.empty());
  EXPECT_EQ(chunked.chunks[0].kind, ChunkKind::Cell);
  EXPECT_EQ(chunked.chunks[0].defines, (std::vector<std::string>{"Title", "load"}));
  const auto answer = decode_chunk_answer(encode_chunk_answer(chunked), kNotebook);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->text, chunked.text);
}

TEST(Notebook, that_cannot_be_read_is_windowed_with_the_reason) {
  for (const std::string text :
       {"{", "[]", "{\"cells\": 3}", "{\"cells\": [1, null, {\"source\": 5}]}", "null",
        "{\"worksheets\": [7]}", "{\"cells\": [{\"source\": \"x\", \"cell_type\": 9"}) {
    const ChunkedText chunked = chunk("notebook", text);
    EXPECT_TRUE(chunked.windowed) << text;
    EXPECT_FALSE(chunked.reason.empty());
    expect_sound(chunked, text);
  }
  const std::string deep = std::string(200'000, '[');
  expect_sound(chunk("notebook", deep), deep);
}

}  // namespace
}  // namespace sonde::text
