#pragma once
// What Library is asked about code as a whole: what nothing uses, which imports go in a circle, how
// complex functions are. From the syntax trees, by name alone.

#include <cstdint>
#include <string>
#include <vector>

#include "library/library.h"
#include "text/structure.h"

namespace sonde::library {

/// Which files are looked at.
struct CodeScope {
  std::vector<std::string> languages;   // only these; empty: all
  std::vector<std::string> path_globs;  // only files that fit one; empty: all
  std::vector<std::string> within;      // absolute files or folders; empty: everywhere
};

struct UnusedRequest {
  CodeScope scope;  // of what is reported; uses are looked for everywhere
  double min_confidence = 0.6;
  std::size_t limit = 200;
  bool refresh = true;
};

/// A definition whose name nothing else in the library seems to use.
struct UnusedSymbol {
  CodePlace place;
  double confidence = 0;  // 0 to 1, that nothing uses it; never certain
  std::string reason;     // for people
};

struct UnusedAnswer {
  std::string root;
  double took_ms = 0;
  std::vector<UnusedSymbol> symbols;  // by file and line
  std::uint64_t total = 0;            // `symbols` has the first of them
  std::uint64_t less_sure = 0;        // further ones below the confidence that was asked for
  std::uint64_t definitions = 0;      // looked at
  StructureState structure;
  Completeness index;
};

struct CyclesRequest {
  CodeScope scope;  // imports between these files alone
  std::size_t limit = 50;
  bool refresh = true;
};

/// One import on the way round.
struct CycleStep {
  std::string source;  // uid
  std::string source_path;
  std::string path;  // of the file that imports; a Go package is a folder, this a file of it
  std::uint32_t line = 1;
  std::string imported;  // as it is written
  bool stale = false;
};

struct ImportCycle {
  std::vector<CycleStep> steps;  // a shortest way round: each imports the next, the last the first
  std::uint64_t members = 0;     // files or packages that all reach each other
  std::vector<std::string> paths;  // of them, the first hundred
};

struct CyclesAnswer {
  std::string root;
  double took_ms = 0;
  std::vector<ImportCycle> cycles;  // the largest first
  std::uint64_t total = 0;
  std::uint64_t files = 0;     // that were looked at
  std::uint64_t imports = 0;   // that run when a file is loaded
  std::uint64_t resolved = 0;  // of them: to a file of the library
  std::uint64_t deferred = 0;  // within functions: not followed
  std::vector<std::pair<std::string, std::uint64_t>>
      unresolved;  // the most frequent, and how often
  StructureState structure;
  Completeness index;
};

struct AnalyzeRequest {
  CodeScope scope;
  Thresholds thresholds;
  std::size_t limit = 20;  // functions shown when no threshold is set
  bool refresh = true;
};

struct MeasuredFunction {
  CodePlace place;  // without text
  text::Measures measures;
  std::uint32_t lines = 0;
};

/// A function that is beyond a threshold.
struct ComplexityFinding {
  MeasuredFunction function;
  std::string metric;  // "cyclomatic", "cognitive", "nesting", "lines", "parameters"
  std::uint32_t value = 0;
  std::uint32_t limit = 0;
  std::uint32_t ordinal = 0;  // among functions of this name in this file, from 0
};

struct AnalyzeAnswer {
  std::string root;
  double took_ms = 0;
  std::vector<MeasuredFunction> functions;  // the most complex first: cognitive, then cyclomatic
  std::uint64_t total = 0;                  // `functions` has the first of them
  std::uint64_t files = 0;                  // with functions
  double mean_cyclomatic = 0;
  double mean_cognitive = 0;
  std::vector<ComplexityFinding> findings;  // all of them, by file and line
  StructureState structure;
  Completeness index;
};

}  // namespace sonde::library
