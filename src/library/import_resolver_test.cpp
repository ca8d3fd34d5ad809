// Imports are resolved to files by the rules of their languages.

#include "library/import_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sonde::library {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Tree {
  explicit Tree(std::initializer_list<std::pair<const char*, const char*>> files) {
    for (const auto& [path, language] : files) {
      resolver.add({0, path, language});
    }
  }
  /// The paths that an import of the first file means.
  [[nodiscard]] std::vector<std::string> of(WrittenImport import, std::uint32_t from = 0) const {
    std::vector<std::string> paths;
    for (const std::uint32_t file : resolver.resolve(from, import)) {
      paths.push_back(resolver.files()[file].path);
    }
    return paths;
  }
  ImportResolver resolver;
};

TEST(ImportResolver, finds_what_c_includes_beside_the_file_and_in_folders_around_it) {
  const Tree tree({{"src/a/x.c", "c"},
                   {"src/a/x.h", "c"},
                   {"include/lib/y.h", "c"},
                   {"src/b/z.h", "c"},
                   {"other/deep/lib/w.h", "c"}});
  EXPECT_THAT(tree.of({"x.h", {}, 0}), ElementsAre("src/a/x.h"));
  EXPECT_THAT(tree.of({"lib/y.h", {}, 0}), ElementsAre("include/lib/y.h"));
  EXPECT_THAT(tree.of({"b/z.h", {}, 0}), ElementsAre("src/b/z.h"));
  EXPECT_THAT(tree.of({"../b/z.h", {}, 0}), ElementsAre("src/b/z.h"));
  EXPECT_THAT(tree.of({"lib/w.h", {}, 0}), ElementsAre("other/deep/lib/w.h"));
  EXPECT_THAT(tree.of({"stdio.h", {}, 0}), IsEmpty());
  EXPECT_THAT(tree.of({"../../../x.h", {}, 0}), IsEmpty());
}

TEST(ImportResolver, finds_the_modules_and_packages_of_python) {
  const Tree tree({{"src/pkg/a.py", "python"},
                   {"src/pkg/__init__.py", "python"},
                   {"src/pkg/b.py", "python"},
                   {"src/pkg/sub/__init__.py", "python"},
                   {"src/pkg/sub/c.py", "python"},
                   {"tests/t.py", "python"},
                   {"src/json.py", "python"}});
  EXPECT_THAT(tree.of({".", {"b"}, 0}), ElementsAre("src/pkg/b.py"));
  EXPECT_THAT(tree.of({".", {"b", "thing"}, 0}),
              ElementsAre("src/pkg/__init__.py", "src/pkg/b.py"));
  EXPECT_THAT(tree.of({".sub.c", {"f"}, 0}), ElementsAre("src/pkg/sub/c.py"));
  EXPECT_THAT(tree.of({"pkg.sub", {"c"}, 0}), ElementsAre("src/pkg/sub/c.py"));
  EXPECT_THAT(tree.of({"pkg.b", {}, 0}), ElementsAre("src/pkg/b.py"));
  EXPECT_THAT(tree.of({"b", {}, 0}), IsEmpty());  // inside a package it is not imported so
  EXPECT_THAT(tree.of({"pkg.b", {}, 0}, 5), ElementsAre("src/pkg/b.py"));
  EXPECT_THAT(tree.of({"..b", {}, 0}, 4), ElementsAre("src/pkg/b.py"));
  EXPECT_THAT(tree.of({"os.path", {}, 0}), IsEmpty());
}

TEST(ImportResolver, finds_the_files_of_scripts_with_extensions_and_index_files) {
  const Tree tree({{"web/app.ts", "typescript"},
                   {"web/b.tsx", "tsx"},
                   {"web/lib/index.ts", "typescript"},
                   {"web/c.js", "javascript"},
                   {"web/d.ts", "typescript"}});
  EXPECT_THAT(tree.of({"./b", {}, 0}), ElementsAre("web/b.tsx"));
  EXPECT_THAT(tree.of({"./lib", {}, 0}), ElementsAre("web/lib/index.ts"));
  EXPECT_THAT(tree.of({"./c.js", {}, 0}), ElementsAre("web/c.js"));
  EXPECT_THAT(tree.of({"./d.js", {}, 0}), ElementsAre("web/d.ts"));
  EXPECT_THAT(tree.of({"react", {}, 0}), IsEmpty());
}

TEST(ImportResolver, finds_the_packages_of_go_by_their_module) {
  Tree tree({{"cmd/main.go", "go"},
             {"pkg/a/x.go", "go"},
             {"pkg/a/y.go", "go"},
             {"pkg/a/x_test.go", "go"}});
  tree.resolver.add_go_module(0, "", "example.com/m");
  EXPECT_THAT(tree.of({"example.com/m/pkg/a", {}, 0}), ElementsAre("pkg/a/x.go", "pkg/a/y.go"));
  EXPECT_THAT(tree.of({"example.com/more/pkg/a", {}, 0}), IsEmpty());
  EXPECT_THAT(tree.of({"fmt", {}, 0}), IsEmpty());
}

TEST(ImportResolver, finds_the_modules_of_a_crate_of_rust) {
  const Tree tree({{"c/src/a/b.rs", "rust"},
                   {"c/src/lib.rs", "rust"},
                   {"c/src/a/mod.rs", "rust"},
                   {"c/src/d.rs", "rust"},
                   {"c/src/a/e.rs", "rust"}});
  EXPECT_THAT(tree.of({"crate::d::Thing", {}, 0}), ElementsAre("c/src/d.rs"));
  EXPECT_THAT(tree.of({"crate", {"d::f", "a::e::g"}, 0}),
              ElementsAre("c/src/d.rs", "c/src/a/e.rs"));
  EXPECT_THAT(tree.of({"crate::Error", {}, 0}), ElementsAre("c/src/lib.rs"));
  EXPECT_THAT(tree.of({"super::e", {}, 0}), ElementsAre("c/src/a/e.rs"));
  EXPECT_THAT(tree.of({"super::Type", {}, 0}), ElementsAre("c/src/a/mod.rs"));
  EXPECT_THAT(tree.of({"super::Type", {}, 1}), ElementsAre("c/src/a/b.rs"));  // of a module in it
  EXPECT_THAT(tree.of({"std::fmt", {}, 0}), IsEmpty());
}

TEST(ImportResolver, finds_dotted_names_as_paths_and_full_names_as_definitions) {
  Tree java({{"m/src/org/a/X.java", "java"}, {"m/src/org/b/Y.java", "java"}});
  EXPECT_THAT(java.of({"org.b.Y", {}, 0}), ElementsAre("m/src/org/b/Y.java"));
  EXPECT_THAT(java.of({"org.b.Y.method", {}, 0}), ElementsAre("m/src/org/b/Y.java"));
  EXPECT_THAT(java.of({"java.util.List", {}, 0}), IsEmpty());
  Tree php({{"a.php", "php"}, {"src/B.php", "php"}});
  php.resolver.add_symbol(0, "App.B", 1);
  EXPECT_THAT(php.of({"App\\B", {}, 0}), ElementsAre("src/B.php"));
  EXPECT_THAT(php.of({"src/B.php", {}, 0}), ElementsAre("src/B.php"));
  const Tree ruby({{"lib/a/x.rb", "ruby"}, {"lib/a/y.rb", "ruby"}});
  EXPECT_THAT(ruby.of({"a/y", {}, 0}), ElementsAre("lib/a/y.rb"));
  EXPECT_THAT(ruby.of({"./y", {}, 0}), ElementsAre("lib/a/y.rb"));
  const Tree dart({{"p/lib/a.dart", "dart"}, {"p/lib/src/b.dart", "dart"}});
  EXPECT_THAT(dart.of({"package:p/src/b.dart", {}, 0}), ElementsAre("p/lib/src/b.dart"));
  const Tree zig({{"src/a.zig", "zig"}, {"src/b.zig", "zig"}});
  EXPECT_THAT(zig.of({"b.zig", {}, 0}), ElementsAre("src/b.zig"));
}

TEST(ImportResolver, leaves_other_sources_alone) {
  ImportResolver resolver;
  resolver.add({0, "a.c", "c"});
  resolver.add({1, "a.h", "c"});
  EXPECT_THAT(resolver.resolve(0, {"a.h", {}, 0}), IsEmpty());
}

}  // namespace
}  // namespace sonde::library
