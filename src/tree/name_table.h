#pragma once
// Small tables of names that are sorted at compile time and searched by halves.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace sonde::tree {

template <std::size_t N>
constexpr std::array<std::string_view, N> sorted(std::array<std::string_view, N> items) {
  std::sort(items.begin(), items.end());
  return items;
}

/// @param table  made by sorted()
template <std::size_t N>
bool has(const std::array<std::string_view, N>& table, std::string_view key) {
  return std::binary_search(table.begin(), table.end(), key);
}

template <std::size_t N>
bool ends_with_one_of(std::string_view name, const std::array<std::string_view, N>& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [name](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace sonde::tree
