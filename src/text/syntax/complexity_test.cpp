// Complexities that were counted by hand, in small functions of each language, and what is written
// at definitions.

#include "text/syntax/complexity.h"

#include <gtest/gtest.h>

#include "text/syntax/structure_walk.h"

namespace sonde::text {
namespace {

Structure structure_of(const char* language, std::string_view text) {
  auto parser = LanguageParser::create(*grammar_of(language));
  auto tree = (*parser)->parse(text);
  return structure_from_tree(**parser, tree->get(), text);
}

/// "name cyclomatic/cognitive/nesting/parameters" a function, one a line.
std::string measures_of(const char* language, std::string_view text) {
  const Structure structure = structure_of(language, text);
  std::string lines;
  for (const Definition& each : structure.definitions) {
    if (each.measured()) {
      const Measures& m = each.measures;
      lines += structure.qualified(each) + " " + std::to_string(m.cyclomatic) + "/" +
               std::to_string(m.cognitive) + "/" + std::to_string(m.nesting) + "/" +
               std::to_string(m.parameters) + "\n";
    }
  }
  return lines;
}

struct Sample {
  const char* language;
  const char* text;
  const char* measures;
};

void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.language; }

constexpr Sample kSamples[] = {
    {"java", R"~(class A {
  int sumOfPrimes(int max) {
    int total = 0;
    OUT: for (int i = 1; i <= max; ++i) {
      for (int j = 2; j < i; ++j) {
        if (i % j == 0) {
          continue OUT;
        }
      }
      total += i;
    }
    return total;
  }
  String getWords(int number) {
    switch (number) {
      case 1: return "one";
      case 2: return "a couple";
      case 3: return "a few";
      default: return "lots";
    }
  }
  void handlers(final boolean a, boolean b) {
    Runnable r = () -> {
      if (a && b || !(a && b)) { run(); }
    };
    try {
      if (a) { b(); } else if (b) { c(); } else { d(); }
    } catch (IOException | E e) {
      x = a ? 1 : 2;
    } finally {
      while (a) { break; }
    }
  }
}
)~",
     R"~(A.sumOfPrimes 4/7/3/1
A.getWords 4/1/1/1
A.handlers 10/12/2/2
)~"},
    {"python", R"~(def f(a, b=1, *args, **kwargs):
    if a and b and not (a or b):
        return 1
    elif b:
        for x in a:
            while x:
                x -= 1
            else:
                pass
    else:
        return f(a) if b else 2
    try:
        pass
    except ValueError:
        pass

class C:
    @property
    def g(self, x):
        def inner(y):
            if y:
                return y
        match x:
            case 1:
                return lambda z: z
            case _:
                return inner
)~",
     R"~(f 10/14/3/4
C.g 2/3/2/1
C.g.inner 2/1/1/1
)~"},
    {"javascript", R"~(const f = (a, b) => {
  if (a) {
    return b.map((x) => (x ? 1 : 2));
  }
  return a ?? b;
};
function outer(x) {
  function inner() {
    for (const k in x) { if (k) { continue; } }
  }
  do { x--; } while (x > 0 && x < 9);
}
class A {
  m({ a, b }, ...rest) {
    switch (a) { case 1: case 2: return 1; default: return 2; }
  }
}
)~",
     R"~(f 3/4/3/2
outer 3/7/3/1
outer.inner 3/3/2/0
A.m 3/1/1/2
)~"},
    {"typescript", R"~(export function f<T>(a: T, b?: number): T {
  try { g(); } catch { if (a) { h(); } }
  return a!;
}
abstract class A { abstract m(): void; get n(): number { return 1; } }
)~",
     R"~(f 3/3/2/2
A.n 1/0/0/0
)~"},
    {"go", R"~(package p
func (s *S) F(a, b int, c ...string) (int, error) {
	if err := g(); err != nil && a > 0 {
		return 0, err
	} else if b > 0 {
	} else {
	}
outer:
	for _, x := range c {
		switch x {
		case "a", "b":
			continue outer
		default:
		}
	}
	switch t := any(a).(type) {
	case int:
		_ = t
	}
	select {
	case <-ch:
	}
	go func() { if a > 1 { return } }()
	return a, nil
}
)~",
     R"~(S.F 9/12/2/3
)~"},
    {"rust", R"~(impl S {
    pub fn f(&self, a: u8, b: &str) -> u8 {
        if let Some(x) = a && b { 1 } else if c { 2 } else { 3 };
        match a { 0 => 1, 1 | 2 => 2, _ => 3 };
        'l: loop { while x { break 'l; } }
        v.iter().map(|x| if x { 1 } else { 2 });
        for i in 0..3 {}
        f()?
    }
}
)~",
     R"~(S.f 10/14/2/2
)~"},
    {"c", R"~(static int f(const char *a, int (*cb)(void), void *p)
{
	int n = a ? 1 : 2;
	if (a)
		n = 1;
	else if (p)
		n = 2;
	else {
		if (n)
			goto out;
	}
	for (;;)
		do { n--; } while (n > 1 || n < 9);
	switch (n) {
	case 1:
	case 2: break;
	default: break;
	}
out:
	return n;
}
int g(void) { return g(); }
)~",
     R"~(f 10/12/2/3
g 1/1/0/0
)~"},
    {"cpp", R"~(int N::A::f(int a, std::vector<int> b) const {
  for (auto x : b) {
    auto l = [&](int y) { return y && x; };
    try { throw 1; } catch (const E& e) { } catch (...) { }
  }
  if constexpr (a) { return 1; }
  while (auto z = next()) { continue; }
  return 0;
}
A::A(int x) : x_(x) { }
)~",
     R"~(N.A.f 7/8/2/2
A.A 1/0/0/1
)~"},
    {"csharp", R"~(class A { int F(int a, int b) {
  if (a > 1 && b > 1) return 1; else if (b > 0) { } else { }
  switch (a) { case 1: break; default: break; }
  var x = a switch { 1 => 2, _ => 3 };
  foreach (var q in z) { }
  return a ?? b;
} }
)~",
     R"~(A.F 7/7/1/2
)~"},
    {"php", R"~(<?php
class X { private function f($a, $b) {
  if ($a && $b) { } elseif ($b) { } else if ($a) { } else { }
  switch ($a) { case 1: break; default: }
  $x = match($a) { 1 => 2, default => 3 };
  foreach ($a as $k) { $g = fn($y) => $y ? 1 : 2; }
} }
)~",
     R"~(X.f 9/11/3/2
)~"},
    {"ruby", R"~(def f(a, b = 1)
  if a && b
    1
  elsif b
    2
  else
    if a then 3 end
  end
  x = 1 unless y
  case z
  when 1 then 2
  else 3
  end
  begin
    a
  rescue E
    b
  end
end
)~",
     R"~(f 8/9/2/2
)~"},
    {"kotlin", R"~(fun f(a: Int, b: Int = 3): Int {
  if (a > 1 && b > 1) { 1 } else if (b > 0) { 2 } else { 3 }
  when (a) { 1 -> 2
    else -> 3 }
  for (i in x) { }
  try { a() } catch (e: E) { listOf(1).map { if (it > 0) 1 else 2 } }
  return f(1)
}
)~",
     R"~(f 8/12/3/2
)~"},
    {"swift", R"~(func f(a: Int, b: Int) -> Int {
  if a > 1 && b > 1 { return 1 } else if b > 0 { } else { }
  guard let x = y else { return 2 }
  switch x { case 1: break
  default: break }
  repeat { } while x
  do { try y() } catch { }
  return a > 0 ? 1 : 2
}
)~",
     R"~(f 9/9/1/2
)~"},
    {"scala", R"~(object O { def f(a: Int)(b: Int) = {
  if (a > 1 && b > 1) 1 else if (b > 0) 2 else 3
  x match { case 1 => 2; case _ => 3 }
  try { x } catch { case e: E => 1 }
} }
)~",
     R"~(O.f 7/6/1/2
)~"},
    {"lua", R"~(local function f(a, b)
  if a and b then elseif c then else end
  for i = 1, 2 do goto x end
  ::x::
  local g = function(y) if y then return y end end
  repeat until z
end
)~",
     R"~(f 7/9/2/2
)~"},
    {"bash", R"~(f() {
  if a && b; then c; elif d; then e; else g; fi
  case $x in 1) a;; *) b;; esac
  for i in 1; do x; done
  a || b && c
}
)~",
     R"~(f 8/8/1/0
)~"},
    {"elixir", R"~(defmodule A do
  def f(a, b) when a > 1 do
    if a && b do
      1
    else
      2
    end
    case a do
      1 -> 2
      _ -> 3
    end
  end
end
)~",
     R"~(A.f 4/4/1/2
)~"},
    {"haskell", R"~(f x y | x > 1 && y = 2
      | otherwise = case x of { 1 -> 2; _ -> 3 }
g x = if x then 1 else 2
)~",
     R"~(f 4/2/1/2
g 2/2/1/1
)~"},
    {"zig", R"~(fn f(a: u8, b: u8) u8 {
  if (a == 1 and b == 2) { return 1; } else if (b) { } else { }
  while (x) { }
  switch (a) { 1 => {}, else => {} }
  return x catch 1;
}
)~",
     R"~(f 7/7/1/2
)~"},
    {"dart", R"~(int f(int a, {int b}) {
  if (a && b && c) { return 1; } else if (a || b) { } else { }
  switch (a) { case 1: break; default: break; }
  for (var i = 0; i < 3; i++) { }
  try { } catch (e) { }
  while (x) { }
  return a ? 1 : 2;
}
)~",
     R"~(f 11/10/1/2
)~"},
};

class ComplexityOf : public ::testing::TestWithParam<Sample> {};

TEST_P(ComplexityOf, functions_is_what_was_counted_by_hand) {
  EXPECT_EQ(measures_of(GetParam().language, GetParam().text), GetParam().measures);
}

INSTANTIATE_TEST_SUITE_P(Languages, ComplexityOf, ::testing::ValuesIn(kSamples),
                         [](const auto& each) { return std::string(each.param.language); });

TEST(Complexity, of_a_long_chain_of_operators_is_counted_once) {
  std::string text = "def f(a):\n    return a";
  for (int i = 0; i < 1'000; ++i) {
    text += i % 2 == 0 ? " and a" : " or a";
  }
  EXPECT_EQ(measures_of("python", text + "\n"), "f 1001/1000/0/1\n");
}

TEST(Complexity, of_a_class_within_a_function_is_not_the_function_s) {
  EXPECT_EQ(measures_of("python",
                        "def f():\n"
                        "    class A:\n"
                        "        def g(self):\n"
                        "            if x:\n"
                        "                pass\n"),
            "f 1/0/0/0\nf.A.g 2/1/1/0\n");
}

/// "name", then "private" or "public", "annotated" and "overrides", one definition a line.
std::string marks_of(const char* language, std::string_view text) {
  const Structure structure = structure_of(language, text);
  std::string lines;
  for (const Definition& each : structure.definitions) {
    lines += structure.qualified(each);
    lines += each.visibility == Visibility::Private  ? " private"
             : each.visibility == Visibility::Public ? " public"
                                                     : "";
    lines += (each.marks & kAnnotated) != 0 ? " annotated" : "";
    lines += (each.marks & kOverrides) != 0 ? " overrides" : "";
    lines += "\n";
  }
  return lines;
}

TEST(Marks, say_from_where_a_definition_can_be_named) {
  EXPECT_EQ(marks_of("c", "static int f(void) { return 1; }\nint g(void) { return 2; }\n"),
            "f private\ng\n");
  EXPECT_EQ(marks_of("go", "package p\nfunc F() {}\nfunc g() {}\n"), "F public\ng private\n");
  EXPECT_EQ(marks_of("rust", "pub fn f() {}\nfn g() {}\npub(crate) struct S;\n"),
            "f public\ng private\nS private\n");
  EXPECT_EQ(marks_of("typescript",
                     "export function f() {}\nexport default class A { private m() {} n() {} }\n"
                     "const g = () => 1;\n"),
            "f public\nA public\nA.m private\nA.n\ng private\n");
  EXPECT_EQ(
      marks_of("typescript",
               "export function _f() {}\nexport namespace N { export type T = 1; type U = 2; }\n"),
      "_f public\nN public\nN.T public\nN.U\n");
  EXPECT_EQ(
      marks_of("java", "public class A { private void f() {} protected void g() {} void h() {} }"),
      "A public\nA.f private\nA.g public\nA.h\n");
  EXPECT_EQ(marks_of("python", "def _f(): pass\ndef g(): pass\n"), "_f private\ng\n");
  EXPECT_EQ(marks_of("elixir", "defmodule A do\n  defp f(a), do: a\n  def g(a), do: a\nend\n"),
            "A\nA.f private\nA.g\n");
  EXPECT_EQ(marks_of("zig", "pub fn f() void {}\nfn g() void {}\n"), "f public\ng private\n");
  EXPECT_EQ(marks_of("lua", "local function f() end\nfunction g() end\n"), "f private\ng\n");
}

TEST(Marks, say_what_may_be_called_by_a_framework_and_what_overrides) {
  EXPECT_EQ(marks_of("python",
                     "@app.route('/')\ndef f(): pass\n\nclass A:\n    @property\n"
                     "    def g(self): pass\n    def h(self): pass\n"),
            "f annotated\nA\nA.g\nA.h\n");
  EXPECT_EQ(
      marks_of("java", "class A { @Test void f() {} @Override public void g() {} void h() {} }"),
      "A\nA.f annotated\nA.g public overrides\nA.h\n");
  EXPECT_EQ(marks_of("rust", "#[inline]\nfn f() {}\n#[test]\n#[ignore]\nfn g() {}\nfn h() {}\n"),
            "f private\ng private annotated\nh private\n");
  EXPECT_EQ(marks_of("typescript", "@Component({a: 1})\nexport class A { @Input() x; y() {} }\n"),
            "A public annotated\nA.x annotated\nA.y\n");
  EXPECT_EQ(marks_of("csharp",
                     "class A { [Fact] public void F() {} public override int G() { return 1; } }"),
            "A\nA.F public annotated\nA.G public overrides\n");
  EXPECT_EQ(marks_of("kotlin", "class A { @Test fun f() {}\n override fun g() {}\n fun h() {} }"),
            "A\nA.f annotated\nA.g overrides\nA.h\n");
  EXPECT_EQ(marks_of("cpp",
                     "struct A { void f() override; void g(); };\n"
                     "__attribute__((constructor)) void h() {}\n"),
            "A\nA.f overrides\nA.g\nh annotated\n");
  EXPECT_EQ(marks_of("elixir",
                     "defmodule A do\n  @impl true\n  def f(a), do: a\n  @doc \"x\"\n  def g(a), "
                     "do: a\nend\n"),
            "A\nA.f overrides\nA.g\n");
}

/// The imports as they are resolved: "path", and "  name" for what is named out of it.
std::string imports_of(const char* language, std::string_view text) {
  const Structure structure = structure_of(language, text);
  std::string lines;
  for (const Reference& each : structure.references) {
    if (is_import(each.kind)) {
      lines += (each.kind == EdgeKind::Import ? "" : "  ") + structure.names[each.name] + "\n";
    }
  }
  return lines;
}

TEST(Imports, are_told_from_the_names_that_are_taken_out_of_them) {
  EXPECT_EQ(imports_of("python",
                       "import a.b, c\nfrom . import d\nfrom .e.f import g as h\n"
                       "if TYPE_CHECKING:\n    from i import j\n"),
            "a.b\nc\n.\n  d\n.e.f\n  g\n  i\n  j\n");
  EXPECT_EQ(imports_of("typescript",
                       "import a, { b } from './c';\nimport type { d } from './e';\n"
                       "export * from './f';\nconst g = require('./h');\n"),
            "  a\n  b\n./c\n  d\n  ./e\n./f\n./h\n");
  EXPECT_EQ(imports_of("rust", "use crate::a::{b, c::d};\nuse super::e;\n"),
            "crate::a\n  b\n  c::d\nsuper::e\n");
  EXPECT_EQ(imports_of("scala", "import a.b.{c, d}\nimport a.b.E\n"), "a.b\n  c\n  d\na.b.E\n");
  EXPECT_EQ(imports_of("haskell", "import A.B (c, D)\nf = c\n"), "A.B\n  c\n  D\n");
}

}  // namespace
}  // namespace sonde::text
