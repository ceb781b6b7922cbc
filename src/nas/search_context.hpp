// What the parts of a search share.
#pragma once

#include "nas/run_directory.hpp"
#include "nas/search_status.hpp"
#include "nas/system_trainer.hpp"
#include "nas/work_estimate.hpp"

namespace danas {

struct SearchContext {
  const Experiment& experiment;
  const SearchOptions& options;
  Backend& backend;
  const ImageStore& store;
  SystemTrainer& trainer;
  RunDirectory& run;
  SearchStatus& status;
  WorkEstimate& work;

  int classes() const { return static_cast<int>(store.dataset().classes().size()); }
};

}  // namespace danas
