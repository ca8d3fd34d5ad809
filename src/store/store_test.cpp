#include "store/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "store/store_test_support.h"

namespace sonde::store {
namespace {

TEST(Store, a_new_library_is_empty_and_opens_again) {
  const io::TestFolder folder;
  std::string uid;
  {
    const auto store = must(Store::create(writing(folder.path())));
    uid = store->uid();
    EXPECT_EQ(uid.size(), 16U);
    const auto snapshot = must(store->snapshot());
    EXPECT_EQ(must(snapshot->generation()), 0U);
    EXPECT_EQ(must(snapshot->counts()).files, 0U);
  }
  const auto store = must(Store::open(reading(folder.path())));
  EXPECT_EQ(store->uid(), uid);
  EXPECT_TRUE(std::filesystem::exists(folder.path(".gitignore")));
  EXPECT_EQ(Store::create(writing(folder.path())).error().code, Code::InvalidArgument);
}

TEST(Store, what_is_put_is_read_back) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 3, 5);
  const auto snapshot = must(store->snapshot());
  EXPECT_EQ(must(snapshot->generation()), 1U);
  const SourceRow source = must(snapshot->sources()).at(0);
  const auto file = must(snapshot->file(source.id, "file2.py"));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->inode, 0xffff'ffff'ffff'fff0);
  EXPECT_EQ(file->chunk_count, 5U);
  const auto chunks = must(snapshot->chunks(file->id));
  ASSERT_EQ(chunks.size(), 5U);
  for (std::uint32_t i = 0; i < 5; ++i) {
    const ChunkRecord expected = chunk_of(i, code_text(2000 + i));
    EXPECT_EQ(chunks[i].text, expected.text);
    EXPECT_EQ(chunks[i].symbol, expected.symbol);
    EXPECT_EQ(chunks[i].scope, expected.scope);
    EXPECT_EQ(chunks[i].defines, expected.defines);
    EXPECT_EQ(chunks[i].start_byte, expected.start_byte);
    EXPECT_EQ(chunks[i].end_byte, expected.end_byte);
    EXPECT_EQ(chunks[i].start_line, expected.start_line);
    EXPECT_EQ(chunks[i].end_line, expected.end_line);
    EXPECT_EQ(must(snapshot->chunk(file->id, i))->text, expected.text);
  }
  EXPECT_FALSE(must(snapshot->chunk(file->id, 5)).has_value());
  EXPECT_TRUE(must(snapshot->file_with_content(file->hash, "python")).has_value());
  EXPECT_FALSE(must(snapshot->file_with_content(file->hash, "go")).has_value());
  EXPECT_EQ(must(snapshot->counts()).chunks, 15U);
  EXPECT_EQ(must(snapshot->counts()).chunks_written_total, 15U);
}

TEST(Store, only_changed_chunks_are_written_again) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 1, 4);
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->sources()).at(0).id;
  // A line more at the top: the first chunk changes, the others move.
  std::vector<std::string> texts = {"# new\n" + code_text(0), code_text(1), code_text(2),
                                    code_text(3)};
  std::vector<ChunkRecord> chunks = chunks_of(texts);
  for (ChunkRecord& chunk : chunks) {
    chunk.start_byte += 6;
    chunk.start_line += 1;
    chunk.end_byte += 6;
    chunk.end_line += 1;
  }
  const PutCounts counts = must(transaction->put_file(source, file_of("file0.py", texts), chunks));
  EXPECT_EQ(counts.written, 1U);
  EXPECT_EQ(counts.kept, 3U);
  EXPECT_EQ(counts.removed, 1U);
  must(transaction->commit());
  const auto snapshot = must(store->snapshot());
  const auto file = must(snapshot->file(source, "file0.py"));
  const auto stored = must(snapshot->chunks(file->id));
  ASSERT_EQ(stored.size(), 4U);
  EXPECT_EQ(stored[0].text, texts[0]);
  EXPECT_EQ(stored[3].text, texts[3]);
  EXPECT_EQ(stored[3].start_line, chunks[3].start_line);
  EXPECT_EQ(must(snapshot->counts()).chunks, 4U);
  EXPECT_EQ(must(snapshot->counts()).chunks_written_total, 5U);
}

TEST(Store, identical_texts_in_one_file_are_matched_one_to_one) {
  const io::TestFolder folder;
  const auto store = must(Store::create(writing(folder.path())));
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->add_source("folder", "/a")).id;
  put(*transaction, source, "x", {"same", "same", "same"});
  const PutCounts counts = put(*transaction, source, "x", {"same", "other", "same"});
  EXPECT_EQ(counts.kept, 2U);
  EXPECT_EQ(counts.written, 1U);
  EXPECT_EQ(counts.removed, 1U);
  must(transaction->commit());
  EXPECT_EQ(must(store->check()).size(), 0U);
}

TEST(Store, a_chunk_whose_enclosing_symbol_was_renamed_is_kept_and_says_so) {
  const io::TestFolder folder;
  const auto store = must(Store::create(writing(folder.path())));
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->add_source("folder", "/a")).id;
  std::vector<ChunkRecord> chunks = chunks_of({"text"});
  must(transaction->put_file(source, file_of("x", {"text"}), chunks));
  chunks[0].scope = "Renamed";
  chunks[0].defines = {"a", "b"};
  EXPECT_EQ(must(transaction->put_file(source, file_of("x", {"text"}), chunks)).kept, 1U);
  const auto file = must(transaction->file(source, "x"));
  EXPECT_EQ(must(transaction->chunk(file->id, 0))->scope, "Renamed");
  EXPECT_EQ(must(transaction->chunk(file->id, 0))->defines, chunks[0].defines);
}

TEST(Store, a_destroyed_transaction_changes_nothing) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 2, 2);
  const std::string before = must(contents(*must(store->snapshot())));
  {
    auto transaction = must(store->begin());
    EXPECT_EQ(store->begin().error().code, Code::Busy);
    const std::int64_t source = must(transaction->sources()).at(0).id;
    put(*transaction, source, "new", {"new text"});
    must(transaction->remove_file(must(transaction->file(source, "file0.py"))->id));
    must(transaction->set_setting("model", "x"));
  }
  EXPECT_EQ(must(contents(*must(store->snapshot()))), before);
}

TEST(Store, a_snapshot_keeps_its_state_while_a_writer_commits) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 2, 2);
  const auto old = must(store->snapshot());
  const std::string before = must(contents(*old));
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->sources()).at(0).id;
  put(*transaction, source, "file0.py", {"replaced"});
  must(transaction->commit());
  EXPECT_EQ(must(contents(*old)), before);
  EXPECT_EQ(must(must(store->snapshot())->generation()), 2U);
}

TEST(Store, counts_follow_every_change) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 3, 2);
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->sources()).at(0).id;
  const auto file = must(transaction->file(source, "file0.py"));
  must(transaction->remove_file(file->id));
  FileRecord moved = *must(transaction->file(source, "file1.py"));
  moved.path = "moved.py";
  moved.windowed = true;
  must(transaction->move_file(must(transaction->file(source, "file1.py"))->id, moved));
  must(transaction->put_skipped({source, "a.bin", "binary", "", true, 5, 6}));
  must(transaction->put_skipped({source, "a.bin", "binary", "again", true, 5, 7}));
  must(transaction->put_quarantine({source, "bad", ContentHash{}, "crash", 1}));
  const std::vector<SkippedRow> walked = {{source, "x", "ignored", "", false, 0, 0},
                                          {source, "y", "ignored", "", false, 0, 0}};
  must(transaction->set_walk_skipped(source, walked));
  must(transaction->set_walk_skipped(source, walked));
  must(transaction->commit());
  const auto snapshot = must(store->snapshot());
  const Counts counts = must(snapshot->counts());
  EXPECT_EQ(counts.files, 2U);
  EXPECT_EQ(counts.chunks, 4U);
  EXPECT_EQ(counts.lines, 80U);
  EXPECT_EQ(counts.windowed, 1U);
  EXPECT_EQ(counts.skipped, 3U);
  EXPECT_EQ(counts.quarantined, 1U);
  EXPECT_FALSE(must(snapshot->file(source, "file1.py")).has_value());
  EXPECT_TRUE(must(snapshot->file(source, "moved.py")).has_value());
  EXPECT_EQ(must(store->check()).size(), 0U);

  transaction = must(store->begin());
  must(transaction->remove_source(source));
  must(transaction->commit());
  const Counts none = must(must(store->snapshot())->counts());
  EXPECT_EQ(none.files + none.chunks + none.lines + none.text_bytes + none.source_bytes +
                none.skipped + none.quarantined + none.windowed,
            0U);
  EXPECT_EQ(must(store->check()).size(), 0U);
}

TEST(Store, the_walks_list_is_written_only_when_it_changed) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 1, 1);
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->sources()).at(0).id;
  const std::vector<SkippedRow> walked = {{source, "x", "ignored", "", false, 0, 0}};
  must(transaction->set_walk_skipped(source, walked));
  must(transaction->remove_skipped(source, "x"));
  must(transaction->set_walk_skipped(source, walked));  // the same list, but not what is stored
  std::size_t rows = 0;
  must(transaction->for_each_skipped([&](const SkippedRow& row) {
    EXPECT_EQ(row.path, "x");
    ++rows;
    return Status();
  }));
  EXPECT_EQ(rows, 1U);
}

TEST(Store, segments_deltas_and_tombstones_are_kept_and_removed_together) {
  const io::TestFolder folder;
  const auto store = must(Store::create(writing(folder.path())));
  auto transaction = must(store->begin());
  SegmentRow segment;
  segment.file_name = "000000000000-0123456789abcdef.seg";
  segment.checksum = 0xfedc'ba98'7654'3210;
  segment.docs = 7;
  segment.id = must(transaction->add_segment(segment));
  DeltaRow delta;
  delta.bytes = std::string(50'000, 'd');
  delta.id = must(transaction->add_delta(delta));
  must(transaction->add_tombstone({false, segment.id, 3}));
  must(transaction->add_tombstone({true, delta.id, 4}));
  must(transaction->add_tombstone({true, delta.id, 4}));
  must(transaction->commit());
  {
    const auto snapshot = must(store->snapshot());
    EXPECT_EQ(must(snapshot->segments()).at(0).checksum, segment.checksum);
    EXPECT_EQ(must(snapshot->deltas()).at(0).bytes, delta.bytes);
    EXPECT_EQ(must(snapshot->tombstones()).size(), 2U);
  }
  transaction = must(store->begin());
  must(transaction->remove_segment(segment.id));
  must(transaction->remove_delta(delta.id));
  EXPECT_EQ(transaction->remove_delta(delta.id).error().code, Code::NotFound);
  must(transaction->commit());
  EXPECT_EQ(must(must(store->snapshot())->tombstones()).size(), 0U);
}

TEST(Store, bad_input_is_refused_and_the_transaction_goes_on) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 1, 1);
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->sources()).at(0).id;
  EXPECT_EQ(transaction->add_source("folder", "/src").error().code, Code::InvalidArgument);
  EXPECT_EQ(transaction->put_file(99, file_of("x", {}), {}).error().code, Code::NotFound);
  EXPECT_EQ(transaction->remove_file(99).error().code, Code::NotFound);
  EXPECT_EQ(transaction->remove_source(99).error().code, Code::NotFound);
  std::vector<ChunkRecord> chunks = chunks_of({"a", "b"});
  chunks[1].ordinal = 0;
  EXPECT_EQ(transaction->put_file(source, file_of("x", {"a", "b"}), chunks).error().code,
            Code::InvalidArgument);
  put(*transaction, source, "y", {});
  must(transaction->commit());
  EXPECT_EQ(must(must(store->snapshot())->counts()).files, 2U);
}

TEST(Store, a_reader_cannot_write) {
  const io::TestFolder folder;
  small_library(folder.path(), 1, 1);
  const auto store = must(Store::open(reading(folder.path())));
  EXPECT_EQ(store->begin().error().code, Code::InvalidArgument);
}

TEST(Store, texts_are_compressed_with_a_dictionary_once_there_is_enough) {
  const io::TestFolder folder;
  const auto store = small_library(folder.path(), 20, 100);  // 1.4 MB of text
  const PackedText packed = must(store->pack(code_text(7)));
  EXPECT_NE(packed.dictionary, 0U);
  EXPECT_LT(packed.bytes.size(), code_text(7).size() / 2);
  auto transaction = must(store->begin());
  const std::int64_t source = must(transaction->sources()).at(0).id;
  std::vector<ChunkRecord> chunks = chunks_of({code_text(7), code_text(8)});
  chunks[0].packed = packed;
  chunks[1].packed = must(store->pack(code_text(8)));
  chunks[1].packed->dictionary = 12345;  // one that the library does not know: packed again
  must(transaction->put_file(source, file_of("packed", {code_text(7), code_text(8)}), chunks));
  must(transaction->commit());
  const auto reader = must(Store::open(reading(folder.path())));
  const auto snapshot = must(reader->snapshot());
  const auto file = must(snapshot->file(source, "packed"));
  EXPECT_EQ(must(snapshot->chunks(file->id)).at(0).text, code_text(7));
  EXPECT_EQ(must(snapshot->chunks(file->id)).at(1).text, code_text(8));
  const auto first = must(snapshot->file(source, "file0.py"));
  EXPECT_EQ(must(snapshot->chunks(first->id)).at(99).text, code_text(99));
  EXPECT_EQ(must(store->check()).size(), 0U);
}

TEST(Store, readers_are_not_blocked_by_a_writer_and_see_only_whole_commits) {
  const io::TestFolder folder;
  StoreOptions options = writing(folder.path());
  options.wal_limit_bytes = 256 * 1024;
  must(Store::create(options));
  const auto store = must(Store::open(options));
  std::int64_t source = 0;
  {
    auto transaction = must(store->begin());
    source = must(transaction->add_source("folder", "/a")).id;
    put(*transaction, source, "a", {"0"});
    put(*transaction, source, "b", {"0"});
    must(transaction->commit());
  }
  std::atomic<bool> stop{false};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto snapshot = store->snapshot();
        ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
        const auto a = (*snapshot)->file(source, "a");
        const auto b = (*snapshot)->file(source, "b");
        ASSERT_TRUE(a.ok() && b.ok());
        const auto text_a = (*snapshot)->chunk((*a)->id, 0);
        const auto text_b = (*snapshot)->chunk((*b)->id, 0);
        ASSERT_TRUE(text_a.ok()) << text_a.error().message;
        ASSERT_TRUE(text_b.ok()) << text_b.error().message;
        EXPECT_EQ((*text_a)->text, (*text_b)->text);
        ++reads;
      }
    });
  }
  for (std::uint32_t round = 1; round <= 60 || reads < 20; ++round) {
    auto transaction = must(store->begin());
    put(*transaction, source, "a", {code_text(round)});
    put(*transaction, source, "other" + std::to_string(round % 7),
        {code_text(round * 100, 9000), code_text(round * 100 + 1, 9000)});
    put(*transaction, source, "b", {code_text(round)});
    must(transaction->commit());
  }
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  must(store->checkpoint());
  EXPECT_LT(std::filesystem::file_size(folder.path("library.db-wal")), 2U * 1024 * 1024);
  EXPECT_EQ(must(store->check()).size(), 0U);
}

}  // namespace
}  // namespace sonde::store
