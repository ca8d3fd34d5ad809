// Runs in sonde-worker alone: the archive's bytes are untrusted.

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "embed/model_files.h"
#include "embed/unpack_job.h"

namespace sonde::embed {

namespace {

constexpr std::size_t kMemberLimit = 100'000;
constexpr std::size_t kPathLimitBytes = 4096;
constexpr std::size_t kPieceBytes = 1U << 20;

struct Free {
  void operator()(struct archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct archive, Free>;

Error unreadable(struct archive* reader) {
  const char* why = archive_error_string(reader);
  return Error{Code::InvalidArgument,
               fmt::format("this is no zip, wheel, tar or tar.gz that can be read{}{}",
                           why != nullptr ? ": " : "", why != nullptr ? why : "")};
}

Result<Reader> open(std::string_view bytes) {
  Reader reader(archive_read_new());
  if (!reader) {
    return Error{Code::NoSpace, "no memory for reading an archive"};
  }
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip_seekable(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return unreadable(reader.get());
  }
  return reader;
}

/// "a/b" of "./a//b"; empty for what cannot be a path inside: "..", absolute, too long.
std::string plain_path(const char* raw) {
  const std::string_view path = raw == nullptr ? std::string_view() : raw;
  if (path.empty() || path.size() > kPathLimitBytes || path.front() == '/') {
    return {};
  }
  std::string result;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (part == "..") {
      return {};
    }
    if (!part.empty() && part != ".") {
      result += (result.empty() ? "" : "/") + std::string(part);
    }
  }
  return result;
}

using Visit = std::function<Status(struct archive* reader, const std::string& path)>;

/// Calls visit for each regular file. Members of other kinds (links, devices) are left alone.
Status for_each_file(std::string_view bytes, const Visit& visit) {
  TRY_ASSIGN(const Reader reader, open(bytes));
  for (std::size_t members = 0;; ++members) {
    struct archive_entry* entry = nullptr;
    const int code = archive_read_next_header(reader.get(), &entry);
    if (code == ARCHIVE_EOF) {
      return {};
    }
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
      return unreadable(reader.get());
    }
    if (members >= kMemberLimit) {
      return Error{Code::Limit, fmt::format("the archive has more than {} members", kMemberLimit)};
    }
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      continue;
    }
    const std::string path = plain_path(archive_entry_pathname(entry));
    if (!path.empty()) {
      TRY(visit(reader.get(), path));
    }
  }
}

/// The folder part, with its slash; empty at the top.
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

/// The one folder that holds a model.
Result<std::string> find_root(std::string_view bytes) {
  std::set<std::string> with_config;
  std::set<std::string> with_weights;
  TRY(for_each_file(bytes, [&](struct archive*, const std::string& path) -> Status {
    const std::string folder = folder_of(path);
    const std::string_view name = std::string_view(path).substr(folder.size());
    if (name == kConfigFile) {
      with_config.insert(folder);
    } else if (name == kWeightsFile) {
      with_weights.insert(folder);
    }
    return {};
  }));
  std::vector<std::string> roots;
  std::set_intersection(with_config.begin(), with_config.end(), with_weights.begin(),
                        with_weights.end(), std::back_inserter(roots));
  if (roots.empty()) {
    return Error{Code::NotFound, fmt::format("there is no model in the archive: no folder in it "
                                             "holds both {} and {}",
                                             kConfigFile, kWeightsFile)};
  }
  if (roots.size() > 1) {
    return Error{
        Code::InvalidArgument,
        fmt::format("the archive holds {} models, such as {} and {}; unpack it and add one "
                    "folder",
                    roots.size(), roots[0].empty() ? "its top" : roots[0], roots[1])};
  }
  return roots.front();
}

Result<std::string> read_member(struct archive* reader, const ModelFile& file,
                                std::uint64_t room_bytes) {
  const std::uint64_t limit = std::min(file.limit_bytes, room_bytes);
  std::string bytes;
  for (;;) {
    const std::size_t have = bytes.size();
    bytes.resize(have + kPieceBytes);
    const la_ssize_t got = archive_read_data(reader, bytes.data() + have, kPieceBytes);
    if (got < 0) {
      return unreadable(reader).with_context(file.name);
    }
    bytes.resize(have + static_cast<std::size_t>(got));
    if (bytes.size() > limit) {
      return Error{Code::Limit,
                   fmt::format("{} is too large to be taken out of an archive ({} MiB in all); "
                               "unpack it yourself and add the folder",
                               file.name, kUnpackedLimitBytes >> 20)};
    }
    if (got == 0) {
      return bytes;
    }
  }
}

}  // namespace

Result<std::string> handle_unpack_job(std::string_view archive) {
  TRY_ASSIGN(const std::string root, find_root(archive));
  std::map<std::string_view, std::string> found;
  std::uint64_t room = kUnpackedLimitBytes;
  TRY(for_each_file(archive, [&](struct archive* reader, const std::string& path) -> Status {
    const ModelFile* file = path.starts_with(root)
                                ? find_model_file(std::string_view(path).substr(root.size()))
                                : nullptr;
    if (file == nullptr) {
      return {};
    }
    if (found.count(file->name) > 0) {
      return Error{Code::InvalidArgument, fmt::format("the archive holds {} twice", path)};
    }
    TRY_ASSIGN(std::string bytes, read_member(reader, *file, room));
    room -= bytes.size();
    found.emplace(file->name, std::move(bytes));
    return {};
  }));
  UnpackedModel model;
  model.root = std::string_view(root).substr(0, root.empty() ? 0 : root.size() - 1);
  for (const auto& [name, bytes] : found) {
    model.files.push_back({name, bytes});
  }
  return encode_unpack_answer(model);
}

}  // namespace sonde::embed
