#include "index/doc_filter.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace sonde::index {
namespace {

using Docs = std::vector<std::uint32_t>;  // ascending

bool holds_sequence(const std::vector<const std::vector<std::uint32_t>*>& positions,
                    const std::vector<std::uint32_t>& offsets) {
  for (const std::uint32_t start : *positions[0]) {
    bool all = true;
    for (std::size_t i = 1; all && i < positions.size(); ++i) {
      all = std::binary_search(positions[i]->begin(), positions[i]->end(),
                               start + offsets[i] - offsets[0]);
    }
    if (all) {
      return true;
    }
  }
  return false;
}

/// Finds the docs that hold sequences of terms: first those that hold all the terms, then by their
/// positions there.
class SequenceFinder {
 public:
  SequenceFinder(const Segment& segment, std::uint64_t& postings_read)
      : segment_(segment), postings_read_(postings_read) {}

  Result<Docs> find(const PlanSequence& sequence) {
    TRY_ASSIGN(const Docs docs, docs_with_all(sequence.terms));
    if (docs.empty() || sequence.terms.size() == 1) {
      return docs;
    }
    std::map<std::string, std::vector<std::vector<std::uint32_t>>> places;
    for (const std::string& term : sequence.terms) {
      if (!places.contains(term)) {
        TRY_ASSIGN(places[term], segment_.positions_in(term, docs));
        if (places[term].size() != docs.size()) {
          return Error{Code::Corruption, segment_.name() + ": positions do not fit postings"};
        }
      }
    }
    Docs found;
    std::vector<const std::vector<std::uint32_t>*> positions(sequence.terms.size());
    for (std::size_t d = 0; d < docs.size(); ++d) {
      for (std::size_t t = 0; t < positions.size(); ++t) {
        positions[t] = &places.find(sequence.terms[t])->second[d];
      }
      if (holds_sequence(positions, sequence.offsets)) {
        found.push_back(docs[d]);
      }
    }
    return found;
  }

 private:
  Result<Docs> docs_with_all(const std::vector<std::string>& terms) {
    Docs docs;
    for (std::size_t t = 0; t < terms.size(); ++t) {
      TRY_ASSIGN(Postings postings, segment_.postings(Field::Body, terms[t]));
      postings_read_ += postings.docs.size();
      if (t == 0) {
        docs = std::move(postings.docs);
      } else {
        Docs both;
        std::set_intersection(docs.begin(), docs.end(), postings.docs.begin(), postings.docs.end(),
                              std::back_inserter(both));
        docs = std::move(both);
      }
      if (docs.empty()) {
        break;
      }
    }
    return docs;
  }

  const Segment& segment_;
  std::uint64_t& postings_read_;
};

void keep_only(const Docs& docs, std::vector<char>& allowed) {
  std::size_t next = 0;
  for (const std::uint32_t doc : docs) {
    if (doc >= allowed.size() || doc < next) {
      break;  // not ascending: a segment's bug, not a reason to write elsewhere
    }
    std::fill(allowed.begin() + static_cast<std::ptrdiff_t>(next),
              allowed.begin() + static_cast<std::ptrdiff_t>(doc), static_cast<char>(0));
    next = doc + 1;
  }
  std::fill(allowed.begin() + static_cast<std::ptrdiff_t>(next), allowed.end(),
            static_cast<char>(0));
}

void forbid_range(std::uint32_t begin, std::uint32_t end, std::vector<char>& allowed) {
  std::fill(allowed.begin() + begin, allowed.begin() + end, static_cast<char>(0));
}

bool in_scope(const PathScope& scope, const FileMeta& file) {
  return scope.source == file.source &&
         (scope.prefix.empty() ||
          (file.path.starts_with(scope.prefix) &&
           (file.path.size() == scope.prefix.size() || file.path[scope.prefix.size()] == '/')));
}

bool file_fits(const Query& query, const FileMeta& file) {
  const auto any = [](const auto& alternatives, const auto& fits) {
    return alternatives.empty() || std::any_of(alternatives.begin(), alternatives.end(), fits);
  };
  return any(query.languages, [&](const std::string& name) { return name == file.language; }) &&
         any(query.scopes, [&](const PathScope& scope) { return in_scope(scope, file); }) &&
         any(query.paths,
             [&](const std::string& pattern) { return path_matches(pattern, file.path); });
}

Status filter_files(const Query& query, SegmentScan& scan) {
  if (query.languages.empty() && query.paths.empty() && query.scopes.empty()) {
    return {};
  }
  return scan.segment().for_each_file([&](std::uint32_t ordinal, const FileMeta& file) -> Status {
    if (!file_fits(query, file)) {
      forbid_range(scan.first_doc(ordinal), scan.first_doc(ordinal + 1), scan.allowed);
    }
    return {};
  });
}

Status filter_kinds(const Query& query, SegmentScan& scan) {
  if (query.kinds.empty()) {
    return {};
  }
  TRY_ASSIGN(const auto kinds, scan.segment().kinds());
  if (kinds->size() != scan.allowed.size()) {
    return Error{Code::Corruption, scan.segment().name() + ": kinds do not fit docs"};
  }
  for (std::size_t doc = 0; doc < kinds->size(); ++doc) {
    const auto kind = static_cast<text::ChunkKind>((*kinds)[doc]);
    if (std::find(query.kinds.begin(), query.kinds.end(), kind) == query.kinds.end()) {
      scan.allowed[doc] = 0;
    }
  }
  return {};
}

Status filter_symbols(const QueryPlan& plan, SegmentScan& scan, std::uint64_t& postings_read) {
  Docs docs;
  for (const std::vector<std::string>& forms : plan.symbols) {
    for (const std::string& form : forms) {
      TRY_ASSIGN(const Postings postings, scan.segment().postings(Field::Symbol, form));
      postings_read += postings.docs.size();
      docs.insert(docs.end(), postings.docs.begin(), postings.docs.end());
    }
  }
  if (!plan.symbols.empty()) {
    std::sort(docs.begin(), docs.end());
    docs.erase(std::unique(docs.begin(), docs.end()), docs.end());
    keep_only(docs, scan.allowed);
  }
  return {};
}

}  // namespace

Result<SegmentScan> scan_segment(const LiveSegment& live) {
  SegmentScan scan;
  scan.live = &live;
  const Segment& segment = *live.segment;
  TRY_ASSIGN(scan.first_docs, segment.first_docs());
  TRY_ASSIGN(scan.lengths, segment.lengths());
  const bool fits = scan.first_docs->size() == segment.files() + std::size_t{1} &&
                    scan.first_docs->front() == 0 && scan.first_docs->back() == segment.docs() &&
                    std::is_sorted(scan.first_docs->begin(), scan.first_docs->end()) &&
                    scan.lengths->size() == segment.docs();
  if (!fits) {
    return Error{Code::Corruption, segment.name() + ": its tables of docs and files disagree"};
  }
  scan.allowed.assign(segment.docs(), 1);
  for (const std::uint32_t file : live.dead_files) {
    if (file >= segment.files()) {
      return Error{Code::Corruption, segment.name() + ": a removed file is not in it"};
    }
    forbid_range(scan.first_doc(file), scan.first_doc(file + 1), scan.allowed);
  }
  return scan;
}

Status filter_docs(const Query& query, const QueryPlan& plan, SegmentScan& scan,
                   std::uint64_t& postings_read) {
  TRY(filter_files(query, scan));
  TRY(filter_kinds(query, scan));
  TRY(filter_symbols(plan, scan, postings_read));
  SequenceFinder finder(scan.segment(), postings_read);
  for (const PlanSequence& phrase : plan.phrases) {
    TRY_ASSIGN(const Docs docs, finder.find(phrase));
    keep_only(docs, scan.allowed);
  }
  for (const PlanSequence& excluded : plan.excluded) {
    TRY_ASSIGN(const Docs docs, finder.find(excluded));
    for (const std::uint32_t doc : docs) {
      if (doc < scan.allowed.size()) {
        scan.allowed[doc] = 0;
      }
    }
  }
  return {};
}

}  // namespace sonde::index
