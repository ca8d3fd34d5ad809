#include "selftest/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace sonde::selftest {

namespace {

constexpr std::size_t kAll = 10'000;  // results asked for: more than any small tree has
constexpr std::size_t kRetiredAsked = 2;

library::SearchRequest request_for(std::string query, library::SearchMode mode) {
  library::SearchRequest request;
  request.query = std::move(query);
  request.mode = mode;
  request.limit = kAll;
  request.by_chunk = true;
  request.refresh = false;
  return request;
}

}  // namespace

Found Inspection::look(store::Store& store) {
  Found found;
  auto snapshot = store.snapshot();
  if (!snapshot.ok()) {
    complain("no snapshot: " + snapshot.error().message);
    return found;
  }
  store::Reader& reader = **snapshot;
  const auto sources = reader.sources();
  if (!sources.ok()) {
    complain("sources cannot be read: " + sources.error().message);
    return found;
  }
  std::vector<std::pair<std::string, ContentHash>> files;
  for (const store::SourceRow& source : *sources) {
    const Status walked =
        reader.for_each_file(source.id, [&](const store::FileState& state) -> Status {
          files.emplace_back(state.path, state.hash);
          return {};
        });
    if (!walked.ok()) {
      complain("files cannot be read: " + walked.error().message);
    }
    for (const auto& [path, hash] : files) {
      look_at_file(reader, source, path, hash, found);
    }
    files.clear();
  }
  for (const auto& [path, versions] : expected_.paths()) {
    if (!found.files.contains(path) && !expected_.may_be(path, std::nullopt)) {
      complain(path + " was acknowledged and is not in the library");
    }
  }
  const auto add = [&](std::string_view bytes) { found.digest = checksum64(bytes, found.digest); };
  if (const auto rows = reader.segments(); rows.ok()) {
    for (const auto& row : *rows) {
      add(row.file_name);
    }
  }
  if (const auto rows = reader.deltas(); rows.ok()) {
    for (const auto& row : *rows) {
      add(row.bytes);
    }
  }
  if (const auto rows = reader.tombstones(); rows.ok()) {
    for (const auto& row : *rows) {
      add(fmt::format("{}/{}/{}", row.in_delta, row.holder_id, row.file_ordinal));
    }
  }
  if (const auto rows = reader.models(); rows.ok()) {
    for (const auto& row : *rows) {
      add(fmt::format("{} {}", row.key, row.vectors));
    }
  }
  return found;
}

void Inspection::look_at_file(store::Reader& reader, const store::SourceRow& source,
                              const std::string& path, const ContentHash& hash, Found& found) {
  if (!found.files.emplace(path, hash).second) {
    complain(path + " is in the library twice");
  }
  found.digest = checksum64(path + hash.hex(), found.digest);
  const std::string* content = expected_.content(hash);
  if (content == nullptr || !expected_.may_be(path, hash)) {
    complain(fmt::format("{} is in the library in a version that {}", path,
                         content == nullptr ? "never was" : "may not be there now"));
    return;
  }
  const auto row = reader.file(source.id, path);
  const auto chunks = row.ok() && *row
                          ? reader.chunks((*row)->id)
                          : Result<std::vector<store::ChunkRecord>>(
                                row.ok() ? Error{Code::NotFound, "no row"} : row.error());
  if (!chunks.ok()) {
    complain(path + ": its chunks cannot be read: " + chunks.error().message);
    return;
  }
  std::set<std::string> markers;
  for (const store::ChunkRecord& chunk : *chunks) {
    if (content->find(chunk.text) == std::string::npos) {
      complain(path + ": a chunk is not of its text");
    }
    markers.merge(markers_of(chunk.text));
    found.digest = checksum64(chunk.text, found.digest);
  }
  found.chunks[path] = chunks->size();
  if (markers != markers_of(*content)) {
    complain(path + ": its chunks are not the whole text");
  }
}

void Inspection::ask(library::Library& library, const Found& found) {
  ask_words(library, found);
  ask_retired(library, found);
  if (expected_.meaning()) {
    ask_meaning(library, found);
  }
}

void Inspection::check_hit(const library::SearchHit& hit, const Found& found) {
  const auto file = found.files.find(hit.path);
  if (file == found.files.end()) {
    complain("an answer names " + hit.path + ", which is not in the library");
    return;
  }
  const std::string* content = expected_.content(file->second);
  if (hit.file_hash != file->second.hex() || content == nullptr ||
      content->find(hit.text) == std::string::npos) {
    complain("an answer shows text that is not in the version of " + hit.path);
  }
}

std::set<std::string> Inspection::markers_in(const Found& found) const {
  std::set<std::string> markers;
  for (const auto& [path, hash] : found.files) {
    if (const std::string* content = expected_.content(hash)) {
      markers.merge(markers_of(*content));
    }
  }
  return markers;
}

void Inspection::ask_words(library::Library& library, const Found& found) {
  const auto answer = library.search(request_for(kCommonWord, library::SearchMode::Words), {});
  if (!answer.ok()) {
    complain("a search by words fails: " + answer.error().message);
    return;
  }
  std::set<std::pair<std::string, std::uint32_t>> places;
  std::set<std::string> markers;
  for (const library::SearchHit& hit : answer->results) {
    check_hit(hit, found);
    markers.merge(markers_of(hit.text));
    if (!places.emplace(hit.path, hit.start_line).second) {
      complain(fmt::format("{}:{} is found twice", hit.path, hit.start_line));
    }
  }
  // What is gone from the disk is left out of answers, whether the library knows it yet or not.
  Found there = found;
  std::erase_if(there.files, [&](const auto& file) { return expected_.may_be_gone(file.first); });
  const std::set<std::string> all = markers_in(found);
  const std::set<std::string> needed = markers_in(there);
  if (!std::includes(all.begin(), all.end(), markers.begin(), markers.end()) ||
      !std::includes(markers.begin(), markers.end(), needed.begin(), needed.end())) {
    complain(fmt::format("by words {} functions are found of {}", markers.size(), needed.size()));
  }
}

/// Functions of versions that are not there any more are found nowhere.
void Inspection::ask_retired(library::Library& library, const Found& found) {
  const std::set<std::string> living = markers_in(found);
  std::vector<std::string> retired;
  for (const auto& [hash, content] : expected_.contents()) {
    for (const std::string& marker : markers_of(content)) {
      if (!living.contains(marker)) {
        retired.push_back(marker);
      }
    }
  }
  for (std::size_t i = 0; i < kRetiredAsked && !retired.empty(); ++i) {
    const std::string& marker = retired[(found.digest + i) % retired.size()];
    const auto answer =
        library.search(request_for('"' + marker + '"', library::SearchMode::Words), {});
    if (!answer.ok()) {
      complain("a search by words fails: " + answer.error().message);
    } else if (!answer->results.empty()) {
      complain(marker + " is found in " + answer->results[0].path + " and was edited away");
    }
  }
}

void Inspection::ask_meaning(library::Library& library, const Found& found) {
  const auto answer = library.search(request_for(kCommonWord, library::SearchMode::Meaning), {});
  if (!answer.ok()) {
    complain("a search by meaning fails: " + answer.error().message);
    return;
  }
  std::set<std::pair<std::string, std::uint32_t>> places;
  for (const library::SearchHit& hit : answer->results) {
    check_hit(hit, found);
    if (!places.emplace(hit.path, hit.start_line).second) {
      complain(fmt::format("{}:{} is found twice by meaning", hit.path, hit.start_line));
    }
    const std::string key = answer->model + '\n' + hit.path + '\n' + hit.text;
    const auto [known, fresh] = cosines_.emplace(key, hit.meaning);
    if (!fresh && known->second != hit.meaning) {
      complain(
          fmt::format("{} has the cosine {} and had {}", hit.path, hit.meaning, known->second));
    }
  }
  std::uint64_t may_lack = 0;
  for (const auto& [path, chunks] : found.chunks) {
    may_lack += expected_.has_vectors(path) ? 0 : chunks;
  }
  if (answer->index.pending_chunks > may_lack) {
    complain(
        fmt::format("{} chunks have no vector, {} may", answer->index.pending_chunks, may_lack));
  }
}

}  // namespace sonde::selftest
