// What the log says of the images: what there is, and each cache, each set on a GPU and each unusable file once, when it is
// first known.
#pragma once

#include <set>
#include <string>

#include "data/image_store.hpp"
#include "data/resident_images.hpp"
#include "nas/search_state.hpp"
#include "nas/search_status.hpp"

namespace danas {

class DataLog {
 public:
  DataLog(SearchStatus& status, SearchState& state, const ImageStore& store, ResidentImages& resident)
      : status_(status), state_(state), store_(store), resident_(resident) {}

  void begin();   ///< images, classes, notes
  void update();  ///< what came since the last call

 private:
  SearchStatus& status_;
  SearchState& state_;
  const ImageStore& store_;
  ResidentImages& resident_;
  std::size_t told_caches_ = 0, told_resident_ = 0;
  std::set<std::string> told_problems_;
  std::int64_t told_remarked_ = 0;
};

}  // namespace danas
