#pragma once
// Looking up what the library knows of a place, without a search.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "io/file_system.h"
#include "library/library.h"
#include "store/store.h"

namespace sonde::library {

/// What a result is called: source, path, chunk and version of the file.
std::string result_id(const std::string& source, std::string_view path, std::uint32_t ordinal,
                      const ContentHash& file_hash);

/// See Library::result. Cost: a pass over the paths of one source.
Result<SearchHit> result_of(io::FileSystem& fs, store::Reader& reader, const std::string& id);

}  // namespace sonde::library
