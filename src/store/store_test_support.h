#pragma once
// For tests of the store: small libraries in folders of their own.

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "io/test_folder.h"
#include "store/store.h"

namespace sonde::store {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << code_name(result.error().code) << ": " << result.error().message;
    throw std::runtime_error(result.error().message);
  }
  return std::move(result).value();
}
inline void must(const Status& status) {
  if (!status.ok()) {
    ADD_FAILURE() << code_name(status.error().code) << ": " << status.error().message;
    throw std::runtime_error(status.error().message);
  }
}

inline StoreOptions writing(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  options.access = Access::Write;
  return options;
}
inline StoreOptions reading(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  return options;
}

/// Text that looks like code, different for each seed.
inline std::string code_text(std::uint32_t seed, std::size_t about_bytes = 700) {
  static const std::vector<std::string> kWords = {
      "return", "value", "if",    "for",   "index",   "count",   "buffer", "name",  "result",
      "state",  "const", "error", "parse", "length",  "(",       ")",      "{\n  ", "}\n",
      " = ",    ";\n",   " + ",   "->",    "request", "session", "cache",  "limit"};
  std::mt19937 random(seed);
  std::string text = "function f" + std::to_string(seed) + "() {\n";
  while (text.size() < about_bytes) {
    text += kWords[random() % kWords.size()] + " ";
  }
  return text;
}

inline ChunkRecord chunk_of(std::uint32_t ordinal, std::string text) {
  ChunkRecord chunk;
  chunk.ordinal = ordinal;
  chunk.kind = 1;
  chunk.symbol = "f" + std::to_string(ordinal);
  chunk.scope = "module.Class";
  chunk.defines = {chunk.symbol};
  chunk.start_byte = ordinal * 1000;
  chunk.end_byte = ordinal * 1000 + static_cast<std::uint32_t>(text.size());
  chunk.start_line = 1 + ordinal * 20;
  chunk.end_line = 20 + ordinal * 20;
  chunk.text = std::move(text);
  return chunk;
}

inline std::vector<ChunkRecord> chunks_of(const std::vector<std::string>& texts) {
  std::vector<ChunkRecord> chunks;
  for (const std::string& text : texts) {
    chunks.push_back(chunk_of(static_cast<std::uint32_t>(chunks.size()), text));
  }
  return chunks;
}

inline FileRecord file_of(const std::string& path, const std::vector<std::string>& texts) {
  std::string whole;
  for (const std::string& text : texts) {
    whole += text;
  }
  FileRecord file;
  file.path = path;
  file.size_bytes = whole.size();
  file.mtime_ns = 1'700'000'000'000'000'000;
  file.inode = 0xffff'ffff'ffff'fff0;
  file.hash = content_hash(whole);
  file.language = "python";
  file.encoding = "utf-8";
  file.lines = static_cast<std::uint32_t>(20 * texts.size());
  file.chunker_version = 1;
  return file;
}

inline PutCounts put(Transaction& transaction, std::int64_t source, const std::string& path,
                     const std::vector<std::string>& texts) {
  return must(transaction.put_file(source, file_of(path, texts), chunks_of(texts)));
}

/// A new library with one source; `files` files of `chunks` chunks each.
inline std::unique_ptr<Store> small_library(const std::string& directory, std::uint32_t files,
                                            std::uint32_t chunks) {
  std::unique_ptr<Store> store = must(Store::create(writing(directory)));
  std::unique_ptr<Transaction> transaction = must(store->begin());
  const SourceRow source = must(transaction->add_source("folder", "/src"));
  for (std::uint32_t i = 0; i < files; ++i) {
    std::vector<std::string> texts;
    for (std::uint32_t j = 0; j < chunks; ++j) {
      texts.push_back(code_text(i * 1000 + j));
    }
    put(*transaction, source.id, "file" + std::to_string(i) + ".py", texts);
  }
  must(transaction->commit());
  return store;
}

/// Everything a reader can see, as one string. Errors: the first of any read.
inline Result<std::string> contents(Reader& reader) {
  std::string all;
  TRY_ASSIGN(const Counts counts, reader.counts());
  TRY_ASSIGN(const std::uint64_t generation, reader.generation());
  all += std::to_string(generation) + " " + std::to_string(counts.files) + " " +
         std::to_string(counts.chunks) + " " + std::to_string(counts.text_bytes) + "\n";
  TRY_ASSIGN(const std::vector<SourceRow> sources, reader.sources());
  for (const SourceRow& source : sources) {
    all += source.uid + " " + source.path + "\n";
    std::vector<std::int64_t> ids;
    TRY(reader.for_each_file(source.id, [&](const FileState& state) {
      all += state.path + " " + state.hash.hex() + "\n";
      ids.push_back(state.id);
      return Status();
    }));
    for (const std::int64_t id : ids) {
      TRY_ASSIGN(const std::vector<ChunkRecord> chunks, reader.chunks(id));
      for (const ChunkRecord& chunk : chunks) {
        all += std::to_string(chunk.ordinal) + chunk.symbol + chunk.scope +
               std::to_string(chunk.start_byte) + chunk.text + "\n";
      }
    }
    TRY_ASSIGN(const std::vector<std::string> forgotten, reader.forgotten(source.id));
    for (const std::string& path : forgotten) {
      all += "forgotten " + path + "\n";
    }
  }
  TRY(reader.for_each_skipped([&](const SkippedRow& row) {
    all += "skipped " + row.path + row.reason + "\n";
    return Status();
  }));
  TRY_ASSIGN(const std::vector<QuarantineRow> quarantine, reader.quarantine());
  for (const QuarantineRow& row : quarantine) {
    all += "quarantine " + row.path + row.reason + "\n";
  }
  TRY_ASSIGN(const std::vector<SegmentRow> segments, reader.segments());
  for (const SegmentRow& row : segments) {
    all += "segment " + row.file_name + "\n";
  }
  TRY_ASSIGN(const std::vector<DeltaRow> deltas, reader.deltas());
  for (const DeltaRow& row : deltas) {
    all += "delta " + std::to_string(row.id) + row.bytes + "\n";
  }
  TRY_ASSIGN(const std::vector<Tombstone> tombstones, reader.tombstones());
  for (const Tombstone& row : tombstones) {
    all += "tombstone " + std::to_string(row.file_ordinal) + "\n";
  }
  TRY_ASSIGN(const std::optional<std::string> setting, reader.setting("model"));
  all += setting.value_or("no setting");
  return all;
}

}  // namespace sonde::store
