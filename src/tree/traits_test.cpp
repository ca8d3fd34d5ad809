#include <gtest/gtest.h>

#include "tree/names.h"
#include "tree/walk.h"

namespace sonde::tree {
namespace {

TEST(Traits, tests_are_known_in_many_languages) {
  for (const char* path : {"test/a.c",
                           "src/tests/b.rs",
                           "test_app.py",
                           "app_test.go",
                           "app.test.ts",
                           "app.spec.tsx",
                           "src/test/java/UserTest.java",
                           "UserTests.cs",
                           "ParserSpec.scala",
                           "spec/models/user_spec.rb",
                           "__tests__/x.js",
                           "testdata/a.json",
                           "pkg/fixtures/a.yml",
                           "conftest.py",
                           "Tests/A.swift",
                           "Dapper.Tests/Q.cs",
                           "TestCase.php",
                           "TestParser.java",
                           "foo_unittest.cc",
                           "run.bats",
                           "test/core.exs",
                           "commonTest/kotlin/A.kt",
                           "tokio/benches/a.rs"}) {
    EXPECT_TRUE(path_traits(path).test) << path;
  }
}

TEST(Traits, names_that_only_contain_test_are_not_tests) {
  for (const char* path :
       {"src/latest.c", "contest.py", "src/attest/key.go", "lib/Contest.java", "testament.md",
        "src/inspect.rs", "Testable.swift", "src/protest/a.py", "specialize.cpp", "respec.js",
        "src/flask/testing.py", "Illuminate/Testing.php", "manifest.json"}) {
    EXPECT_FALSE(path_traits(path).test) << path;
  }
}

TEST(Traits, examples_compat_stubs_generated_and_vendored) {
  EXPECT_TRUE(path_traits("examples/a/main.go").example);
  EXPECT_TRUE(path_traits("docs_src/tutorial.py").example);
  EXPECT_TRUE(path_traits("docs/code/main.c").example);
  EXPECT_FALSE(path_traits("docs/guide.md").example);
  EXPECT_TRUE(path_traits("src/compat.py").compat);
  EXPECT_TRUE(path_traits("lib/legacy/a.js").compat);
  EXPECT_FALSE(path_traits("lib/compatible.js").compat);
  EXPECT_TRUE(path_traits("a/b.pyi").stub);
  EXPECT_TRUE(path_traits("index.d.ts").stub);
  EXPECT_FALSE(path_traits("d.ts").stub);
  EXPECT_TRUE(path_traits("a/x.pb.go").generated);
  EXPECT_TRUE(path_traits("node_modules/a/b.js").vendored);
  EXPECT_TRUE(path_traits("vendor/a/b.go").vendored);
  const PathTraits plain = path_traits("src/flask/app.py");
  EXPECT_FALSE(plain.test || plain.example || plain.generated || plain.vendored || plain.compat ||
               plain.stub);
  EXPECT_FALSE(path_traits("").test);
}

TEST(Names, secrets_by_name) {
  for (const char* name : {".env", ".ENV", ".env.production", ".env-local", "id_rsa", "id_ed25519",
                           "server.pem", "tls.KEY", "a.p12", "store.jks", ".netrc", ".pgpass",
                           ".npmrc", ".pypirc", "credentials.json", "x.kdbx"}) {
    EXPECT_FALSE(secret_file_rule(name, "").empty()) << name;
  }
  for (const char* name :
       {".env.example", ".env.sample", ".env.template", ".environment", "env.py", "id_rsa.pub",
        "keys.py", "monkey", "key", "pem.go", "credentials.py", "environment.ts", "credentials"}) {
    EXPECT_TRUE(secret_file_rule(name, "").empty()) << name;
  }
  EXPECT_FALSE(secret_file_rule("credentials", ".aws").empty());
}

TEST(Names, binaries_and_generated_by_name) {
  for (const char* name : {"a.PNG", "b.tar.gz", "c.so", "libz.so.1.2", "d.pyc", "e.woff2"}) {
    EXPECT_TRUE(is_binary_name(name)) << name;
  }
  for (const char* name : {"a.svg", "png", "b.c", "c.so.c", "d.json", "Makefile", "e.", "f.csv"}) {
    EXPECT_FALSE(is_binary_name(name)) << name;
  }
  for (const char* name :
       {"package-lock.json", "Cargo.lock", "yarn.lock", "go.sum", "jquery.min.js", "a.js.map",
        "x_pb2.py", "Form.Designer.cs", "model.g.dart", "zz_generated.deepcopy.go"}) {
    EXPECT_TRUE(is_generated_name(name)) << name;
  }
  for (const char* name : {"lock.json", "admin.js", "map.js", "package.json", "designer.cs",
                           "generated.go", "us.map", "go.mod", "lock.rs"}) {
    EXPECT_FALSE(is_generated_name(name)) << name;
  }
}

}  // namespace
}  // namespace sonde::tree
