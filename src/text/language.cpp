#include "text/language.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

namespace sonde::text {

namespace {

using Entry = std::pair<std::string_view, std::string_view>;

constexpr std::size_t kHeadBytes = 4'096;  // of the content that decides a .h file
constexpr std::size_t kLongestExtension = 16;

template <std::size_t N>
constexpr bool ascending(const std::array<Entry, N>& table) {
  for (std::size_t i = 1; i < N; ++i) {
    if (!(table[i - 1].first < table[i].first)) {
      return false;
    }
  }
  return true;
}

// Both tables are sorted, in lower case, and searched by halves.
constexpr auto kByExtension = std::to_array<Entry>({
    {"adoc", "asciidoc"},
    {"asciidoc", "asciidoc"},
    {"asm", "assembly"},
    {"awk", "awk"},
    {"bash", "bash"},
    {"bat", "batch"},
    {"bats", "bash"},
    {"bazel", "starlark"},
    {"bib", "bibtex"},
    {"bzl", "starlark"},
    {"c", "c"},
    {"c++", "cpp"},
    {"cc", "cpp"},
    {"cfg", "ini"},
    {"cjs", "javascript"},
    {"cl", "opencl"},
    {"clj", "clojure"},
    {"cljc", "clojure"},
    {"cljs", "clojure"},
    {"cmake", "cmake"},
    {"cmd", "batch"},
    {"conf", "ini"},
    {"cpp", "cpp"},
    {"cr", "crystal"},
    {"cs", "csharp"},
    {"css", "css"},
    {"csv", "csv"},
    {"cts", "typescript"},
    {"cu", "cuda"},
    {"cuh", "cuda"},
    {"cxx", "cpp"},
    {"d", "d"},
    {"dart", "dart"},
    {"diff", "diff"},
    {"dockerfile", "dockerfile"},
    {"edn", "clojure"},
    {"el", "lisp"},
    {"elm", "elm"},
    {"erl", "erlang"},
    {"ex", "elixir"},
    {"exs", "elixir"},
    {"f", "fortran"},
    {"f03", "fortran"},
    {"f08", "fortran"},
    {"f90", "fortran"},
    {"f95", "fortran"},
    {"fish", "fish"},
    {"fs", "fsharp"},
    {"fsi", "fsharp"},
    {"fsx", "fsharp"},
    {"gemspec", "ruby"},
    {"glsl", "glsl"},
    {"go", "go"},
    {"gql", "graphql"},
    {"gradle", "groovy"},
    {"graphql", "graphql"},
    {"groovy", "groovy"},
    {"h++", "cpp"},
    {"hbs", "handlebars"},
    {"hcl", "hcl"},
    {"hh", "cpp"},
    {"hlsl", "hlsl"},
    {"hpp", "cpp"},
    {"hrl", "erlang"},
    {"hs", "haskell"},
    {"htm", "html"},
    {"html", "html"},
    {"hxx", "cpp"},
    {"ini", "ini"},
    {"inl", "cpp"},
    {"ipp", "cpp"},
    {"ipynb", "notebook"},
    {"java", "java"},
    {"jl", "julia"},
    {"js", "javascript"},
    {"json", "json"},
    {"json5", "json"},
    {"jsonc", "json"},
    {"jsonl", "jsonl"},
    {"jsx", "jsx"},
    {"kt", "kotlin"},
    {"kts", "kotlin"},
    {"less", "less"},
    {"lhs", "literate-haskell"},
    {"lisp", "lisp"},
    {"log", "log"},
    {"lsp", "lisp"},
    {"lua", "lua"},
    {"m", "objective-c"},
    {"markdown", "markdown"},
    {"md", "markdown"},
    {"mdx", "markdown"},
    {"mjs", "javascript"},
    {"mk", "make"},
    {"ml", "ocaml"},
    {"mli", "ocaml"},
    {"mm", "objective-c"},
    {"mts", "typescript"},
    {"nim", "nim"},
    {"nix", "nix"},
    {"org", "org"},
    {"pas", "pascal"},
    {"patch", "diff"},
    {"php", "php"},
    {"php5", "php"},
    {"phtml", "php"},
    {"pl", "perl"},
    {"pm", "perl"},
    {"po", "gettext"},
    {"pod", "perl"},
    {"pp", "puppet"},
    {"properties", "properties"},
    {"proto", "protobuf"},
    {"ps1", "powershell"},
    {"psm1", "powershell"},
    {"py", "python"},
    {"pyi", "python"},
    {"pyw", "python"},
    {"pyx", "cython"},
    {"r", "r"},
    {"rake", "ruby"},
    {"rb", "ruby"},
    {"rbi", "ruby"},
    {"rkt", "racket"},
    {"rs", "rust"},
    {"rst", "restructuredtext"},
    {"s", "assembly"},
    {"sass", "sass"},
    {"sc", "scala"},
    {"scala", "scala"},
    {"scm", "scheme"},
    {"scss", "scss"},
    {"sh", "bash"},
    {"sol", "solidity"},
    {"sql", "sql"},
    {"svelte", "svelte"},
    {"svg", "xml"},
    {"swift", "swift"},
    {"tcl", "tcl"},
    {"tex", "latex"},
    {"text", "text"},
    {"textile", "textile"},
    {"tf", "hcl"},
    {"thrift", "thrift"},
    {"toml", "toml"},
    {"ts", "typescript"},
    {"tsv", "csv"},
    {"tsx", "tsx"},
    {"txt", "text"},
    {"v", "verilog"},
    {"vb", "visual-basic"},
    {"vert", "glsl"},
    {"vhd", "vhdl"},
    {"vhdl", "vhdl"},
    {"vim", "vim"},
    {"vue", "vue"},
    {"wgsl", "wgsl"},
    {"wiki", "mediawiki"},
    {"xhtml", "html"},
    {"xml", "xml"},
    {"xsd", "xml"},
    {"xsl", "xml"},
    {"yaml", "yaml"},
    {"yml", "yaml"},
    {"zig", "zig"},
    {"zon", "zig"},
    {"zsh", "zsh"},
});
static_assert(ascending(kByExtension));

constexpr auto kByName = std::to_array<Entry>({
    {".babelrc", "json"},
    {".bash_aliases", "bash"},
    {".bash_logout", "bash"},
    {".bash_profile", "bash"},
    {".bashrc", "bash"},
    {".clang-format", "yaml"},
    {".clang-tidy", "yaml"},
    {".dockerignore", "ignore"},
    {".editorconfig", "ini"},
    {".env", "properties"},
    {".eslintrc", "json"},
    {".gitattributes", "ignore"},
    {".gitconfig", "ini"},
    {".gitignore", "ignore"},
    {".gitmodules", "ini"},
    {".irbrc", "ruby"},
    {".prettierrc", "json"},
    {".profile", "bash"},
    {".sondeignore", "ignore"},
    {".vimrc", "vim"},
    {".zprofile", "zsh"},
    {".zshenv", "zsh"},
    {".zshrc", "zsh"},
    {"apkbuild", "bash"},
    {"authors", "text"},
    {"brewfile", "ruby"},
    {"build", "starlark"},
    {"build.bazel", "starlark"},
    {"cargo.lock", "toml"},
    {"changelog", "text"},
    {"changes", "text"},
    {"cmakelists.txt", "cmake"},
    {"composer.lock", "json"},
    {"configure", "bash"},
    {"configure.ac", "m4"},
    {"containerfile", "dockerfile"},
    {"contributing", "text"},
    {"copying", "text"},
    {"dockerfile", "dockerfile"},
    {"gemfile", "ruby"},
    {"gemfile.lock", "text"},
    {"gnumakefile", "make"},
    {"go.mod", "gomod"},
    {"go.sum", "gomod"},
    {"go.work", "gomod"},
    {"guardfile", "ruby"},
    {"install", "text"},
    {"jenkinsfile", "groovy"},
    {"justfile", "make"},
    {"kconfig", "kconfig"},
    {"license", "text"},
    {"makefile", "make"},
    {"makefile.am", "make"},
    {"meson.build", "meson"},
    {"meson_options.txt", "meson"},
    {"mix.lock", "elixir"},
    {"module.bazel", "starlark"},
    {"news", "text"},
    {"notice", "text"},
    {"pipfile", "toml"},
    {"pkgbuild", "bash"},
    {"podfile", "ruby"},
    {"poetry.lock", "toml"},
    {"procfile", "yaml"},
    {"rakefile", "ruby"},
    {"readme", "text"},
    {"sconscript", "python"},
    {"sconstruct", "python"},
    {"tiltfile", "starlark"},
    {"todo", "text"},
    {"uv.lock", "toml"},
    {"vagrantfile", "ruby"},
    {"workspace", "starlark"},
});
static_assert(ascending(kByName));

// Interpreters of a first line, without their version.
constexpr auto kByInterpreter = std::to_array<Entry>({
    {"ash", "bash"},           {"awk", "awk"},        {"bash", "bash"},
    {"bats", "bash"},          {"bun", "javascript"}, {"dash", "bash"},
    {"deno", "typescript"},    {"elixir", "elixir"},  {"escript", "erlang"},
    {"fish", "fish"},          {"gawk", "awk"},       {"groovy", "groovy"},
    {"ipython", "python"},     {"jruby", "ruby"},     {"julia", "julia"},
    {"kotlin", "kotlin"},      {"ksh", "bash"},       {"lua", "lua"},
    {"luajit", "lua"},         {"make", "make"},      {"node", "javascript"},
    {"nodejs", "javascript"},  {"perl", "perl"},      {"php", "php"},
    {"pwsh", "powershell"},    {"pypy", "python"},    {"python", "python"},
    {"rscript", "r"},          {"ruby", "ruby"},      {"runghc", "haskell"},
    {"runhaskell", "haskell"}, {"scala", "scala"},    {"sh", "bash"},
    {"swift", "swift"},        {"tclsh", "tcl"},      {"ts-node", "typescript"},
    {"tsx", "typescript"},     {"zsh", "zsh"},
});
static_assert(ascending(kByInterpreter));

constexpr std::array<std::string_view, 14> kProse = {
    "asciidoc",         "gettext", "latex",   "log",    "markdown", "mediawiki", "org",
    "restructuredtext", "text",    "textile", "bibtex", "notebook", "diff",      "ignore"};
constexpr std::array<std::string_view, 17> kData = {
    "csv",  "css",  "gomod", "html", "ini", "json", "jsonl",      "less",   "properties",
    "sass", "scss", "sql",   "toml", "xml", "yaml", "handlebars", "kconfig"};

template <std::size_t N>
std::string_view find(const std::array<Entry, N>& table, std::string_view key) {
  const auto found = std::lower_bound(
      table.begin(), table.end(), key,
      [](const Entry& entry, std::string_view wanted) { return entry.first < wanted; });
  return found != table.end() && found->first == key ? found->second : std::string_view();
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  return lowered;
}

/// "python3.11" to "python".
std::string_view without_version(std::string_view interpreter) {
  const std::size_t end = interpreter.find_last_not_of("0123456789.-");
  return end == std::string_view::npos ? interpreter : interpreter.substr(0, end + 1);
}

std::string_view next_word(std::string_view& rest) {
  const std::size_t begin = std::min(rest.find_first_not_of(" \t"), rest.size());
  const std::size_t end = std::min(rest.find_first_of(" \t", begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

/// The language of "#!/usr/bin/env -S python3 -u", or nothing.
std::string_view by_first_line(std::string_view head) {
  if (!head.starts_with("#!")) {
    return {};
  }
  std::string_view line =
      head.substr(2, std::min<std::size_t>(head.find_first_of("\r\n"), 256) - 2);
  std::string_view program = next_word(line);
  program.remove_prefix(program.find_last_of('/') + 1);
  if (program == "env") {
    do {
      program = next_word(line);
    } while (program.starts_with('-') || program.find('=') != std::string_view::npos);
    program.remove_prefix(program.find_last_of('/') + 1);
  }
  return find(kByInterpreter, lower(without_version(program)));
}

/// True when a line of a header starts as only C++ does.
bool looks_like_cpp(std::string_view head) {
  static constexpr std::array<std::string_view, 14> kStarts = {
      "class ",    "namespace ", "template<",  "template <",      "using ",
      "public:",   "private:",   "protected:", "constexpr ",      "virtual ",
      "explicit ", "friend ",    "namespace{", "inline namespace"};
  static constexpr std::array<std::string_view, 12> kIncludes = {
      "<string>",  "<vector>",  "<memory>",   "<map>",         "<utility>",     "<functional>",
      "<cstdint>", "<cstddef>", "<iostream>", "<type_traits>", "<string_view>", "<algorithm>"};
  head = head.substr(0, kHeadBytes);
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, end);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    for (const std::string_view start : kStarts) {
      if (line.starts_with(start)) {
        return true;
      }
    }
    if (line.starts_with("#include")) {
      for (const std::string_view include : kIncludes) {
        if (line.find(include) != std::string_view::npos) {
          return true;
        }
      }
    }
    head.remove_prefix(std::min(end + 1, head.size()));
  }
  return false;
}

std::string_view by_name(std::string_view name) {
  if (const std::string_view found = find(kByName, name); !found.empty()) {
    return found;
  }
  // Dockerfile.dev, Makefile.in, README.old
  for (const std::string_view prefix : {"dockerfile.", "makefile."}) {
    if (name.starts_with(prefix)) {
      return find(kByName, prefix.substr(0, prefix.size() - 1));
    }
  }
  return {};
}

}  // namespace

std::string_view language_of(std::string_view path, std::string_view head) {
  path.remove_prefix(path.find_last_of('/') + 1);
  const std::string name = lower(path);
  if (const std::string_view found = by_name(name); !found.empty()) {
    return found;
  }
  const std::size_t dot = name.find_last_of('.');
  if (dot != std::string::npos && name.size() - dot - 1 <= kLongestExtension) {
    const std::string_view extension = std::string_view(name).substr(dot + 1);
    if (extension == "h") {
      return looks_like_cpp(head) ? "cpp" : "c";
    }
    // "app.conf.in", "config.yaml.dist": the extension before the last one decides.
    if (extension == "in" || extension == "dist" || extension == "template" ||
        extension == "tmpl") {
      const std::string_view inner = language_of(std::string_view(name).substr(0, dot), head);
      if (inner != "text") {
        return inner;
      }
    }
    if (const std::string_view found = find(kByExtension, extension); !found.empty()) {
      return found;
    }
  }
  const std::string_view found = by_first_line(head);
  if (!found.empty()) {
    return found;
  }
  return head.starts_with("<?xml") ? "xml" : "text";
}

bool is_code(std::string_view language) { return !is_prose(language) && !is_data(language); }

bool is_prose(std::string_view language) { return contains(kProse, language); }

bool is_data(std::string_view language) { return contains(kData, language); }

}  // namespace sonde::text
