#include "store/open_store.h"
namespace sonde::store {
Result<SalvageReport> Store::salvage(const StoreOptions&) {
  return Error{Code::Unsupported, "salvage is not built yet"};
}
}  // namespace sonde::store
