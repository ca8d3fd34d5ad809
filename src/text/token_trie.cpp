#include "text/token_trie.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sonde::text {
namespace {

constexpr std::uint32_t kNowhere = 0xFFFFFFFF;
constexpr std::size_t kMaxNodes = std::size_t{1} << 26;

}  // namespace

TokenTrie::TokenTrie(std::vector<std::pair<std::string, std::uint32_t>> tokens) {
  if (!std::is_sorted(tokens.begin(), tokens.end())) {
    std::sort(tokens.begin(), tokens.end());
  }
  struct Range {  // the tokens that share the path to a node
    std::size_t begin, end, depth;
  };
  std::vector<Range> ranges = {{0, tokens.size(), 0}};
  nodes_.clear();
  labels_ = {0};
  for (std::size_t node = 0; node < ranges.size(); ++node) {  // ranges grows: one for each node
    auto [begin, end, depth] = ranges[node];
    std::uint32_t id = kNoId;
    if (begin < end && tokens[begin].first.size() == depth) {
      id = tokens[begin++].second;
    }
    nodes_.push_back({static_cast<std::uint32_t>(ranges.size()), id});
    while (begin < end) {
      const char label = tokens[begin].first[depth];
      std::size_t next = begin + 1;
      while (next < end && tokens[next].first[depth] == label) {
        ++next;
      }
      ranges.push_back({begin, next, depth + 1});
      labels_.push_back(static_cast<unsigned char>(label));
      begin = next;
    }
  }
  nodes_.push_back({static_cast<std::uint32_t>(ranges.size()), kNoId});
}

void TokenTrie::save(ByteWriter& to) const {
  to.u32(static_cast<std::uint32_t>(labels_.size()));
  for (const Node& node : nodes_) {
    to.u32(node.children);
    to.u32(node.id);
  }
  to.raw({reinterpret_cast<const char*>(labels_.data()), labels_.size()});
}

Result<TokenTrie> TokenTrie::load(ByteReader& from, std::uint32_t id_limit) {
  constexpr std::size_t kNodeBytes = 8;
  TRY_ASSIGN(const std::uint32_t size, from.u32());
  if (size == 0 || size > kMaxNodes) {
    return Error{Code::Corruption, "a trie of " + std::to_string(size) + " nodes"};
  }
  TRY_ASSIGN(const std::string_view nodes, from.raw((std::size_t{size} + 1) * kNodeBytes));
  TRY_ASSIGN(const std::string_view labels, from.raw(size));
  TokenTrie trie;
  static_assert(sizeof(Node) == kNodeBytes && std::endian::native == std::endian::little);
  trie.nodes_.resize(std::size_t{size} + 1);
  std::memcpy(trie.nodes_.data(), nodes.data(), nodes.size());
  trie.labels_.assign(labels.begin(), labels.end());
  if (!trie.is_sound(id_limit)) {
    return Error{Code::Corruption, "a trie whose nodes do not fit together"};
  }
  return trie;
}

/// Children lie behind their node and within, so that every walk goes up and ends.
bool TokenTrie::is_sound(std::uint32_t id_limit) const {
  const auto size = static_cast<std::uint32_t>(labels_.size());
  for (std::uint32_t i = 0; i < size; ++i) {
    const Node& node = nodes_[i];
    if (node.children <= i || node.children > nodes_[i + 1].children ||
        (node.id != kNoId && node.id >= id_limit)) {
      return false;
    }
  }
  return nodes_[size].children == size;
}

std::uint32_t TokenTrie::walk(std::string_view path) const {
  std::uint32_t node = 0;
  for (const char byte : path) {
    node = child(node, static_cast<unsigned char>(byte));
    if (node == 0) {
      return kNowhere;
    }
  }
  return node;
}

TokenTrie::Start TokenTrie::start(std::string_view prefix) const {
  Start start{};
  const std::uint32_t node = walk(prefix);
  if (node != kNowhere) {
    for (std::uint32_t i = nodes_[node].children; i < nodes_[node + 1].children; ++i) {
      start[labels_[i]] = i;
    }
  }
  return start;
}

TokenTrie::Match TokenTrie::longest(const Start& start, std::string_view text) const {
  Match match;
  if (text.empty()) {
    return match;
  }
  std::uint32_t node = start[static_cast<unsigned char>(text[0])];
  for (std::size_t length = 1; node != 0; ++length) {
    if (nodes_[node].id != kNoId) {
      match = {length, nodes_[node].id};
    }
    if (length == text.size()) {
      break;
    }
    node = child(node, static_cast<unsigned char>(text[length]));
  }
  return match;
}

bool TokenTrie::find(std::string_view token, std::uint32_t& id) const {
  const std::uint32_t node = walk(token);
  if (node == kNowhere || nodes_[node].id == kNoId) {
    return false;
  }
  id = nodes_[node].id;
  return true;
}

}  // namespace sonde::text
