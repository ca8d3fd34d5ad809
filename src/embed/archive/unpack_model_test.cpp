#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "embed/unpack_job.h"

namespace sonde::embed {
namespace {

using testing::HasSubstr;
using Members = std::vector<std::pair<std::string, std::string>>;

enum class Form { Zip, Tar, TarGz };

std::string pack(Form form, const Members& members) {
  struct archive* writer = archive_write_new();
  form == Form::Zip ? archive_write_set_format_zip(writer) : archive_write_set_format_pax(writer);
  if (form == Form::TarGz) {
    archive_write_add_filter_gzip(writer);
  }
  std::string bytes(1U << 20, '\0');
  std::size_t used = 0;
  EXPECT_EQ(archive_write_open_memory(writer, bytes.data(), bytes.size(), &used), ARCHIVE_OK);
  for (const auto& [name, content] : members) {
    struct archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
    archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

const Members kModel = {
    {"pkg/__init__.py", "print()"},        {"pkg/model/1_Pooling/config.json", "{\"pool\":1}"},
    {"pkg/model/config.json", "{}"},       {"pkg/model/model.safetensors", std::string(3000, 'w')},
    {"pkg/model/README.md", "not wanted"}, {"pkg/vocab.txt", "not this folder's"}};

TEST(Unpack, finds_the_model_anywhere_in_every_kind_of_archive_and_takes_only_its_files) {
  for (const Form form : {Form::Zip, Form::Tar, Form::TarGz}) {
    const auto answer = handle_unpack_job(pack(form, kModel));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    const auto model = decode_unpack_answer(*answer);
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(model->root, "pkg/model");
    ASSERT_EQ(model->files.size(), 3U);
    EXPECT_EQ(model->files[0].name, "1_Pooling/config.json");
    EXPECT_EQ(model->files[0].bytes, "{\"pool\":1}");
    EXPECT_EQ(model->files[2].name, "model.safetensors");
    EXPECT_EQ(model->files[2].bytes, std::string(3000, 'w'));
  }
}

TEST(Unpack, a_model_at_the_top_is_found_too) {
  const auto answer =
      handle_unpack_job(pack(Form::Tar, {{"./config.json", "{}"}, {"./model.safetensors", "w"}}));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(decode_unpack_answer(*answer)->root, "");
  EXPECT_EQ(decode_unpack_answer(*answer)->files.size(), 2U);
}

TEST(Unpack, says_what_is_wrong) {
  EXPECT_THAT(handle_unpack_job("this is no archive at all").error().message,
              HasSubstr("no zip, wheel, tar or tar.gz"));
  EXPECT_EQ(handle_unpack_job("").ok(), false);
  EXPECT_EQ(handle_unpack_job(pack(Form::Zip, {{"a/config.json", "{}"}})).error().code,
            Code::NotFound);
  Members two = kModel;
  two.insert(two.end(), {{"other/config.json", "{}"}, {"other/model.safetensors", "w"}});
  EXPECT_THAT(handle_unpack_job(pack(Form::Zip, two)).error().message, HasSubstr("2 models"));
  Members twice = kModel;
  twice.emplace_back("pkg/model/config.json", "{\"again\":1}");
  EXPECT_THAT(handle_unpack_job(pack(Form::Tar, twice)).error().message, HasSubstr("twice"));
}

TEST(Unpack, names_that_lead_out_are_not_followed) {
  const auto answer = handle_unpack_job(
      pack(Form::Tar,
           {{"../config.json", "{}"}, {"../model.safetensors", "w"}, {"/config.json", "{}"}}));
  EXPECT_EQ(answer.error().code, Code::NotFound);
}

TEST(Unpack, every_cut_archive_is_an_error_or_the_whole_model) {
  for (const Form form : {Form::Zip, Form::Tar, Form::TarGz}) {
    const std::string whole = pack(form, kModel);
    for (std::size_t size = 0; size < whole.size(); size += 37) {
      const auto answer = handle_unpack_job(std::string_view(whole).substr(0, size));
      if (answer.ok()) {
        EXPECT_EQ(decode_unpack_answer(*answer)->files.size(), 3U) << size;
      }
    }
  }
}

TEST(Unpack, flipped_bytes_never_crash) {
  std::mt19937 random(7);
  for (const Form form : {Form::Zip, Form::Tar, Form::TarGz}) {
    const std::string whole = pack(form, kModel);
    for (int round = 0; round < 300; ++round) {
      std::string bytes = whole;
      for (int flip = 0; flip < 4; ++flip) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      const auto answer = handle_unpack_job(bytes);
      if (answer.ok()) {
        EXPECT_TRUE(decode_unpack_answer(*answer).ok());
      }
    }
  }
}

TEST(Unpack, an_answer_with_a_foreign_or_a_repeated_name_is_refused) {
  for (const UnpackedModel& model :
       {UnpackedModel{"", {{"../../.bashrc", "x"}}},
        UnpackedModel{"", {{"config.json", "x"}, {"config.json", "x"}}}}) {
    EXPECT_EQ(decode_unpack_answer(encode_unpack_answer(model)).error().code, Code::Corruption);
  }
  const std::string whole = encode_unpack_answer({"a", {{"config.json", "{}"}}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_unpack_answer(std::string_view(whole).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_unpack_answer(whole + "x").ok());
}

}  // namespace
}  // namespace sonde::embed
