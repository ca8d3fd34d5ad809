// What the structure of each language's code is: definitions with their lines, and the names that
// are called, imported, inherited from and used.

#include "text/syntax/structure_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace sonde::text {
namespace {

struct Snippet {
  const char* language;
  const char* text;
  const char* structure;  // "kind name first-last" a line, then "line edge name < where"
};

constexpr Snippet kSnippets[] = {
    {"bash", R"~(source ./a.sh
f() { g 1; if h; then k | l; fi; }
)~",
     R"~(function f 2-2
  1 import ./a.sh < -
  2 call g < f
  2 call h < f
  2 call k < f
  2 call l < f
)~"},
    {"c", R"~(#include <stdio.h>
#include "a/b.h"
typedef struct { int x; } bar_t;
static int my_open(struct foo *f);
static const struct ops o = { .open = my_open };
int f(struct foo *x, bar_t y)
{
	g(x->h(y));
	return MACRO(z);
}
)~",
     R"~(class bar_t 3-3
constant bar_t.x 3-3
function my_open 4-4 decl
constant o 5-5
function f 6-10
  1 import stdio.h < -
  2 import a/b.h < -
  3 type bar_t < bar_t
  4 type foo < my_open
  4 use f < my_open
  5 type ops < o
  5 use my_open < o
  6 type foo < f
  6 type bar_t < f
  8 call g < f
  8 call h < f
  9 call MACRO < f
)~"},
    {"cpp", R"~(using namespace std;
class A : public n::B<int>, private C { virtual void f() override; };
void A::f() {
  std::move(x);
  y->z(t<int>(1));
  new D(2);
  E e{1};
}
template<class T> struct G : H<T> {};
)~",
     R"~(class A 2-2
function A.f 2-2 decl
function A.f 3-8
class G 9-9
  1 import std < -
  2 inherit B < A
  2 inherit C < A
  4 call move < A.f
  5 call z < A.f
  5 call t < A.f
  6 call D < A.f
  7 type E < A.f
  9 type T < -
  9 inherit H < G
  9 type T < G
)~"},
    {"csharp", R"~(namespace NS;
using System;
using static C.D;
[Attr] class A : B<Q>, I {
  List<Foo> f(Bar x) { this.g(); new Baz(x); h<int>(); a?.b(); R.S.t(); return (Foo)x; }
  Foo P { get; set; }
}
)~",
     R"~(module NS 1-8
class NS.A 4-7
function NS.A.f 5-5
constant NS.A.P 6-6
  2 import System < NS
  3 import C.D < NS
  4 type Attr < NS.A
  4 inherit B < NS.A
  4 type Q < NS.A
  4 inherit I < NS.A
  5 type List < NS.A.f
  5 type Foo < NS.A.f
  5 type Bar < NS.A.f
  5 call g < NS.A.f
  5 call Baz < NS.A.f
  5 call h < NS.A.f
  5 type int < NS.A.f
  5 call b < NS.A.f
  5 call t < NS.A.f
  5 type Foo < NS.A.f
  6 type Foo < NS.A.P
)~"},
    {"dart", R"~(import 'package:a/b.dart';
class A extends B with M implements I {
  Foo f(Bar x) {
    g(x); y.h(); return Baz();
  }
}
)~",
     R"~(class A 2-6
function A.f 3-5
  1 import package:a/b.dart < -
  2 inherit B < A
  2 inherit M < A
  2 inherit I < A
  3 type Foo < A.f
  3 type Bar < A.f
  4 call g < A.f
  4 call h < A.f
  4 call Baz < A.f
)~"},
    {"elixir", R"~(defmodule A do
  alias B.C
  def f(x), do: g(x) |> H.i()
  def f(y), do: k(y)
end
)~",
     R"~(class A 1-5
function A.f 3-4
  2 import B.C < A
  3 call g < A.f
  3 call i < A.f
  4 call k < A.f
)~"},
    {"go", R"~(package m
import ( "fmt"; nh "net/http" )
type S struct { Base; *pkg.Other; f int }
type I interface { io.Reader; Foo() }
func (s *S) F(x http.Header) error {
	fmt.Println(g(x))
	go s.run(helper)
	return Map[int](x)
}
func helper() {}
)~",
     R"~(class S 3-3
constant S.f 3-3
class I 4-4
function I.Foo 4-4
function S.F 5-9
function helper 10-10
  2 import fmt < -
  2 import net/http < -
  3 inherit Base < S
  3 inherit Other < S
  4 inherit Reader < I
  5 type S < S.F
  5 type Header < S.F
  6 use fmt < S.F
  6 call Println < S.F
  6 call g < S.F
  7 call run < S.F
  7 use helper < S.F
  8 type Map < S.F
)~"},
    {"haskell", R"~(module M where
import qualified A.B as C
f :: Int -> Int
f 0 = 1
f x = g x (C.h 1)
)~",
     R"~(function f 3-5
  2 import A.B < -
  5 call g < f
  5 call h < f
)~"},
    {"java", R"~(import java.util.List;
import static a.b.C.d;
@Ann(1) class A extends p.B<T> implements I, J<K> {
  @Override
  void f(Foo x) throws E { this.g(); new q.Bar(x); super.h(); run(Foo::m); }
}
interface P extends Q, R {}
)~",
     R"~(class A 3-6
function A.f 5-5
class P 7-7
  1 import java.util.List < -
  2 import a.b.C.d < -
  3 type Ann < A
  3 type p < A
  3 inherit B < A
  3 type T < A
  3 inherit I < A
  3 inherit J < A
  3 type K < A
  4 type Override < A.f
  5 type Foo < A.f
  5 type E < A.f
  5 call g < A.f
  5 type q < A.f
  5 call Bar < A.f
  5 call h < A.f
  5 call run < A.f
  5 call m < A.f
  7 inherit Q < P
  7 inherit R < P
)~"},
    {"javascript", R"~(import d, { a as b, c } from './lib/http';
class A extends mixin(B) {}
class D extends n.E { run() { return super.run(c); } }
const v = <Foo.Bar x={1}><Baz/></Foo.Bar>;
const r = require('mod');
import('lazy');
)~",
     R"~(class A 2-2
class D 3-3
function D.run 3-3
constant v 4-4
  1 import d < -
  1 import a < -
  1 import c < -
  1 import ./lib/http < -
  2 call mixin < A
  3 inherit E < D
  3 use c < D.run
  4 call Bar < v
  4 call Baz < v
  5 import mod < -
  6 import lazy < -
)~"},
    {"kotlin", R"~(import a.b.C as D
class A(x: Foo) : B(x), I { fun f(): Bar { g(x); y.h(); return Baz() } }
)~",
     R"~(class A 2-2
function A.f 2-2
  1 import a.b.C < -
  1 import D < -
  2 type Foo < A
  2 inherit B < A
  2 inherit I < A
  2 type Bar < A.f
  2 call g < A.f
  2 call h < A.f
  2 call Baz < A.f
)~"},
    {"lua", R"~(local m = require("a.b")
function f() g(1); x.y(2); x:z() end
)~",
     R"~(function f 2-2
  1 import a.b < -
  2 call g < f
  2 call y < f
  2 call z < f
)~"},
    {"php", R"~(<?php
namespace N;
use A\B\C; use D\{E, F as G}; use function H\i;
require_once 'x.php';
class K extends L\M implements O, P {
  use T;
  function f(Foo $x): ?Bar { $this->g(); self::h(); i(1); new \Q\R(); $a?->b(); return N\j(); }
}
interface U extends V {}
)~",
     R"~(module N 2-10
class N.K 5-8
function N.K.f 7-7
class N.U 9-9
  3 import A\B\C < N
  3 import D < N
  3 import E < N
  3 import F < N
  3 import H\i < N
  4 import x.php < N
  5 inherit M < N.K
  5 inherit O < N.K
  5 inherit P < N.K
  6 inherit T < N.K
  7 type Foo < N.K.f
  7 type Bar < N.K.f
  7 call g < N.K.f
  7 call h < N.K.f
  7 call i < N.K.f
  7 call R < N.K.f
  7 call b < N.K.f
  7 call j < N.K.f
  9 inherit V < N.U
)~"},
    {"python", R"~(import os.path as p, sys
from ..a.b import c as d, handler
from x import *
LIMIT = 3
@dec.orate(1)
class A(B, m.C, metaclass=M):
    def f(self, s: Session) -> List[T]:
        def inner(): return handler
        x = 1
        register(inner, helper)
        return self.g(s)(1)
async def helper(): pass
)~",
     R"~(constant LIMIT 4-4
class A 6-11
function A.f 7-11
function A.f.inner 8-8
function helper 12-12
  1 import os.path < -
  1 import sys < -
  2 import ..a.b < -
  2 import c < -
  2 import handler < -
  3 import x < -
  5 call orate < -
  6 inherit B < A
  6 inherit C < A
  7 type Session < A.f
  7 type List < A.f
  7 type T < A.f
  8 use handler < A.f.inner
  9 use x < A.f
  10 call register < A.f
  10 use inner < A.f
  10 use helper < A.f
  11 call g < A.f
)~"},
    {"ruby", R"~(require 'json'
require_relative "a/b"
class A < M::B
  include C, D::E
  def f(x) = g(x)
  def h; x.y(1); Foo.new; puts "a"; end
end
)~",
     R"~(class A 3-7
function A.f 5-5
function A.h 6-6
  1 import json < -
  2 import a/b < -
  3 type M < A
  3 inherit B < A
  4 inherit C < A
  4 type D < A
  4 inherit E < A
  5 call g < A.f
  6 call y < A.h
  6 call Foo < A.h
  6 call new < A.h
  6 call puts < A.h
)~"},
    {"rust", R"~(use std::{fs, io::{self, Read as R}, collections::*};
use a::b::C;
trait T: U + v::W { fn g(&self); }
impl<X> T for S<X> where X: Z {
    fn f(&self) -> Result<Y> { self.g(); a::h(1); k::<u8>(2); println!("{}", q(1)); m.n()? }
}
)~",
     R"~(class T 3-3
function T.g 3-3 decl
~class S 4-6
function S.f 5-5
  1 import std < -
  1 import fs < -
  1 import io < -
  1 import Read < -
  1 import collections < -
  2 import a::b::C < -
  3 inherit U < T
  3 inherit W < T
  4 type X < S
  4 inherit T < S
  4 type S < S
  4 type X < S
  4 type X < S
  4 type Z < S
  5 type Result < S.f
  5 type Y < S.f
  5 call g < S.f
  5 call h < S.f
  5 call k < S.f
  5 call println < S.f
  5 call q < S.f
  5 call n < S.f
)~"},
    {"scala", R"~(import a.b.{C, D => E}
class A(x: Foo) extends B(x) with I { def f: Bar = { g(x); y.h(1); new Z() } }
)~",
     R"~(class A 2-2
function A.f 2-2
  1 import a.b < -
  1 import C < -
  1 import D < -
  2 type Foo < A
  2 inherit B < A
  2 inherit I < A
  2 type Bar < A.f
  2 call g < A.f
  2 call h < A.f
  2 call Z < A.f
)~"},
    {"swift", R"~(import Foundation
class A: B, P { func f(x: Foo) -> Bar { g(x); y.h(); return Baz() } }
)~",
     R"~(class A 2-2
function A.f 2-2
  1 import Foundation < -
  2 inherit B < A
  2 inherit P < A
  2 type Foo < A.f
  2 type Bar < A.f
  2 call g < A.f
  2 call h < A.f
  2 call Baz < A.f
)~"},
    {"typescript", R"~(import * as ns from "fs";
export { q } from './z';
class A<T> extends m.B<T> implements I, J.K {
  @dec() f(x: Foo): ns.Bar { return new Baz(x).go(y); }
}
interface P extends Q { h(): void }
export const k = () => a?.b(c);
)~",
     R"~(class A 3-5
function A.f 4-4
class P 6-6
function P.h 6-6 decl
function k 7-7
  1 import ns < -
  1 import fs < -
  2 import q < -
  2 import ./z < -
  3 type T < A
  3 inherit B < A
  3 type T < A
  3 inherit I < A
  3 inherit K < A
  4 call dec < A
  4 type Foo < A.f
  4 use ns < A.f
  4 type Bar < A.f
  4 call Baz < A.f
  4 call go < A.f
  6 inherit Q < P
  7 call b < k
)~"},
    {"zig", R"~(const std = @import("std");
fn f() void { g(1); std.debug.print("x", .{}); }
)~",
     R"~(function f 2-2
  1 use std < -
  1 import std < -
  2 call g < f
  2 use std < f
  2 call print < f
)~"},
};

std::string dump(const Structure& structure) {
  std::ostringstream out;
  for (const Definition& definition : structure.definitions) {
    out << (definition.opens_only ? "~" : "") << kind_name(definition.kind) << ' '
        << structure.qualified(definition) << ' ' << definition.line << '-' << definition.end_line
        << (definition.declaration ? " decl\n" : "\n");
  }
  for (const Reference& reference : structure.references) {
    const bool inside = reference.within != 0;
    out << "  " << reference.line << ' ' << edge_name(reference.kind) << ' '
        << structure.names[reference.name] << " < "
        << (inside ? structure.qualified(structure.definitions[reference.within - 1]) : "-")
        << '\n';
  }
  return out.str();
}

Structure structure_of(std::string_view language, std::string_view text) {
  const Result<ChunkedText> chunked = chunk_text(language, text);
  EXPECT_TRUE(chunked.ok());
  const auto last_line = static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  Result<Structure> structure = decode_structure(chunked->structure, last_line);
  EXPECT_TRUE(structure.ok()) << structure.error().message;
  return std::move(structure).value();
}

class StructureOf : public ::testing::TestWithParam<Snippet> {};

TEST_P(StructureOf, code_tells_definitions_and_edges) {
  EXPECT_EQ(dump(structure_of(GetParam().language, GetParam().text)), GetParam().structure);
}

INSTANTIATE_TEST_SUITE_P(Languages, StructureOf, ::testing::ValuesIn(kSnippets),
                         [](const auto& snippet) { return std::string(snippet.param.language); });

TEST(StructureWalk, keeps_its_promises_on_code_cut_anywhere) {
  for (const Snippet& snippet : kSnippets) {
    const std::string_view text = snippet.text;
    for (std::size_t size = 0; size < text.size(); size += 3) {
      const Structure structure = structure_of(snippet.language, text.substr(0, size));
      for (std::size_t i = 1; i < structure.references.size(); ++i) {
        ASSERT_LE(structure.references[i - 1].line, structure.references[i].line);
      }
    }
  }
}

TEST(StructureWalk, of_data_is_its_outer_keys) {
  EXPECT_EQ(dump(structure_of("json", R"({"a": {"b": {"c": 1}}, "d": 2})")),
            "data a 1-1\ndata a.b 1-1\ndata d 1-1\n");
  EXPECT_EQ(dump(structure_of("markdown", "# One\ntext\n## Two\na\n# Three\n")),
            "doc One 1-4\ndoc One.Two 3-4\ndoc Three 5-5\n");
}

TEST(StructureWalk, says_when_it_left_something_out) {
  std::string text;
  for (std::size_t i = 0; i <= kMaxReferences; ++i) {
    text += "f()\n";
  }
  const Structure structure = structure_of("python", text);
  EXPECT_EQ(structure.references.size(), kMaxReferences);
  EXPECT_TRUE(structure.cut);
  EXPECT_FALSE(structure_of("python", "f()\n").cut);
}

}  // namespace
}  // namespace sonde::text
