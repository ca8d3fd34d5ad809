#include "embed/model_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/thread_pool.h"
#include "embed/open_encoder.h"
#include "embed/store_testing.h"
#include "io/fault_file_system.h"
#include "io/test_folder.h"

namespace sonde::embed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ModelStoreTest : public testing::Test {
 protected:
  ModelStoreTest() { letters_model(1).write(source_); }

  Result<AddedModel> add(const std::string& path, const std::string& name = "") {
    return store_.add(path, {.name = name, .worker_program = ""}, {});
  }
  std::string error_of(const std::string& path, const std::string& name = "") {
    const auto added = add(path, name);
    EXPECT_FALSE(added.ok());
    return added.ok() ? "" : added.error().message;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    const std::vector<ModelInfo> models = store_.list().value();
    for (const ModelInfo& model : models) {
      result.push_back(model.id.name + (model.in_use ? "*" : ""));
    }
    return result;
  }
  /// Everything in the models' folder but the lock.
  std::vector<std::string> entries() const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(models_)) {
      if (entry.path().filename() != ".lock") {
        result.push_back(entry.path().filename().string());
      }
    }
    std::sort(result.begin(), result.end());
    return result;
  }

  const io::TestFolder folder_;
  const std::string source_ = folder_.path("down/loads/tiny");
  const std::string models_ = folder_.path("data/sonde/models");
  ModelStore store_{io::real_file_system(), models_};
};

TEST_F(ModelStoreTest, without_models_it_says_how_to_get_one) {
  EXPECT_THAT(store_.list().value(), IsEmpty());
  const auto found = store_.find("");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::NotFound);
  EXPECT_THAT(found.error().message, HasSubstr("sonde model pull"));
  EXPECT_THAT(found.error().message, HasSubstr("sonde model add"));
}

TEST_F(ModelStoreTest, a_folder_is_taken_in_checked_and_used) {
  const auto added = add(source_);
  ASSERT_TRUE(added.ok()) << added.error().message;
  EXPECT_FALSE(added->was_there);
  EXPECT_TRUE(added->model.in_use);
  const auto found = store_.find("");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->id.name, "tiny");
  EXPECT_EQ(found->id.dimensions, tiny_config().width);
  EXPECT_EQ(found->id.max_tokens, tiny_config().max_tokens);
  EXPECT_EQ(found->id.weights.size(), 32U);
  EXPECT_EQ(found->source, source_);
  EXPECT_THAT(found->added_at, testing::MatchesRegex("....-..-..T..:..:..Z"));
  EXPECT_THAT(entries(), ElementsAre("default", "tiny"));
}

TEST_F(ModelStoreTest,
       a_model_is_found_anywhere_below_the_folder_and_a_folder_named_model_lends_its_parents_name) {
  letters_model(2).write(folder_.path("deep/some_package/model"));
  const auto added = add(folder_.path("deep"));
  ASSERT_TRUE(added.ok()) << added.error().message;
  EXPECT_EQ(added->model.id.name, "some_package");
  letters_model(3).write(folder_.path("deep/other"));
  EXPECT_THAT(error_of(folder_.path("deep")), HasSubstr("several models"));
}

TEST_F(ModelStoreTest, adding_again_changes_nothing_and_another_model_does_not_take_the_name) {
  ASSERT_TRUE(add(source_).ok());
  const auto again = add(source_);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->was_there);
  letters_model(7).write(folder_.path("other/tiny"));
  EXPECT_THAT(error_of(folder_.path("other/tiny")), HasSubstr("sonde model remove tiny"));
  EXPECT_TRUE(add(folder_.path("other/tiny"), "tiny-2").ok());
  EXPECT_THAT(names(), ElementsAre("tiny*", "tiny-2"));
}

TEST_F(ModelStoreTest, use_and_remove_name_the_models_there_are) {
  ASSERT_TRUE(add(source_, "a").ok());
  ASSERT_TRUE(add(source_, "b").ok());
  EXPECT_THAT(store_.use("c").error().message, HasSubstr("there are: a, b"));
  EXPECT_THAT(store_.remove("c").error().message, HasSubstr("there are: a, b"));
  ASSERT_TRUE(store_.use("b").ok());
  EXPECT_THAT(names(), ElementsAre("a", "b*"));
  ASSERT_TRUE(store_.remove("b").ok());
  EXPECT_THAT(entries(), ElementsAre("a"));
  EXPECT_EQ(store_.find("")->id.name, "a") << "the only one needs no choice";
  ASSERT_TRUE(add(source_, "b").ok());
  EXPECT_THAT(names(), ElementsAre("a", "b*")) << "nothing was in use";
}

TEST_F(ModelStoreTest, names_that_lead_elsewhere_are_refused) {
  for (const std::string name : {"..", ".hidden", "a/b", "a b", "", "default", "-x", "x\n"}) {
    EXPECT_FALSE(check_model_name(name).ok()) << name;
    EXPECT_FALSE(store_.use(name).ok()) << name;
    EXPECT_FALSE(store_.remove(name).ok()) << name;
  }
  EXPECT_EQ(add(source_, "../x").error().code, Code::InvalidArgument);
}

TEST_F(ModelStoreTest,
       a_damaged_or_foreign_model_is_refused_with_file_and_reason_and_leaves_nothing) {
  const auto damaged = [&](const std::string& file, const std::string& bytes) {
    const std::string folder = folder_.path("damaged");
    std::filesystem::remove_all(folder);
    letters_model(1).write(folder);
    write_bytes(folder + "/" + file, bytes);
    return error_of(folder);
  };
  EXPECT_THAT(damaged("config.json", R"({"model_type":"gpt2"})"), HasSubstr("model_type"));
  EXPECT_THAT(damaged("config.json", "{"), HasSubstr(folder_.path("damaged/config.json")));
  EXPECT_THAT(damaged("tokenizer.json", R"({"version":"1.0","model":{"type":"BPE"}})"),
              HasSubstr("BPE"));
  TestModel other = letters_model(1);
  other.config.vocabulary = 30;
  EXPECT_THAT(damaged("model.safetensors", TestModel::random(other.config, 1).weights()),
              HasSubstr("word_embeddings"));
  const std::string whole = letters_model(1).weights();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_THAT(damaged("model.safetensors", whole.substr(0, size)), HasSubstr("model.safetensors"))
        << size;
  }
  std::filesystem::remove(folder_.path("damaged/config.json"));
  EXPECT_THAT(error_of(folder_.path("damaged")), HasSubstr("no model"));
  EXPECT_THAT(error_of(folder_.path("nowhere")), HasSubstr("nowhere"));
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(ModelStoreTest, a_second_change_at_the_same_time_is_busy) {
  ASSERT_TRUE(add(source_).ok());
  const auto held = store_.lock();
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(add(source_, "b").error().code, Code::Busy);
  EXPECT_EQ(store_.remove("tiny").error().code, Code::Busy);
}

TEST_F(ModelStoreTest, what_an_interrupted_add_left_is_swept_away_and_never_listed) {
  write_bytes(models_ + "/.new-1/config.json", "{}");
  write_bytes(models_ + "/.old-2/1_Pooling/config.json", "{}");
  EXPECT_THAT(names(), IsEmpty());
  ASSERT_TRUE(add(source_).ok());
  EXPECT_THAT(entries(), ElementsAre("default", "tiny"));
}

TEST_F(ModelStoreTest, a_model_that_lost_a_file_is_listed_with_its_problem_and_not_used) {
  ASSERT_TRUE(add(source_).ok());
  std::filesystem::remove(models_ + "/tiny/model.safetensors");
  EXPECT_THAT(store_.list()->front().problem, HasSubstr("model.safetensors is missing"));
  EXPECT_THAT(store_.find("").error().message, HasSubstr("sonde model remove tiny"));
  EXPECT_TRUE(store_.remove("tiny").ok());
}

TEST_F(ModelStoreTest, an_opened_model_goes_on_when_it_is_removed_and_a_changed_one_is_not_opened) {
  ASSERT_TRUE(add(source_).ok());
  ThreadPool pool(1, "test");
  const EncoderChoice choice{.models_folder = models_};
  const auto encoder = open_encoder(io::real_file_system(), choice, pool, {});
  ASSERT_TRUE(encoder.ok()) << encoder.error().message;
  const auto before = (*encoder)->embed_query("abc", {});
  write_bytes(models_ + "/tiny/model.safetensors", letters_model(9).weights());
  EXPECT_EQ((*encoder)->embed_query("abc", {}).value(), before.value());
  const auto changed = open_encoder(io::real_file_system(), choice, pool, {});
  ASSERT_FALSE(changed.ok());
  EXPECT_THAT(changed.error().message, HasSubstr("not what was installed"));
  ASSERT_TRUE(store_.remove("tiny").ok());
  EXPECT_EQ((*encoder)->embed_query("abc", {}).value(), before.value());
  EXPECT_EQ(open_encoder(io::real_file_system(), choice, pool, {}).error().code, Code::NotFound);
}

/// Wherever the power goes, the store holds the whole model or none, and adding again works.
TEST_F(ModelStoreTest, power_lost_at_any_step_leaves_a_whole_model_or_none) {
  ASSERT_TRUE(store_.lock().ok());  // the lock's folder is on the real disk
  io::FaultFileSystem made;
  for (std::string path = models_.substr(0, models_.find('/', 1)); path.size() < models_.size();
       path = models_.substr(0, models_.find('/', path.size() + 1))) {
    static_cast<void>(made.make_directory(path, 0700));
    static_cast<void>(made.sync_directory(io::parent_path(path)));
  }
  static_cast<void>(made.make_directory("/from", 0700));
  copy_model(made, source_, "/from/tiny");
  for (const char* folder : {"/", "/from", "/from/tiny", "/from/tiny/1_Pooling"}) {
    static_cast<void>(made.sync_directory(folder));
  }
  const io::DiskModel start = made.disk();
  io::FaultFileSystem counted(start);
  ASSERT_TRUE(ModelStore(counted, models_).add("/from/tiny", {}, {}).ok());
  const std::uint64_t points = counted.operations();
  ASSERT_GT(points, 20U);
  std::size_t whole = 0;
  for (std::uint64_t at = 0; at <= points; ++at) {
    io::FaultFileSystem fs(start);
    fs.set_plan({.power_lost_at = at});
    const bool acknowledged = ModelStore(fs, models_).add("/from/tiny", {}, {}).ok();
    const io::DiskModel disk = fs.disk();
    for (const io::Survival& survival : disk.survivals(4, 4, at)) {
      io::FaultFileSystem after(disk.crash(survival));
      ModelStore store(after, models_);
      const auto models = store.list();
      ASSERT_TRUE(models.ok()) << at;
      if (models->empty()) {
        EXPECT_FALSE(acknowledged) << at;
        continue;
      }
      ++whole;
      ThreadPool pool(1, "test");
      const auto encoder = open_encoder(after, {.models_folder = models_}, pool, {});
      EXPECT_TRUE(encoder.ok()) << at << ": " << encoder.error().message;
    }
  }
  EXPECT_GT(whole, 0U);
}

TEST_F(ModelStoreTest, a_full_disk_is_said_and_leaves_nothing) {
  ASSERT_TRUE(store_.lock().ok());
  io::FaultFileSystem fs;
  static_cast<void>(fs.make_directory("/from", 0700));
  copy_model(fs, source_, "/from/tiny");
  fs.set_plan({.space_bytes = 10'000});
  ModelStore store(fs, models_);
  EXPECT_EQ(store.add("/from/tiny", {}, {}).error().code, Code::NoSpace);
  EXPECT_THAT(store.list().value(), IsEmpty());
  fs.set_plan({});
  EXPECT_TRUE(store.add("/from/tiny", {}, {}).ok());
}

}  // namespace
}  // namespace sonde::embed
