#include "index/stop_words.h"

#include <algorithm>
#include <array>

namespace sonde::index {
namespace {

// Sorted stems (Porter2). "get", "set", "not" and the like are names in code and stay.
constexpr std::array<std::string_view, 98> kStopWords{
    "a",     "about", "after", "all",   "also",  "an",      "and",    "ani",   "are",   "as",
    "at",    "be",    "been",  "befor", "being", "between", "both",   "but",   "by",    "can",
    "could", "did",   "do",    "doe",   "done",  "each",    "either", "etc",   "for",   "from",
    "had",   "has",   "have",  "he",    "her",   "here",    "him",    "his",   "how",   "i",
    "if",    "in",    "into",  "is",    "it",    "itself",  "its",    "just",  "may",   "me",
    "might", "mine",  "must",  "my",    "no",    "of",      "on",     "onli",  "onto",  "or",
    "other", "our",   "own",   "s",     "shall", "she",     "should", "so",    "some",  "such",
    "t",     "than",  "that",  "the",   "their", "them",    "then",   "there", "these", "they",
    "this",  "those", "to",    "too",   "upon",  "us",      "veri",   "via",   "was",   "we",
    "were",  "what",  "when",  "where", "which", "while",   "who",    "whi"};
constexpr std::array<std::string_view, 7> kMoreStopWords{"will",    "with", "within", "would",
                                                         "without", "you",  "your"};

}  // namespace

bool is_stop_word(std::string_view stem) {
  return std::find(kStopWords.begin(), kStopWords.end(), stem) != kStopWords.end() ||
         std::find(kMoreStopWords.begin(), kMoreStopWords.end(), stem) != kMoreStopWords.end();
}

}  // namespace sonde::index
