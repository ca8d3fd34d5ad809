#pragma once
// What opening a model makes of its files, kept beside them: the tokenizer ready to use and the
// weights laid out for one instruction set or precision. Format: docs/formats/prepared.md.
//
//   const PreparedFile file(fs, folder, config, id.weights, arithmetic);
//   auto model = file.read();   // not there, damaged, of other files: load those, then
//   if (!model.ok()) { ...; file.write(loaded); }

#include <memory>
#include <string>

#include "base/hash.h"
#include "base/result.h"
#include "embed/bert.h"
#include "io/file_system.h"
#include "text/wordpiece.h"

namespace sonde::embed {

/// A model in memory.
struct LoadedModel {
  std::shared_ptr<const text::WordPiece> words;
  std::shared_ptr<const BertModel> model;
};

/// Holds nothing that the model's files do not: it may be removed at any time. Every byte of it is
/// checked before a float of it is used; nothing is mapped. Threads: safe.
class PreparedFile {
 public:
  /// @param weights_hash  ModelId::weights of the folder's files
  PreparedFile(io::FileSystem& fs, std::string folder, const BertConfig& config,
               std::string weights_hash, const Arithmetic& arithmetic)
      : fs_(fs),
        folder_(std::move(folder)),
        config_(config),
        weights_hash_(std::move(weights_hash)),
        arithmetic_(arithmetic) {}

  /// Errors, each of which means that the model's own files have to be loaded: NotFound;
  /// InvalidArgument (made of other files or by another version); Corruption; Io.
  /// Cost: 10 ms for 43 MB of weights.
  [[nodiscard]] Result<LoadedModel> read() const;
  /// In one step; what is there is replaced. Errors: Busy (another process writes it), NoSpace, Io.
  [[nodiscard]] Status write(const LoadedModel& loaded) const;

  /// One for each layout, so that machines that share a folder do not write over each other's.
  [[nodiscard]] std::string path() const;

 private:
  [[nodiscard]] ContentHash key() const;
  void sweep() const;

  io::FileSystem& fs_;
  const std::string folder_;
  const BertConfig config_;
  const std::string weights_hash_;
  const Arithmetic arithmetic_;
};

}  // namespace sonde::embed
