// Under a sanitizer only: a leak that is known and not ours.
#include "text/syntax/leaks.h"

#if defined(__SANITIZE_ADDRESS__)
#define SONDE_CHECKS_LEAKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SONDE_CHECKS_LEAKS 1
#endif
#endif

#ifdef SONDE_CHECKS_LEAKS
/// tree-sitter-sql 0.3.11 forgets the tag of a dollar-quoted string whenever its state is read
/// back: some bytes a file, in a process that is replaced after some thousand files.
extern "C" const char*
__lsan_default_suppressions() {  // NOLINT: the name that the runtime asks for
  return "leak:tree-sitter-sql";
}
#endif

namespace sonde::text {

void keep_leak_suppressions() {}

}  // namespace sonde::text
