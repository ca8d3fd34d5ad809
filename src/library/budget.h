#pragma once
// Keeping an answer within a number of tokens.

#include <cstdint>
#include <memory>

#include "embed/encoder.h"
#include "library/library.h"

namespace sonde::library {

/// Keeps the results that fit into `budget` tokens, in order: each costs a line with its place and
/// symbol, and its text (its context, when there is one). Of the first as many whole lines stay as
/// fit. Sets the answer's tokens, tokens_by and left_out_by_budget.
/// @param encoder  whose tokenizer counts, without those it puts around a text; null, or one that
///                 cannot tell: four bytes are a token
void keep_within_budget(std::uint64_t budget, const embed::Encoder* encoder, SearchAnswer& answer);

}  // namespace sonde::library
