#include "nas/search_status.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/peak_memory.hpp"

namespace danas {

using Json = nlohmann::json;

SearchStatus::SearchStatus(RunDirectory& run, const SearchObserver& observer, const std::atomic<bool>* interrupt,
                           const Stopwatch& since_begin)
    : run_(run), observer_(observer), interrupt_(interrupt), since_entered_(since_begin) {
  for (const char* phase : {"data", "supernets", "candidates", "final"}) seconds_[phase] = 0;
  const auto file = run.files().progress();
  if (!std::filesystem::exists(file)) return;
  try {
    const Json state = Json::parse(read_file(file));
    for (auto& [phase, seconds] : seconds_) seconds = state.at("seconds").at(phase).get<double>();
    images_trained_ = state.at("images_trained").get<std::int64_t>();
    images_evaluated_ = state.at("images_evaluated").get<std::int64_t>();
    peak_memory_mib_ = state.value("peak_memory_mib", 0.0);
    caches_ = state.value("caches", caches_);
  } catch (const Json::exception& error) {
    throw Error(file.string(), std::string("expected the state of a search: ") + error.what());
  }
}

void SearchStatus::log(const std::string& line) {
  run_.log(line);
  if (observer_.log) observer_.log(line);
}

void SearchStatus::progress(const std::string& what, std::int64_t done, std::int64_t total) {
  if (!observer_.progress) return;
  const double unfinished = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0.0;
  observer_.progress(what, done, total, work_ == nullptr ? 0.0 : work_->share(elapsed(), unfinished));
}

void SearchStatus::preparing(const std::string& what, std::int64_t done, std::int64_t total) {
  if (observer_.progress) observer_.progress(what, done, total, work_ == nullptr ? 0.0 : work_->share(elapsed(), 0.0));
  stop_if_interrupted();
}

void SearchStatus::stop_if_interrupted() const {
  if (interrupted()) throw Error("search", "interrupted", Fault::interrupted);
}

void SearchStatus::enter(const std::string& phase) {
  seconds_[phase_] += since_entered_.lap();
  phase_ = phase;
}

double SearchStatus::elapsed() const {
  double sum = unaccounted_ + since_entered_.seconds();
  for (const auto& [phase, seconds] : seconds_) sum += seconds;
  return sum;
}

void SearchStatus::at_least(double elapsed_seconds) { unaccounted_ += std::max(0.0, elapsed_seconds - elapsed()); }

void SearchStatus::save() {
  enter(phase_);
  const Json state{{"seconds", seconds_},
                   {"images_trained", images_trained()},
                   {"images_evaluated", images_evaluated()},
                   {"peak_memory_mib", peak_memory_mib()},
                   {"caches", caches_}};
  write_file(run_.files().progress(), state.dump(2) + "\n");
}

std::map<std::string, double> SearchStatus::seconds() const {
  std::map<std::string, double> result = seconds_;
  result[phase_] += since_entered_.seconds();
  result["total"] = elapsed();
  return result;
}

std::int64_t SearchStatus::images_trained() const {
  return images_trained_ + (trainer_ == nullptr ? 0 : trainer_->images_trained());
}

std::int64_t SearchStatus::images_evaluated() const {
  return images_evaluated_ + (trainer_ == nullptr ? 0 : trainer_->images_evaluated());
}

double SearchStatus::peak_memory_mib() const { return std::max(peak_memory_mib_, danas::peak_memory_mib()); }

}  // namespace danas
