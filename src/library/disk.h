#pragma once
// On which disk a library is: the operating system's, or one that a test made.

#include "io/file_system.h"
#include "library/library.h"
#include "store/store.h"

namespace sonde::library {

inline io::FileSystem& file_system(const LibraryOptions& options) {
  return options.fs != nullptr ? *options.fs : io::real_file_system();
}

inline store::StoreOptions store_options(const LibraryOptions& options, store::Access access) {
  store::StoreOptions store;
  store.directory = options.location.directory;
  store.access = access;
  store.fs = options.fs;
  store.vfs = options.vfs;
  return store;
}

}  // namespace sonde::library
