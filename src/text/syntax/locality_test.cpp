// One inserted line changes at most three chunks, in every language.

#include <gtest/gtest.h>

#include <random>

#include "text/chunk_checks.h"
#include "text/syntax/grammars.h"

namespace sonde::text {
namespace {

/// The pieces of a made-up file; "$" becomes a name of its own.
struct Pieces {
  const char* language;
  const char* start;      // once
  const char* open;       // a container, or nothing
  const char* function;   // the head of a function
  const char* statement;  // a line of it
  const char* end;        // of a function
  const char* close;      // of the container
  const char* inserted;   // a line that may stand anywhere
};

constexpr Pieces kPieces[] = {
    {"python", "import os\nfrom typing import Any\n\n",
     "class Keeper$(Base):\n    \"\"\"Keeps.\"\"\"\n\n",
     "    @cached\n    def load_$(self, path):\n", "        value_$ = self.read(path, size=$)\n",
     "        return path\n\n", "\n", "# an inserted line\n"},
    {"javascript", "import fs from 'fs';\n\n", "class Keeper$ extends Base {\n",
     "  /** Loads. */\n  load_$(path) {\n", "    const value_$ = this.read(path, { size: $ });\n",
     "    return path;\n  }\n\n", "}\n\n", "// an inserted line\n"},
    {"jsx", "import React from 'react';\n\n", "", "export function View$({ label }) {\n",
     "  const value_$ = useMemo(() => <b>{label}</b>, [$]);\n", "  return <p>{label}</p>;\n}\n\n",
     "", "// an inserted line\n"},
    {"typescript", "import { x } from './x';\n\n", "export class Keeper$<T> implements Base {\n",
     "  public load_$(path: string): number {\n", "    const value_$: T = this.read(path, $);\n",
     "    return 1;\n  }\n\n", "}\n\n", "// an inserted line\n"},
    {"tsx", "import React from 'react';\n\n", "",
     "export function View$(props: Props): JSX.Element {\n",
     "  const value_$ = useRead<string>(props.path, $);\n", "  return <p>{props.label}</p>;\n}\n\n",
     "", "// an inserted line\n"},
    {"java", "package a.b;\n\nimport java.util.List;\n\n", "public class Keeper$ extends Base {\n",
     "  /** Loads. */\n  @Override\n  public int load_$(String path) {\n",
     "    int value_$ = read(path, $);\n", "    return 1;\n  }\n\n", "}\n\n",
     "// an inserted line\n"},
    {"c", "#include <stdio.h>\n\n", "struct keeper_$ {\n  int a;\n};\n\n",
     "/* Loads. */\nstatic int load_$(const char *path) {\n", "  int value_$ = read_it(path, $);\n",
     "  return 1;\n}\n\n", "", "/* an inserted line */\n"},
    {"cpp", "#include <string>\n\n", "namespace keeper_$ {\n\n",
     "// Loads.\nint Keeper::load_$(const std::string& path) {\n",
     "  auto value_$ = read(path, $);\n", "  return 1;\n}\n\n", "}  // namespace\n\n",
     "// an inserted line\n"},
    {"csharp", "using System;\n\n", "public class Keeper$ : Base\n{\n",
     "    /// <summary>Loads.</summary>\n    public int Load$(string path)\n    {\n",
     "        var value$ = Read(path, $);\n", "        return 1;\n    }\n\n", "}\n\n",
     "// an inserted line\n"},
    {"go", "package keeper\n\nimport \"os\"\n\n", "type Keeper$ struct {\n\tpath string\n}\n\n",
     "// Load$ loads.\nfunc (k *Keeper) Load$(path string) int {\n",
     "\tvalue$ := k.read(path, $)\n", "\treturn 1\n}\n\n", "", "// an inserted line\n"},
    {"rust", "use std::fs;\n\n", "impl Keeper$ {\n",
     "    /// Loads.\n    #[inline]\n    pub fn load_$(&self, path: &str) -> u32 {\n",
     "        let value_$ = self.read(path, $);\n", "        1\n    }\n\n", "}\n\n",
     "// an inserted line\n"},
    {"ruby", "require 'json'\n\n", "class Keeper$ < Base\n", "  # Loads.\n  def load_$(path)\n",
     "    value_$ = read(path, $)\n", "    path\n  end\n\n", "end\n\n", "# an inserted line\n"},
    {"php", "<?php\n\nnamespace A\\B;\n\n", "class Keeper$ extends Base\n{\n",
     "    /** Loads. */\n    public function load$($path)\n    {\n",
     "        $value = $this->read($path, $);\n", "        return 1;\n    }\n\n", "}\n\n",
     "// an inserted line\n"},
    {"kotlin", "package a.b\n\nimport x.y\n\n", "class Keeper$(val base: Base) {\n",
     "    /** Loads. */\n    fun load$(path: String): Int {\n",
     "        val value$ = read(path, $)\n", "        return 1\n    }\n\n", "}\n\n",
     "// an inserted line\n"},
    {"scala", "package a.b\n\nimport x.y\n\n", "class Keeper$(base: Base) {\n",
     "  /** Loads. */\n  def load$(path: String): Int = {\n", "    val value$ = read(path, $)\n",
     "    1\n  }\n\n", "}\n\n", "// an inserted line\n"},
    {"swift", "import Foundation\n\n", "class Keeper$: Base {\n",
     "    /// Loads.\n    func load$(path: String) -> Int {\n",
     "        let value$ = read(path, $)\n", "        return 1\n    }\n\n", "}\n\n",
     "// an inserted line\n"},
    {"lua", "local M = {}\n\n", "", "-- Loads.\nfunction M.load_$(path)\n",
     "  local value_$ = M.read(path, $)\n", "  return path\nend\n\n", "", "-- an inserted line\n"},
    {"bash", "#!/bin/bash\nset -e\n\n", "", "# Loads.\nload_$() {\n",
     "  local value_$=\"$(read_it \"$path\" $)\"\n", "  return 0\n}\n\n", "",
     "# an inserted line\n"},
    {"elixir", "", "defmodule Keeper$ do\n  use Base\n\n",
     "  @doc \"Loads.\"\n  def load_$(path) do\n", "    value_$ = read(path, $)\n",
     "    path\n  end\n\n", "end\n\n", "# an inserted line\n"},
    {"haskell", "module Keeper where\n\nimport Data.List\n\n", "",
     "-- | Loads.\nload$ :: String -> IO Int\nload$ path = do\n", "  value$ <- readIt path $\n",
     "  return 1\n\n", "", "-- an inserted line\n"},
    {"zig", "const std = @import(\"std\");\n\n", "const Keeper$ = struct {\n",
     "    /// Loads.\n    pub fn load_$(path: []const u8) u32 {\n",
     "        const value_$ = read(path, $);\n", "        return 1;\n    }\n\n", "};\n\n",
     "// an inserted line\n"},
    {"dart", "import 'a.dart';\n\n", "class Keeper$ extends Base {\n",
     "  /// Loads.\n  int load$(String path) {\n", "    final value$ = read(path, $);\n",
     "    return 1;\n  }\n\n", "}\n\n", "// an inserted line\n"},
    {"sql", "-- The schema.\n\n", "", "CREATE TABLE keeper_$ (\n",
     "  value_$ VARCHAR(20) NOT NULL DEFAULT 'none',\n", "  id INT PRIMARY KEY\n);\n\n", "",
     "-- an inserted line\n"},
    {"html", "<!DOCTYPE html>\n<html><body>\n", "<section id=\"keeper-$\">\n",
     "  <div class=\"load\">\n", "    <p id=\"value-$\">Some words about reading $ times.</p>\n",
     "  </div>\n", "</section>\n", "<!-- an inserted line -->\n"},
    {"css", "@import \"base.css\";\n\n", "", ".load-$ {\n", "  --value-$: calc(100% - $px);\n",
     "  color: red;\n}\n\n", "", "/* an inserted line */\n"},
    {"json", "{\n", "  \"keeper-$\": {\n", "    \"load-$\": {\n",
     "      \"value-$\": [\"read\", $],\n", "      \"done\": true\n    },\n",
     "    \"end\": 1\n  },\n", "\n"},
    {"yaml", "# Settings.\n", "keeper-$:\n", "  load-$:\n",
     "    value-$: read some words $ times\n", "    done: true\n", "", "# an inserted line\n"},
    {"toml", "title = \"x\"\n\n", "", "[load.$]\n", "value_$ = \"read some words $ times\"\n",
     "done = true\n\n", "", "# an inserted line\n"},
    {"markdown", "# Title\n\n", "## Keeper $\n\n", "### Load $\n\n",
     "Some words about value $, which is read $ times.\n\n", "Done.\n\n", "",
     "<!-- an inserted line -->\n"},
};

/// Some 20 KB of a file in the language, with functions and containers of many sizes.
class FileMaker {
 public:
  FileMaker(const Pieces& pieces, unsigned seed) : pieces_(pieces), random_(seed) {}

  std::string make() {
    text_ = pieces_.start;
    while (text_.size() < 20'000) {
      add(pieces_.open);
      for (auto functions = 1 + random_() % 7; functions > 0; --functions) {
        add_function();
      }
      add(pieces_.close);
    }
    return text_;
  }

 private:
  void add_function() {
    const auto lines = random_() % 4 == 0 ? 10 + random_() % 60 : 1 + random_() % 10;
    add(pieces_.function);
    for (std::size_t i = 0; i < lines; ++i) {
      add(pieces_.statement);
    }
    add(pieces_.end);
  }

  void add(std::string_view piece) {
    const std::string name = std::to_string(random_() % 1'000'000);
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const bool variable =
          piece[i] == '$' && i + 1 < piece.size() &&
          (std::isalpha(static_cast<unsigned char>(piece[i + 1])) != 0 || piece[i + 1] == '(');
      if (piece[i] == '$' && !(variable && keeps_dollars())) {
        text_ += name;
      } else {
        text_ += piece[i];
      }
    }
  }

  [[nodiscard]] bool keeps_dollars() const {
    const std::string_view language = pieces_.language;
    return language == "php" || language == "bash";
  }

  const Pieces& pieces_;
  std::mt19937 random_;
  std::string text_;
};

class Locality : public testing::TestWithParam<Pieces> {};

TEST_P(Locality, one_inserted_line_changes_at_most_three_chunks) {
  const Pieces& pieces = GetParam();
  std::mt19937 random(3);
  for (unsigned seed = 0; seed < 3; ++seed) {
    const std::string text = FileMaker(pieces, seed).make();
    const auto before = chunk_text(pieces.language, text);
    ASSERT_TRUE(before.ok());
    EXPECT_FALSE(before->windowed) << before->reason;
    expect_sound(*before, text);
    ASSERT_GT(before->chunks.size(), 15U);
    for (int edit = 0; edit < 12; ++edit) {
      std::size_t at = edit == 0   ? text.find('\n') + 1  // the first line may be special
                       : edit == 1 ? text.size()
                       : edit == 2 ? text.size() / 2
                                   : random() % text.size();
      at = text.rfind('\n', at - (at > 0 ? 1 : 0)) + 1;
      std::string edited = text;
      edited.insert(at, edit % 4 == 3 ? "\n" : pieces.inserted);
      const auto after = chunk_text(pieces.language, edited);
      ASSERT_TRUE(after.ok());
      EXPECT_LE(changed_chunks(*before, text, *after, edited), 3)
          << "seed " << seed << " at " << at;
    }
  }
}

TEST_P(Locality, chunks_aim_at_the_target) {
  const Pieces& pieces = GetParam();
  std::size_t bytes = 0;
  std::size_t chunks = 0;
  for (unsigned seed = 0; seed < 5; ++seed) {
    const std::string text = FileMaker(pieces, seed).make();
    bytes += text.size();
    chunks += chunk_text(pieces.language, text)->chunks.size();
  }
  EXPECT_GT(bytes / chunks, kChunkTarget * 7 / 10);
  EXPECT_LT(bytes / chunks, kChunkTarget * 13 / 10);
}

INSTANTIATE_TEST_SUITE_P(All, Locality, testing::ValuesIn(kPieces),
                         [](const auto& test) { return std::string(test.param.language); });

TEST(LocalityOfAll, is_tested_for_every_grammar) {
  EXPECT_EQ(std::size(kPieces), all_grammars().size());
}

}  // namespace
}  // namespace sonde::text
