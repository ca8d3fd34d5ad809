#include "library/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/hash.h"
#include "index/analyze.h"
#include "text/chunk.h"
#include "text/chunk_job.h"
#include "text/decode.h"
#include "text/language.h"
#include "text/structure.h"
#include "tree/walk.h"

namespace sonde::library {

namespace {

constexpr std::size_t kHeadBytes = 8 * 1024;
/// A file written this shortly before it was read may be written again within the same tick of the
/// file system's clock; its time is not trusted and it is hashed once more at the next look.
constexpr std::int64_t kRacyNs = 50'000'000;
constexpr std::int64_t kUntrustedTime = -1;
constexpr int kReadAttempts = 3;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint32_t trait_bits(std::string_view path) {
  const tree::PathTraits traits = tree::path_traits(path);
  std::uint32_t bits = 0;
  bits |= traits.test ? index::kTest : 0U;
  bits |= traits.example ? index::kExample : 0U;
  bits |= traits.generated ? index::kGenerated : 0U;
  bits |= traits.vendored ? index::kVendored : 0U;
  bits |= traits.compat ? index::kCompat : 0U;
  bits |= traits.stub ? index::kStub : 0U;
  return bits;
}

/// Prepares the files of one call: read all, chunk all in one worker, then finish each.
class Preparation {
 public:
  Preparation(const PrepareContext& context, const CancelToken& cancel)
      : context_(context), cancel_(cancel) {}

  Result<std::vector<Prepared>> run(std::vector<Candidate> candidates) {
    TRY_ASSIGN(snapshot_, context_.store.snapshot());
    items_.resize(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      TRY(cancel_.check());
      items_[i].prepared.candidate = std::move(candidates[i]);
      TRY(read(items_[i]));
    }
    TRY(chunk_all());
    std::vector<Prepared> result;
    result.reserve(items_.size());
    for (Item& item : items_) {
      if (item.prepared.kind == Prepared::Kind::Indexed) {
        TRY(finish(item));
      } else if (item.prepared.kind == Prepared::Kind::Structured) {
        item.prepared.structure = std::move(item.chunked.structure);
      }
      result.push_back(std::move(item.prepared));
    }
    return result;
  }

 private:
  struct Item {
    Prepared prepared;
    std::string text;  // UTF-8
    text::ChunkedText chunked;
    bool needs_chunks = false;
    bool copied = false;  // chunks came from the truth
  };

  void skip(Item& item, tree::SkipReason reason, std::string detail) {
    const tree::FileEntry& entry = item.prepared.candidate.entry;
    item.prepared.kind = Prepared::Kind::Skipped;
    item.prepared.skipped = {context_.source.id, entry.path, std::string(tree::reason_name(reason)),
                             std::move(detail),  true,       entry.size_bytes,
                             entry.mtime_ns};
  }

  /// Reads a file whole, as one version: size and time are the same before and after.
  Result<std::string> read_stable(Item& item) {
    tree::FileEntry& entry = item.prepared.candidate.entry;
    const std::string path = io::join_path(context_.source.path, entry.path);
    for (int attempt = 1;; ++attempt) {
      TRY_ASSIGN(const std::unique_ptr<io::ReadableFile> file, context_.fs.open_read(path));
      TRY_ASSIGN(const io::FileInfo before, file->info());
      if (before.type != io::FileType::Regular) {
        return Error{Code::NotFound, path + " is no file any more"};
      }
      if (before.size_bytes > context_.config.size_cap_bytes) {
        return Error{Code::Limit, fmt::format("{} bytes", before.size_bytes)};
      }
      std::string bytes(static_cast<std::size_t>(before.size_bytes), '\0');
      TRY_ASSIGN(const std::size_t length, file->read_at(0, bytes.data(), bytes.size()));
      bytes.resize(length);
      TRY_ASSIGN(const io::FileInfo after, file->info());
      const bool stable = after.mtime_ns == before.mtime_ns &&
                          after.size_bytes == before.size_bytes && length == before.size_bytes;
      if (stable || attempt == kReadAttempts) {
        const bool racy = !stable || now_ns() - after.mtime_ns < kRacyNs;
        entry.size_bytes = length;
        entry.mtime_ns = racy ? kUntrustedTime : after.mtime_ns;
        entry.inode = after.inode;
        return bytes;
      }
    }
  }

  Status read(Item& item) {
    Prepared& prepared = item.prepared;
    auto bytes = read_stable(item);
    if (!bytes.ok()) {
      switch (bytes.error().code) {
        case Code::NotFound: prepared.kind = Prepared::Kind::Vanished; break;
        case Code::Limit: skip(item, tree::SkipReason::TooLarge, bytes.error().message); break;
        default:
          skip(item, tree::SkipReason::Unreadable, bytes.error().message);
          prepared.kind = Prepared::Kind::Unreadable;
          break;
      }
      return {};
    }
    const tree::FileEntry& entry = prepared.candidate.entry;
    const ContentHash hash = content_hash(*bytes);
    const bool same =
        prepared.candidate.known && prepared.candidate.known->hash == hash && !context_.everything;
    if (same) {
      prepared.kind = Prepared::Kind::Touched;
      return prepared.candidate.lacks_structure ? read_structure(item, *bytes) : Status{};
    }
    tree::SkipReason reason{};
    tree::WalkOptions options = walk_options(context_.config);
    options.include_generated = options.include_generated || entry.asked_for;
    const std::string_view head = std::string_view(*bytes).substr(0, kHeadBytes);
    if (tree::skip_by_content(entry.path, head, options, reason)) {
      skip(item, reason, "by its content");
      return {};
    }
    text::DecodedText decoded = text::decode_text(*bytes);
    item.text = std::move(decoded.text);
    prepared.kind = Prepared::Kind::Indexed;
    store::FileRecord& record = prepared.record;
    record.path = entry.path;
    record.size_bytes = entry.size_bytes;
    record.mtime_ns = entry.mtime_ns;
    record.inode = entry.inode;
    record.hash = hash;
    record.language =
        text::language_of(entry.path, std::string_view(item.text).substr(0, kHeadBytes));
    record.encoding = text::encoding_name(decoded.encoding);
    record.traits = trait_bits(entry.path);
    record.lines =
        static_cast<std::uint32_t>(std::count(item.text.begin(), item.text.end(), '\n')) +
        (item.text.empty() || item.text.ends_with('\n') ? 0U : 1U);
    record.chunker_version = text::kChunkerVersion;
    return context_.everything ? need_chunks(item) : copy_known(item);
  }

  /// The file is in the truth as it is on disk, but its structure: only that is made.
  Status read_structure(Item& item, const std::string& bytes) {
    store::FileRecord& record = item.prepared.record;
    record.path = item.prepared.candidate.entry.path;
    record.hash = item.prepared.candidate.known->hash;
    item.text = text::decode_text(bytes).text;
    record.language =
        text::language_of(record.path, std::string_view(item.text).substr(0, kHeadBytes));
    item.prepared.kind = Prepared::Kind::Structured;
    return need_chunks(item);
  }

  /// The same content elsewhere in the truth (a moved or copied file, a branch switched back) is
  /// not parsed again.
  Status copy_known(Item& item) {
    store::FileRecord& record = item.prepared.record;
    TRY_ASSIGN(const std::optional<store::FileRow> twin,
               snapshot_->file_with_content(record.hash, record.language));
    if (!twin || twin->chunker_version != text::kChunkerVersion) {
      return need_chunks(item);
    }
    TRY_ASSIGN(std::optional<store::StructureRow> structure,
               snapshot_->structure(twin->id, text::kStructureVersion));
    if (!structure) {
      return need_chunks(item);
    }
    item.prepared.structure = std::move(structure->bytes);
    TRY_ASSIGN(item.prepared.chunks, snapshot_->chunks(twin->id));
    record.windowed = twin->windowed;
    record.note = twin->note;
    item.copied = true;
    return {};
  }

  Status need_chunks(Item& item) {
    const store::FileRecord& record = item.prepared.record;
    const auto poison = std::find_if(context_.quarantine.begin(), context_.quarantine.end(),
                                     [&](const store::QuarantineRow& row) {
                                       return row.path == record.path && row.hash == record.hash;
                                     });
    if (poison != context_.quarantine.end() && !context_.everything) {
      item.chunked = text::chunk_windows(record.language, item.text);
      item.chunked.reason = poison->reason;
    } else {
      item.needs_chunks = true;
    }
    return {};
  }

  Status chunk_all() {
    std::vector<worker::Job> jobs;
    std::vector<Item*> waiting;
    for (Item& item : items_) {
      if (item.needs_chunks) {
        jobs.push_back({worker::JobKind::Chunk,
                        text::encode_chunk_request(item.prepared.record.language, item.text)});
        waiting.push_back(&item);
      }
    }
    if (jobs.empty()) {
      return {};
    }
    const std::vector<worker::JobResult> results = context_.workers.run(jobs, cancel_);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (i >= results.size() || results[i].outcome == worker::Outcome::Cancelled) {
        return Error{Code::Cancelled, "stopped before it was done"};
      }
      if (results[i].outcome == worker::Outcome::Unavailable) {
        return Error{Code::Io, results[i].reason};  // no file is to blame
      }
      take_answer(*waiting[i], results[i]);
    }
    return {};
  }

  void take_answer(Item& item, const worker::JobResult& result) {
    std::string trouble;
    if (result.outcome == worker::Outcome::Done) {
      auto chunked = text::decode_chunk_answer(result.payload, item.text);
      if (chunked.ok()) {
        item.chunked = std::move(*chunked);
        return;
      }
      trouble = "the worker's answer does not check: " + chunked.error().message;
    } else {
      trouble = fmt::format("{}: {}", worker::outcome_name(result.outcome), result.reason);
    }
    const store::FileRecord& record = item.prepared.record;
    item.chunked = text::chunk_windows(record.language, item.text);
    item.chunked.windowed = true;
    item.chunked.reason = trouble;
    item.prepared.worker_trouble = trouble;
    item.prepared.quarantine = store::QuarantineRow{context_.source.id, record.path, record.hash,
                                                    trouble, now_ns() / 1'000'000};
  }

  Status finish(Item& item) {
    Prepared& prepared = item.prepared;
    if (!item.copied) {
      if (!item.chunked.text.empty()) {
        item.text = std::move(item.chunked.text);
      }
      prepared.structure = std::move(item.chunked.structure);
      prepared.record.windowed = item.chunked.windowed && !item.chunked.reason.empty();
      prepared.record.note = item.chunked.reason;
      prepared.chunks.reserve(item.chunked.chunks.size());
      std::uint32_t ordinal = 0;
      for (text::Chunk& chunk : item.chunked.chunks) {
        prepared.chunks.push_back(record_of(chunk, ordinal++, item.text));
      }
    }
    for (store::ChunkRecord& chunk : prepared.chunks) {
      TRY_ASSIGN(chunk.packed, context_.store.pack(chunk.text));
    }
    prepared.analyzed = analyze_stored(context_.source.uid, prepared.record, prepared.chunks);
    return {};
  }

  static store::ChunkRecord record_of(text::Chunk& chunk, std::uint32_t ordinal,
                                      const std::string& text) {
    store::ChunkRecord record;
    record.ordinal = ordinal;
    record.kind = static_cast<std::uint8_t>(chunk.kind);
    record.symbol = std::move(chunk.symbol);
    record.scope = std::move(chunk.scope);
    record.defines = std::move(chunk.defines);
    record.start_byte = chunk.start_byte;
    record.end_byte = chunk.end_byte;
    record.start_line = chunk.start_line;
    record.end_line = chunk.end_line;
    record.text = text.substr(chunk.start_byte, chunk.end_byte - chunk.start_byte);
    return record;
  }

  const PrepareContext& context_;
  const CancelToken& cancel_;
  std::unique_ptr<store::Snapshot> snapshot_;
  std::vector<Item> items_;
};

}  // namespace

Result<std::vector<Prepared>> prepare_files(const PrepareContext& context,
                                            std::vector<Candidate> candidates,
                                            const CancelToken& cancel) {
  return Preparation(context, cancel).run(std::move(candidates));
}

index::AnalyzedFile analyze_stored(const std::string& source_uid, const store::FileRecord& file,
                                   const std::vector<store::ChunkRecord>& chunks) {
  index::FileInput input;
  input.source = source_uid;
  input.path = file.path;
  input.language = file.language;
  input.traits = file.traits;
  input.hash = file.hash;
  input.docs.reserve(chunks.size());
  for (const store::ChunkRecord& chunk : chunks) {
    input.docs.push_back({chunk.kind, chunk.symbol, chunk.scope, &chunk.defines, chunk.start_byte,
                          chunk.end_byte, chunk.start_line, chunk.end_line, chunk.text});
  }
  return index::analyze_file(input);
}

}  // namespace sonde::library
