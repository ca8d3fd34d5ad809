#pragma once
// A set of strings with ids in a few flat arrays, for the longest match at the start of a text.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/result.h"

namespace sonde::text {

/// Immutable after construction; threads: safe. Memory: about 9 bytes a node, at most one node for
/// each byte of the tokens.
class TokenTrie {
 public:
  struct Match {
    std::size_t length = 0;  // 0: none
    std::uint32_t id = 0;
  };

  /// Where a search begins: the children of one node by their byte (0: none).
  using Start = std::array<std::uint32_t, 256>;

  TokenTrie() : TokenTrie(std::vector<std::pair<std::string, std::uint32_t>>{}) {}
  /// @param tokens  each once, none empty, in any order; at most 2^30 bytes in all
  explicit TokenTrie(std::vector<std::pair<std::string, std::uint32_t>> tokens);

  /// Writes what load() reads; the same tokens give the same bytes.
  void save(ByteWriter& to) const;
  /// Whatever the bytes are, no search in what is returned leaves it or fails to end.
  /// @param id_limit  every id is below it
  /// Errors: Corruption.
  static Result<TokenTrie> load(ByteReader& from, std::uint32_t id_limit);

  /// The start for whole tokens ("") or for what follows `prefix` in tokens that begin with it.
  [[nodiscard]] Start start(std::string_view prefix) const;
  /// The longest token, less the prefix of `start`, that `text` begins with.
  [[nodiscard]] Match longest(const Start& start, std::string_view text) const;
  /// The id of exactly this token.
  [[nodiscard]] bool find(std::string_view token, std::uint32_t& id) const;

 private:
  static constexpr std::uint32_t kNoId = 0xFFFFFFFF;
  // Numbered breadth first: the children of node n are nodes_[n].children up to
  // nodes_[n + 1].children, so a child's number is that plus its place among its siblings.
  struct Node {
    std::uint32_t children = 0;
    std::uint32_t id = kNoId;
  };

  [[nodiscard]] std::uint32_t child(std::uint32_t node, unsigned char byte) const {
    const std::uint32_t end = nodes_[node + 1].children;
    for (std::uint32_t i = nodes_[node].children; i < end; ++i) {
      if (labels_[i] == byte) {
        return i;
      }
    }
    return 0;
  }
  [[nodiscard]] std::uint32_t walk(std::string_view path) const;
  [[nodiscard]] bool is_sound(std::uint32_t id_limit) const;

  std::vector<Node> nodes_;
  std::vector<unsigned char> labels_;  // the byte that leads to a node
};

}  // namespace sonde::text
