#include "text/wordpiece.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/utf8.h"
#include "io/file_system.h"

namespace sonde::text {
namespace {

constexpr std::size_t kMaxUtf8Bytes = 4;
constexpr std::string_view kVocabularyName = "the vocabulary";
constexpr std::string_view kAddedName = "the list of added tokens";

std::size_t put_utf8(char32_t code_point, char* bytes) {
  const auto tail = [&](int shift) {
    return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    bytes[0] = static_cast<char>(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    bytes[0] = static_cast<char>(0xC0 | (code_point >> 6));
    bytes[1] = tail(0);
    return 2;
  }
  if (code_point < 0x10000) {
    bytes[0] = static_cast<char>(0xE0 | (code_point >> 12));
    bytes[1] = tail(6);
    bytes[2] = tail(0);
    return 3;
  }
  bytes[0] = static_cast<char>(0xF0 | (code_point >> 18));
  bytes[1] = tail(12);
  bytes[2] = tail(6);
  bytes[3] = tail(0);
  return 4;
}

Status check_ids(const TokenIds& tokens, std::vector<bool>& used, std::string_view where) {
  for (const auto& [token, id] : tokens) {
    if (token.empty()) {
      return Error{Code::Corruption, std::string(where) + " holds an empty token"};
    }
    if (id >= kMaxVocabulary) {
      return Error{Code::Limit, std::string(where) + " gives '" + token + "' the id " +
                                    std::to_string(id) + ", the largest that is read is " +
                                    std::to_string(kMaxVocabulary - 1)};
    }
    used.resize(std::max<std::size_t>(used.size(), std::size_t{id} + 1));
    if (used[id]) {
      return Error{Code::Corruption, std::string(where) + " gives the id " + std::to_string(id) +
                                         " twice, the second time to '" + token + "'"};
    }
    used[id] = true;
  }
  return {};
}

/// Sorts the tokens; an error when one is there twice.
Status sort_tokens(TokenIds& tokens, std::string_view where) {
  if (!std::is_sorted(tokens.begin(), tokens.end())) {
    std::sort(tokens.begin(), tokens.end());
  }
  const auto twice =
      std::adjacent_find(tokens.begin(), tokens.end(),
                         [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != tokens.end()) {
    return Error{Code::Corruption,
                 std::string(where) + " holds '" + twice->first + "' more than once"};
  }
  return {};
}

/// The added tokens must be the vocabulary's own, or get ids behind it.
Status check_added(const TokenIds& added, const TokenTrie& vocabulary, std::vector<bool>& used) {
  TokenIds beyond;
  std::vector<bool> used_by_added;
  TRY(check_ids(added, used_by_added, kAddedName));
  for (const auto& [token, id] : added) {
    std::uint32_t known = 0;
    if (!vocabulary.find(token, known)) {
      beyond.emplace_back(token, id);
    } else if (known != id) {
      return Error{Code::Corruption, "the added token '" + token + "' has the id " +
                                         std::to_string(id) + ", in the vocabulary it is " +
                                         std::to_string(known)};
    }
  }
  return check_ids(beyond, used, kAddedName);
}

Status check_limits(const WordPieceSettings& settings) {
  const auto check = [](std::size_t value, std::size_t lowest, std::size_t limit,
                        const std::string& what) -> Status {
    if (value < lowest || value > limit) {
      return Error{Code::Limit, what + " is " + std::to_string(value) + "; this build reads " +
                                    std::to_string(lowest) + " to " + std::to_string(limit)};
    }
    return {};
  };
  TRY(check(settings.vocabulary.size(), 1, kMaxVocabulary, "the number of tokens"));
  TRY(check(settings.added.size(), 0, kMaxAddedTokens, "the number of added tokens"));
  TRY(check(settings.before.size(), 0, kMaxTemplateTokens, "the number of tokens before a text"));
  TRY(check(settings.after.size(), 0, kMaxTemplateTokens, "the number of tokens behind a text"));
  return check(settings.max_word_characters, 1, kMaxWordCharacters, "max_input_chars_per_word");
}

Status check_template(const std::vector<std::uint32_t>& ids, std::size_t vocabulary_size) {
  for (const std::uint32_t id : ids) {
    if (id >= vocabulary_size) {
      return Error{Code::Corruption, "the template has the id " + std::to_string(id) +
                                         ", which is not in the vocabulary"};
    }
  }
  return {};
}

}  // namespace

/// The word that is being read: normalised, at most kMaxWordCharacters characters.
struct WordPiece::Word {
  std::array<char, kMaxUtf8Bytes * kMaxWordCharacters> bytes;  // only `size` of them are written
  std::size_t size = 0;
  std::size_t characters = 0;
  bool too_long = false;
  // The combining classes of the marks that the word ends with: these may change places.
  std::array<std::uint8_t, kMaxWordCharacters> classes;
  std::size_t marks = 0;

  Word() {}  // NOLINT(modernize-use-equals-default): leaves the arrays as they are

  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
  void clear() { size = characters = marks = 0, too_long = false; }
  void fix() { marks = 0; }
  void append(char32_t code_point) {
    size += put_utf8(code_point, bytes.data() + size);
    ++characters;
  }
  void insert_mark(char32_t code_point, std::uint8_t combining_class);
};

/// Canonical order: behind the marks whose class is not greater.
void WordPiece::Word::insert_mark(char32_t code_point, std::uint8_t combining_class) {
  std::size_t at = size;
  std::size_t place = marks;
  while (place > 0 && classes[place - 1] > combining_class) {
    classes[place] = classes[place - 1];
    --place;
    do {
      --at;
    } while ((static_cast<unsigned char>(bytes[at]) & 0xC0) == 0x80);
  }
  classes[place] = combining_class;
  ++marks;
  const std::size_t end = size;
  append(code_point);
  std::rotate(bytes.data() + at, bytes.data() + end, bytes.data() + size);
}

/// Where ids go, or are only counted.
class WordPiece::Output {
 public:
  Output(std::vector<std::uint32_t>* ids, std::size_t limit) : ids_(ids), left_(limit) {}

  void add(std::uint32_t id) { add_all(&id, 1); }
  void add_all(const std::uint32_t* ids, std::size_t size) {
    const std::size_t taken = std::min(size, left_);
    left_ -= taken;
    if (ids_ != nullptr) {
      ids_->insert(ids_->end(), ids, ids + taken);
    }
  }
  [[nodiscard]] bool full() const { return left_ == 0; }
  [[nodiscard]] std::size_t left() const { return left_; }

 private:
  std::vector<std::uint32_t>* ids_;
  std::size_t left_;
};

Result<std::shared_ptr<const WordPiece>> WordPiece::from_files(io::FileSystem& fs,
                                                               const std::string& folder) {
  const std::string path = io::join_path(folder, "tokenizer.json");
  auto json = io::read_file(fs, path, kMaxTokenizerFileBytes);
  Result<WordPieceSettings> settings = Error{};
  if (json.ok()) {
    settings = parse_tokenizer_json(json.value());
  } else if (json.error().code == Code::NotFound) {
    auto lines = io::read_file(fs, io::join_path(folder, "vocab.txt"), kMaxTokenizerFileBytes);
    if (!lines.ok() && lines.error().code == Code::NotFound) {
      return Error{Code::NotFound, folder + " has neither tokenizer.json nor vocab.txt"};
    }
    if (!lines.ok()) {
      return std::move(lines).error();
    }
    TRY_ASSIGN(
        const std::string options,
        io::read_file(fs, io::join_path(folder, "tokenizer_config.json"), kMaxTokenizerFileBytes));
    settings = parse_vocabulary(lines.value(), options);
  } else {
    return std::move(json).error();
  }
  if (!settings.ok()) {
    return settings.error().with_context(folder);
  }
  auto tokenizer = create(std::move(settings).value());
  return tokenizer.ok() ? std::move(tokenizer) : tokenizer.error().with_context(folder);
}

Result<std::shared_ptr<const WordPiece>> WordPiece::create(WordPieceSettings settings) {
  TRY(check_limits(settings));
  TRY(sort_tokens(settings.vocabulary, kVocabularyName));
  TRY(sort_tokens(settings.added, kAddedName));
  std::vector<bool> used;
  TRY(check_ids(settings.vocabulary, used, kVocabularyName));
  TRY_ASSIGN(BertCharacters characters, BertCharacters::create(settings.normalizer));
  auto tokenizer = std::make_shared<WordPiece>(Private{}, std::move(characters));
  tokenizer->vocabulary_ = TokenTrie(std::move(settings.vocabulary));
  if (!tokenizer->vocabulary_.find(settings.unknown_token, tokenizer->unknown_)) {
    return Error{Code::Corruption, "the vocabulary lacks the token for unknown words, '" +
                                       settings.unknown_token + "'"};
  }
  TRY(check_added(settings.added, tokenizer->vocabulary_, used));
  TRY(check_template(settings.before, used.size()));
  TRY(check_template(settings.after, used.size()));
  tokenizer->continuing_prefix_ = std::move(settings.continuing_prefix);
  tokenizer->added_ = TokenTrie(std::move(settings.added));
  tokenizer->find_starts();
  tokenizer->before_ = std::move(settings.before);
  tokenizer->after_ = std::move(settings.after);
  tokenizer->max_word_characters_ = settings.max_word_characters;
  tokenizer->vocabulary_size_ = used.size();
  return std::shared_ptr<const WordPiece>(std::move(tokenizer));
}

void WordPiece::find_starts() {
  word_start_ = vocabulary_.start("");
  word_remainder_ = vocabulary_.start(continuing_prefix_);
  added_start_ = added_.start("");
}

void WordPiece::save(ByteWriter& to) const {
  characters_.save(to);
  to.u32(static_cast<std::uint32_t>(vocabulary_size_));
  to.u32(unknown_);
  to.u32(static_cast<std::uint32_t>(max_word_characters_));
  to.string(continuing_prefix_);
  for (const auto* around : {&before_, &after_}) {
    to.u32(static_cast<std::uint32_t>(around->size()));
    for (const std::uint32_t id : *around) {
      to.u32(id);
    }
  }
  vocabulary_.save(to);
  added_.save(to);
}

Result<std::shared_ptr<const WordPiece>> WordPiece::load(std::string_view bytes) {
  const Error unsound{Code::Corruption, "a saved tokenizer that does not fit together"};
  ByteReader from(bytes);
  TRY_ASSIGN(BertCharacters characters, BertCharacters::load(from));
  auto tokenizer = std::make_shared<WordPiece>(Private{}, std::move(characters));
  TRY_ASSIGN(const std::uint32_t vocabulary_size, from.u32());
  TRY_ASSIGN(tokenizer->unknown_, from.u32());
  TRY_ASSIGN(tokenizer->max_word_characters_, from.u32());
  TRY_ASSIGN(tokenizer->continuing_prefix_, from.string());
  if (vocabulary_size > kMaxVocabulary || tokenizer->unknown_ >= vocabulary_size ||
      tokenizer->max_word_characters_ == 0 ||
      tokenizer->max_word_characters_ > kMaxWordCharacters) {
    return unsound;
  }
  tokenizer->vocabulary_size_ = vocabulary_size;
  for (auto* around : {&tokenizer->before_, &tokenizer->after_}) {
    TRY_ASSIGN(const std::uint32_t size, from.u32());
    if (size > kMaxTemplateTokens) {
      return unsound;
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      TRY_ASSIGN(const std::uint32_t id, from.u32());
      around->push_back(id);
    }
    TRY(check_template(*around, vocabulary_size));
  }
  TRY_ASSIGN(tokenizer->vocabulary_, TokenTrie::load(from, vocabulary_size));
  TRY_ASSIGN(tokenizer->added_, TokenTrie::load(from, vocabulary_size));
  if (!from.at_end()) {
    return unsound;
  }
  tokenizer->find_starts();
  return std::shared_ptr<const WordPiece>(std::move(tokenizer));
}

WordPiece::WordPiece(Private, BertCharacters characters) : characters_(std::move(characters)) {
  for (char32_t byte = 0; byte < ascii_.size(); ++byte) {
    const BertCharacter character = characters_.at(byte);
    ascii_[byte] = {character.kind, static_cast<char>(character.becomes)};
  }
}

void WordPiece::encode(std::string_view text, std::size_t max_tokens,
                       std::vector<std::uint32_t>& ids) const {
  if (max_tokens < special_tokens()) {
    return;
  }
  ids.insert(ids.end(), before_.begin(), before_.end());
  Output output(&ids, max_tokens - special_tokens());
  tokenize(text, output);
  ids.insert(ids.end(), after_.begin(), after_.end());
}

std::size_t WordPiece::count(std::string_view text) const {
  constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
  Output output(nullptr, kNoLimit);
  tokenize(text, output);
  return special_tokens() + (kNoLimit - output.left());
}

/// The place of the next added token, text.size() when there is none.
std::size_t WordPiece::next_added(std::string_view text, std::size_t from,
                                  TokenTrie::Match& match) const {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (added_start_[static_cast<unsigned char>(text[at])] != 0) {
      match = added_.longest(added_start_, text.substr(at));
      if (match.length > 0) {
        return at;
      }
    }
  }
  return text.size();
}

void WordPiece::tokenize(std::string_view text, Output& output) const {
  Word word;
  std::size_t position = 0;
  while (position < text.size() && !output.full()) {
    TokenTrie::Match match;
    const std::size_t added = next_added(text, position, match);
    tokenize_plain(text.substr(position, added - position), word, output);
    if (match.length > 0) {
      output.add(match.id);
    }
    position = added + match.length;
  }
}

void WordPiece::tokenize_plain(std::string_view text, Word& word, Output& output) const {
  std::size_t position = 0;
  while (position < text.size() && !output.full()) {
    if (static_cast<unsigned char>(text[position]) < ascii_.size()) {
      add_ascii(text, position, word, output);
    } else {
      add_character(next_code_point(text, position), word, output);
    }
  }
  end_word(word, output);
}

/// Reads ASCII letters up to something else, or that something.
void WordPiece::add_ascii(std::string_view text, std::size_t& position, Word& word,
                          Output& output) const {
  const std::size_t room = max_word_characters_ - word.characters;
  const std::size_t end = position + std::min(room, text.size() - position);
  const std::size_t begin = position;
  char* bytes = word.bytes.data() + word.size;
  while (position < end) {
    const auto byte = static_cast<unsigned char>(text[position]);
    if (byte >= ascii_.size() || ascii_[byte].kind != BertKind::Letter) {
      break;
    }
    *bytes++ = ascii_[byte].becomes;
    ++position;
  }
  if (position == begin) {  // no letter, or one for which there is no room
    const Ascii ascii = ascii_[static_cast<unsigned char>(text[position++])];
    add_part({{ascii.kind, static_cast<unsigned char>(ascii.becomes)}, 0}, word, output);
    return;
  }
  word.size += position - begin;
  word.characters += position - begin;
  word.fix();
}

void WordPiece::add_character(char32_t code_point, Word& word, Output& output) const {
  const BertCharacter character = characters_.at(code_point);
  if (character.kind != BertKind::Several) {
    add_part({character, 0}, word, output);
    return;
  }
  const BertParts parts = characters_.expand(code_point);
  for (std::size_t i = 0; i < parts.size; ++i) {
    add_part(parts.parts[i], word, output);
  }
}

void WordPiece::add_part(const BertPart& part, Word& word, Output& output) const {
  switch (part.character.kind) {
    case BertKind::Dropped:
    case BertKind::Several: return;
    case BertKind::Barrier: word.fix(); return;
    case BertKind::Space: end_word(word, output); return;
    case BertKind::Punctuation:
    case BertKind::Alone:
      end_word(word, output);
      word.append(part.character.becomes);
      end_word(word, output);
      return;
    case BertKind::Letter: break;
  }
  if (word.characters == max_word_characters_) {
    word.too_long = true;
  } else if (part.combining_class != 0) {
    word.insert_mark(part.character.becomes, part.combining_class);
  } else {
    word.append(part.character.becomes);
    word.fix();
  }
}

/// Greedy longest match; a word that cannot be covered whole is one unknown token.
void WordPiece::end_word(Word& word, Output& output) const {
  std::string_view rest = word.view();
  std::array<std::uint32_t, kMaxWordCharacters> pieces;  // only `size` of them are written
  std::size_t size = 0;
  const TokenTrie::Start* start = &word_start_;
  while (!rest.empty() && !word.too_long) {
    const TokenTrie::Match match = vocabulary_.longest(*start, rest);
    if (match.length == 0) {
      break;
    }
    pieces[size++] = match.id;
    rest.remove_prefix(match.length);
    start = &word_remainder_;
  }
  if (rest.empty()) {
    output.add_all(pieces.data(), size);
  } else {
    output.add(unknown_);
  }
  word.clear();
}

}  // namespace sonde::text
