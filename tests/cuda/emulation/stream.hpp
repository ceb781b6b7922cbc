// Emulated streams, events and graphs, for the runtime and for the stand-in of cuDNN (tests/cuda/cudnn_stub): what a
// stream is told is done in order, and as late as may be.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

using Work = std::vector<std::function<void()>>;

struct CUgraph_st {
  Work work;
};
struct CUgraphExec_st {
  Work work;
};

struct Queue {
  std::deque<std::function<void()>> waiting;
  std::size_t begun = 0;  ///< of all that was ever told

  std::size_t told() const { return begun + waiting.size(); }
  void finish_to(std::size_t place) {
    while (begun < place && !waiting.empty()) {
      const auto work = std::move(waiting.front());
      waiting.pop_front();
      ++begun;
      work();
    }
  }
};

struct CUstream_st {
  std::shared_ptr<Queue> queue = std::make_shared<Queue>();
  CUgraph_st* capturing = nullptr;

  void enqueue(std::function<void()> work) {
    if (capturing != nullptr) capturing->work.push_back(std::move(work));
    else queue->waiting.push_back(std::move(work));
  }
  bool idle() const { return capturing == nullptr && queue->waiting.empty(); }
  void finish() { queue->finish_to(queue->told()); }
};

struct CUevent_st {
  std::shared_ptr<Queue> queue;  ///< none: never recorded
  std::size_t place = 0;

  bool reached() const { return !queue || queue->begun >= place; }
  void finish() const {
    if (queue) queue->finish_to(place);
  }
};
