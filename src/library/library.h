#pragma once
// The door the faces use. A face parses, calls one of these, prints. Nothing here prints.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/hash.h"
#include "base/result.h"
#include "embed/encoder.h"
#include "library/config.h"
#include "library/location.h"
#include "library/tree_watch.h"

namespace sonde::io {
class FileSystem;
}

namespace sonde::library {

/// How far long work is. Called often from one thread; must be quick.
struct Progress {
  enum class Phase { Scan, Index, Merge, Check, Rebuild, Embed, Download } phase = Phase::Scan;
  std::uint64_t files_done = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t chunks = 0;
  std::uint64_t lines = 0;
  std::uint64_t embed_done = 0;   // chunks that got their vector in this run
  std::uint64_t embed_total = 0;  // chunks that had none at its start
};
using ProgressSink = std::function<void(const Progress&)>;

struct IndexRequest {
  std::vector<std::string> paths;  // absolute; only these parts of the sources; empty: everything
  bool force = false;              // read and chunk everything again
  bool words = true;               // false: look at no file, only embed
  bool embed = true;               // embed what has no vector, when an encoder is there
  std::size_t embed_batch = 256;   // chunks that are embedded between two commits; 1 to 256
  bool compact = false;            // merge into one segment and give free space back at the end
};

/// A folder of a source whose files are not looked at (ignored, hidden, vendored, ...).
struct LeftOutFolder {
  std::string source_path;  // absolute
  std::string path;         // relative to the source, without a slash at its end
};

struct IndexReport {
  std::uint64_t files_seen = 0;
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::uint64_t moved = 0;
  std::uint64_t removed = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t skipped = 0;
  std::uint64_t quarantined = 0;     // inputs, now
  std::uint64_t windowed = 0;        // files of this run whose syntax tree was given up
  std::uint64_t chunks_written = 0;  // texts inserted by this run
  std::uint64_t chunks_kept = 0;
  std::uint64_t lines = 0;  // read by this run
  std::uint64_t bytes = 0;
  std::uint64_t embedded = 0;        // vectors made by this run
  std::uint64_t vectors_taken = 0;   // copied out of libraries of other working trees
  std::uint64_t pending_chunks = 0;  // without a vector, now
  double seconds = 0;
  double embed_seconds = 0;   // of these
  std::string embed_trouble;  // why embedding stopped before its end; words are searched
  std::vector<LeftOutFolder> left_out;
  std::vector<std::string> notes;  // for people: a source that is missing, a worker that died, ...
};

/// Auto: hybrid once there are vectors and an encoder for the query, else words.
enum class SearchMode { Auto, Words, Meaning, Hybrid };

struct SearchRequest {
  std::string query;
  SearchMode mode = SearchMode::Auto;
  std::uint64_t budget_tokens = 0;  // of all texts together (library/budget.h); 0: no limit
  std::size_t limit = 10;
  std::vector<std::string> languages;
  std::vector<std::string> path_globs;
  std::vector<std::string> kinds;
  std::vector<std::string> symbols;
  std::vector<std::string> within;  // absolute files or folders; empty: everywhere
  double min_score = 0;
  std::uint32_t context_lines =
      0;  // lines around the chunk, read from the file when it is not stale
  bool by_chunk = false;
  bool explain = false;
  bool exact = false;  // compare with every vector, however many there are
  bool refresh = true;
};

struct SimilarRequest {
  std::string path;        // absolute; a file of a source
  std::uint32_t line = 0;  // the chunk that holds it; 0: the whole file
  std::size_t limit = 10;
  std::vector<std::string> languages;
  std::vector<std::string> path_globs;
  std::vector<std::string> kinds;
  std::vector<std::string> within;
  double min_score = 0;
};

struct Place {
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
  std::string symbol;
  double score = 0;
};

struct SearchHit {
  std::string id;
  std::string source;       // uid
  std::string source_path;  // absolute
  std::string path;         // relative to the source, bytes
  std::uint32_t start_line = 1;
  std::uint32_t end_line = 1;
  std::string language;
  std::string kind;
  std::string symbol;
  std::string scope;
  double score = 0;
  std::string text;
  std::uint32_t context_start_line = 0;  // of `context`; 0 when there is none
  std::string context;                   // the lines around and of the chunk
  std::string file_hash;                 // hex; the version of the file that the text is of
  bool stale = false;                    // the file on disk is another version now
  std::vector<Place> more;
  double words = 0;
  double meaning = 0;  // cosine; 0 in mode words and where there is no vector
  std::vector<std::pair<std::string, double>> boosts;  // with `explain`
};

/// How complete an answer is [INV-8].
struct Completeness {
  std::uint64_t generation = 0;
  std::int64_t checked_at_ms =
      0;  // when the whole tree was last compared with the library; 1970-based
  std::uint64_t files = 0;
  std::uint64_t chunks = 0;
  std::uint64_t pending_chunks = 0;
  std::uint64_t stale_files = 0;  // known to differ from the disk, be new, or be gone
  bool scan_finished = true;      // false: the check of the tree ran out of its budget
  std::uint64_t quarantined = 0;
  bool complete = true;            // nothing pending, stale or quarantined, and the scan finished
  std::vector<std::string> notes;  // for people
};

struct SearchAnswer {
  std::string query;
  std::string mode = "words";
  std::string model;  // whose vectors answered; empty in mode words
  std::string root;
  double took_ms = 0;
  std::uint64_t tokens = 0;  // of the results' texts, with a budget
  std::string tokens_by;  // "model" (its tokenizer counted) or "estimate"; empty without a budget
  std::uint64_t left_out_by_budget = 0;
  std::vector<SearchHit> results;
  Completeness index;
};

/// What the syntax trees say of code. By name alone: which of several functions of one name a call
/// means is not known, and every answer says so in its notes where there are several.

/// A line of a file.
struct CodePlace {
  std::string source;       // uid
  std::string source_path;  // absolute
  std::string path;         // relative to the source, bytes
  std::string language;
  std::uint32_t line = 1;
  std::uint32_t end_line = 1;
  // Of a definition: "function", "class", ... (text::kind_name). Of a reference: "call", "import",
  // "inherit", "type", "use" (as a value), or "mention": the name in the text, which may be a
  // comment or a string.
  std::string kind;
  std::string symbol;  // of a definition: its name; of a reference: what it stands in, or empty
  std::string scope;   // what encloses that, outermost first, joined by "."
  bool declaration = false;  // a prototype or a signature
  std::string text;          // the line, without white space around it
  std::string file_hash;     // hex; the version of the file that all this is of
  bool stale = false;        // the file on disk is another version now
};

/// How much of the library's code is known.
struct StructureState {
  std::uint64_t unknown_files = 0;  // not read yet for their structure: `sonde index` does that
  std::uint64_t windowed = 0;       // have no syntax tree, though their language has a grammar
};

struct SymbolRequest {
  std::string symbol;                  // "get", "Session.get", "Session::get"
  std::size_t limit = 50;              // places, or edges of a call tree
  std::uint32_t depth = 1;             // of callers and callees; at most kMaxCallDepth
  std::vector<std::string> languages;  // only files of these
  std::vector<std::string> within;     // absolute files or folders; empty: everywhere
  bool mentions = true;                // references: also names in the text
  bool refresh = true;
};
inline constexpr std::uint32_t kMaxCallDepth = 8;

struct SymbolAnswer {
  std::string symbol;
  std::string root;
  double took_ms = 0;
  std::vector<CodePlace> places;
  std::uint64_t total = 0;  // `places` has the first of them
  StructureState structure;
  Completeness index;
};

/// One definition that calls a name.
struct CallEdge {
  std::uint32_t depth = 1;             // 1: what was asked for is called, or calls
  CodePlace caller;                    // the definition; symbol is empty for code outside of any
  std::string callee;                  // the name that is called
  std::vector<std::uint32_t> lines;    // of the calls, in the caller's file
  std::vector<CodePlace> definitions;  // callees: what the name may mean, the best first
  std::uint64_t definitions_total = 0;
};

struct CallsAnswer {
  std::string symbol;
  std::string root;
  double took_ms = 0;
  std::vector<CallEdge> edges;         // by depth
  std::uint64_t total = 0;             // edges found; `edges` has the first of them
  std::vector<CodePlace> definitions;  // of the symbol that was asked for, at most ten
  StructureState structure;
  Completeness index;
};

struct OutlineRequest {
  std::string path;         // absolute; a file or folder of a source
  std::uint32_t depth = 0;  // of symbols within symbols; 0: all in a file, one in a folder
  std::size_t limit = 200;  // files
  bool refresh = true;
};

struct OutlineSymbol {
  std::string name;
  std::string scope;
  std::string kind;
  std::uint32_t line = 1;
  std::uint32_t end_line = 1;
  std::uint32_t depth = 0;  // 0: at the top of the file
  bool declaration = false;
  bool opens_only = false;  // an impl block or extension: what is in it follows
};

struct OutlineFile {
  std::string source;
  std::string source_path;
  std::string path;
  std::string language;
  std::string file_hash;
  std::uint32_t lines = 0;
  bool stale = false;
  bool known = true;  // false: its structure was not read yet
  std::vector<OutlineSymbol> symbols;
};

struct OutlineAnswer {
  std::string root;
  double took_ms = 0;
  std::vector<OutlineFile> files;
  std::uint64_t total = 0;  // files there; `files` has the first of them
  StructureState structure;
  Completeness index;
};

struct SourceInfo {
  std::string uid;
  std::string kind;
  std::string path;
  std::uint64_t files = 0;
  bool present = true;  // false: the folder is not there now
};

struct SkippedInfo {
  std::string source_path;
  std::string path;
  std::string reason;
  std::string detail;
};

struct QuarantineInfo {
  std::string source_path;
  std::string path;
  std::string reason;
  std::int64_t at_ms = 0;
};

struct StatusReport {
  std::string directory;
  std::string root;
  std::string note;
  std::string uid;
  Completeness index;
  std::vector<SourceInfo> sources;
  std::uint64_t skipped = 0;
  std::uint64_t windowed = 0;
  std::uint64_t lines = 0;
  std::uint64_t chunks_written_total = 0;
  std::uint64_t vectors = 0;
  std::uint64_t embedded_total = 0;
  std::string model;  // empty: none
  std::uint64_t bytes_truth = 0;
  std::uint64_t bytes_derived = 0;
  std::uint64_t bytes_source = 0;
  std::uint32_t segments = 0;
  std::uint32_t deltas = 0;
  int writer_pid = 0;                           // who holds the lease now; 0: nobody
  std::vector<SkippedInfo> skipped_list;        // when asked for
  std::vector<QuarantineInfo> quarantine_list;  // when asked for
};

struct StatusRequest {
  bool list_skipped = false;
  bool list_quarantine = false;
};

struct DoctorFinding {
  bool damage = true;  // false: a note
  std::string what;
  std::string remedy;
};

struct DoctorReport {
  std::vector<DoctorFinding> findings;
  std::vector<std::string> repaired;  // what was done, with `repair`
  bool healthy = true;                // nothing damaged now
};

struct ForgetReport {
  std::uint64_t files = 0;
  std::uint64_t chunks = 0;
  std::vector<std::string> paths;     // excluded from now on
  std::vector<std::string> retained;  // backups and exports that were not reached, by name
  bool pending = false;               // readers still hold old pages; call again
};

/// What a library knows a model by, and what decides whether two vectors may be compared: the
/// model, and the form of what it is fed.
std::string model_key(const embed::ModelId& id);

struct LibraryOptions {
  Location location;
  Environment environment;
  Config config;
  io::FileSystem* fs = nullptr;  // of the library and its sources; null: the system's. For tests
  std::string vfs;               // as store::StoreOptions::vfs
  /// How long a call that writes waits for another process's lease before it says Busy. The refresh
  /// before a search never waits.
  std::chrono::milliseconds lease_wait{2'000};
  /// Embeds chunks and queries. Null: words alone.
  std::shared_ptr<embed::Encoder> encoder;
  /// True: where the library has vectors of the encoder's model in another precision and
  /// `encoder_of` gives that, it goes on in it, so that a library that machines share keeps its
  /// vectors. False: they are made anew.
  bool keeps_precision = false;
  /// Why `encoder` is null although one is set up, for people: a server that does not answer, a
  /// damaged model. Told where meaning is asked for. Empty: none is set up, or it is there.
  std::string encoder_trouble;
  /// The encoder of another model by its key, for queries while `encoder`'s own vectors are not
  /// complete yet; may be empty, and may give null.
  std::function<std::shared_ptr<embed::Encoder>(const std::string& model_key)> encoder_of;
};

struct UnusedRequest;  // library/analysis.h
struct UnusedAnswer;
struct CyclesRequest;
struct CyclesAnswer;
struct AnalyzeRequest;
struct AnalyzeAnswer;

/// A library. Threads: search, similar, the eight about code, result, sources and status may be
/// called from several threads; the others from one.
/// Errors of calls that write: Busy (another process holds the lease; says which), NoSpace, Io,
/// Corruption (the library needs `sonde doctor`), Cancelled (what was committed stays; run it again
/// to go on).
class Library {
 public:
  /// Makes a new library with `root` as its first source; writes .gitignore. Errors:
  /// InvalidArgument (one is there).
  static Result<std::unique_ptr<Library>> create(const LibraryOptions& options);
  /// Errors: NotFound, Corruption, Unsupported, Io (see store::Store::open).
  static Result<std::unique_ptr<Library>> open(const LibraryOptions& options);
  virtual ~Library() = default;

  /// Runs at a lower priority than the caller's [INV-6]. Waits up to two seconds for the lease.
  /// `progress` is called from another thread than the caller's, while that waits.
  virtual Result<IndexReport> index(const IndexRequest& request, const ProgressSink& progress,
                                    const CancelToken& cancel) = 0;
  /// Brings changed files up to date first when that is allowed, cheap and the lease is free.
  virtual Result<SearchAnswer> search(const SearchRequest& request, const CancelToken& cancel) = 0;
  /// Files whose meaning is near to a file's, or to that of a chunk in it; the file itself is left
  /// out. Needs vectors, but no encoder. Errors also: NotFound (not in the library, no chunk there,
  /// no vector yet).
  virtual Result<SearchAnswer> similar(const SimilarRequest& request,
                                       const CancelToken& cancel) = 0;
  /// Where a symbol is defined: definitions before declarations, code before tests. Errors of these
  /// five also: InvalidArgument (the symbol, a place that is in no source), NotFound (outline only:
  /// the library has no such file).
  virtual Result<SymbolAnswer> definition(const SymbolRequest& request,
                                          const CancelToken& cancel) = 0;
  /// What calls, imports, inherits from, or otherwise names it.
  virtual Result<SymbolAnswer> references(const SymbolRequest& request,
                                          const CancelToken& cancel) = 0;
  virtual Result<CallsAnswer> callers(const SymbolRequest& request, const CancelToken& cancel) = 0;
  virtual Result<CallsAnswer> callees(const SymbolRequest& request, const CancelToken& cancel) = 0;
  virtual Result<OutlineAnswer> outline(const OutlineRequest& request,
                                        const CancelToken& cancel) = 0;
  /// What nothing seems to use, which imports go in a circle, how complex functions are. Errors
  /// also: InvalidArgument (a place that is in no source).
  virtual Result<UnusedAnswer> unused(const UnusedRequest& request, const CancelToken& cancel) = 0;
  virtual Result<CyclesAnswer> cycles(const CyclesRequest& request, const CancelToken& cancel) = 0;
  virtual Result<AnalyzeAnswer> analyze(const AnalyzeRequest& request,
                                        const CancelToken& cancel) = 0;
  /// The place that an earlier answer called `id`, without scores. Errors also: InvalidArgument (no
  /// id), NotFound (the file was read in again, or is gone: the id names a version of it).
  virtual Result<SearchHit> result(const std::string& id) = 0;
  virtual Result<StatusReport> status(const StatusRequest& request, const CancelToken& cancel) = 0;

  virtual Result<std::vector<SourceInfo>> sources() = 0;
  /// What watch() on this library knows of the tree; a search beside it compares nothing then.
  virtual TreeWatch& tree_watch() = 0;
  /// Errors also: InvalidArgument (no folder, inside a source, or holding one).
  virtual Result<SourceInfo> add_source(const std::string& path) = 0;
  /// By uid or path. Errors also: NotFound.
  virtual Result<SourceInfo> remove_source(const std::string& uid_or_path) = 0;

  /// Removes every trace and excludes the paths until `sonde index PATH` names them again [INV-11].
  virtual Result<ForgetReport> forget(const std::vector<std::string>& paths,
                                      const CancelToken& cancel) = 0;

  /// Checks everything; with `repair` mends what can be mended.
  static Result<DoctorReport> doctor(const LibraryOptions& options, bool repair,
                                     const ProgressSink& progress, const CancelToken& cancel);
  /// Moves the library's files into a backup folder beside it and makes an empty one with the same
  /// sources where they can be read. @return the backup's path.
  static Result<std::string> reset(const LibraryOptions& options);
};

}  // namespace sonde::library
