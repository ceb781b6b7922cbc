// What the parts of a search share.
#pragma once

#include "nas/data_log.hpp"
#include "nas/run_directory.hpp"
#include "nas/search_state.hpp"
#include "nas/search_status.hpp"
#include "nas/system_trainer.hpp"
#include "nas/work_estimate.hpp"

namespace danas {

struct SearchContext {
  const Experiment& experiment;
  Backend& backend;
  const ImageStore& store;
  ResidentImages& resident;
  DataLog& data_log;
  RunDirectory& run;
  SearchState& state;
  SearchStatus& status;
  WorkEstimate& work;

  /// Whether search.hours are over.
  bool out_of_time() const {
    const auto& hours = experiment.search.hours;
    return hours && state.clock.elapsed() >= *hours * 3600;
  }
  int classes() const { return static_cast<int>(store.dataset().classes().size()); }
  SystemTrainer trainer_on(Backend& lane) const {
    return {experiment, store, lane, resident, status.interrupt(), state.counts};
  }
};

}  // namespace danas
