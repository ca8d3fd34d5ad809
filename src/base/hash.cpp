#include "base/hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sonde {

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string ContentHash::hex() const { return to_hex(view()); }

Result<ContentHash> ContentHash::from_bytes(std::string_view raw) {
  ContentHash hash;
  if (raw.size() != hash.bytes.size()) {
    return Error{Code::InvalidArgument,
                 "a content hash has 16 bytes, not " + std::to_string(raw.size())};
  }
  std::copy(raw.begin(), raw.end(), reinterpret_cast<char*>(hash.bytes.data()));
  return hash;
}

ContentHash content_hash(std::string_view content) {
  // Fetched once and kept for the life of the process: a fetch for every call costs more than the
  // hash of a short text.
  static const EVP_MD* const sha256 = EVP_sha256();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(content.data(), content.size(), digest.data(), &length, sha256, nullptr);
  ContentHash hash;
  std::memcpy(hash.bytes.data(), digest.data(), hash.bytes.size());
  return hash;
}

std::uint64_t checksum64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* made) const { EVP_MD_CTX_free(made); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr);
}
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_DigestFinal_ex(state_->context.get(), digest.data(), &length);
  return to_hex({reinterpret_cast<const char*>(digest.data()), length});
}

struct Checksum64::State {
  XXH3_state_t xxh3;
};

Checksum64::Checksum64() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->xxh3); }
Checksum64::~Checksum64() = default;

void Checksum64::update(std::string_view bytes) {
  XXH3_64bits_update(&state_->xxh3, bytes.data(), bytes.size());
}

std::uint64_t Checksum64::digest() const { return XXH3_64bits_digest(&state_->xxh3); }

}  // namespace sonde

std::size_t std::hash<sonde::ContentHash>::operator()(
    const sonde::ContentHash& value) const noexcept {
  std::size_t result = 0;
  std::memcpy(&result, value.bytes.data(), sizeof result);
  return result;
}
