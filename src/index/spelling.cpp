#include "index/spelling.h"

#include <algorithm>
#include <array>
#include <set>

namespace sonde::index {
namespace {

constexpr std::size_t kLettersMin = 5;
constexpr std::size_t kLettersForTwoEdits = 10;
constexpr std::size_t kLettersMax = 64;
constexpr std::size_t kNamesLimit = 100'000;  // of one letter, in one segment
constexpr std::size_t kNearLimit = 64;        // whose frequency is looked up

bool is_correctable(const PlanTerm& term) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return term.weight > 0 && term.term.size() >= kLettersMin && term.term.size() <= kLettersMax &&
         std::all_of(term.term.begin(), term.term.end(), letter);
}

Result<bool> is_known(const std::vector<SegmentScan>& scans, const std::string& term) {
  for (const SegmentScan& scan : scans) {
    for (const Field field : {Field::Body, Field::Defines, Field::Path}) {
      TRY_ASSIGN(const std::vector<std::string> terms, scan.segment().terms(field, term, 1));
      if (!terms.empty() && terms.front() == term) {
        return true;
      }
    }
  }
  return false;
}

/// Live docs that define the term.
Result<std::uint64_t> definitions(const std::vector<SegmentScan>& scans, const std::string& term) {
  std::uint64_t count = 0;
  for (const SegmentScan& scan : scans) {
    TRY_ASSIGN(const Postings postings, scan.segment().postings(Field::Defines, term));
    for (const std::uint32_t doc : postings.docs) {
      count += doc < scan.allowed.size() && scan.allowed[doc] != 0 ? 1U : 0U;
    }
  }
  return count;
}

/// The names nearest to `term`, ascending.
Result<std::set<std::string>> nearest_names(const std::vector<SegmentScan>& scans,
                                            const std::string& term) {
  std::size_t limit = term.size() < kLettersForTwoEdits ? 1 : 2;
  std::set<std::string> nearest;
  for (const SegmentScan& scan : scans) {
    TRY_ASSIGN(const std::vector<std::string> names,
               scan.segment().terms(Field::Defines, term.substr(0, 1), kNamesLimit));
    for (const std::string& name : names) {
      const std::size_t distance = edit_distance(term, name, limit);
      // One that begins with the other is another ending, not a slip.
      if (distance > limit || name.starts_with(term) || term.starts_with(name)) {
        continue;
      }
      if (distance < limit) {
        nearest.clear();
        limit = distance;
      }
      nearest.insert(name);
    }
  }
  return nearest;
}

Result<std::string> best_name(const std::vector<SegmentScan>& scans, const std::string& term) {
  TRY_ASSIGN(const std::set<std::string> names, nearest_names(scans, term));
  std::string best;
  std::uint64_t most = 0;
  std::size_t looked_up = 0;
  for (const std::string& name : names) {
    if (++looked_up > kNearLimit) {
      break;
    }
    TRY_ASSIGN(const std::uint64_t docs, definitions(scans, name));
    if (docs > most) {
      most = docs;
      best = name;
    }
  }
  return best;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  const std::size_t longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) > limit || longer > kLettersMax) {
    return limit + 1;
  }
  std::array<std::array<std::size_t, kLettersMax + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) {
    rows[0][j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& second_above = rows[(i + 1) % 3];
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], second_above[j - 2] + 1);
      }
      least = std::min(least, row[j]);
    }
    if (least > limit) {
      return limit + 1;
    }
  }
  return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

Result<std::vector<Correction>> correct_plan(const std::vector<SegmentScan>& scans,
                                             QueryPlan& plan) {
  std::vector<Correction> corrections;
  for (PlanTerm& term : plan.terms) {
    if (term.joined && !term.whole) {
      continue;  // made of neighbours: nobody wrote it
    }
    if (!is_correctable(term)) {
      continue;
    }
    TRY_ASSIGN(const bool known, is_known(scans, term.term));
    if (known) {
      continue;
    }
    TRY_ASSIGN(const std::string name, best_name(scans, term.term));
    const bool there = std::any_of(plan.terms.begin(), plan.terms.end(),
                                   [&](const PlanTerm& other) { return other.term == name; });
    if (name.empty() || there) {
      continue;
    }
    for (PlanName& each : plan.names) {
      // A name of one word: its forms are spelt as the term is.
      each.form = each.form == term.term ? name : each.form;
    }
    corrections.push_back({term.term, name});
    term.term = name;
  }
  return corrections;
}

}  // namespace sonde::index
