// The structure's codec: what is written is read, and no bytes are believed.

#include "text/structure.h"

#include <gtest/gtest.h>

#include <random>

namespace sonde::text {
namespace {

Structure sample() {
  Structure structure;
  structure.names = {"", "Session", "get", "requests.sessions", "send", "Base"};
  structure.definitions = {
      {1, 0, 0, 3, 40, ChunkKind::Class, false, false},
      {2, 0, 1, 7, 12, ChunkKind::Function, false, false},
      {4, 1, 0, 5, 5, ChunkKind::Function, false, true},
      {1, 0, 0, 50, 60, ChunkKind::Class, true, false},
  };
  structure.definitions[0].visibility = Visibility::Public;
  structure.definitions[1].visibility = Visibility::Private;
  structure.definitions[1].marks = kAnnotated | kOverrides;
  structure.definitions[1].measures = {12, 300, 4, 2};
  structure.references = {{3, 0, 1, EdgeKind::Import},
                          {5, 1, 3, EdgeKind::Inherit},
                          {4, 2, 9, EdgeKind::Call},
                          {2, 0, 70, EdgeKind::Use},
                          {2, 0, 70, EdgeKind::ImportedName}};
  return structure;
}

TEST(Structure, is_read_as_it_was_written) {
  Structure structure = sample();
  structure.cut = true;
  const std::string bytes = encode_structure(structure);
  const Result<Structure> read = decode_structure(bytes, 70);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->names, structure.names);
  EXPECT_TRUE(read->cut);
  EXPECT_EQ(encode_structure(*read), bytes);
  EXPECT_EQ(read->qualified(read->definitions[1]), "Session.get");
  EXPECT_EQ(read->qualified(read->definitions[2]), "Session.send");
  EXPECT_TRUE(read->definitions[2].declaration);
  EXPECT_TRUE(read->definitions[3].opens_only);
  EXPECT_TRUE(read->stands_in(1, 0));
  EXPECT_FALSE(read->stands_in(2, 0));
  EXPECT_EQ(read->references[3].kind, EdgeKind::Use);
  EXPECT_EQ(read->references[4].kind, EdgeKind::ImportedName);
  EXPECT_EQ(read->definitions[0].visibility, Visibility::Public);
  EXPECT_EQ(read->definitions[1].visibility, Visibility::Private);
  EXPECT_EQ(read->definitions[1].marks, kAnnotated | kOverrides);
  EXPECT_EQ(read->definitions[1].measures, (Measures{12, 300, 4, 2}));
  EXPECT_EQ(read->definitions[2].measures, Measures{});
}

TEST(Structure, of_nothing_is_no_bytes) {
  Structure nothing;
  nothing.names.emplace_back();
  EXPECT_EQ(encode_structure(nothing), "");
  EXPECT_TRUE(decode_structure("").ok());
}

TEST(Structure, with_lines_beyond_the_file_is_refused) {
  const Result<Structure> read = decode_structure(encode_structure(sample()), 69);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::Corruption);
}

TEST(Structure, cut_at_any_byte_is_refused) {
  const std::string bytes = encode_structure(sample());
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const Result<Structure> read = decode_structure(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.error().code, Code::Corruption);
  }
}

TEST(Structure, with_any_bytes_changed_is_refused_or_sound) {
  const std::string bytes = encode_structure(sample());
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = bytes;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    const Result<Structure> read = decode_structure(changed);
    if (!read.ok()) {
      EXPECT_EQ(read.error().code, Code::Corruption);
      continue;
    }
    for (const Definition& definition : read->definitions) {
      EXPECT_FALSE(read->qualified(definition).empty());
    }
    for (const Reference& reference : read->references) {
      ASSERT_LT(reference.name, read->names.size());
      ASSERT_LE(reference.within, read->definitions.size());
    }
  }
}

TEST(Structure, imports_name_the_last_part_of_what_they_import) {
  EXPECT_TRUE(import_names("os.path", "path"));
  EXPECT_TRUE(import_names("os.path", "os.path"));
  EXPECT_TRUE(import_names("./lib/http.js", "http"));
  EXPECT_TRUE(import_names("a::b::C", "C"));
  EXPECT_TRUE(import_names("linux/fs.h", "fs"));
  EXPECT_TRUE(import_names("linux/fs.h", "fs.h"));
  EXPECT_FALSE(import_names("os.path", "os"));
  EXPECT_FALSE(import_names("os.mypath", "path"));
  EXPECT_FALSE(import_names("path", "os.path"));
}

}  // namespace
}  // namespace sonde::text
