// Cycles of graphs, compared with what a plain search finds.

#include "library/graph_cycles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sonde::library {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::uint32_t> shortest(const Graph& graph, const std::vector<std::uint32_t>& nodes) {
  auto cycle = shortest_cycle(graph, nodes, {});
  EXPECT_TRUE(cycle.ok());
  return cycle.ok() ? *cycle : std::vector<std::uint32_t>{};
}

TEST(Cycles, are_components_with_the_largest_first) {
  const Graph graph = {{1}, {2}, {0, 3}, {4}, {5}, {4}, {6}};
  EXPECT_THAT(strong_components(graph), ElementsAre(ElementsAre(0, 1, 2), ElementsAre(4, 5)));
  EXPECT_THAT(strong_components({{1}, {2}, {}}), IsEmpty());
}

TEST(Cycles, are_shown_by_a_shortest_way_round) {
  const Graph graph = {{1}, {2}, {3}, {0, 1}};  // 0 1 2 3 and 1 2 3
  EXPECT_THAT(shortest(graph, {0, 1, 2, 3}), ElementsAre(1, 2, 3));
}

/// True when `to` can be reached from `from` by at least one edge.
bool reaches(const Graph& graph, std::uint32_t from, std::uint32_t to) {
  std::vector<char> seen(graph.size(), 0);
  std::vector<std::uint32_t> todo = graph[from];
  while (!todo.empty()) {
    const std::uint32_t node = todo.back();
    todo.pop_back();
    if (node == to) {
      return true;
    }
    if (seen[node] == 0) {
      seen[node] = 1;
      todo.insert(todo.end(), graph[node].begin(), graph[node].end());
    }
  }
  return false;
}

TEST(Cycles, of_random_graphs_are_what_reaching_says) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const auto nodes = static_cast<std::uint32_t>(2 + random() % 12);
    Graph graph(nodes);
    for (std::uint32_t i = 0; i < nodes + random() % nodes; ++i) {
      std::vector<std::uint32_t>& to = graph[random() % nodes];
      const auto node = static_cast<std::uint32_t>(random() % nodes);
      if (std::find(to.begin(), to.end(), node) == to.end()) {
        to.push_back(node);
      }
    }
    std::vector<int> component(nodes, -1);
    int number = 0;
    for (const auto& each : strong_components(graph)) {
      for (const std::uint32_t node : each) {
        component[node] = number;
      }
      ++number;
      const std::vector<std::uint32_t> cycle = shortest(graph, each);
      ASSERT_GE(cycle.size(), 2U);
      for (std::size_t i = 0; i < cycle.size(); ++i) {
        const auto& to = graph[cycle[i]];
        EXPECT_NE(std::find(to.begin(), to.end(), cycle[(i + 1) % cycle.size()]), to.end());
      }
    }
    for (std::uint32_t a = 0; a < nodes; ++a) {
      for (std::uint32_t b = a + 1; b < nodes; ++b) {
        const bool both = reaches(graph, a, b) && reaches(graph, b, a);
        EXPECT_EQ(both, component[a] != -1 && component[a] == component[b]);
      }
    }
  }
}

}  // namespace
}  // namespace sonde::library
