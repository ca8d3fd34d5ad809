#pragma once
// Annotated queries of real repositories, their files as segments, and the metric.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "index/search.h"

namespace sonde::bench {

struct Target {
  std::string path;
  std::uint32_t start_line = 0;  // 0: anywhere
  std::uint32_t end_line = 0;
};
struct Item {
  std::string query;
  std::string category;
  std::vector<Target> targets;
  std::optional<index::MeaningInput> meaning = {};
};
struct Repository {
  std::string name;
  std::string root;
  std::vector<Item> items;
  index::IndexView view;
  std::vector<std::string> fed;  // what a model is fed of each chunk; only with a form
};

/// What stands before a chunk when it is embedded: "shipped" is index/embed_text.h; the others are
/// there to be compared with it. Empty: none of this form.
struct HeaderForm {
  std::string name;
};
bool is_header_form(const std::string& name);

std::string read_text(const std::filesystem::path& path);
/// Reads, chunks and analyzes every file of a folder into one segment.
/// @param form  null: nothing is to be embedded. @return false: said on standard error
bool index_folder(const std::filesystem::path& folder, const HeaderForm* form,
                  Repository& repository);
std::vector<Item> read_items(const std::filesystem::path& path);
bool hits(const index::FileHit& hit, const Target& target, const std::string& root);
/// nDCG@10 with gains of 0 and 1.
double ndcg(const index::SearchResult& result, const Item& item, const std::string& root);

}  // namespace sonde::bench
