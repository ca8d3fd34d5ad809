// The tokenizer. An input is [tokenizer.json] 0 [text]. Whatever the bytes, reading the one gives
// settings or an error, and a text gives ids of the vocabulary, as many as count() says, whose
// beginning is what any limit gives. Without a zero all is text, over a vocabulary of our own.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <vector>

#include "text/wordpiece.h"

namespace {

using sonde::text::WordPiece;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

sonde::text::WordPieceSettings own_settings() {
  sonde::text::WordPieceSettings settings;
  const char* const tokens[] = {"[PAD]",    "[UNK]",  "[CLS]",    "[SEP]",   "a", "##a",
                                "##b",      "ab",     "e",        "中",      "!", "\u302E",
                                "##\u302E", "\u1100", "##\u1161", "##\u0301"};
  std::uint32_t id = 0;
  for (const char* token : tokens) {
    settings.vocabulary.emplace_back(token, id++);
  }
  settings.added = {{"[SEP]", 3}, {"[CLS]", 2}};
  settings.before = {2};
  settings.after = {3};
  settings.max_word_characters = 8;
  return settings;
}

void check_text(const WordPiece& tokenizer, std::string_view text) {
  std::vector<std::uint32_t> all;
  tokenizer.encode(text, std::numeric_limits<std::size_t>::max(), all);
  require(all.size() == tokenizer.count(text));
  require(std::all_of(all.begin(), all.end(),
                      [&](std::uint32_t id) { return id < tokenizer.vocabulary_size(); }));
  std::vector<std::uint32_t> some;
  const std::size_t limit = tokenizer.special_tokens() + text.size() % 5;
  tokenizer.encode(text, limit, some);
  require(some.size() == std::min(limit, all.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = bytes.find('\0');
  if (zero == std::string_view::npos) {
    static const auto own = WordPiece::create(own_settings());
    require(own.ok());
    check_text(*own.value(), bytes);
    return 0;
  }
  auto settings = sonde::text::parse_tokenizer_json(bytes.substr(0, zero));
  if (settings.ok()) {
    const auto tokenizer = WordPiece::create(std::move(settings).value());
    if (tokenizer.ok()) {
      check_text(*tokenizer.value(), bytes.substr(zero + 1));
    }
  }
  const auto lines = sonde::text::parse_vocabulary(bytes.substr(zero + 1), bytes.substr(0, zero));
  require(!lines.ok() || !lines.value().vocabulary.empty());
  return 0;
}
