#include "support/corpus.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

namespace sonde::testing {

namespace {

constexpr std::array kWords = {
    "account",  "amount",  "archive", "balance", "batch",   "bucket",   "buffer",  "cache",
    "channel",  "client",  "cluster", "config",  "connect", "counter",  "cursor",  "decode",
    "deliver",  "digest",  "encode",  "entry",   "event",   "expire",   "fetch",   "filter",
    "format",   "gateway", "handle",  "header",  "index",   "invoice",  "journal", "ledger",
    "limit",    "listen",  "lookup",  "message", "metric",  "notify",   "order",   "packet",
    "parse",    "payment", "policy",  "process", "profile", "queue",    "record",  "refund",
    "render",   "request", "retry",   "route",   "sample",  "schedule", "session", "signal",
    "snapshot", "socket",  "stream",  "token",   "track",   "update",   "verify",  "window"};
constexpr std::array kLanguages = {"py", "c", "go", "js", "rs", "md", "yaml", "txt"};

}  // namespace

std::vector<std::string> corpus_words() { return {kWords.begin(), kWords.end()}; }

void write_file(const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) {
    std::cerr << "cannot write " << path << "\n";
    std::abort();
  }
}

Corpus::Corpus(std::string root, std::uint64_t seed) : root_(std::move(root)), random_(seed) {
  std::filesystem::create_directories(root_);
}

std::size_t Corpus::below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

std::string Corpus::word() { return kWords[below(kWords.size())]; }

Corpus::Function Corpus::make_function() {
  Function function;
  function.name = word() + "_" + word();
  function.marker = "marker" + std::to_string(next_id_++) + "zq";
  const std::size_t lines = 2 + below(6);
  for (std::size_t i = 0; i < lines; ++i) {
    function.body += word() + " " + word() + " " + word() + " " + word() + "\n";
  }
  return function;
}

std::string Corpus::render(const Content& content) const {
  std::string text;
  for (const Function& function : content.functions) {
    const auto lines = [&](const std::string& before, const std::string& after) {
      std::string out;
      std::size_t begin = 0;
      while (begin < function.body.size()) {
        const std::size_t end = function.body.find('\n', begin);
        out += before + function.body.substr(begin, end - begin) + after + "\n";
        begin = end + 1;
      }
      return out;
    };
    const std::string& name = function.name;
    const std::string& marker = function.marker;
    if (content.language == "py") {
      text += "def " + name + "(value):\n    \"\"\"" + marker + "\"\"\"\n" + lines("    # ", "") +
              "    return value\n\n\n";
    } else if (content.language == "c") {
      text += "/* " + marker + " */\nint " + name + "(int value) {\n" + lines("  // ", "") +
              "  return value;\n}\n\n";
    } else if (content.language == "go") {
      text += "// " + marker + "\nfunc " + name + "(value int) int {\n" + lines("\t// ", "") +
              "\treturn value\n}\n\n";
    } else if (content.language == "js") {
      text += "// " + marker + "\nfunction " + name + "(value) {\n" + lines("  // ", "") +
              "  return value;\n}\n\n";
    } else if (content.language == "rs") {
      text += "/// " + marker + "\nfn " + name + "(value: i32) -> i32 {\n" + lines("    // ", "") +
              "    value\n}\n\n";
    } else if (content.language == "md") {
      text += "## " + name + "\n\n" + marker + "\n\n" + lines("", ".") + "\n";
    } else if (content.language == "yaml") {
      text += name + "_" + marker + ":\n" + lines("  - ", "");
    } else {
      text += name + " " + marker + "\n" + lines("", "") + "\n";
    }
  }
  return text;
}

void Corpus::write(const std::string& path, const Content& content) const {
  write_file(root_ + "/" + path, render(content));
}

void Corpus::add_files(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Content content;
    content.language = kLanguages[below(kLanguages.size())];
    const std::size_t functions = 1 + below(5);
    for (std::size_t f = 0; f < functions; ++f) {
      content.functions.push_back(make_function());
    }
    files_.push_back(word() + "/" + word() + "/" + word() + std::to_string(next_id_++) + "." +
                     content.language);
    contents_.push_back(std::move(content));
    write(files_.back(), contents_.back());
  }
}

void Corpus::edit_files(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t file = below(files_.size());
    std::vector<Function>& functions = contents_[file].functions;
    Function& function = functions[below(functions.size())];
    retired_.push_back(function.marker);
    function = make_function();
    write(files_[file], contents_[file]);
  }
}

void Corpus::delete_files(std::size_t count) {
  for (std::size_t i = 0; i < count && !files_.empty(); ++i) {
    const std::size_t file = below(files_.size());
    std::filesystem::remove(root_ + "/" + files_[file]);
    for (const Function& function : contents_[file].functions) {
      retired_.push_back(function.marker);
    }
    files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(file));
    contents_.erase(contents_.begin() + static_cast<std::ptrdiff_t>(file));
  }
}

void Corpus::move_files(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t file = below(files_.size());
    const std::string to =
        word() + "/moved/" + word() + std::to_string(next_id_++) + "." + contents_[file].language;
    std::filesystem::create_directories(std::filesystem::path(root_ + "/" + to).parent_path());
    std::filesystem::rename(root_ + "/" + files_[file], root_ + "/" + to);
    files_[file] = to;
  }
}

std::string Corpus::living_marker() {
  const Content& content = contents_[below(contents_.size())];
  return content.functions[below(content.functions.size())].marker;
}

}  // namespace sonde::testing
