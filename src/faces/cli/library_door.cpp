#include "faces/cli/context.h"

namespace sonde::faces::cli {

LibraryDoor real_library_door() {
  return {&library::Library::create, &library::Library::open, &library::Library::doctor,
          &library::Library::reset};
}

}  // namespace sonde::faces::cli
