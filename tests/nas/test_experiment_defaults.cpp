// What an experiment is where its file says nothing, and what of that depends on what it says.
#include <boost/test/unit_test.hpp>

#include <set>

#include "nas/experiment.hpp"

using namespace danas;

namespace {

const std::string minimal = "[data]\nkind = \"synthetic\"\n";

Experiment parse(const std::string& toml, const std::vector<std::string>& overrides = {}) {
  return parse_experiment(toml, "/somewhere/trial.toml", overrides);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_defaults)

BOOST_AUTO_TEST_CASE(defaults) {
  const Experiment e = parse(minimal);
  BOOST_TEST(e.name == "trial");
  BOOST_TEST(e.seed == 1u);
  BOOST_TEST(e.supernet.steps == 30000);
  BOOST_TEST(e.supernet.batch == 128);
  BOOST_TEST((e.supernet.optimizer == OptimizerKind::adam));
  BOOST_TEST(e.supernet.learning_rate == 1e-3);
  BOOST_TEST((e.slices.scheme == SupernetScheme::random));
  BOOST_TEST(e.finetune.steps == 0);
  BOOST_TEST(e.final_training.steps == 1000);
  BOOST_TEST(e.space.size() == 37'520);
  BOOST_TEST(e.search.hours.value() == 23.0);
  BOOST_TEST(!e.search.systems.has_value());
  BOOST_TEST(e.search.population == 10);
  BOOST_TEST((e.search.objectives == Objectives{Measure::accuracy, Measure::ram_bytes, Measure::flash_bytes}));
  BOOST_TEST(e.device.limits()[Measure::ram_bytes] == 512 * 1024);
  BOOST_TEST(e.device.bytes.input == 1);
  BOOST_TEST((e.fitness == equal_weights()));
}

BOOST_AUTO_TEST_CASE(slices_that_their_supernet_does_not_train_are_fine_tuned) {
  for (const char* whole : {"protocol=published", "supernet.scheme=full", "engine.micro_batch=16"}) {
    const Experiment e = parse(minimal, {whole});
    BOOST_TEST((e.slices.scheme == SupernetScheme::full), whole);
    BOOST_TEST(e.finetune.steps == 100, whole);
  }
  for (const char* scheme : {"random", "alternate", "sandwich"})
    BOOST_TEST(parse(minimal, {std::string("supernet.scheme=") + scheme}).finetune.steps == 0, scheme);
  const Experiment told = parse(
      minimal, {"protocol=published", "supernet.scheme=random", "finetune.steps=7", "search.first_population=spread"});
  BOOST_TEST((told.slices.scheme == SupernetScheme::random));
  BOOST_TEST(told.finetune.steps == 7);
  BOOST_TEST((told.search.first_population == FirstPopulation::spread));
  BOOST_TEST((parse(minimal, {"protocol=published"}).search.first_population == FirstPopulation::random));
}

BOOST_AUTO_TEST_CASE(protocols_and_their_switches) {
  const auto on = [](const Switches& switches) {
    std::set<std::string> names;
#define DANAS_SWITCH(name) \
  if (switches.name) names.insert(#name);
    DANAS_SWITCHES(DANAS_SWITCH)
#undef DANAS_SWITCH
    return names;
  };
  BOOST_TEST(on(parse(minimal).switches).empty());
  const std::set<std::string> all = on(parse(minimal, {"protocol=published"}).switches);
  BOOST_TEST(all.size() == 17u);
  for (const std::string& name : all) {
    BOOST_TEST((on(parse(minimal, {"switches." + name + "=true"}).switches) == std::set<std::string>{name}));
    const Experiment others = parse(minimal, {"protocol=published", "switches." + name + "=false"});
    std::set<std::string> wanted = all;
    wanted.erase(name);
    BOOST_TEST((on(others.switches) == wanted));
    BOOST_TEST((parse(others.to_toml()).switches == others.switches));
  }
}

BOOST_AUTO_TEST_CASE(an_image_is_as_wide_as_activations_unless_told_otherwise) {
  BOOST_TEST(parse(minimal + "[device]\nactivation_bytes = 4\n").device.bytes.input == 4);
  BOOST_TEST(parse(minimal + "[device]\nactivation_bytes = 4\ninput_bytes = 1\n").device.bytes.input == 1);
  BOOST_TEST(parse(minimal, {"device.input_bytes=2"}).device.bytes.activation == 1);
}

BOOST_AUTO_TEST_SUITE_END()
