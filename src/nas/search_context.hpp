// What the parts of a search share.
#pragma once

#include "nas/data_log.hpp"
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
  DataLog& data_log;
  SystemTrainer& trainer;
  RunDirectory& run;
  SearchStatus& status;
  WorkEstimate& work;

  /// Whether search.hours are over. The search leaves at least one system, however long its supernet takes.
  bool out_of_time() const {
    const auto& hours = experiment.search.hours;
    return hours && !run.candidates().empty() && status.elapsed() >= *hours * 3600;
  }
  int classes() const { return static_cast<int>(store.dataset().classes().size()); }
};

}  // namespace danas
