#pragma once
// Vectors of the bench's chunks and queries, embedded once and kept in files, so that a ranking is
// tried in seconds.

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/thread_pool.h"
#include "bench_data.h"
#include "embed/encoder.h"

namespace sonde::bench {

class VectorCache {
 public:
  /// @param model   a folder that `sonde model add` made, or the model's own
  /// @param folder  where vectors are kept, a file for each repository and form
  static Result<VectorCache> open(const std::string& model, std::filesystem::path folder);

  /// Embeds what is missing, gives each item its MeaningInput and empties `repository.fed`.
  Status fill(const HeaderForm& form, Repository& repository);

 private:
  Result<std::vector<index::VectorSet::Row>> embed(const std::vector<std::string>& texts,
                                                   const std::filesystem::path& kept);

  std::filesystem::path folder_;
  std::unique_ptr<ThreadPool> pool_;
  std::shared_ptr<embed::Encoder> encoder_;
};

}  // namespace sonde::bench
