#pragma once
// Meaning in a library: which model answers, embedding what has no vector yet, keeping the derived
// files of vectors in step.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "embed/encoder.h"
#include "library/library.h"
#include "library/segments.h"
#include "library/siblings.h"
#include "store/store.h"

namespace sonde::library {

Result<std::optional<store::ModelRow>> find_model(store::Reader& reader, std::string_view key);
/// The model whose vectors answer; nothing when there is none yet.
Result<std::optional<store::ModelRow>> current_model(store::Reader& reader);

/// Live chunks without a vector of the current model; 0 when there is none.
/// @param expected  true: a model is configured, so that without a current one all are pending
Result<std::uint64_t> pending_chunks(store::Reader& reader, Segments& segments, bool expected);

/// Says in the report why there is no meaning for everything.
void note_embed_trouble(const std::string& why, IndexReport& report);

/// What is embedded between two commits at most: what an interruption loses.
inline constexpr std::size_t kEmbedBatch = 256;

/// Embeds every live chunk that has no vector of the encoder's model and that no sibling has
/// either, in the order of paths, in transactions of bounded size: what is interrupted loses at
/// most one. The first model of a library answers at once; another one is built beside it and takes
/// its place in one commit when it is complete. The caller holds the lease; no transaction is open.
/// @param batch_chunks  1 to kEmbedBatch; small ones are interrupted sooner
/// Errors: Cancelled (what was committed stays), those of the store. Trouble of the encoder is a
/// note in the report: words are searched without it.
Status embed_pending(store::Store& store, Segments& segments, ThreadPool& pool,
                     embed::Encoder& encoder, const Siblings& siblings, std::size_t batch_chunks,
                     IndexReport& report, Progress state, const ProgressSink& progress,
                     const CancelToken& cancel);

enum class Unneeded { KeepSome, RemoveAll };
/// Removes vectors that no live chunk needs (KeepSome: only when they are many, so that switching a
/// branch and back embeds nothing) and keeps the files of vectors few. As above.
Status tidy_vectors(store::Store& store, Segments& segments, Unneeded unneeded, ThreadPool& pool);

/// Sets the files of vectors aside and writes them again from the truth. As above.
Status rebuild_vectors(store::Store& store, Segments& segments, ThreadPool& pool);

}  // namespace sonde::library
