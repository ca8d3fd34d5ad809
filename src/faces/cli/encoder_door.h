#pragma once
// The encoder that a command works with, as the settings and options say.

#include <functional>
#include <memory>
#include <string>

#include "base/thread_pool.h"
#include "embed/model_store.h"
#include "embed/open_encoder.h"
#include "faces/cli/context.h"

namespace sonde::faces::cli {

/// Errors: InvalidArgument (there is no home folder).
Result<embed::ModelStore> model_store(const Context& context);

/// An encoder with the threads it computes on.
struct OpenedEncoder {
  std::unique_ptr<ThreadPool> pool;
  std::shared_ptr<embed::Encoder> encoder;  // before `pool` when this is destroyed
};

/// @param name  of a model of this machine; empty: the server that the user's settings name, else
///              the model in use
/// Errors: those of embed::open_encoder. InvalidArgument instead of Corruption: it is the model
/// that is damaged, no library.
Result<OpenedEncoder> open_chosen_encoder(const Context& context, const std::string& name);

/// What a library embeds with.
struct LibraryEncoder {
  std::shared_ptr<embed::Encoder> encoder = nullptr;
  std::string trouble = {};  // why there is none although one is set up
};

/// The server that the settings name, asked for its dimensions where the command needs meaning,
/// else the model in use, which is loaded when it is first needed. Nothing, when there is neither.
LibraryEncoder library_encoder(const Context& context, const library::Config& config);

/// The models of this machine by the keys that libraries know them by, each opened when its first
/// text comes and then kept; null where there is none. Threads: safe.
std::function<std::shared_ptr<embed::Encoder>(const std::string& model_key)> encoders_of_machine(
    const Context& context, const library::Config& config);

/// The same error, when it is Corruption as InvalidArgument.
Error of_a_model(Error error);

}  // namespace sonde::faces::cli
