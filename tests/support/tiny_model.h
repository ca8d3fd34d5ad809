#pragma once
// Tiny random models that know the words of the corpus, for stories that embed a lot.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/thread_pool.h"
#include "embed/local_encoder.h"
#include "embed/model_testing.h"
#include "support/corpus.h"

namespace sonde::testing {

/// @param layers, width  how slow it is; the work grows with layers x width^2
inline embed::TestModel words_model(unsigned seed, std::uint32_t layers = 1,
                                    std::uint32_t width = 32) {
  std::vector<std::string> vocabulary = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (const char* before : {"", "##"}) {
    for (const char c : std::string("abcdefghijklmnopqrstuvwxyz0123456789")) {
      vocabulary.push_back(std::string(before) + c);
    }
  }
  const std::vector<std::string> words = corpus_words();
  vocabulary.insert(vocabulary.end(), words.begin(), words.end());

  embed::BertConfig config = embed::tiny_config();
  config.layers = layers;
  config.width = width;
  config.inner_width = 2 * width;
  config.vocabulary = static_cast<std::uint32_t>(vocabulary.size());
  config.positions = 128;
  config.max_tokens = 128;
  embed::TestModel model = embed::TestModel::random(config, seed);
  model.vocabulary = std::move(vocabulary);
  return model;
}

/// Writes the model to `folder` and opens it, with threads of its own.
inline std::shared_ptr<embed::Encoder> write_and_open(
    const embed::TestModel& model, const std::string& folder,
    embed::Precision precision = embed::Precision::F32) {
  struct Held {
    ThreadPool pool{2, "tiny"};
    std::unique_ptr<embed::LocalEncoder> encoder;
  };
  model.write(folder);
  const auto held = std::make_shared<Held>();
  embed::LocalEncoderOptions options;
  options.precision = precision;
  auto encoder = embed::LocalEncoder::open(io::real_file_system(), folder, held->pool, options);
  if (!encoder.ok()) {
    ADD_FAILURE() << encoder.error().message;
    return nullptr;
  }
  held->encoder = std::move(encoder).value();
  return {held, held->encoder.get()};
}

}  // namespace sonde::testing
