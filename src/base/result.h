#pragma once
// Errors are values. A function that can fail returns Result<T> (or Status); TRY and TRY_ASSIGN are
// statements that pass an error on to the caller.

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace sonde {

/// What went wrong, for programs. The message of an Error is for people.
enum class Code {
  NotFound,         // a thing that was named is not there
  InvalidArgument,  // the caller's input cannot be used
  Corruption,       // stored bytes do not check
  Io,               // the operating system refused or failed
  NoSpace,          // the disk or a quota is full
  Busy,             // somebody else holds it; try again later
  Cancelled,        // the caller asked to stop, or a deadline passed
  Unsupported,      // a version, format or feature that this build does not know
  Limit,            // larger than a named limit
  Internal,         // a bug of ours
};

/// The code's name in words, for messages and logs ("not found", "corruption", ...).
const char* code_name(Code code);

/// An error: its code and one or two sentences that say what, where and what to do next.
struct Error {
  Code code = Code::Internal;
  std::string message;

  /// The same error with "context: " before its message.
  [[nodiscard]] Error with_context(std::string_view context) const;
};

/// A value of type T or an Error. Move-only where T is.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { return checked(); }
  [[nodiscard]] T&& value() && { return std::move(checked()); }
  [[nodiscard]] const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] Error&& error() && {
    assert(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  T& checked() {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& {
    assert(!ok());
    return *error_;
  }
  [[nodiscard]] Error&& error() && {
    assert(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace sonde

#define SONDE_CONCAT_INNER(a, b) a##b
#define SONDE_CONCAT(a, b) SONDE_CONCAT_INNER(a, b)

/// Returns the error of `expression` (a Status or Result) to the caller, if it has one.
#define TRY(expression)                       \
  do {                                        \
    auto sonde_status = (expression);         \
    if (!sonde_status.ok()) {                 \
      return std::move(sonde_status).error(); \
    }                                         \
  } while (false)

/// `TRY_ASSIGN(auto x, f());` declares x from the Result of f() or returns its error.
#define TRY_ASSIGN(declaration, expression) \
  TRY_ASSIGN_IMPL(SONDE_CONCAT(sonde_result_, __LINE__), declaration, expression)
#define TRY_ASSIGN_IMPL(name, declaration, expression) \
  auto name = (expression);                            \
  if (!name.ok()) {                                    \
    return std::move(name).error();                    \
  }                                                    \
  declaration = std::move(name).value()
