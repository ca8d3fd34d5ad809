#include "library/graph_cycles.h"

#include <algorithm>
#include <unordered_map>

namespace sonde::library {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::size_t kSearchedEdges = 50'000'000;  // for one shortest cycle; then the best so far

/// Tarjan's algorithm with a stack of its own.
class Components {
 public:
  explicit Components(const Graph& graph)
      : graph_(graph),
        index_(graph.size(), kNone),
        low_(graph.size(), 0),
        stacked_(graph.size(), 0) {}

  std::vector<std::vector<std::uint32_t>> run() {
    for (std::uint32_t node = 0; node < graph_.size(); ++node) {
      if (index_[node] == kNone) {
        visit(node);
      }
    }
    std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
      return a.size() != b.size() ? a.size() > b.size() : a.front() < b.front();
    });
    return std::move(found_);
  }

 private:
  struct Call {
    std::uint32_t node = 0;
    std::size_t edge = 0;
  };

  void open(std::uint32_t node) {
    index_[node] = low_[node] = next_++;
    stack_.push_back(node);
    stacked_[node] = 1;
    calls_.push_back({node, 0});
  }

  void visit(std::uint32_t root) {
    open(root);
    while (!calls_.empty()) {
      Call& call = calls_.back();
      const std::uint32_t node = call.node;
      if (call.edge < graph_[node].size()) {
        const std::uint32_t to = graph_[node][call.edge++];
        if (index_[to] == kNone) {
          open(to);
        } else if (stacked_[to] != 0) {
          low_[node] = std::min(low_[node], index_[to]);
        }
        continue;
      }
      calls_.pop_back();
      if (!calls_.empty()) {
        low_[calls_.back().node] = std::min(low_[calls_.back().node], low_[node]);
      }
      if (low_[node] == index_[node]) {
        close(node);
      }
    }
  }

  void close(std::uint32_t root) {
    std::vector<std::uint32_t> component;
    std::uint32_t node = kNone;
    while (node != root) {
      node = stack_.back();
      stack_.pop_back();
      stacked_[node] = 0;
      component.push_back(node);
    }
    if (component.size() > 1) {
      std::sort(component.begin(), component.end());
      found_.push_back(std::move(component));
    }
  }

  const Graph& graph_;
  std::vector<std::uint32_t> index_, low_;
  std::vector<char> stacked_;
  std::vector<std::uint32_t> stack_;
  std::vector<Call> calls_;
  std::vector<std::vector<std::uint32_t>> found_;
  std::uint32_t next_ = 0;
};

}  // namespace

std::vector<std::vector<std::uint32_t>> strong_components(const Graph& graph) {
  return Components(graph).run();
}

Result<std::vector<std::uint32_t>> shortest_cycle(const Graph& graph,
                                                  const std::vector<std::uint32_t>& component,
                                                  const CancelToken& cancel) {
  std::vector<std::uint32_t> best;
  std::size_t searched = 0;
  for (const std::uint32_t start : component) {
    TRY(cancel.check());
    std::unordered_map<std::uint32_t, std::uint32_t> before;  // on the way from start
    std::vector<std::uint32_t> queue{start};
    std::uint32_t last = kNone;
    for (std::size_t i = 0; i < queue.size() && last == kNone; ++i) {
      for (const std::uint32_t to : graph[queue[i]]) {
        ++searched;
        if (to == start && queue[i] != start) {
          last = queue[i];
          break;
        }
        // Only through later nodes: a cycle is found from its least one.
        if (to > start && std::binary_search(component.begin(), component.end(), to) &&
            before.emplace(to, queue[i]).second) {
          queue.push_back(to);
        }
      }
    }
    if (last == kNone) {
      continue;
    }
    std::vector<std::uint32_t> cycle;
    for (std::uint32_t node = last; node != start; node = before.at(node)) {
      cycle.push_back(node);
    }
    cycle.push_back(start);
    std::reverse(cycle.begin(), cycle.end());
    if (best.empty() || cycle.size() < best.size()) {
      best = std::move(cycle);
    }
    if (best.size() == 2 || (searched > kSearchedEdges && !best.empty())) {
      break;
    }
  }
  return best;
}

}  // namespace sonde::library
