// A stand-in of cuDNN that tests build under its name and that danas loads as it loads the true one: convolutions by plain
// loops over emulated memory, in emulated streams. It refuses what danas must not ask of cuDNN: another algorithm, layout,
// alignment, too little scratch memory.
#pragma once

#include <cstddef>

struct CudnnStub {
  std::size_t version = 91900;  ///< $CUDNN_STUB_VERSION at the start
  int start = 0;                ///< what cudnnCreate() says; $CUDNN_STUB_START at the start
  bool refuses = false;         ///< when asked for its scratch memory
  bool refuses_late = false;    ///< when told to work
  bool fails = false;
  std::size_t bytes = 1000;  ///< of scratch memory
  int wrong = 0;             ///< calls with what danas must not ask
  // Calls of each pass, and those of them that were a description's first and became part of a graph.
  int forward = 0, input = 0, filter = 0, first_within_graph = 0;

  int calls() const { return forward + input + filter; }
};

extern "C" CudnnStub* cudnn_stub();
