#pragma once
// From an import as it is written to the file of the library that it means, by the rules of its
// language. What no rule finds belongs to somebody else, or is built elsewhere.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/structure.h"

namespace sonde::library {

/// A file that may import and be imported.
struct ImportFile {
  std::uint32_t source = 0;  // its number; imports stay within one source
  std::string path;
  std::string language;
};

/// An import of a file.
struct WrittenImport {
  std::string path;                // as it is written
  std::vector<std::string> names;  // out of it
  std::uint32_t modules = 0;       // Rust: how many `mod name { }` it stands in
};

class ImportResolver {
 public:
  /// The order of calls numbers the files.
  void add(ImportFile file);
  /// A module of Go: `path` of the folder with its go.mod. @param name  behind `module`
  void add_go_module(std::uint32_t source, std::string folder, std::string name);
  /// What a file defines that is imported by its full name (PHP, Elixir), dots between.
  void add_symbol(std::uint32_t source, const std::string& qualified, std::uint32_t file);

  /// The files that an import of file `from` loads, ascending; empty when none is known. For Go
  /// all files of the package.
  [[nodiscard]] std::vector<std::uint32_t> resolve(std::uint32_t from,
                                                   const WrittenImport& import) const;

  [[nodiscard]] const std::vector<ImportFile>& files() const { return files_; }

 private:
  using Found = std::vector<std::uint32_t>;
  bool take(std::uint32_t source, const std::string& path, Found& found) const;
  bool take_first(std::uint32_t source, const std::vector<std::string>& paths, Found& found) const;
  /// The file whose path ends with `tail`, the nearest to `from`.
  bool take_suffix(std::uint32_t from, const std::string& tail, Found& found) const;

  void resolve_c(std::uint32_t from, const WrittenImport& import, Found& found) const;
  void resolve_script(std::uint32_t from, const WrittenImport& import, Found& found) const;
  void resolve_python(std::uint32_t from, const WrittenImport& import, Found& found) const;
  bool take_python(std::uint32_t source, const std::string& base, const WrittenImport& import,
                   Found& found) const;
  void resolve_go(std::uint32_t from, const WrittenImport& import, Found& found) const;
  void resolve_rust(std::uint32_t from, const WrittenImport& import, Found& found) const;
  bool take_rust(std::uint32_t source, const std::string& folder, std::vector<std::string> parts,
                 Found& found) const;
  void resolve_dotted(std::uint32_t from, const WrittenImport& import, Found& found) const;
  void resolve_symbol(std::uint32_t from, const WrittenImport& import, Found& found) const;
  void resolve_relative(std::uint32_t from, const WrittenImport& import, Found& found) const;

  struct GoModule {
    std::uint32_t source = 0;
    std::string folder;
    std::string name;
  };

  std::vector<ImportFile> files_;
  std::vector<std::unordered_map<std::string, std::uint32_t>> by_path_;  // by source
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_name_;  // the last component
  std::vector<std::unordered_map<std::string, std::uint32_t>> symbols_;  // by source
  std::vector<std::unordered_map<std::string, std::vector<std::uint32_t>>> go_folders_;
  std::vector<GoModule> go_modules_;
};

}  // namespace sonde::library
