#include "embed/model_pull.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "embed/server_testing.h"
#include "embed/store_testing.h"
#include "io/test_folder.h"

namespace sonde::embed {
namespace {

using testing::HasSubstr;

class ModelPullTest : public testing::Test {
 protected:
  ModelPullTest() { letters_model(1).write(hub_); }

  Result<AddedModel> pull(const std::string& mode, const CancelToken& cancel = {}) {
    PullOptions options;
    options.repository = "owner/tiny";
    options.endpoint = server_.url("/hub/" + mode);
    options.stall = std::chrono::seconds(1);
    options.attempts = 3;
    options.backoff = std::chrono::milliseconds(5);
    return pull_model(
        store_, *http_, options,
        [this](const PullProgress& progress) { progress_.push_back(progress); }, cancel);
  }
  std::string error_of(const std::string& mode) {
    const auto pulled = pull(mode);
    EXPECT_FALSE(pulled.ok()) << mode;
    return pulled.ok() ? "" : pulled.error().message;
  }
  std::uint64_t weights_size() const {
    return std::filesystem::file_size(hub_ + "/model.safetensors");
  }
  /// Bytes of the weights that are kept for the next try.
  std::uint64_t kept_bytes() const {
    for (const auto& entry : std::filesystem::directory_iterator(models_ + "/.pull-owner--tiny")) {
      if (entry.path().filename().string().starts_with("model.safetensors.")) {
        return entry.file_size();
      }
    }
    return 0;
  }

  const io::TestFolder folder_;
  const std::string hub_ = folder_.path("hub");
  const std::string models_ = folder_.path("models");
  ModelStore store_{io::real_file_system(), models_};
  const std::shared_ptr<io::HttpClient> http_ = io::open_http_client().value();
  std::filesystem::path made_ = (std::filesystem::create_directories(hub_), hub_);
  FakeServer server_{hub_};
  std::vector<PullProgress> progress_;
};

TEST_F(ModelPullTest, a_model_is_brought_checked_and_installed_with_its_revision) {
  const auto pulled = pull("ok");
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_EQ(pulled->model.id.name, "tiny");
  EXPECT_THAT(pulled->model.source,
              testing::EndsWith("/owner/tiny@0123456789abcdef0123456789abcdef01234567"));
  EXPECT_TRUE(store_.find("tiny").ok());
  EXPECT_FALSE(std::filesystem::exists(models_ + "/.pull-owner--tiny"));
  ASSERT_FALSE(progress_.empty());
  EXPECT_EQ(progress_.back().done_bytes, progress_.back().total_bytes);
  EXPECT_GT(progress_.back().total_bytes, weights_size());
  // The first answer names the revision; everything after is asked of that one.
  EXPECT_EQ(server_.count("/resolve/main/"), 1U);

  const std::size_t gets = server_.count("GET ");
  const auto again = pull("ok");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->was_there);
  EXPECT_EQ(server_.count("GET "), gets) << "what is there is not brought again";
}

TEST_F(ModelPullTest, a_cut_connection_goes_on_where_it_was) {
  ASSERT_TRUE(pull("cutonce").ok());
  EXPECT_EQ(server_.count("bytes=" + std::to_string(weights_size() / 4) + "-"), 1U);
}

TEST_F(ModelPullTest, a_server_without_ranges_sends_it_all_again) {
  ASSERT_TRUE(pull("norange").ok());
  EXPECT_EQ(server_.count("GET /hub/norange/owner/tiny/resolve/"
                          "0123456789abcdef0123456789abcdef01234567/model.safetensors"),
            2U);
}

TEST_F(ModelPullTest, an_interrupted_pull_is_taken_up_by_the_next) {
  EXPECT_THAT(error_of("nothing"), HasSubstr("sonde model add"));
  CancelSource source;
  PullOptions options;
  options.repository = "owner/tiny";
  options.endpoint = server_.url("/hub/cutonce");
  options.backoff = std::chrono::hours(1);  // long enough to be interrupted in
  const auto pulled = pull_model(
      store_, *http_, options,
      [&](const PullProgress& progress) {
        if (progress.file == "model.safetensors" && kept_bytes() >= weights_size() / 4) {
          source.cancel();
        }
      },
      source.token());
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, Code::Cancelled);
  const std::uint64_t kept = kept_bytes();
  EXPECT_EQ(kept, weights_size() / 4);
  ASSERT_TRUE(pull("cutonce").ok());
  EXPECT_EQ(server_.count("bytes=" + std::to_string(kept) + "-"), 1U);
}

TEST_F(ModelPullTest, a_server_that_is_busy_for_a_while_is_asked_again) {
  const auto pulled = pull("busy");
  EXPECT_TRUE(pulled.ok()) << pulled.error().message;
}

TEST_F(ModelPullTest, a_file_with_another_sha256_is_thrown_away_and_brought_anew) {
  const std::string message = error_of("wrongsha");
  EXPECT_THAT(message, HasSubstr("model.safetensors"));
  EXPECT_THAT(message, HasSubstr("sha256"));
  EXPECT_FALSE(store_.find("tiny").ok());
  EXPECT_EQ(kept_bytes(), 0U);
  EXPECT_TRUE(pull("ok").ok());
}

TEST_F(ModelPullTest, redirects_are_followed_and_what_the_hub_said_before_them_counts) {
  const auto pulled = pull("redirect");
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_GT(server_.count("GET /cdn/redirect/"), 0U);
  EXPECT_THAT(pulled->model.source, HasSubstr("@0123456789abcdef"));
}

TEST_F(ModelPullTest, a_model_that_is_not_there_is_not_found) {
  const auto pulled = pull("gone");
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, Code::NotFound);
  EXPECT_THAT(pulled.error().message, HasSubstr("owner/tiny"));
}

TEST_F(ModelPullTest, a_slow_server_ends_in_an_error_that_says_what_else_can_be_done) {
  PullOptions options;
  options.repository = "owner/tiny";
  options.endpoint = server_.url("/hub/slow");
  options.stall = std::chrono::seconds(1);
  options.attempts = 1;
  const auto pulled = pull_model(store_, *http_, options, {}, {});
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, Code::Io);
  EXPECT_THAT(pulled.error().message, HasSubstr("sonde model add PATH"));
}

TEST_F(ModelPullTest, without_a_network_it_says_how_to_add_a_folder) {
  server_.stop();
  const std::string message = error_of("ok");
  EXPECT_THAT(message, HasSubstr("127.0.0.1"));
  EXPECT_THAT(message, HasSubstr("sonde model add PATH"));
}

TEST_F(ModelPullTest, http_is_for_this_machine_alone_and_names_cannot_lead_elsewhere) {
  PullOptions options;
  options.repository = "owner/tiny";
  for (const char* endpoint : {"http://hub.example", "ftp://127.0.0.1", "hub.example",
                               "https://user:password@hub.example", "http://127.0.0.1.example"}) {
    options.endpoint = endpoint;
    EXPECT_EQ(pull_model(store_, *http_, options, {}, {}).error().code, Code::InvalidArgument)
        << endpoint;
  }
  options.endpoint = server_.url("/hub/ok");
  for (const char* name : {"", "a/b/c", "../x", "a/..", "/x", "x/"}) {
    options.repository = name;
    EXPECT_EQ(pull_model(store_, *http_, options, {}, {}).error().code, Code::InvalidArgument)
        << name;
  }
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(ModelPullTest, a_model_of_another_kind_is_refused_and_its_files_go) {
  write_bytes(hub_ + "/config.json", R"({"model_type":"gpt2"})");
  EXPECT_THAT(error_of("ok"), HasSubstr("gpt2"));
  EXPECT_FALSE(std::filesystem::exists(models_ + "/.pull-owner--tiny"));
}

}  // namespace
}  // namespace sonde::embed
