// The grammars that third_party/manifest.txt pins, all in the static library tree_sitter_grammars.
#pragma once

#include <tree_sitter/api.h>

extern "C" {
const TSLanguage* tree_sitter_bash(void);
const TSLanguage* tree_sitter_c(void);
const TSLanguage* tree_sitter_c_sharp(void);
const TSLanguage* tree_sitter_cpp(void);
const TSLanguage* tree_sitter_css(void);
const TSLanguage* tree_sitter_dart(void);
const TSLanguage* tree_sitter_elixir(void);
const TSLanguage* tree_sitter_go(void);
const TSLanguage* tree_sitter_haskell(void);
const TSLanguage* tree_sitter_html(void);
const TSLanguage* tree_sitter_java(void);
const TSLanguage* tree_sitter_javascript(void);
const TSLanguage* tree_sitter_json(void);
const TSLanguage* tree_sitter_kotlin(void);
const TSLanguage* tree_sitter_lua(void);
const TSLanguage* tree_sitter_markdown(void);
const TSLanguage* tree_sitter_markdown_inline(void);
const TSLanguage* tree_sitter_php(void);
const TSLanguage* tree_sitter_python(void);
const TSLanguage* tree_sitter_ruby(void);
const TSLanguage* tree_sitter_rust(void);
const TSLanguage* tree_sitter_scala(void);
const TSLanguage* tree_sitter_sql(void);
const TSLanguage* tree_sitter_swift(void);
const TSLanguage* tree_sitter_toml(void);
const TSLanguage* tree_sitter_tsx(void);
const TSLanguage* tree_sitter_typescript(void);
const TSLanguage* tree_sitter_yaml(void);
const TSLanguage* tree_sitter_zig(void);
}
