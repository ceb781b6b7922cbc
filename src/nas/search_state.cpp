#include "nas/search_state.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/peak_memory.hpp"

namespace danas {

using Json = nlohmann::json;

namespace {

constexpr double seconds_between_saves = 2;

}  // namespace

SearchState::SearchState(RunDirectory& run, const Stopwatch& since_begin) : clock(since_begin), run_(run) {
  const auto file = run.files().progress();
  if (!std::filesystem::exists(file)) return;
  try {
    const Json state = Json::parse(read_file(file));
    clock.restore(state.at("seconds").get<std::map<std::string, double>>());
    counts.trained = state.at("images_trained").get<std::int64_t>();
    counts.evaluated = state.at("images_evaluated").get<std::int64_t>();
    earlier_peak_mib_ = state.value("peak_memory_mib", 0.0);
    caches = state.value("caches", caches);
  } catch (const Json::exception& error) {
    throw Error(file.string(), std::string("expected the state of a search: ") + error.what());
  }
}

double SearchState::peak_memory_mib() const { return std::max(earlier_peak_mib_, danas::peak_memory_mib()); }

void SearchState::save() {
  run_.flush();
  const Json state{{"seconds", clock.by_phase()},
                   {"images_trained", counts.trained.load()},
                   {"images_evaluated", counts.evaluated.load()},
                   {"peak_memory_mib", peak_memory_mib()},
                   {"caches", caches}};
  write_file(run_.files().progress(), state.dump(2) + "\n");
  since_saved_.lap();
}

void SearchState::save_now_and_then() {
  if (since_saved_.seconds() >= seconds_between_saves) save();
}

}  // namespace danas
