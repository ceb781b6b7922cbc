// What the log says of the images: what there is, and each cache and unusable file once, when it is first known.
#pragma once

#include "data/image_store.hpp"
#include "nas/search_state.hpp"
#include "nas/search_status.hpp"

namespace danas {

class DataLog {
 public:
  DataLog(SearchStatus& status, SearchState& state, const ImageStore& store)
      : status_(status), state_(state), store_(store) {}

  void begin();   ///< images, classes, notes
  void update();  ///< caches and unusable files that came since the last call

 private:
  SearchStatus& status_;
  SearchState& state_;
  const ImageStore& store_;
  std::size_t told_caches_ = 0, told_problems_ = 0;
  std::int64_t told_remarked_ = 0;
};

}  // namespace danas
