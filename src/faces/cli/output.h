#pragma once
// How a command answers: the JSON object, or what people read.

#include <string>

#include "faces/cli/context.h"
#include "faces/json/objects.h"

namespace sonde::faces::cli {

/// Prints the object: indented on a terminal, one line on a pipe.
void print_json(const Context& context, const json::Document& object);

enum class Unchanged { Show, Leave };
/// "3 new, 1 gone, 200 unchanged"; "nothing to do" when it is nothing.
std::string changes_of(const library::IndexReport& report, Unchanged unchanged);

}  // namespace sonde::faces::cli
