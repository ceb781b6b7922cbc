#include "nas/shared_supernets.hpp"

#include <nlohmann/json.hpp>

#include "base/build.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"

namespace danas {

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

// The experiment as far as its supernets go. Where the images lie and how they are cached changes no pixel.
Experiment recipe_of(const Experiment& experiment) {
  const Experiment defaults;
  Experiment recipe = experiment;
  recipe.name = defaults.name;
  recipe.protocol = defaults.protocol;
  recipe.data.path.clear();
  recipe.data.save.clear();
  recipe.data.cache = defaults.data.cache;
  recipe.data.cache_gib = defaults.data.cache_gib;
  recipe.data.cache_path.clear();
  recipe.finetune = recipe.scratch = recipe.final_training = defaults.finetune;
  recipe.search = defaults.search;
  recipe.search.recalibration_images = experiment.search.recalibration_images;
  recipe.space = defaults.space;
  if (experiment.slices.scheme == SupernetScheme::full) {
    recipe.switches = supernet_switches(experiment.switches);
    recipe.device = defaults.device;
  } else {  // slices are drawn, those first that fit the device by what the switches take for their needs
    recipe.space = SearchSpace(defaults.space.data_configurations(), experiment.space.slices());
  }
  recipe.fitness = defaults.fitness;
  recipe.penalty = defaults.penalty;
  return recipe;
}

void link(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::create_hard_link(from, to, code);
  if (code) write_file(to, read_file(from));
}

}  // namespace

std::string supernet_recipe(const Experiment& experiment, const SupernetGroup& group) {
  std::string recipe = recipe_of(experiment).to_toml();
  for (const DataConfiguration& data : group.data) recipe += data.text() + ' ';
  return recipe + depth_text(experiment.space.slices().most_blocks());
}

std::string supernet_key(const Experiment& experiment, const SupernetGroup& group, const Dataset& dataset,
                         const std::string& instruction_set) {
  Fingerprint fingerprint;
  fingerprint.add(dataset.fingerprint());
  fingerprint.add(supernet_recipe(experiment, group));
  fingerprint.add(build_text(Build::of_this(instruction_set)));
  return group.name + "-" + hash_text(fingerprint.value());
}

SupernetCost SharedSupernets::cost(const std::string& key) const {
  const fs::path file = cost_file(key);
  try {
    const Json json = Json::parse(read_file(file));
    return {json.at("seconds").get<double>(), json.at("images_trained").get<std::int64_t>(),
            json.at("images_evaluated").get<std::int64_t>()};
  } catch (const Json::exception& error) {
    throw Error(file.string(), std::string("expected the cost of a supernet: ") + error.what());
  }
}

std::vector<TrainingRow> SharedSupernets::rows(const std::string& key) const {
  return read_trainings(CsvTable::read(rows_file(key)));
}

void SharedSupernets::add(const std::string& key, const fs::path& supernet, const SupernetCost& cost,
                          const std::vector<TrainingRow>& rows) const {
  make_folder(folder_);
  std::string table = csv_line(training_columns());
  for (const TrainingRow& row : rows) table += csv_line(training_fields(row));
  write_file(rows_file(key), table);
  const Json json{{"seconds", cost.seconds}, {"images_trained", cost.trained}, {"images_evaluated", cost.evaluated}};
  write_file(cost_file(key), json.dump(2) + "\n");
  link(supernet, weights(key));
}

void SharedSupernets::take(const std::string& key, const fs::path& supernet) const { link(weights(key), supernet); }

}  // namespace danas
