#pragma once
// For tests of the models' store: a tiny model on the disk, and its files elsewhere.

#include <string>

#include "embed/model_files.h"
#include "embed/model_testing.h"
#include "io/file_system.h"

namespace sonde::embed {

/// A tiny random model whose words are single letters.
inline TestModel letters_model(unsigned seed) {
  TestModel model = TestModel::random(tiny_config(), seed);
  model.vocabulary = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (const char* before : {"", "##"}) {
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      model.vocabulary.push_back(std::string(before) + letter);
    }
  }
  return model;
}

/// Copies a model's files from the real disk to `to` in `fs`, whose parent is made too.
inline void copy_model(io::FileSystem& fs, const std::string& from, const std::string& to) {
  static_cast<void>(fs.make_directory(io::parent_path(to), 0700));
  static_cast<void>(fs.make_directory(to, 0700));
  static_cast<void>(fs.make_directory(io::join_path(to, "1_Pooling"), 0700));
  for (const ModelFile& file : kModelFiles) {
    const auto bytes =
        io::read_file(io::real_file_system(), io::join_path(from, file.name), 1U << 24);
    if (bytes.ok()) {
      EXPECT_TRUE(io::replace_file(fs, io::join_path(to, file.name), *bytes).ok());
    }
  }
}

}  // namespace sonde::embed
