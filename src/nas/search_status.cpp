#include "nas/search_status.hpp"

#include "base/error.hpp"

namespace danas {

void SearchStatus::log(const std::string& line) {
  run_.log(line);
  if (observer_.log) observer_.log(line);
}

void SearchStatus::progress(const std::string& what, std::int64_t done, std::int64_t total, double unfinished) {
  if (observer_.progress) observer_.progress(what, done, total, work_.share(clock_.elapsed(), unfinished));
}

void SearchStatus::preparing(const std::string& what, std::int64_t done, std::int64_t total) {
  progress(what, done, total, 0);
  stop_if_interrupted();
}

void SearchStatus::stop_if_interrupted() const {
  if (interrupted()) throw Error("search", "interrupted", Fault::interrupted);
}

}  // namespace danas
