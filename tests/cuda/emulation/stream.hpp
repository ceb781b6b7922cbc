// Emulated streams and graphs, for the runtime and for the stand-in of cuDNN (tests/cuda/cudnn_stub).
#pragma once

#include <functional>
#include <utility>
#include <vector>

using Work = std::vector<std::function<void()>>;

struct CUgraph_st {
  Work work;
};
struct CUgraphExec_st {
  Work work;
};
struct CUstream_st {
  Work waiting;
  CUgraph_st* capturing = nullptr;

  void enqueue(std::function<void()> work) {
    (capturing != nullptr ? capturing->work : waiting).push_back(std::move(work));
  }
  void finish() {
    for (const auto& each : std::exchange(waiting, {})) each();
  }
};
