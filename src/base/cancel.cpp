#include "base/cancel.h"

#include <algorithm>

namespace sonde {

bool CancelToken::cancelled() const {
  if (flag_ && flag_->load(std::memory_order_relaxed)) {
    return true;
  }
  if (either_ && (either_->first.cancelled() || either_->second.cancelled())) {
    return true;
  }
  return deadline_ && std::chrono::steady_clock::now() >= *deadline_;
}

Status CancelToken::check() const {
  if (cancelled()) {
    return Error{Code::Cancelled, "stopped before it was done"};
  }
  return {};
}

CancelToken CancelToken::with_deadline(std::chrono::steady_clock::time_point deadline) const {
  CancelToken token = *this;
  token.deadline_ = deadline_ ? std::min(*deadline_, deadline) : deadline;
  return token;
}

CancelToken CancelToken::or_when(const CancelToken& other) const {
  CancelToken token;
  token.either_ = std::make_shared<const std::pair<CancelToken, CancelToken>>(*this, other);
  return token;
}

CancelToken CancelSource::token() const {
  CancelToken token;
  token.flag_ = flag_;
  return token;
}

}  // namespace sonde
