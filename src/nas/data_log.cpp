#include "nas/data_log.hpp"

#include <fmt/core.h>

#include "base/joined.hpp"

namespace danas {

void DataLog::begin() {
  const Dataset& dataset = store_.dataset();
  status_.log(fmt::format("data: {} training, {} validation, {} test {}; classes {}", store_.size(Split::train),
                          store_.size(Split::validation), store_.size(Split::test), store_.items(),
                          joined(dataset.classes())));
  for (const std::string& note : dataset.notes()) status_.log("note: " + note);
  update();
}

void DataLog::update() {
  const std::vector<ImageStore::Cache> caches = store_.caches();
  const bool more_caches = told_caches_ < caches.size();
  for (; told_caches_ < caches.size(); ++told_caches_) {
    state_.caches[caches[told_caches_].name] = caches[told_caches_].text();
    status_.log("cache " + caches[told_caches_].text());
  }
  if (more_caches) state_.save();  // before anything that was made from it is on record
  const std::vector<std::string> resident = resident_.sets();
  for (; told_resident_ < resident.size(); ++told_resident_)
    status_.log("on the GPU stays " + resident[told_resident_]);
  const std::vector<Problem> problems = store_.problems();
  const std::size_t told = told_problems_.size();
  for (const Problem& problem : problems) {  // newly met ones stand anywhere among the others
    const std::string text = fmt::format("  {}: {}", problem.file.string(), problem.reason);
    if (!told_problems_.insert(text).second) continue;
    if (told_problems_.size() == told + 1) status_.log(fmt::format("{} unusable files:", problems.size()));
    status_.log(text);
  }
  const std::int64_t remarked = store_.remarked();
  if (remarked > told_remarked_) status_.log(fmt::format("note: {} files have faults but were read whole", remarked));
  told_remarked_ = remarked;
}

}  // namespace danas
