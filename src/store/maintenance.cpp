#include "store/open_store.h"

namespace sonde::store {
Result<bool> OpenStore::purge(std::span<const std::string>, int) {
  return Error{Code::Unsupported, "purge is not built yet"};
}
Result<SalvageReport> Store::salvage(const StoreOptions&) {
  return Error{Code::Unsupported, "salvage is not built yet"};
}
}  // namespace sonde::store
