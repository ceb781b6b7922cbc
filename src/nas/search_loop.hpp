// The loop: proposals, their evaluation, their rows; then final training and test of the front.
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include "nas/distinct_networks.hpp"
#include "nas/evaluator.hpp"
#include "nas/supernets.hpp"

namespace danas {

/// Each system costs the same bookkeeping, however many are on record.
class SearchLoop {
 public:
  /// `supernets` tell what is trained; `evaluator` does the work.
  SearchLoop(SearchContext& context, const Supernets& supernets, Evaluator& evaluator)
      : context_(context), supernets_(supernets), evaluator_(evaluator),
        networks_(context.experiment.space, context.experiment.switches), front_(context.experiment.search.objectives) {
  }

  std::string run();  ///< returns the text of summary.json

 private:
  void replay(Strategy& strategy);
  void forget_unfinished();
  void explore(Strategy& strategy);
  std::int64_t systems_left() const;  ///< to be evaluated, if time allows
  void evaluate(const std::vector<Proposal>& proposals, Strategy& strategy);
  const Switches& switches() const { return context_.experiment.switches; }
  bool evaluates_once() const;
  bool on_record(const System& system) const;
  Candidate twin(const Proposal& proposal) const;
  void record(const Proposal& proposal, Candidate candidate, Strategy& strategy);
  bool note(const Candidate& candidate, std::size_t row);
  void tell(const Candidate& candidate, bool on_front);
  std::int64_t images() const;
  std::string finish();
  void open_first_images();
  std::vector<Candidate> final_front();
  std::vector<FrontRow> test(const std::vector<Candidate>& front);
  void tell_result(const std::vector<FrontRow>& front);

  SearchContext& context_;
  const Supernets& supernets_;
  Evaluator& evaluator_;
  DistinctNetworks networks_;
  std::unordered_map<std::int64_t, std::size_t> evaluated_;  ///< row of a network's first system, by the network
  std::int64_t trained_ = 0;                                 ///< rows whose system was trained for them
  ParetoFront front_;                                        ///< of the rows on record, by id
};

}  // namespace danas
