// What happened elsewhere: of nine small files of a folder some never became searchable by meaning.
// Here each of nine kinds is indexed, embedded and found by what it is about, with the real model.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/corpus.h"
#include "support/libraries.h"
#include "support/program.h"

namespace sonde::testing {
namespace {

const std::map<std::string, std::string> kNineFiles = {
    {"greet.py",
     "\"\"\"A small script that greets everybody on a guest list.\"\"\"\n"
     "import sys\n\n\n"
     "def read_guests(path):\n"
     "    with open(path, encoding=\"utf-8\") as lines:\n"
     "        return [line.strip() for line in lines if line.strip()]\n\n\n"
     "def greet(name):\n"
     "    print(f\"Welcome, {name}!\")\n\n\n"
     "if __name__ == \"__main__\":\n"
     "    for guest in read_guests(sys.argv[1]):\n"
     "        greet(guest)\n"},
    {"storage_overview.txt",
     "Where records can be kept\n\n"
     "PostgreSQL and MySQL keep rows in tables and are asked in SQL. They have transactions,\n"
     "foreign keys and indexes. MongoDB keeps documents, Redis keys and values in memory.\n"
     "For a single process SQLite is enough: one file, no server.\n"},
    {"ai_notes.txt",
     "Notes on neural networks\n\n"
     "A transformer pays attention to every token of its input. It is trained by gradient\n"
     "descent on a loss, on a lot of text. Embeddings that it learns lie near to each other\n"
     "when they mean the same.\n"},
    {"app_settings.json",
     "{\n  \"theme\": \"dark\",\n  \"language\": \"en\",\n  \"autosave\": true,\n"
     "  \"fontSize\": 13,\n  \"recentFiles\": 8\n}\n"},
    {"deploy.yaml",
     "service: orders\nreplicas: 3\nimage: registry.example/orders:1.4\n"
     "ports:\n  - 8080\nhealth:\n  path: /live\n  every: 10s\n"},
    {"Invoice.java",
     "package shop;\n\n"
     "/** What a customer owes for an order. */\n"
     "public class Invoice {\n"
     "    private final long cents;\n\n"
     "    public Invoice(long cents) {\n        this.cents = cents;\n    }\n\n"
     "    public long withTax(int percent) {\n"
     "        return cents + cents * percent / 100;\n    }\n}\n"},
    {"backup.sh",
     "#!/bin/sh\n# Packs the home folder and copies the archive to the other disk.\nset -e\n"
     "stamp=$(date +%F)\ntar -czf \"/tmp/home-$stamp.tar.gz\" \"$HOME\"\n"
     "cp \"/tmp/home-$stamp.tar.gz\" /mnt/backup/\n"},
    {"quarter_report.md",
     "# Data of the third quarter\n\n"
     "All data collected by the shops: sales rose by 12 percent to 4.1 million, returns fell to 2\n"
     "percent. The table of measurements by region and the statistics of each month follow.\n\n"
     "| Region | Sales | Returns |\n|---|---|---|\n| North | 1.9 | 0.03 |\n| South | 2.2 | 0.05 "
     "|\n"},
    {"README.md",
     "# Corner shop\n\n"
     "A toy shop to try things with. To build it, run `make`; to start it, run `./shop`.\n"
     "Questions and patches are welcome.\n"}};

/// What is asked, and the files of which one has to come first.
const std::vector<std::pair<std::string, std::vector<std::string>>> kQueries = {
    {"python", {"greet.py"}},
    {"databases", {"storage_overview.txt"}},
    {"settings", {"app_settings.json"}},
    {"data", {"quarter_report.md"}}};

TEST(NineFiles, all_are_indexed_and_each_is_found_by_what_it_is_about) {
  const ScratchFolder scratch("nine");
  const std::string root = scratch.path() + "/notes";
  for (const auto& [name, text] : kNineFiles) {
    write_file(root + "/" + name, text);
  }
  const auto sonde = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--json", "--library", scratch.path() + "/library"});
    return run_sonde(scratch.path(), std::move(words));
  };
  const Ran model = run_sonde(scratch.path(), {"model", "add", SONDE_TEST_MODEL});
  ASSERT_EQ(model.exit_code, 0) << model.all();
  const Ran index = sonde({"index", root});
  ASSERT_EQ(index.exit_code, 0) << index.all();
  const auto report = nlohmann::json::parse(index.out);
  EXPECT_EQ(report["added"], kNineFiles.size()) << index.out;
  EXPECT_EQ(report["index"]["files"], kNineFiles.size());
  EXPECT_EQ(report["index"]["pending_chunks"], 0);
  EXPECT_EQ(report["index"]["quarantined"], 0);
  EXPECT_GE(report["embedded"], kNineFiles.size());

  for (const char* mode : {"hybrid", "meaning"}) {
    for (const auto& [query, first] : kQueries) {
      const Ran search = sonde({"search", query, root, "--mode", mode});
      ASSERT_EQ(search.exit_code, 0) << search.all();
      const auto answer = nlohmann::json::parse(search.out);
      EXPECT_EQ(answer["mode"], mode);
      ASSERT_FALSE(answer["results"].empty());
      EXPECT_THAT(first, ::testing::Contains(answer["results"][0]["path"].get<std::string>()))
          << mode << ", " << query << search.out;
    }
  }
}

}  // namespace
}  // namespace sonde::testing
