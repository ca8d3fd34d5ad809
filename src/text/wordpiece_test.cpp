#include "text/wordpiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "io/file_system.h"
#include "io/test_folder.h"

namespace sonde::text {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kNoLimit = 1'000'000;

const std::vector<std::string>& tiny_vocabulary() {
  static const std::vector<std::string> tokens = {
      "[PAD]",  "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "##s", "un", "##aff",
      "##able", "a",     "##a",   "e",     "!",      "中",    "##",    "i",   "$",  "\u00E9"};
  return tokens;
}

json tiny_json() {
  json vocabulary = json::object();
  json added = json::array();
  for (std::size_t id = 0; id < tiny_vocabulary().size(); ++id) {
    vocabulary[tiny_vocabulary()[id]] = id;
    if (id < 5) {
      added.push_back({{"id", id},
                       {"content", tiny_vocabulary()[id]},
                       {"special", true},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false}});
    }
  }
  const auto special = [](const char* name) {
    return json{{"SpecialToken", {{"id", name}, {"type_id", 0}}}};
  };
  const auto token = [](const char* name, int id) {
    return json{{"id", name}, {"ids", {id}}, {"tokens", {name}}};
  };
  return {{"version", "1.0"},
          {"truncation", {{"max_length", 3}}},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", true}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor",
           {{"type", "TemplateProcessing"},
            {"single",
             {special("[CLS]"), {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, special("[SEP]")}},
            {"special_tokens", {{"[CLS]", token("[CLS]", 2)}, {"[SEP]", token("[SEP]", 3)}}}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 10},
            {"vocab", vocabulary}}}};
}

std::shared_ptr<const WordPiece> made(const json& description) {
  auto settings = parse_tokenizer_json(description.dump());
  EXPECT_TRUE(settings.ok()) << settings.error().message;
  auto tokenizer = WordPiece::create(std::move(settings).value());
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  return std::move(tokenizer).value();
}

std::shared_ptr<const WordPiece> tiny() { return made(tiny_json()); }

/// The tokens of `text` by name, without [CLS] and [SEP].
std::vector<std::string> tokens(const WordPiece& tokenizer, std::string_view text) {
  std::vector<std::uint32_t> ids;
  tokenizer.encode(text, kNoLimit, ids);
  EXPECT_EQ(ids.size(), tokenizer.count(text));
  EXPECT_GE(ids.size(), 2U);
  EXPECT_EQ(ids.front(), 2U);
  EXPECT_EQ(ids.back(), 3U);
  std::vector<std::string> names;
  for (std::size_t i = 1; i + 1 < ids.size(); ++i) {
    names.push_back(tiny_vocabulary().at(ids[i]));
  }
  return names;
}

std::vector<std::uint32_t> ids_of(const WordPiece& tokenizer, std::string_view text,
                                  std::size_t max_tokens) {
  std::vector<std::uint32_t> ids;
  tokenizer.encode(text, max_tokens, ids);
  return ids;
}

/// The error of reading `description`, wherever it is found.
Error error_of(const std::string& description) {
  auto settings = parse_tokenizer_json(description);
  if (!settings.ok()) {
    return settings.error();
  }
  auto tokenizer = WordPiece::create(std::move(settings).value());
  return tokenizer.ok() ? Error{Code::Internal, "no error"} : tokenizer.error();
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(WordPiece, a_word_is_cut_into_the_longest_tokens_from_its_start) {
  EXPECT_THAT(tokens(*tiny(), "Hello worlds unaffable"),
              ElementsAre("hello", "world", "##s", "un", "##aff", "##able"));
}

TEST(WordPiece, a_word_that_cannot_be_covered_is_one_unknown_token) {
  EXPECT_THAT(tokens(*tiny(), "hellox unaffablex a"), ElementsAre("[UNK]", "[UNK]", "a"));
}

TEST(WordPiece, a_word_longer_than_the_limit_is_unknown_and_the_next_is_not) {
  EXPECT_THAT(tokens(*tiny(), "aaaaaaaaaa"), ::testing::SizeIs(10));
  EXPECT_THAT(tokens(*tiny(), "aaaaaaaaaaa a"), ElementsAre("[UNK]", "a"));
  EXPECT_THAT(tokens(*tiny(), std::string(100'000, 'a') + "!"), ElementsAre("[UNK]", "!"));
}

TEST(WordPiece, punctuation_and_chinese_characters_are_words_by_themselves) {
  EXPECT_THAT(tokens(*tiny(), "a!a中a$!"), ElementsAre("a", "!", "a", "中", "a", "$", "!"));
}

TEST(WordPiece, accents_and_case_are_taken_off_and_controls_left_out) {
  EXPECT_THAT(tokens(*tiny(), "\u00C9 h\u00C8l\u200BlO \u0130 e\u0301"),
              ElementsAre("e", "hello", "i", "e"));
}

TEST(WordPiece, special_tokens_in_the_text_count_before_anything_else) {
  EXPECT_THAT(tokens(*tiny(), "a[SEP]a [MASK]!"), ElementsAre("a", "[SEP]", "a", "[MASK]", "!"));
  EXPECT_THAT(tokens(*tiny(), "[sep]"), ElementsAre("[UNK]", "[UNK]", "[UNK]"));
}

TEST(WordPiece, switches_of_the_normalizer_are_obeyed) {
  json cased = tiny_json();
  cased["normalizer"]["lowercase"] = false;  // strip_accents follows it
  EXPECT_THAT(tokens(*made(cased), "Hello hello \u00E9"), ElementsAre("[UNK]", "hello", "\u00E9"));
  json accents = tiny_json();
  accents["normalizer"]["strip_accents"] = false;
  EXPECT_THAT(tokens(*made(accents), "\u00C9 e"), ElementsAre("\u00E9", "e"));
  json chinese = tiny_json();
  chinese["normalizer"]["handle_chinese_chars"] = false;
  EXPECT_THAT(tokens(*made(chinese), "中a"), ElementsAre("中", "##a"));
  json unclean = tiny_json();
  unclean["normalizer"]["clean_text"] = false;
  EXPECT_THAT(tokens(*made(unclean), "hello\u200B a\x85"), ElementsAre("[UNK]", "[UNK]"));
}

TEST(WordPiece, the_first_tokens_are_kept_and_the_special_ones_count) {
  const auto tokenizer = tiny();
  EXPECT_THAT(ids_of(*tokenizer, "unaffable a", 4), ElementsAre(2, 8, 9, 3));
  EXPECT_THAT(ids_of(*tokenizer, "unaffable a", 2), ElementsAre(2, 3));
  EXPECT_THAT(ids_of(*tokenizer, "unaffable a", 1), ElementsAre());
  EXPECT_THAT(ids_of(*tokenizer, "", 4), ElementsAre(2, 3));
}

TEST(WordPiece, ids_are_appended) {
  std::vector<std::uint32_t> ids = {7};
  tiny()->encode("a", 8, ids);
  EXPECT_THAT(ids, ElementsAre(7, 2, 11, 3));
}

TEST(WordPiece, ill_formed_utf8_is_left_out_like_the_replacement_character) {
  EXPECT_THAT(tokens(*tiny(), "a\xFF\xC3 a\xED\xA0\x80"), ElementsAre("a", "a"));
}

TEST(WordPiece, vocab_txt_and_its_config_give_the_same_as_tokenizer_json) {
  const io::TestFolder folder;
  std::string lines;
  for (const std::string& token : tiny_vocabulary()) {
    lines += token + "\r\n";
  }
  write_file(folder.path("vocab.txt"), lines);
  write_file(folder.path("tokenizer_config.json"),
             R"({"do_lower_case": true, "tokenizer_class": "BertTokenizer", "strip_accents": null,
                 "cls_token": {"content": "[CLS]", "lstrip": false}, "never_split": null,
                 "added_tokens_decoder": {"4": {"content": "[MASK]"}}})");
  const auto tokenizer = WordPiece::from_files(io::real_file_system(), folder.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  const std::string text = "Hello [MASK] unaffable \u00C9!";
  EXPECT_EQ(ids_of(*tokenizer.value(), text, kNoLimit), ids_of(*tiny(), text, kNoLimit));
  EXPECT_EQ(tokenizer.value()->vocabulary_size(), tiny_vocabulary().size());
}

TEST(WordPiece, tokenizer_json_is_preferred_and_an_empty_folder_is_an_error) {
  const io::TestFolder folder;
  const auto nothing = WordPiece::from_files(io::real_file_system(), folder.path());
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().code, Code::NotFound);
  write_file(folder.path("vocab.txt"), "not used");
  write_file(folder.path("tokenizer.json"), tiny_json().dump());
  EXPECT_TRUE(WordPiece::from_files(io::real_file_system(), folder.path()).ok());
  write_file(folder.path("tokenizer.json"), "{");
  const auto damaged = WordPiece::from_files(io::real_file_system(), folder.path());
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, Code::Corruption);
  EXPECT_THAT(damaged.error().message, HasSubstr(folder.path()));
}

TEST(WordPieceFile, every_truncation_is_an_error) {
  const std::string whole = tiny_json().dump();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto settings = parse_tokenizer_json(std::string_view(whole).substr(0, length));
    ASSERT_FALSE(settings.ok()) << length;
    ASSERT_EQ(settings.error().code, Code::Corruption) << length;
  }
}

TEST(WordPieceFile, another_type_of_any_part_is_unsupported_by_name) {
  for (const char* part : {"model", "normalizer", "pre_tokenizer", "post_processor"}) {
    json other = tiny_json();
    other[part]["type"] = "Unigram";
    const Error error = error_of(other.dump());
    EXPECT_EQ(error.code, Code::Unsupported) << part;
    EXPECT_THAT(error.message, HasSubstr("Unigram")) << part;
    EXPECT_THAT(error.message, HasSubstr(part));
    other[part] = nullptr;
    EXPECT_EQ(error_of(other.dump()).code, Code::Unsupported) << part;
  }
}

TEST(WordPieceFile, an_option_that_would_change_the_ids_is_unsupported_by_name) {
  for (const char* option : {"single_word", "lstrip", "rstrip", "normalized"}) {
    json other = tiny_json();
    other["added_tokens"][0][option] = true;
    const Error error = error_of(other.dump());
    EXPECT_EQ(error.code, Code::Unsupported) << option;
    EXPECT_THAT(error.message, HasSubstr(option));
  }
  json twice = tiny_json();
  twice["post_processor"]["single"].push_back(twice["post_processor"]["single"][1]);
  EXPECT_EQ(error_of(twice.dump()).code, Code::Unsupported);
}

/// Replaces every value below `here`, one at a time, by values of other types; `accepted` names
/// those with which the tokenizer was made all the same.
void replace_each(const json& whole, const json& here, const json::json_pointer& path,
                  std::size_t& tried, std::vector<std::string>& accepted) {
  for (const auto& [key, value] : here.items()) {
    const auto place =
        here.is_array() ? path / static_cast<std::size_t>(std::stoul(key)) : path / key;
    for (const json& other : {json(-1), json(1.5), json("x"), json::array({1}), json(true),
                              json{{"k", 1}}, json(std::uint64_t{1} << 40)}) {
      if (other.type() == value.type() && !value.is_number()) {
        continue;
      }
      json changed = whole;
      changed[place] = other;
      ++tried;
      if (error_of(changed.dump()).code == Code::Internal) {
        accepted.push_back(place.to_string() + " = " + other.dump());
      }
    }
    if (value.is_structured()) {
      replace_each(whole, value, place, tried, accepted);
    }
  }
}

TEST(WordPieceFile, a_value_of_another_type_is_refused) {
  json whole = tiny_json();
  whole.erase("truncation");  // not read: the caller's limit counts
  whole.erase("padding");
  for (json& token : whole["post_processor"]["special_tokens"]) {
    token.erase("tokens");  // not read either: the ids count
  }
  std::size_t tried = 0;
  std::vector<std::string> accepted;
  replace_each(whole, whole, json::json_pointer(), tried, accepted);
  EXPECT_GT(tried, 400U);
  EXPECT_THAT(accepted, ElementsAre("/normalizer/strip_accents = true"));
}

TEST(WordPieceFile, what_does_not_fit_together_is_refused) {
  const auto with = [](const std::string& pointer, const json& value) {
    json changed = tiny_json();
    changed[json::json_pointer(pointer)] = value;
    return error_of(changed.dump());
  };
  EXPECT_THAT(with("/model/unk_token", "nowhere").message, HasSubstr("nowhere"));
  EXPECT_THAT(with("/model/vocab/hello", 3).message, HasSubstr("twice"));
  EXPECT_EQ(with("/model/vocab/hello", kMaxVocabulary).code, Code::Limit);
  EXPECT_EQ(with("/model/max_input_chars_per_word", 0).code, Code::Limit);
  EXPECT_EQ(with("/model/max_input_chars_per_word", kMaxWordCharacters + 1).code, Code::Limit);
  EXPECT_THAT(with("/added_tokens/0/id", 7).message, HasSubstr("[PAD]"));
  EXPECT_THAT(with("/added_tokens/0/content", "[SEP]").message, HasSubstr("more than once"));
  EXPECT_EQ(with("/added_tokens/0/content", "").code, Code::Corruption);
  EXPECT_EQ(with("/post_processor/special_tokens/[CLS]/ids", {99}).code, Code::Corruption);
  EXPECT_THAT(with("/post_processor/single/0/SpecialToken/id", "[X]").message, HasSubstr("[X]"));
  EXPECT_EQ(with("/post_processor/single", json::array()).code, Code::Corruption);
  EXPECT_EQ(with("/version", "2.0").code, Code::Unsupported);
  EXPECT_EQ(with("/model/vocab", json::object()).code, Code::Limit);
}

TEST(WordPieceFile, an_added_token_behind_the_vocabulary_widens_it) {
  json more = tiny_json();
  json token = more["added_tokens"][0];
  token["content"] = "<code>";
  token["id"] = 25;
  more["added_tokens"].push_back(token);
  const auto tokenizer = made(more);
  EXPECT_EQ(tokenizer->vocabulary_size(), 26U);
  EXPECT_THAT(ids_of(*tokenizer, "a<code>a", 9), ElementsAre(2, 11, 25, 11, 3));
}

TEST(WordPieceFile, deep_nesting_is_refused_before_it_is_parsed) {
  const Error error = error_of(std::string(5'000'000, '['));
  EXPECT_EQ(error.code, Code::Corruption);
  EXPECT_THAT(error.message, HasSubstr("nested"));
}

TEST(WordPieceFile, a_config_of_another_tokenizer_is_unsupported_by_name) {
  const auto code_of = [](const std::string& config) {
    const auto settings = parse_vocabulary("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", config);
    return settings.ok() ? "accepted" : settings.error().message;
  };
  EXPECT_EQ(code_of("{}"), "accepted");
  EXPECT_THAT(code_of(R"({"tokenizer_class": "T5Tokenizer"})"), HasSubstr("T5Tokenizer"));
  EXPECT_THAT(code_of(R"({"do_basic_tokenize": false})"), HasSubstr("do_basic_tokenize"));
  EXPECT_THAT(code_of(R"({"never_split": ["x"]})"), HasSubstr("never_split"));
  EXPECT_THAT(code_of(R"({"cls_token": "[X]"})"), HasSubstr("[X]"));
  EXPECT_THAT(code_of(R"({"do_lower_case": 1})"), HasSubstr("do_lower_case"));
  EXPECT_THAT(code_of(R"({"added_tokens_decoder": {"9": {"content": "[MASK]"}}})"),
              HasSubstr("added_tokens_decoder"));
  EXPECT_THAT(code_of("["), HasSubstr("JSON"));
}

TEST(WordPiece, many_threads_use_one_tokenizer) {
  const auto tokenizer = tiny();
  const std::string text = "Hello unaffable 中\u00C9 한글 [MASK] world!";
  const auto expected = ids_of(*tokenizer, text, kNoLimit);
  constexpr std::size_t kThreads = 8;
  std::vector<std::size_t> wrong(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 2'000; ++round) {
        wrong[thread] += ids_of(*tokenizer, text, kNoLimit) == expected ? 0U : 1U;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_THAT(wrong, ::testing::Each(0U));
}

constexpr const char* kMixedText = "Hello worlds [SEP] unaffable \u00C9\u0301 \u4E2Da $ hellox!";

std::string saved(const WordPiece& tokenizer) {
  ByteWriter bytes;
  tokenizer.save(bytes);
  return bytes.take();
}

TEST(WordPieceSaved, gives_the_ids_of_the_one_that_was_saved) {
  for (const bool lowercase : {true, false}) {
    json description = tiny_json();
    description["normalizer"]["lowercase"] = lowercase;
    const auto first = made(description);
    const auto second = WordPiece::load(saved(*first));
    ASSERT_TRUE(second.ok()) << second.error().message;
    EXPECT_EQ(ids_of(**second, kMixedText, kNoLimit), ids_of(*first, kMixedText, kNoLimit));
    EXPECT_EQ((*second)->vocabulary_size(), first->vocabulary_size());
    EXPECT_EQ((*second)->special_tokens(), first->special_tokens());
    EXPECT_EQ(saved(**second), saved(*first));
  }
}

TEST(WordPieceSaved, changed_or_cut_anywhere_it_is_refused_or_gives_ids_of_its_vocabulary) {
  const std::string whole = saved(*tiny());
  const auto try_it = [](const std::string& bytes) {
    const auto tokenizer = WordPiece::load(bytes);
    if (!tokenizer.ok()) {
      EXPECT_EQ(tokenizer.error().code, Code::Corruption) << tokenizer.error().message;
      return false;
    }
    for (const std::uint32_t id : ids_of(**tokenizer, kMixedText, 1'000)) {
      EXPECT_LT(id, (*tokenizer)->vocabulary_size());
    }
    return true;
  };
  // The table of characters is long and each of its numbers is like the others.
  const std::size_t table_end = whole.find("##") - 20;
  for (std::size_t at = 0; at<whole.size(); at += at> 200 && at + 200 < table_end ? 509 : 1) {
    for (const int bit : {0, 7}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      try_it(changed);
    }
    EXPECT_FALSE(try_it(whole.substr(0, at))) << "length " << at;
  }
  EXPECT_FALSE(try_it(whole + '\0'));
  EXPECT_TRUE(try_it(whole));
}

}  // namespace
}  // namespace sonde::text
