#pragma once
// Cycles of a directed graph.

#include <cstdint>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"

namespace sonde::library {

/// [nodes] where each node leads.
using Graph = std::vector<std::vector<std::uint32_t>>;

/// Components of two and more nodes that all reach each other (R. Tarjan, 1972), the largest first,
/// then by their least node; nodes ascend. Edges of a node to itself are left out. Cost: linear.
std::vector<std::vector<std::uint32_t>> strong_components(const Graph& graph);

/// A shortest cycle in a component: nodes in order, each leads to the next, the last to the first.
/// It begins with its least node; of several the one with the least beginning.
/// Cost: of a search from each node, until one of two nodes is found.
/// Errors: Cancelled.
Result<std::vector<std::uint32_t>> shortest_cycle(const Graph& graph,
                                                  const std::vector<std::uint32_t>& component,
                                                  const CancelToken& cancel);

}  // namespace sonde::library
