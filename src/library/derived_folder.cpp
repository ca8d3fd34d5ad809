#include "library/derived_folder.h"

#include <utility>

#include "base/hash.h"

namespace sonde::library {

namespace {

class FileSink : public io::BlockSink {
 public:
  explicit FileSink(io::WritableFile& file) : file_(file) {}
  Status append(std::string_view bytes) override { return file_.append(bytes); }

 private:
  io::WritableFile& file_;
};

}  // namespace

Status write_derived_file(io::FileSystem& fs, const std::string& folder,
                          const std::function<Result<std::string>(io::BlockSink&)>& write) {
  if (const Status made = fs.make_directory(folder); !made.ok() && !fs.info(folder).ok()) {
    return made;
  }
  const std::string temporary = io::join_path(folder, "writing.tmp");
  static_cast<void>(fs.remove_file(temporary));  // of an interrupted write; usually not there
  TRY_ASSIGN(const std::unique_ptr<io::WritableFile> file, fs.create(temporary));
  FileSink sink(*file);
  const auto name = write(sink);
  Status synced = name.ok() ? file->sync() : Status(name.error());
  if (synced.ok()) {
    synced = file->close();
  }
  if (!synced.ok()) {
    static_cast<void>(fs.remove_file(temporary));
    return synced;
  }
  TRY(fs.rename(temporary, io::join_path(folder, *name)));
  return fs.sync_directory(folder);
}

Result<std::vector<std::string>> derived_files(io::FileSystem& fs, const std::string& folder) {
  auto entries = fs.list(folder);
  if (!entries.ok()) {
    if (entries.error().code == Code::NotFound) {
      return std::vector<std::string>{};
    }
    return std::move(entries).error();
  }
  std::vector<std::string> names;
  for (io::DirectoryEntry& entry : *entries) {
    names.push_back(std::move(entry.name));
  }
  return names;
}

Status remove_unlisted_files(io::FileSystem& fs, const std::string& folder,
                             const std::set<std::string>& listed) {
  TRY_ASSIGN(const std::vector<std::string> names, derived_files(fs, folder));
  bool removed = false;
  for (const std::string& name : names) {
    if (!listed.contains(name)) {
      TRY(fs.remove_file(io::join_path(folder, name)));
      removed = true;
    }
  }
  return removed ? fs.sync_directory(folder) : Status{};
}

Status check_same_file(io::FileSystem& fs, const std::string& path, std::uint64_t size_bytes,
                       std::uint64_t checksum) {
  if (size_bytes > kCheckedWholeBytes) {
    return {};
  }
  TRY_ASSIGN(const std::string bytes, io::read_file(fs, path, size_bytes));
  if (checksum64(bytes) != checksum) {
    return Error{Code::Corruption, path + " is not the file that library.db lists"};
  }
  return {};
}

}  // namespace sonde::library
