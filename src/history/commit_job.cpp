#include "history/commit_job.h"

#include <algorithm>

namespace sonde::history {

namespace {

constexpr std::uint8_t kVersion = 1;

Result<CommitId> read_id(ByteReader& reader) {
  CommitId id;
  TRY_ASSIGN(const std::string_view raw, reader.raw(id.bytes.size()));
  std::copy(raw.begin(), raw.end(), id.bytes.begin());
  return id;
}

void write_ids(ByteWriter& writer, const std::vector<CommitId>& ids) {
  writer.varint(ids.size());
  for (const CommitId& id : ids) {
    writer.raw(id.view());
  }
}

Result<std::vector<CommitId>> read_ids(ByteReader& reader, std::uint64_t limit) {
  TRY_ASSIGN(const std::uint64_t count, reader.varint_at_most(limit));
  std::vector<CommitId> ids;
  ids.reserve(std::min<std::uint64_t>(count, reader.remaining() / sizeof(CommitId)));
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const CommitId id, read_id(reader));
    ids.push_back(id);
  }
  return ids;
}

Status begin(ByteReader& reader) {
  TRY_ASSIGN(const std::uint8_t version, reader.u8());
  if (version != kVersion) {
    return Error{Code::Unsupported, "a job about commits of an unknown version"};
  }
  return {};
}

Status end(const ByteReader& reader) {
  return reader.at_end() ? Status{}
                         : Error{Code::Corruption, "bytes follow a job or answer about commits"};
}

}  // namespace

std::string encode_walk_job(const WalkJob& job) {
  ByteWriter writer;
  writer.u8(kVersion);
  writer.string(job.objects);
  writer.raw(job.head.view());
  writer.u8(job.known ? 1 : 0);
  writer.raw(job.known.value_or(CommitId{}).view());
  writer.u64(job.limit);
  return writer.take();
}

Result<WalkJob> decode_walk_job(std::string_view payload) {
  ByteReader reader(payload);
  WalkJob job;
  TRY(begin(reader));
  TRY_ASSIGN(const std::string_view objects, reader.string());
  job.objects = objects;
  TRY_ASSIGN(job.head, read_id(reader));
  TRY_ASSIGN(const std::uint8_t has_known, reader.u8());
  TRY_ASSIGN(const CommitId known, read_id(reader));
  if (has_known != 0) {
    job.known = known;
  }
  TRY_ASSIGN(job.limit, reader.u64());
  TRY(end(reader));
  return job;
}

std::string encode_walk_answer(const WalkAnswer& answer) {
  ByteWriter writer;
  writer.u8(kVersion);
  writer.u8(answer.continues ? 1 : 0);
  writer.u8(answer.limited ? 1 : 0);
  writer.varint(answer.missing);
  write_ids(writer, answer.commits);
  return writer.take();
}

Result<WalkAnswer> decode_walk_answer(std::string_view payload, std::uint64_t limit) {
  ByteReader reader(payload);
  WalkAnswer answer;
  TRY(begin(reader));
  TRY_ASSIGN(const std::uint8_t continues, reader.u8());
  TRY_ASSIGN(const std::uint8_t limited, reader.u8());
  answer.continues = continues != 0;
  answer.limited = limited != 0;
  TRY_ASSIGN(answer.missing, reader.varint());
  TRY_ASSIGN(answer.commits, read_ids(reader, limit));
  TRY(end(reader));
  return answer;
}

std::string encode_read_job(const ReadJob& job) {
  ByteWriter writer;
  writer.u8(kVersion);
  writer.string(job.objects);
  writer.string(job.prefix);
  write_ids(writer, job.commits);
  return writer.take();
}

Result<ReadJob> decode_read_job(std::string_view payload) {
  ByteReader reader(payload);
  ReadJob job;
  TRY(begin(reader));
  TRY_ASSIGN(const std::string_view objects, reader.string());
  TRY_ASSIGN(const std::string_view prefix, reader.string());
  job.objects = objects;
  job.prefix = prefix;
  TRY_ASSIGN(job.commits, read_ids(reader, kCommitsPerJob));
  TRY(end(reader));
  return job;
}

std::string encode_read_answer(const std::vector<Commit>& commits) {
  ByteWriter writer;
  writer.u8(kVersion);
  writer.varint(commits.size());
  for (const Commit& commit : commits) {
    encode_commit(writer, commit);
  }
  return writer.take();
}

Result<std::vector<Commit>> decode_read_answer(std::string_view payload,
                                               const std::vector<CommitId>& asked) {
  ByteReader reader(payload);
  TRY(begin(reader));
  TRY_ASSIGN(const std::uint64_t count, reader.varint_at_most(kCommitsPerJob));
  std::vector<Commit> commits;
  for (std::uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(Commit commit, decode_commit(reader));
    commits.push_back(std::move(commit));
  }
  TRY(end(reader));
  const bool fits = std::equal(commits.begin(), commits.end(), asked.begin(), asked.end(),
                               [](const Commit& a, const CommitId& b) { return a.id == b; });
  if (!fits) {
    return Error{Code::Corruption, "a worker answered with other commits than were asked for"};
  }
  return commits;
}

}  // namespace sonde::history
