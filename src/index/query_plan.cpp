#include "index/query_plan.h"

#include <algorithm>
#include <unordered_map>

#include "index/stop_words.h"
#include "index/symbols.h"
#include "text/analyzer.h"

namespace sonde::index {
namespace {

constexpr std::size_t kNameWords = 3;         // words of prose that are tried as one name
constexpr std::size_t kNameLimit = 96;        // names that are looked up
constexpr std::size_t kNameBytesLimit = 128;  // longer ones are no names

bool is_token_char(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// A word as it was typed, and which terms of the plan it became.
struct Token {
  std::string_view written;
  std::vector<std::uint32_t> terms;
  bool stop = true;  // nothing but stop words
};

bool looks_like_code(std::string_view written) {
  bool upper_inside = false;
  bool lower = false;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const char c = written[i];
    if (c == '_' || c == '.' || c == ':') {
      return true;
    }
    lower = lower || (c >= 'a' && c <= 'z');
    upper_inside = upper_inside || (i > 0 && c >= 'A' && c <= 'Z');
  }
  return upper_inside && lower;
}

class Planner {
 public:
  explicit Planner(const Ranking& ranking) : ranking_(ranking) {}

  Result<QueryPlan> plan(const Query& query) {
    add_text(query.words);
    for (const std::string& phrase : query.phrases) {
      add_text(phrase);
      TRY_ASSIGN(PlanSequence sequence, sequence_of(phrase));
      plan_.phrases.push_back(std::move(sequence));
    }
    for (const std::string& excluded : query.excluded) {
      TRY_ASSIGN(PlanSequence sequence, sequence_of(excluded));
      plan_.excluded.push_back(std::move(sequence));
    }
    for (const std::string& symbol : query.symbols) {
      add_text(symbol);
      plan_.symbols.push_back({text::fold_symbol(symbol), text::squeeze_symbol(symbol)});
    }
    weigh_stop_words();
    return std::move(plan_);
  }

 private:
  /// The place of `term` in the plan; the number of terms when there is no more room.
  std::uint32_t add_term(std::string_view term, double weight, bool joined) {
    const auto known = numbers_.find(std::string(term));
    if (known != numbers_.end()) {
      PlanTerm& there = plan_.terms[known->second];
      there.weight = std::max(there.weight, weight);
      there.joined = there.joined && joined;
      return known->second;
    }
    const auto number = static_cast<std::uint32_t>(plan_.terms.size());
    if (number < kQueryCandidateLimit) {
      plan_.terms.push_back({std::string(term), weight, joined});
      numbers_.emplace(term, number);
    }
    return number;
  }

  void add_text(std::string_view words) {
    std::vector<Token> tokens;
    std::size_t begin = 0;
    while (begin < words.size()) {
      if (!is_token_char(words[begin])) {
        ++begin;
        continue;
      }
      std::size_t end = begin;
      while (end < words.size() && (is_token_char(words[end]) || joins(words, end))) {
        ++end;
      }
      tokens.push_back(token_of(words.substr(begin, end - begin)));
      begin = end;
    }
    std::erase_if(tokens, [](const Token& token) { return token.terms.empty(); });
    join_neighbours(tokens);
    add_names(tokens);
    add_qualified(words, tokens);
  }
  static bool joins(std::string_view words, std::size_t at) {
    return words[at] == '-' && at + 1 < words.size() && is_token_char(words[at + 1]);
  }

  Token token_of(std::string_view written) {
    Token token;
    token.written = written;
    const std::vector<text::Word>& found = analyzer_.analyze(written);
    const bool split = std::any_of(found.begin(), found.end(), [](const text::Word& word) {
      return word.kind == text::WordKind::Whole;
    });
    for (const text::Word& word : found) {
      if (word.kind == text::WordKind::Unigram) {
        continue;  // the pairs say more
      }
      const bool part = split && word.kind == text::WordKind::Part;
      const std::string_view term = analyzer_.term(word);
      const double weight = part                                 ? ranking_.part
                            : word.kind == text::WordKind::Whole ? ranking_.whole
                                                                 : 1.0;
      const std::uint32_t number =
          add_term(term, weight, split && word.kind == text::WordKind::Whole);
      if (number < plan_.terms.size()) {
        plan_.terms[number].whole = plan_.terms[number].whole || (split && !part);
        token.terms.push_back(number);
        token.stop = token.stop && is_stop_word(term);
      }
    }
    return token;
  }

  /// "file system" also asks for "filesystem".
  void join_neighbours(const std::vector<Token>& tokens) {
    for (std::size_t i = 0; ranking_.joined > 0 && i + 1 < tokens.size(); ++i) {
      if (tokens[i].stop || tokens[i + 1].stop) {
        continue;
      }
      const std::string both =
          text::squeeze_symbol(std::string(tokens[i].written) + std::string(tokens[i + 1].written));
      for (const text::Word& word : analyzer_.analyze(both)) {
        if (word.position == 0 && word.size + 4U > both.size()) {
          add_term(analyzer_.term(word), ranking_.joined, true);
        }
      }
    }
  }

  void add_names(const std::vector<Token>& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::string joined;
      std::vector<std::uint32_t> words;
      for (std::size_t n = 0; n < kNameWords && i + n < tokens.size(); ++n) {
        const Token& token = tokens[i + n];
        if (token.stop && (n > 0 || tokens.size() > 1)) {
          break;
        }
        joined += token.written;
        words.insert(words.end(), token.terms.begin(), token.terms.end());
        add_name(joined, words, n == 0 && looks_like_code(token.written));
      }
    }
  }
  /// "Session.get" and "Plug::Conn", as one name.
  void add_qualified(std::string_view words, const std::vector<Token>& tokens) {
    std::size_t last = 0;  // end of the run of tokens that one dot or :: joins
    for (std::size_t i = 0; i < tokens.size(); i = last + 1) {
      last = i;
      while (last + 1 < tokens.size() && qualified(words, tokens[last], tokens[last + 1])) {
        ++last;
      }
      if (last == i) {
        continue;
      }
      std::vector<std::uint32_t> terms;
      for (std::size_t t = i; t <= last; ++t) {
        terms.insert(terms.end(), tokens[t].terms.begin(), tokens[t].terms.end());
      }
      const char* begin = tokens[i].written.data();
      const char* end = tokens[last].written.data() + tokens[last].written.size();
      add_name({begin, static_cast<std::size_t>(end - begin)}, terms, true);
      // The last part on its own is meant as a name too.
      add_name(tokens[last].written, tokens[last].terms, true);
    }
  }
  static bool qualified(std::string_view words, const Token& a, const Token& b) {
    const auto begin = static_cast<std::size_t>(a.written.data() - words.data()) + a.written.size();
    const auto end = static_cast<std::size_t>(b.written.data() - words.data());
    const std::string_view between = words.substr(begin, end - begin);
    return between == "." || between == "::" || between == "#" || between == "->";
  }

  void add_name(std::string_view written, const std::vector<std::uint32_t>& words,
                bool explicit_name) {
    if (written.size() > kNameBytesLimit || words.empty() || plan_.names.size() >= kNameLimit) {
      return;
    }
    std::string form = text::squeeze_symbol(written);
    for (std::size_t at = 0; (at = form.find("->", at)) != std::string::npos;) {
      form.replace(at, 2, ".");
    }
    for (PlanName& name : plan_.names) {
      if (name.form == form) {
        name.explicit_name = name.explicit_name || explicit_name;
        return;
      }
    }
    PlanName name;
    name.form = std::move(form);
    name.written = written;
    name.words = words;
    std::sort(name.words.begin(), name.words.end());
    name.words.erase(std::unique(name.words.begin(), name.words.end()), name.words.end());
    name.explicit_name = explicit_name;
    plan_.names.push_back(std::move(name));
  }

  /// Stop words count only when there is nothing else.
  void weigh_stop_words() {
    const bool others = std::any_of(plan_.terms.begin(), plan_.terms.end(),
                                    [](const auto& term) { return !is_stop_word(term.term); });
    for (PlanTerm& term : plan_.terms) {
      if (others && is_stop_word(term.term)) {
        term.weight = 0;
      }
    }
  }

  Result<PlanSequence> sequence_of(std::string_view phrase) {
    PlanSequence sequence;
    for (const text::Word& word : analyzer_.analyze(phrase)) {
      if (word.kind != text::WordKind::Part) {
        continue;
      }
      if (sequence.terms.size() == kPhraseWordLimit) {
        return Error{Code::Limit, "a phrase of the query has more than 256 words"};
      }
      sequence.terms.emplace_back(analyzer_.term(word));
      sequence.offsets.push_back(word.position);
    }
    return sequence;
  }

  const Ranking& ranking_;
  text::Analyzer analyzer_;
  QueryPlan plan_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace

Result<QueryPlan> plan_query(const Query& query, const Ranking& ranking) {
  return Planner(ranking).plan(query);
}

}  // namespace sonde::index
