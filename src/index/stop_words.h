#pragma once
// English words that say nothing of what is looked for.

#include <string_view>

namespace sonde::index {

/// True for the stem of a stop word. Threads: safe.
bool is_stop_word(std::string_view stem);

}  // namespace sonde::index
