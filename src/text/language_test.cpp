#include "text/language.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace sonde::text {
namespace {

TEST(Language, is_told_by_extension_in_any_case) {
  const std::array<std::pair<std::string_view, std::string_view>, 34> cases = {{
      {"a.py", "python"},
      {"src/x/a.PY", "python"},
      {"a.js", "javascript"},
      {"a.jsx", "jsx"},
      {"a.ts", "typescript"},
      {"a.tsx", "tsx"},
      {"A.java", "java"},
      {"a.c", "c"},
      {"a.cpp", "cpp"},
      {"a.hpp", "cpp"},
      {"a.cs", "csharp"},
      {"a.go", "go"},
      {"a.rs", "rust"},
      {"a.rb", "ruby"},
      {"a.php", "php"},
      {"a.kt", "kotlin"},
      {"a.scala", "scala"},
      {"a.swift", "swift"},
      {"a.lua", "lua"},
      {"a.sh", "bash"},
      {"a.exs", "elixir"},
      {"a.hs", "haskell"},
      {"a.zig", "zig"},
      {"a.dart", "dart"},
      {"a.sql", "sql"},
      {"a.html", "html"},
      {"a.css", "css"},
      {"a.json", "json"},
      {"a.yml", "yaml"},
      {"a.toml", "toml"},
      {"README.md", "markdown"},
      {"a.ipynb", "notebook"},
      {"a.rst", "restructuredtext"},
      {"a.unheard", "text"},
  }};
  for (const auto& [path, language] : cases) {
    EXPECT_EQ(language_of(path, ""), language) << path;
  }
}

TEST(Language, is_told_by_special_names) {
  EXPECT_EQ(language_of("docker/Dockerfile", ""), "dockerfile");
  EXPECT_EQ(language_of("Dockerfile.dev", ""), "dockerfile");
  EXPECT_EQ(language_of("Makefile", ""), "make");
  EXPECT_EQ(language_of("CMakeLists.txt", ""), "cmake");
  EXPECT_EQ(language_of("Rakefile", ""), "ruby");
  EXPECT_EQ(language_of("Gemfile", ""), "ruby");
  EXPECT_EQ(language_of("pkg/BUILD", ""), "starlark");
  EXPECT_EQ(language_of("home/.bashrc", ""), "bash");
  EXPECT_EQ(language_of("LICENSE", ""), "text");
  EXPECT_EQ(language_of("config.h.in", ""), "c");
}

TEST(Language, is_told_by_the_first_line_when_the_name_says_nothing) {
  EXPECT_EQ(language_of("run", "#!/usr/bin/env python3\nprint()"), "python");
  EXPECT_EQ(language_of("run", "#!/usr/bin/python3.11 -u\n"), "python");
  EXPECT_EQ(language_of("run", "#! /bin/sh\n"), "bash");
  EXPECT_EQ(language_of("run", "#!/usr/bin/env -S VAR=1 node --x\r\n"), "javascript");
  EXPECT_EQ(language_of("run", "#!"), "text");
  EXPECT_EQ(language_of("run", "#!/usr/bin/env"), "text");
  EXPECT_EQ(language_of("run", "#!/usr/bin/env -S"), "text");
  EXPECT_EQ(language_of("a.py", "#!/bin/sh\n"), "python");
}

TEST(Language, of_a_header_follows_its_content) {
  EXPECT_EQ(language_of("a.h", "#ifndef A_H\n#include <stdio.h>\nint f(void);\n"), "c");
  EXPECT_EQ(language_of("a.h", "#pragma once\nnamespace a {\n"), "cpp");
  EXPECT_EQ(language_of("a.h", "  template <typename T>\n"), "cpp");
  EXPECT_EQ(language_of("a.h", "#include <vector>\n"), "cpp");
  EXPECT_EQ(language_of("a.h", "/* the class of service */\nint x;\n"), "c");
  EXPECT_EQ(language_of("a.h", ""), "c");
}

TEST(Language, belongs_to_one_family) {
  for (const std::string_view code : {"python", "cpp", "bash", "perl", "make"}) {
    EXPECT_TRUE(is_code(code) && !is_prose(code) && !is_data(code)) << code;
  }
  for (const std::string_view prose : {"markdown", "text", "restructuredtext"}) {
    EXPECT_TRUE(is_prose(prose) && !is_code(prose) && !is_data(prose)) << prose;
  }
  for (const std::string_view data : {"json", "yaml", "toml", "css", "html", "xml"}) {
    EXPECT_TRUE(is_data(data) && !is_code(data) && !is_prose(data)) << data;
  }
}

}  // namespace
}  // namespace sonde::text
