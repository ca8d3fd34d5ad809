#pragma once
// See leaks.cpp.

namespace sonde::text {

/// Does nothing; calling it links the suppressions of leaks in foreign scanners.
void keep_leak_suppressions();

}  // namespace sonde::text
