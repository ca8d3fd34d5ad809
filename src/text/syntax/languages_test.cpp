// What each language's definitions are called, of which kind they are and in which scope they
// stand.

#include <gtest/gtest.h>

#include <sstream>

#include "text/syntax/splitter.h"

namespace sonde::text {
namespace {

struct Snippet {
  const char* language;
  const char* text;
  const char* owners;      // "kind scope > symbol" a line, in order; "(scope)": opens one only
  const char* documented;  // a symbol whose unit begins at ...
  const char* comment;     // ... this text; null where the snippet has none
};

constexpr Snippet kPython = {"python", R"~("""Doc."""
import os
LIMIT: int = 3
X = 1
@dec
def f(a):
    """d"""
    return 1
class A(B):
    x = 1
    @property
    def g(self): pass
    async def h(self): pass
type T = int
if True:
    def cond(): pass
)~",
                             R"~(constant LIMIT
constant X
function f
class A
constant A > x
function A > g
function A > h
type T
function cond
)~",
                             nullptr, nullptr};

constexpr Snippet kJavascript = {"javascript", R"~(import x from 'y';
/** doc */
function f(a) { return 1; }
const g = (a) => a, h2 = 3;
export const h = async () => { };
exports.x = function() {};
Foo.prototype.bar = function () {};
module.exports = { a() {}, b: function() {}, c: () => 1 };
class A extends B { static x = 1; #p = () => 2; get y() { return 1; } constructor() {} }
export default class Z {}
export default function dd() {}
const K = class Q {};
app.get('/x', (req) => { function inner() {} });
)~",
                                 R"~(function f
function g
function h2
function h
function x
function Foo > bar
constant exports
function exports > a
function exports > b
function exports > c
class A
constant A > x
function A > #p
function A > y
function A > constructor
class Z
function dd
class K
class K > Q
)~",
                                 "f", "/** doc */"};

constexpr Snippet kJsx = {"jsx", R"~(// doc
export const Button = ({ label }) => <button>{label}</button>;
export default function App() { return <Button label="x" />; }
)~",
                          R"~(function Button
function App
)~",
                          "Button", "// doc"};

constexpr Snippet kTsx = {"tsx", R"~(type Props = { label: string };
/** doc */
export function App({ label }: Props): JSX.Element { return <p>{label}</p>; }
const useX = () => 1;
)~",
                          R"~(type Props
function App
function useX
)~",
                          "App", "/** doc */"};

constexpr Snippet kTypescript = {"typescript",
                                 R"~(export interface I<T> { a: string; m(x: number): void; }
type U = string | number;
enum E { A, B = 2 }
declare module "foo" { function q(): void; }
namespace N.M { export function r() {} }
abstract class A { @Dec() public m(): void {} abstract z(): void; private f = () => 1; readonly x: number = 1; }
export abstract class BB {}
export const f = <T,>(a: T) => a;
function ov(a: string): void;
function ov(a: any) {}
declare const q: number;
@Component({})
export class C2 {}
)~",
                                 R"~(class I
constant I > a
function I > m
type U
class E
constant E > B
module foo
function foo > q
module N.M
function N.M > r
class A
function A > m
function A > z
function A > f
constant A > x
class BB
function f
function ov
function ov
constant q
class C2
)~",
                                 "C2", "@Component({})"};

constexpr Snippet kJava = {"java", R"~(package a.b;
import java.util.*;
/** Doc. */
@Ann public class A extends B implements C {
  private static final int X = 1;
  /** d */
  @Override public void m(int a) {}
  A() {}
  enum E { P, Q; void z() {} }
  interface I { void k(); }
  record R(int a) {}
  static { int y; }
  @interface An { int v(); }
}
)~",
                           R"~(class A
constant A > X
function A > m
function A > A
class A > E
constant A.E > P
constant A.E > Q
function A.E > z
class A > I
function A.I > k
class A > R
class A > An
function A.An > v
)~",
                           "A", "/** Doc. */"};

constexpr Snippet kC = {"c", R"~(#include <a.h>
#define M(x) (x)
#define N 3
typedef struct foo { int a; } foo_t;
struct bar { int b; };
enum e { A1, B1 };
typedef int (*fp)(int);
static int g = 3, *h[2];
int proto(int);
/* doc */
static char *f(int a) { return 0; }
int (*fn(void))(int) { return 0; }
#ifdef X
int inif(void) { }
#else
int inelse(void) {}
#endif
union u { int z; };
)~",
                        R"~(function M
constant N
class foo_t
class foo_t > foo
constant foo_t.foo > a
class bar
constant bar > b
class e
constant e > A1
constant e > B1
type fp
constant g
constant h
function proto
function f
function fn
function inif
function inelse
class u
constant u > z
)~",
                        "f", "/* doc */"};

constexpr Snippet kCpp = {"cpp", R"~(#include <x>
namespace a::b {
template <typename T> class A : public B { public: A(); ~A(); int m() const { return 1; } static int s; T operator+(T o); using X = int; enum class E { P }; template <class U> void t() {} friend class Z; };
template <> int A<int>::m() const { return 2; }
A::~A() {}
bool operator==(const A& a, const A& b) { return true; }
A::operator bool() const { return true; }
using Y = int;
concept C = true;
constexpr int k = 3;
extern "C" { void ff(void) {} }
auto lam = [](int a) { return a; };
TEST(Suite, name) { int a; }
int& refret(int a) { }
std::vector<int> A::z(int) { }
typedef int II;
}
)~",
                          R"~(module a.b
class a.b > A
function a.b.A > A
function a.b.A > ~A
function a.b.A > m
constant a.b.A > s
function a.b.A > operator+
type a.b.A > X
class a.b.A > E
constant a.b.A.E > P
function a.b.A > t
function a.b.A > m
function a.b.A > ~A
function a.b > operator==
function a.b.A > operator bool
type a.b > Y
type a.b > C
constant a.b > k
function a.b > ff
constant a.b > lam
function a.b > TEST(Suite, name)
function a.b > refret
function a.b.A > z
type a.b > II
)~",
                          nullptr, nullptr};

constexpr Snippet kCsharp = {"csharp", R"~(using System;
namespace A.B {
/// <summary>d</summary>
[Attr] public class C<T> : D { private int x = 1; public int P { get; set; } public C() {} ~C() {} public void M() {} public event Action E; enum K { A, B } delegate int Del(int a); public static C operator +(C a, C b) => a; public int this[int i] => 1; const int Q = 2; }
interface I { void Z(); }
record R(int A);
struct S { }
}
)~",
                             R"~(module A.B
class A.B > C
constant A.B.C > x
constant A.B.C > P
function A.B.C > C
function A.B.C > C
function A.B.C > M
constant A.B.C > E
class A.B.C > K
constant A.B.C.K > A
constant A.B.C.K > B
type A.B.C > Del
function A.B.C > operator +
function A.B.C > this[]
constant A.B.C > Q
class A.B > I
function A.B.I > Z
class A.B > R
class A.B > S
)~",
                             nullptr, nullptr};

constexpr Snippet kGo = {"go", R"~(package x
import "fmt"
const A = 1
const ( B = iota; C )
var V, W = 1, 2
// doc
type T struct { a int; b string }
type I interface { M(int) }
type ( P int; Q = string )
func f(a int) int { return 1 }
func (t *T) m() {}
func (t T[K]) gen() {}
)~",
                         R"~(constant A
constant B
constant C
constant V
constant W
class T
constant T > a
constant T > b
class I
function I > M
type P
type Q
function f
function T > m
function T > gen
)~",
                         "T", "// doc"};

constexpr Snippet kRust = {"rust", R"~(//! mod doc
use a::b;
/// doc
#[derive(Debug)]
pub struct S<T> { a: T }
enum E { A, B(i32) }
trait Tr { fn m(&self); fn d() {} type X; const Z: i32; }
impl<T> Tr for S<T> { #[inline] fn m(&self) {} const Q: i32 = 1; }
impl S<i32> { pub fn new() {} }
mod inner { pub fn g() {} }
macro_rules! mac { () => {} }
const C: i32 = 1; static D: i32 = 2;
type Al = i32;
union U { a: i32 }
extern "C" { fn ff(); }
pub async fn af() {}
)~",
                           R"~(class S
constant S > a
class E
constant E > A
constant E > B
class Tr
function Tr > m
function Tr > d
type Tr > X
constant Tr > Z
class S (scope)
function S > m
constant S > Q
class S (scope)
function S > new
module inner
function inner > g
function mac
constant C
constant D
type Al
class U
constant U > a
function ff
function af
)~",
                           "S", "/// doc"};

constexpr Snippet kRuby = {"ruby", R"~(require 'x'
module A
  class B < C
    X = 1
    attr_accessor :foo, :bar
    # d
    def m(a) end
    def self.s; end
    class << self
      def t; end
    end
    private def pp; end
    define_method(:dm) { }
    scope :active, -> { }
  end
end
class A::D; end
describe "x" do
  it "y" do
  end
end
)~",
                           R"~(module A
class A > B
constant A.B > X
constant A.B > foo
constant A.B > bar
function A.B > m
function A.B > s
function A.B > t
function A.B > pp
function A.B > dm
function A.B > active
class A.D
function x
function x > y
)~",
                           nullptr, nullptr};

constexpr Snippet kPhp = {"php", R"~(<?php
namespace A\B;
use X\Y;
const Q = 1;
define('Z', 2);
/** d */
#[Attr]
abstract class C extends D implements E { use T; const K = 1; public $x = 1, $y; public function m() {} }
interface I { function z(); }
trait T { }
enum E: string { case A = 'a'; }
function f() {}
$g = function() {};
return ['a' => 1];
)~",
                          R"~(module A.B
constant A.B > Q
constant A.B > Z
class A.B > C
constant A.B.C > K
constant A.B.C > x
constant A.B.C > y
function A.B.C > m
class A.B > I
function A.B.I > z
class A.B > T
class A.B > E
constant A.B.E > A
function A.B > f
function A.B > g
)~",
                          "C", "/** d */"};

constexpr Snippet kKotlin = {"kotlin", R"~(package a.b
import x.y
const val K = 1
/** d */
@Ann
class A(val x: Int) : B() {
  companion object {
    fun c() {}
    val q = 1
  }
  fun m() {}
  val p: Int
    get() = 1
  init { }
  constructor(a: String) : this(1) {}
  enum class E { P, Q }
  inner class In
}
object O { fun o() {} }
interface I { fun z() }
data class D(val a: Int)
fun String.ext(a: Int): Int = 1
fun <T> List<T>.ext2() {}
typealias T = Int
val top by lazy { 1 }
val String.pp: Int get() = 1
)~",
                             R"~(constant K
class A
class A > Companion (scope)
function A.Companion > c
constant A.Companion > q
function A > m
constant A > p
class A > E
constant A.E > P
constant A.E > Q
class A > In
function o
)~",
                             "A", "/** d */"};

constexpr Snippet kScala = {"scala", R"~(package a.b
import x._
/** d */
class A(x: Int) extends B { def m(a: Int): Int = 1; val v = 1; type T = Int; var w = 2; lazy val z = 3 }
object A { def apply() = 1 }
trait Tr { def q: Int }
case class CC(a: Int)
enum E { case P, Q }
given foo: Ord[Int] = ???
extension (s: String) def ext: Int = 1
implicit class Rich(x: Int) { def r = 1 }
package object po { val x = 1 }
def top = 1
)~",
                            R"~(class A
function A > m
constant A > v
type A > T
constant A > w
constant A > z
class A
function A > apply
class Tr
function Tr > q
class CC
class E
constant E > P
constant E > Q
constant foo
class String (scope)
function String > ext
class Rich
function Rich > r
module po
constant po > x
function top
)~",
                            "A", "/** d */"};

constexpr Snippet kSwift = {"swift", R"~(import Foundation
/// d
@objc public class A: B {
  var x = 1
  let y: Int
  init(a: Int) {}
  deinit {}
  func m(a: Int) -> Int { return 1 }
  subscript(i: Int) -> Int { 1 }
  enum K {
    case a, b
  }
}
)~",
                            R"~(class A
constant A > x
constant A > y
function A > init
function A > deinit
function A > m
function A > subscript
class A > K
constant A.K > a
constant A.K > b
)~",
                            "A", "/// d"};

constexpr Snippet kLua = {"lua", R"~(local M = {}
-- d
function M.foo(a) end
function M:bar() end
local function l() end
M.baz = function() end
local z = function() end
local t = { a = function() end }
M.K = 1
x = 3
function g() end
return M
)~",
                          R"~(constant M
function M > foo
function M > bar
function l
function M > baz
function z
constant t
function t > a
constant M > K
constant x
function g
)~",
                          "foo", "-- d"};

constexpr Snippet kBash = {"bash", R"~(#!/bin/bash
# d
f() { echo; }
function g { echo; }
X=1
readonly Y=2
export Z=3
declare -A m
@test "a b" {
  run x
}
if true; then h() { :; }; fi
)~",
                           R"~(function f
function g
constant X
constant Y
constant Z
constant m
function a b
function h
)~",
                           "f", "#!/bin/bash"};

constexpr Snippet kElixir = {"elixir", R"~(defmodule A.B do
  @moduledoc "x"
  use X
  alias Y
  @k 1
  @doc """
  d
  """
  @spec m(integer) :: integer
  def m(a) when a > 1, do: 1
  def m(a) do
    1
  end
  defp p, do: 1
  defmacro mac(a) do end
  defstruct [:a]
  @type t :: integer
  defguard is_x(a) when a > 1
  describe "x" do
    test "y", %{a: a} do
    end
  end
end
defprotocol P do def z(a) end
defimpl P, for: Integer do def z(a), do: a end
)~",
                             R"~(class A.B
constant A.B > k
function A.B > m
function A.B > m
function A.B > p
function A.B > mac
type A.B > t
function A.B > is_x
function A.B > x
function A.B.x > y
class P
function P > z
class P (scope)
function P > z
)~",
                             nullptr, nullptr};

constexpr Snippet kHaskell = {"haskell", R"~(module A.B (f) where
import X
-- | d
f :: Int -> Int
f 0 = 1
f n = n
data D a = P | Q { x :: Int } deriving Show
newtype N = N Int
type T = Int
class C a where
  m :: a -> Int
  m _ = 1
instance C Int where
  m x = x
(+++) :: a -> a
a +++ b = a
pat = 3
)~",
                              R"~(function f
function f
function f
class D
constant D > P
constant D > Q
class N
constant N > N
type T
class C
function C > m
function C > m
class C Int (scope)
function C Int > m
function +++
function +++
function pat
)~",
                              "f", "-- | d"};

constexpr Snippet kZig = {"zig", R"~(const std = @import("std");
/// d
pub fn f(a: u32) u32 { return a; }
const S = struct { x: u32, pub fn m(self: S) void {} };
pub const K = 1;
var v: u32 = 2;
test "name" { }
const E = enum { a, b };
const U = union(enum) { p: u8 };
)~",
                          R"~(function f
class S
constant S > x
function S > m
constant K
constant v
function name
class E
constant E > a
constant E > b
class U
constant U > p
)~",
                          "f", "/// d"};

constexpr Snippet kDart = {"dart", R"~(import 'x.dart';
/// d
@ann
class A<T> extends B with C { int x = 1; final y = 2; A(this.x); A.named(); factory A.f() => A(1); void m(int a) {} int get g => 1; set s(int v) {} static k() {} operator +(o) => 1; }
mixin M on A { void z() {} }
enum E { p, q }
extension X on String { int e() => 1; }
typedef F = int Function(int);
void top(int a) { }
int get tg => 1;
const c = 1;
final int d = 2;
abstract class Z { void abs(); }
)~",
                           R"~(class A
constant A > x
constant A > y
function A > A
function A > A.named
function A > A.f
function A > m
function A > g
function A > s
function A > k
function A > operator +
class M
function M > z
class E
constant E > p
constant E > q
class X
function X > e
type F
function top
function tg
constant c
constant d
class Z
function Z > abs
)~",
                           "A", "/// d"};

constexpr Snippet kSql = {"sql", R"~(-- d
CREATE TABLE foo (id INT PRIMARY KEY, name TEXT);
CREATE VIEW v AS SELECT * FROM foo;
CREATE INDEX i ON foo (id);
CREATE FUNCTION fn(a int) RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql;
INSERT INTO foo VALUES (1, 'a');
SELECT * FROM foo WHERE id = 1;
ALTER TABLE foo ADD COLUMN x int;
CREATE TYPE t AS ENUM ('a');
CREATE TRIGGER tr BEFORE INSERT ON foo FOR EACH ROW EXECUTE FUNCTION fn();
CREATE SCHEMA s;
create materialized view mv as select 1;
)~",
                          R"~(class foo
class v
constant i
function fn
type t
function tr
module s
class mv
)~",
                          "foo", "-- d"};

constexpr Snippet kHtml = {"html", R"~(<!DOCTYPE html>
<html><head><title>x</title><script>let a = 1;</script><style>a{}</style></head>
<body><!-- c --><div id="main" class="x"><p>hi</p></div><section><h1 id=foo>z</h1></section></body></html>
)~",
                           R"~(data main
data foo
)~",
                           nullptr, nullptr};

constexpr Snippet kCss = {"css", R"~(/* d */
@import "x";
:root { --a: 1; }
.foo, #bar > a { color: red; }
@media (max-width: 1px) { .x { a: b; } }
@keyframes k { from { a: b } }
@font-face { a: b }
)~",
                          R"~(data :root
data .foo, #bar > a
data @media (max-width: 1px)
data @media (max-width: 1px) > .x
data @keyframes k
data @font-face
)~",
                          nullptr, nullptr};

constexpr Snippet kJson = {"json", R"~({ "a": 1, "b": { "c": [1, 2] }, "d": [ {"x":1}, {"y":2} ] }
)~",
                           R"~(data a
data b
data d
)~",
                           nullptr, nullptr};

constexpr Snippet kYaml = {"yaml", R"~(# c
a: 1
b:
  c:
    - x: 1
    - y
"q": 2
---
z: 1
)~",
                           R"~(data a
data b
data q
data z
)~",
                           "a", "# c"};

constexpr Snippet kToml = {"toml", R"~(# c
x = 1
a.b = 2
[t]
k = 1
[t.u]
v = [1, 2]
[[arr]]
n = 1
)~",
                           R"~(data x
data a.b
data t
data t > k
data t.u
data t.u > v
data arr
data arr > n
)~",
                           "x", "# c"};

constexpr Snippet kMarkdown = {"markdown", R"~(---
title: x
---
intro

# H1

para

## H2 `code`

```python
x = 1
```

- a
- b

Setext
======

text
)~",
                               R"~(doc H1
doc H1 > H2 `code`
doc H1.H2 `code` > Setext
)~",
                               nullptr, nullptr};

const Snippet* const kSnippets[] = {&kPython, &kJavascript, &kJsx,    &kTsx,   &kTypescript, &kJava,
                                    &kC,      &kCpp,        &kCsharp, &kGo,    &kRust,       &kRuby,
                                    &kPhp,    &kKotlin,     &kScala,  &kSwift, &kLua,        &kBash,
                                    &kElixir, &kHaskell,    &kZig,    &kDart,  &kSql,        &kHtml,
                                    &kCss,    &kJson,       &kYaml,   &kToml,  &kMarkdown};

std::string owners_of(const Plan& plan) {
  std::ostringstream lines;
  for (std::size_t i = 1; i < plan.owners.size(); ++i) {
    const Owner& owner = plan.owners[i];
    lines << kind_name(owner.kind) << ' ' << owner.scope << (owner.scope.empty() ? "" : " > ")
          << owner.symbol << (owner.defines ? "" : " (scope)") << '\n';
  }
  return lines.str();
}

class Languages : public testing::TestWithParam<const Snippet*> {};

TEST_P(Languages, say_names_kinds_and_scopes) {
  const Snippet& snippet = *GetParam();
  const Grammar* grammar = grammar_of(snippet.language);
  ASSERT_NE(grammar, nullptr);
  auto parser = LanguageParser::create(*grammar);
  ASSERT_TRUE(parser.ok()) << parser.error().message;
  auto tree = (*parser)->parse(snippet.text);
  ASSERT_TRUE(tree.ok()) << tree.error().message;
  const Ruler ruler(snippet.text);
  const Plan plan = plan_from_tree(**parser, tree->get(), ruler);
  EXPECT_EQ(owners_of(plan), snippet.owners);
  if (snippet.comment != nullptr) {
    const std::size_t comment = ruler.text().find(snippet.comment);
    bool attached = false;
    for (const Mark& mark : plan.marks) {
      attached = attached || (mark.position == comment && mark.anchor > comment &&
                              plan.owners[mark.owner].symbol == snippet.documented);
    }
    EXPECT_TRUE(attached) << snippet.documented << " does not begin at its comment";
  }
}

INSTANTIATE_TEST_SUITE_P(All, Languages, testing::ValuesIn(kSnippets),
                         [](const auto& test) { return std::string(test.param->language); });

TEST(Grammars, every_one_has_a_snippet_and_fits_the_runtime) {
  for (const Grammar& grammar : all_grammars()) {
    EXPECT_TRUE(LanguageParser::create(grammar).ok()) << grammar.language;
    bool found = false;
    for (const Snippet* snippet : kSnippets) {
      found = found || grammar.language == snippet->language;
    }
    EXPECT_TRUE(found) << grammar.language;
  }
}

TEST(Grammars, every_rule_names_a_node_type_of_some_grammar_that_uses_it) {
  for (const Grammar& grammar : all_grammars()) {
    for (const NodeRule& rule : grammar.rules) {
      bool known = false;
      for (const Grammar& other : all_grammars()) {
        known = known || (other.rules.data() == grammar.rules.data() &&
                          ts_language_symbol_for_name(other.tree_sitter(), rule.type.data(),
                                                      static_cast<std::uint32_t>(rule.type.size()),
                                                      true) != 0);
      }
      EXPECT_TRUE(known) << grammar.language << " has no node " << rule.type;
    }
  }
}

}  // namespace
}  // namespace sonde::text
