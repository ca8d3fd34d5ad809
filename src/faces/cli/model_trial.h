#pragma once
// `sonde model test`: does a model do what a model of meaning should?

#include "embed/encoder.h"
#include "faces/cli/context.h"
#include "faces/json/objects.h"

namespace sonde::faces::cli {

/// Embeds a few sentences: vectors must be finite and of unit length, the same for the same text
/// alone and among others, and texts that say the same in other words must be closer than texts
/// that do not. Errors: those of the encoder.
Result<json::ModelTrial> try_model(embed::Encoder& encoder, const Clock& clock,
                                   const CancelToken& cancel);

/// Prints how it went. @return kFailure when it did not pass.
Result<int> run_model_test(Context& context);

}  // namespace sonde::faces::cli
