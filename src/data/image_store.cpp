#include "data/image_store.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/units.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

// The first `limit` places of a seeded shuffle; all of them, in order, where there are no more.
std::vector<std::uint32_t> choose(std::size_t size, std::int64_t limit, std::uint64_t seed) {
  if (limit <= 0 || static_cast<std::size_t>(limit) >= size) return {};
  std::vector<std::uint32_t> places(size);
  std::iota(places.begin(), places.end(), 0u);
  Random(seed, "recalibration").shuffle(places);
  places.resize(static_cast<std::size_t>(limit));
  return places;
}

}  // namespace

struct ImageStore::State {
  std::shared_ptr<const Dataset> dataset;
  DataSettings settings;
  ImageUse use;
  Progress progress;
  std::map<std::string, ImageSet> sets;  // by name
  std::vector<const ImageSet*> opened;   // in the order of their making

  void check_kind(const DataConfiguration& data) const {
    if ((data.sound() != nullptr) != holds_sounds(settings.kind))
      throw expected("data", std::string("a data configuration of ") + items_of(settings.kind), data.text());
  }

  // Sounds are seen alike by all: training and evaluation share their sets.
  ImageList training(const DataConfiguration& data) const {
    check_kind(data);
    if (data.sound() != nullptr) return evaluation(Split::train, data);
    Preparation preparation = Preparation::training(data, settings.crop_min_area);
    preparation.bilinear = use.bilinear_training;
    return {"train-" + preparation.label(), Split::train, {}, preparation};
  }

  static ImageList evaluation(Split split, const Preparation& preparation) {
    // Apart from a training level's name.
    const char* const name = split == Split::train ? "whole-train" : split_name(split);
    return {fmt::format("{}-{}", name, preparation.label()), split, {}, preparation};
  }
  ImageList evaluation(Split split, const DataConfiguration& data) const {
    check_kind(data);
    return evaluation(split, Preparation::evaluation(data));
  }

  ImageList recalibration(const DataConfiguration& data) const {
    ImageList list = evaluation(Split::train, data);
    list.chosen = choose(dataset->samples(Split::train).size(), use.recalibration_images, use.recalibration_seed);
    if (data.sound() == nullptr || !list.chosen.empty()) list.name = "recalibration-" + list.preparation.label();
    return list;
  }

  CachePlan plan(const ImageList& list) const {
    const bool training = list.preparation.kind == Preparation::Kind::training;
    return plan_cache(settings, *dataset, list.split, list.size(*dataset), list.preparation,
                      training ? std::optional(use.training_draws) : std::nullopt);
  }

  const ImageSet& get(const ImageList& list) {
    const auto known = sets.find(list.name);
    if (known != sets.end()) return known->second;
    const ImageSet& set = add(list);
    check_split(set);
    check_files(list.preparation);
    return set;
  }

  const ImageSet& add(const ImageList& list) {
    const ImageSet& set = sets.try_emplace(list.name, dataset, list, settings, plan(list), progress).first->second;
    opened.push_back(&set);
    return set;
  }

  void check_split(const ImageSet& set) const {
    const std::vector<Problem> found = set.problems();
    if (found.empty() || static_cast<std::int64_t>(found.size()) < set.size()) return;
    throw expected("data",
                   std::string("readable ") + items_of(settings.kind) + " in the " + split_name(set.split()) + " split",
                   "none; the first is " + found.front().file.string() + ": " + found.front().reason);
  }

  // Where there are too many, the user is told how many in all.
  void check_files(const Preparation& preparation) {
    try {
      check_problems(problems(), dataset->files());
    } catch (const Error&) {
      for (const Split split : {Split::train, Split::validation, Split::test}) {
        const auto covers = [&](const ImageSet* set) { return set->split() == split && set->covers_split(); };
        if (std::none_of(opened.begin(), opened.end(), covers))
          add(evaluation(split, preparation.sound ? preparation : Preparation::evaluation(preparation.side)));
      }
      check_problems(problems(), dataset->files());
    }
  }

  std::vector<Problem> problems() const {
    std::vector<Problem> all = dataset->problems();
    std::set<std::filesystem::path> known;
    for (const ImageSet* const set : opened)
      for (const Problem& problem : set->problems())
        if (known.insert(problem.file).second) all.push_back(problem);
    return all;
  }
};

ImageStore::ImageStore(std::shared_ptr<const Dataset> dataset, const DataSettings& settings, const ImageUse& use,
                       const Progress& progress)
    : state_(std::make_unique<State>(State{std::move(dataset), settings, use, progress, {}, {}})) {}

ImageStore::~ImageStore() = default;
ImageStore::ImageStore(ImageStore&&) noexcept = default;

const Dataset& ImageStore::dataset() const { return *state_->dataset; }
const char* ImageStore::items() const { return items_of(state_->settings.kind); }

const ImageSet& ImageStore::training(const DataConfiguration& data) const {
  return state_->get(state_->training(data));
}
const ImageSet& ImageStore::recalibration(const DataConfiguration& data) const {
  return state_->get(state_->recalibration(data));
}
const ImageSet& ImageStore::evaluation(Split split, const DataConfiguration& data) const {
  return state_->get(state_->evaluation(split, data));
}

std::int64_t ImageStore::size(Split split) const {
  std::set<std::filesystem::path> unreadable;
  for (const ImageSet* const set : state_->opened)
    if (set->split() == split)
      for (const Problem& problem : set->problems()) unreadable.insert(problem.file);
  return static_cast<std::int64_t>(dataset().samples(split).size() - unreadable.size());
}

std::vector<Problem> ImageStore::problems() const { return state_->problems(); }

std::int64_t ImageStore::remarked() const {
  std::map<Split, std::int64_t> most;
  for (const ImageSet* const set : state_->opened) most[set->split()] = std::max(most[set->split()], set->remarked());
  std::int64_t sum = 0;
  for (const auto& [split, count] : most) sum += count;
  return sum;
}

std::string ImageStore::Cache::text() const {
  return fmt::format("{}: {}, {} ({})", name, name_of(plan.mode), mib_text(static_cast<double>(plan.bytes)),
                     plan.reason);
}

std::vector<ImageStore::Cache> ImageStore::caches() const {
  std::vector<Cache> caches;
  for (const ImageSet* const set : state_->opened) caches.push_back({set->name(), set->plan()});
  return caches;
}

Preparation ImageStore::training_preparation(const DataConfiguration& data) const {
  return state_->training(data).preparation;
}

std::vector<ImageStore::Cache> ImageStore::plans(const DataConfiguration& data) const {
  std::vector<Cache> plans;
  for (const ImageList& list : {state_->training(data), state_->recalibration(data),
                                state_->evaluation(Split::validation, data), state_->evaluation(Split::test, data)})
    if (plans.empty() || plans.front().name != list.name) plans.push_back({list.name, state_->plan(list)});
  return plans;
}

}  // namespace danas
