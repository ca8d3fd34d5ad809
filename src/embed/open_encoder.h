#pragma once
// The encoder that the settings ask for: a model of this machine, or a server.

#include <memory>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/thread_pool.h"
#include "embed/encoder.h"
#include "embed/precision.h"
#include "embed/remote_encoder.h"
#include "io/file_system.h"

namespace sonde::embed {

struct EncoderChoice {
  std::string models_folder = {};            // of the ModelStore
  std::string model = {};                    // its name; empty: the one in use
  std::optional<RemoteOptions> server = {};  // when there is one, no model of ours is looked for
  Precision precision = Precision::F32;      // of a model of this machine
};

/// `pool` outlives the encoder. Cost: about 12 ms for a small model, 0.2 s the first
/// time.
/// Errors: NotFound (no model; says how to get one), those of LocalEncoder and RemoteEncoder;
/// Corruption, when the model's bytes are no longer those that were installed.
Result<std::shared_ptr<Encoder>> open_encoder(io::FileSystem& fs, const EncoderChoice& choice,
                                              ThreadPool& pool, const CancelToken& cancel);

}  // namespace sonde::embed
