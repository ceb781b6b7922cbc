#include <boost/test/unit_test.hpp>

#include <cstdlib>

#include "base/error.hpp"
#include "nas/experiment.hpp"

using namespace danas;

namespace {

const std::string minimal = "[data]\nkind = \"synthetic\"\n";

Experiment parse(const std::string& toml, const std::vector<std::string>& overrides = {}) {
  return parse_experiment(toml, "/somewhere/trial.toml", overrides);
}

// The one line that a user sees.
std::string complaint(const std::string& toml, const std::vector<std::string>& overrides = {}) {
  try {
    parse(toml, overrides);
  } catch (const Error& error) {
    BOOST_TEST(error.exit_status() == 2);
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

#define CHECK_COMPLAINT(toml, ...)                                                                  \
  do {                                                                                              \
    const std::string text = complaint(toml);                                                       \
    for (const char* part : {__VA_ARGS__}) BOOST_TEST(contains(text, part), text << " | " << part); \
    BOOST_TEST(!contains(text, "\n"));                                                              \
  } while (false)

BOOST_AUTO_TEST_SUITE(experiment)

BOOST_AUTO_TEST_CASE(every_key_survives_a_round_trip) {
  const std::string toml = R"(
name = "all-keys"
seed = 18
protocol = "corrected"
[data]
kind = "folders"
path = "/images/a \"quoted\" $$name"
train = "a"
validation = "b"
test = "c"
positive = "cat"
cache = "jpeg"
cache_gib = 3.5
cache_path = "/cache"
crop_min_area = 0.08
balance = true
images = 100
size = 64
save = "/scenes"
validation_share = 0.2
test_share = 0.25
[space]
resolution = [96, 64]
color = ["rgb", "monochrome"]
width = [1.0, 0.35, 0.1]
depth = [3, 2, 1, 0, 0]
[supernet]
steps = 11
batch = 12
optimizer = "sgd"
learning_rate = 0.1
weight_decay = 1e-5
momentum = 0.8
schedule = "cosine"
warmup = 7
[finetune]
steps = 21
[final]
steps = 31
optimizer = "adamw"
[search]
strategy = "random"
seed = 19
hours = 0.3
systems = 40
population = 6
first_population = "random"
crossover = 0.5
recalibration_images = 100
evaluation_batch = 50
objectives = ["macs", "f1"]
[engine]
micro_batch = 4
[device]
name = "my board"
ram_kib = 100.5
flash_kib = 200
input_bytes = 3
activation_bytes = 2
parameter_bytes = 4
[fitness]
accuracy = 2
precision = 0.1
recall = 0.2
ram = 0.3
flash = 0
)";
  const Experiment e = parse(toml);
  BOOST_TEST(e.data.path == "/images/a \"quoted\" $name");
  BOOST_TEST(e.data.validation_share == 0.2);
  BOOST_TEST(e.data.balance);
  BOOST_TEST(e.space.data_configurations().size() == 4u);
  BOOST_TEST(e.space.slices().widths().front() == 0.1);
  BOOST_TEST(e.supernet.warmup == 7);
  BOOST_TEST(e.supernet.momentum == 0.8);
  BOOST_TEST((e.final_training.optimizer == OptimizerKind::adamw));
  BOOST_TEST(e.search.systems.value() == 40);
  for (const TrainingSettings& training : {e.supernet, e.finetune, e.final_training})
    BOOST_TEST(training.micro_batch == 4);
  BOOST_TEST((e.search.objectives == Objectives{Measure::macs, Measure::f1}));
  BOOST_TEST(e.device.limits()[Measure::ram_bytes] == 102912);
  BOOST_TEST(e.device.bytes.input == 3);
  BOOST_TEST(e.device.bytes.activation == 2);
  BOOST_TEST(e.device.bytes.parameter == 4);
  BOOST_TEST(e.fitness[Measure::accuracy] == 2.0);
  BOOST_TEST(e.fitness[Measure::ram_bytes] == 0.3);
  BOOST_TEST(e.fitness[Measure::flash_bytes] == 0.0);

  const std::string written = e.to_toml();
  const Experiment again = parse_experiment(written, "/elsewhere/experiment.toml");
  BOOST_TEST(again.to_toml() == written);
  BOOST_TEST(again.name == "all-keys");
  BOOST_TEST(again.search_seed() == 19u);
  BOOST_TEST(again.data.path == e.data.path);
  BOOST_TEST(again.supernet.learning_rate == e.supernet.learning_rate);
  BOOST_TEST(again.space.size() == e.space.size());
  const Experiment distills = parse(minimal, {"supernet.scheme=sandwich", "supernet.distill=true"});
  BOOST_TEST(parse(distills.to_toml()).supernet.distill);
}

BOOST_AUTO_TEST_CASE(the_defaults_survive_a_round_trip) {
  const std::string written = parse(minimal).to_toml();
  BOOST_TEST(parse_experiment(written, "/elsewhere/other.toml").to_toml() == written);
}

BOOST_AUTO_TEST_CASE(unknown_keys_name_the_nearest_known_one) {
  CHECK_COMPLAINT(minimal + "[supernet]\nstpes = 3\n", "trial.toml:4: supernet.stpes", "supernet.steps");
  CHECK_COMPLAINT(minimal + "[serach]\nsystems = 3\n", "trial.toml:3", "serach", "search");
  CHECK_COMPLAINT("sede = 3\n" + minimal, "trial.toml:1: sede", "seed");
  CHECK_COMPLAINT(minimal + "[search]\nsteps = 3\n", "trial.toml:4: search.steps", ".steps");
  CHECK_COMPLAINT(minimal + "[switches]\nresidual = false\n", "trial.toml:4: switches.residual", "a known key");
  CHECK_COMPLAINT("systems = 3\n" + minimal, "trial.toml:1: systems", "search.systems");
}

BOOST_AUTO_TEST_CASE(wrong_types_and_values_name_key_and_line) {
  CHECK_COMPLAINT(minimal + "[supernet]\nsteps = -3\n", "trial.toml:4: supernet.steps", "-3", "at least 0");
  CHECK_COMPLAINT(minimal + "[final]\nsteps = 0\n", "trial.toml:4: final.steps", "at least 1", "got 0");
  CHECK_COMPLAINT(minimal + "[supernet]\nsteps = \"many\"\n", "trial.toml:4: supernet.steps", "whole number", "many");
  CHECK_COMPLAINT(minimal + "[supernet]\nsteps = 1.5\n", "supernet.steps", "1.5");
  CHECK_COMPLAINT(minimal + "[supernet]\nbatch = 1\n", "supernet.batch", "at least 2");
  CHECK_COMPLAINT(minimal + "[supernet]\nlearning_rate = nan\n", "supernet.learning_rate");
  CHECK_COMPLAINT(minimal + "[supernet]\nlearning_rate = 0\n", "supernet.learning_rate", "above 0");
  CHECK_COMPLAINT(minimal + "[supernet]\noptimizer = \"lion\"\n", "supernet.optimizer", "\"adamw\"", "lion");
  CHECK_COMPLAINT(minimal + "[supernet]\nsteps = 5\nwarmup = 6\n", "trial.toml:5: supernet.warmup",
                  "at most supernet.steps, 5", "got 6");
  CHECK_COMPLAINT(minimal + "[finetune]\nsteps = 100\nwarmup = 101\n", "finetune.warmup", "finetune.steps, 100");
  CHECK_COMPLAINT(minimal + "[engine]\nmicro_batch = 48\n", "trial.toml:4: engine.micro_batch",
                  "a divisor of supernet.batch, 128", "got 48");
  CHECK_COMPLAINT(minimal + "[engine]\nmicro_batch = 1\n", "engine.micro_batch", "from 2 on");
  CHECK_COMPLAINT(minimal + "[final]\nbatch = 48\n[engine]\nmicro_batch = 32\n", "engine.micro_batch",
                  "a divisor of final.batch, 48");
  CHECK_COMPLAINT(minimal + "[supernet]\nscheme = \"random\"\ndistill = true\n", "trial.toml:4: supernet.scheme",
                  "\"sandwich\" where distill is true", "got \"random\"");
  CHECK_COMPLAINT(minimal + "[supernet]\ndistill = true\n", "supernet.scheme", "got \"random\"");
  CHECK_COMPLAINT(minimal + "supernet = 3\n[data.kind]\n", "trial.toml");
  CHECK_COMPLAINT("search = 3\n" + minimal, "trial.toml:1: search", "table");
  CHECK_COMPLAINT(minimal + "[space]\nwidth = [0.5, 1.5]\n", "trial.toml:4: space.width", "1.5");
  CHECK_COMPLAINT(minimal + "[space]\nwidth = [0.0]\n", "space.width");
  CHECK_COMPLAINT(minimal + "[space]\nwidth = []\n", "space.width", "empty");
  CHECK_COMPLAINT(minimal + "[space]\nwidth = 0.5\n", "space.width", "array");
  CHECK_COMPLAINT(minimal + "[space]\nresolution = [96, 96]\n", "space.resolution", "twice");
  CHECK_COMPLAINT(minimal + "[space]\nresolution = [8]\n", "space.resolution");
  CHECK_COMPLAINT(minimal + "[space]\ncolor = [\"red\"]\n", "space.color", "red");
  CHECK_COMPLAINT(minimal + "[space]\ndepth = [3, 4, 3, 3]\n", "space.depth");
  CHECK_COMPLAINT(minimal + "[space]\ndepth = [3, 4, 3, 4, 1]\n", "space.depth", "3, 4, 3, 4, 1");
  CHECK_COMPLAINT(minimal + "[space]\ndepth = [3, 4, 3, -1, 1]\n", "space.depth", "-1");
  CHECK_COMPLAINT(minimal + "[search]\nhours = 0\n", "search.hours");
  CHECK_COMPLAINT(minimal + "[search]\nsystems = 0\n", "search.systems");
  CHECK_COMPLAINT(minimal + "[search]\ncrossover = 1.01\n", "search.crossover");
  CHECK_COMPLAINT(minimal + "[search]\nobjectives = [\"accuracy\", \"ram_byte\"]\n", "trial.toml:4: search.objectives",
                  "the nearest is ram_bytes", "got \"ram_byte\"");
  CHECK_COMPLAINT(minimal + "[search]\nobjectives = [\"f1\", \"f1\"]\n", "trial.toml:4: search.objectives", "twice");
  CHECK_COMPLAINT(minimal + "[search]\nobjectives = []\n", "search.objectives", "empty");
  CHECK_COMPLAINT(minimal + "[search]\nobjectives = \"f1\"\n", "search.objectives", "array");
  CHECK_COMPLAINT(minimal + "[search]\nobjectives = [3]\n", "search.objectives", "got 3");
  CHECK_COMPLAINT(minimal + "[device]\ninput_bytes = 0\n", "device.input_bytes", "at least 1");
  CHECK_COMPLAINT(minimal + "[device]\nram_kib = 0\n", "device.ram_kib");
  CHECK_COMPLAINT(minimal + "test_share = 1.0\n", "data.test_share");
  CHECK_COMPLAINT(minimal + "test_share = 0.5\nvalidation_share = 0.5\n", "data.test_share");
  CHECK_COMPLAINT("name = \"a/b\"\n" + minimal, "trial.toml:1: name");
  CHECK_COMPLAINT("seed = -1\n" + minimal, "seed");
  CHECK_COMPLAINT("[data]\nkind = 3\n", "trial.toml:2: data.kind");
  CHECK_COMPLAINT("[data]\nkind = \"folders\"\n", "data.path");
  CHECK_COMPLAINT("", "data.kind");
  CHECK_COMPLAINT("[data]\nkind = = 3\n", "trial.toml:2", "TOML");
  CHECK_COMPLAINT("[data]\nkind = \"synthetic\"\nkind = \"folders\"\n", "trial.toml:3");
}

// Each name, in the file and back, and the whole message where it is none of them.
template <class Value, class Get>
void check_names(const std::string& key, const std::vector<std::pair<std::string, Value>>& values, const Get& get) {
  std::string known;
  for (const auto& [name, value] : values) {
    const Experiment e = parse(minimal, {key + "=" + name, "data.path=/images"});
    BOOST_TEST((get(e) == value), key << " " << name);
    BOOST_TEST(contains(e.to_toml(), "\n" + key.substr(key.find('.') + 1) + " = \"" + name + "\"\n"), e.to_toml());
    known += (known.empty() ? "\"" : ", \"") + name + "\"";
  }
  for (const std::string wrong : {"x", "Adam", "ad", "autos"})
    BOOST_TEST(complaint(minimal, {key + "=" + wrong}) ==
               "[--set " + key + "=" + wrong + "] expected one of " + known + ", got the text \"" + wrong + "\"");
  BOOST_TEST(complaint(minimal, {key + "=3"}) == "[--set " + key + "=3] expected one of " + known + ", got 3");
}

BOOST_AUTO_TEST_CASE(every_name_of_a_choice) {
  const auto optimizer = [](auto training) {
    return [training](const Experiment& e) { return (e.*training).optimizer; };
  };
  const auto schedule = [](auto training) {
    return [training](const Experiment& e) { return (e.*training).schedule; };
  };
  for (const auto& [table, training] :
       {std::pair("supernet", &Experiment::supernet), std::pair("finetune", &Experiment::finetune),
        std::pair("final", &Experiment::final_training)}) {
    using enum OptimizerKind;
    check_names<OptimizerKind>(std::string(table) + ".optimizer", {{"adam", adam}, {"adamw", adamw}, {"sgd", sgd}},
                               optimizer(training));
    check_names<Schedule>(std::string(table) + ".schedule",
                          {{"constant", Schedule::constant}, {"cosine", Schedule::cosine}}, schedule(training));
  }
  check_names<StrategyKind>("search.strategy",
                            {{"genetic", StrategyKind::genetic},
                             {"random", StrategyKind::random},
                             {"exhaustive", StrategyKind::exhaustive},
                             {"nsga2", StrategyKind::nsga2}},
                            [](const Experiment& e) { return e.search.strategy; });
  check_names<FirstPopulation>("search.first_population",
                               {{"spread", FirstPopulation::spread}, {"random", FirstPopulation::random}},
                               [](const Experiment& e) { return e.search.first_population; });
  check_names<Precision>("engine.precision",
                         {{"f32", Precision::f32}, {"f16", Precision::f16}, {"bf16", Precision::bf16}},
                         [](const Experiment& e) { return e.engine.precision; });
  check_names<std::optional<CacheMode>>(
      "data.cache",
      {{"auto", std::nullopt}, {"raw", CacheMode::raw}, {"jpeg", CacheMode::jpeg}, {"none", CacheMode::none}},
      [](const Experiment& e) { return e.data.cache; });
  check_names<DatasetKind>("data.kind",
                           {{"wake_vision", DatasetKind::wake_vision},
                            {"folders", DatasetKind::folders},
                            {"synthetic", DatasetKind::synthetic},
                            {"audio_folders", DatasetKind::audio_folders},
                            {"toyadmos", DatasetKind::toyadmos}},
                           [](const Experiment& e) { return e.data.kind; });
}

BOOST_AUTO_TEST_CASE(the_names_of_protocols_and_colors) {
  BOOST_TEST((parse(minimal, {"protocol=corrected"}).protocol == Protocol::corrected));
  BOOST_TEST((parse(minimal, {"protocol=published"}).protocol == Protocol::published));
  BOOST_TEST((parse(minimal, {"protocol=published"}).search.first_population == FirstPopulation::random));
  BOOST_TEST((parse(minimal, {"protocol=published", "search.first_population=spread"}).search.first_population ==
              FirstPopulation::spread));
  BOOST_TEST(complaint(minimal, {"protocol=x"}) ==
             "[--set protocol=x] expected one of \"corrected\", \"published\", got the text \"x\"");
  for (const auto& [name, color] : {std::pair("monochrome", Color::monochrome), std::pair("rgb", Color::rgb)})
    BOOST_TEST((parse(minimal, {"space.resolution=[32]", "space.color=[\"" + std::string(name) + "\"]"})
                    .space.data_configurations() == std::vector<DataConfiguration>{{32, color}}));
  BOOST_TEST(complaint(minimal, {"space.color=[\"x\"]"}) ==
             "[--set space.color=[\"x\"]] expected one of \"monochrome\", \"rgb\", got the text \"x\"");
}

BOOST_AUTO_TEST_CASE(overrides) {
  const Experiment e = parse(minimal, {"search.systems=20", "name=other", "space.width=[0.5]", "data.cache=none",
                                       "supernet.learning_rate=0.5", "seed = 4"});
  BOOST_TEST(e.search.systems.value() == 20);
  BOOST_TEST(!e.search.hours.has_value());
  BOOST_TEST(e.name == "other");
  BOOST_TEST(e.space.slices().widths().size() == 1u);
  BOOST_TEST((e.data.cache == CacheMode::none));
  BOOST_TEST(e.supernet.learning_rate == 0.5);
  BOOST_TEST(e.seed == 4u);
  BOOST_TEST(contains(complaint(minimal, {"search.sytems=20"}), "--set search.sytems"));
  BOOST_TEST(contains(complaint(minimal, {"search.systems=many"}), "--set search.systems"));
  BOOST_TEST(contains(complaint(minimal, {"search.systems"}), "key=value"));
  BOOST_TEST(contains(complaint(minimal, {"seed.x=1"}), "seed"));
  BOOST_TEST(contains(complaint(minimal, {"seed=1\nname = 2"}), "--set seed"));
}

BOOST_AUTO_TEST_CASE(what_an_override_breaks_is_not_blamed_on_the_file) {
  for (const char* text : {"search.systems=many", "serach.systems=3", "nothing=1", "name=a/b", "supernet.warmup=99999",
                           "supernet.steps=10", "data.validation_share=0.9", "space.depth=[9,9,9,9,9]", "data=5"}) {
    const std::string file = minimal + "[supernet]\nsteps = 100\nwarmup = 50\n";
    BOOST_TEST(complaint(file, {text}).starts_with(std::string("[--set ") + text + "] "), complaint(file, {text}));
  }
  BOOST_TEST(complaint(minimal, {"seed=1", "seed=x"}).starts_with("[--set seed=x] "));
  BOOST_TEST(contains(complaint(minimal + "[serach]\nsystems = 3\n", {"serach.hours=1"}), "trial.toml:3: serach]"));
}

BOOST_AUTO_TEST_CASE(a_float_is_not_told_as_an_integer) {
  CHECK_COMPLAINT(minimal + "[supernet]\nsteps = 1e3\n", "supernet.steps", "a whole number", "got the float 1000.0");
  CHECK_COMPLAINT(minimal + "[space]\nwidth = [0.5, 1.5]\n", "got the float 1.5");
}

BOOST_AUTO_TEST_CASE(a_known_device_sets_the_limits) {
  const Experiment known = parse(minimal + "[device]\nname = \"STM32F746\"\n");
  BOOST_TEST(known.device.ram_kib == 320);
  BOOST_TEST(known.device.flash_kib == 1024);
  const Experiment smaller = parse(minimal + "[device]\nname = \"STM32F746\"\nram_kib = 64\n");
  BOOST_TEST(smaller.device.ram_kib == 64);
  BOOST_TEST(smaller.device.flash_kib == 1024);
  BOOST_TEST(parse(minimal + "[device]\nname = \"mine\"\nram_kib = 64\nflash_kib = 65\n").device.flash_kib == 65);
  CHECK_COMPLAINT(minimal + "[device]\nname = \"toaster\"\nram_kib = 64\n", "trial.toml:4: device.name", "STM32F765",
                  "toaster");
}

BOOST_AUTO_TEST_CASE(paths) {
  ::setenv("DANAS_TEST_FOLDER", "/data/of test", 1);
  ::setenv("DANAS_TEST_RELATIVE", "images", 1);
  ::setenv("HOME", "/home/someone", 1);
  ::unsetenv("DANAS_TEST_UNSET");
  const auto path = [](const std::string& text) {
    return parse("[data]\nkind = \"folders\"\npath = \"" + text + "\"\n").data.path.string();
  };
  BOOST_TEST(path("images") == "/somewhere/images");
  BOOST_TEST(path("../images/") == "/images");
  BOOST_TEST(path("/images") == "/images");
  BOOST_TEST(path("~/images") == "/home/someone/images");
  BOOST_TEST(path("$DANAS_TEST_FOLDER/pets") == "/data/of test/pets");
  BOOST_TEST(path("${DANAS_TEST_FOLDER}pets") == "/data/of testpets");
  BOOST_TEST(path("$DANAS_TEST_RELATIVE/pets") == (std::filesystem::current_path() / "images" / "pets").string());
  BOOST_TEST(path("a$$b") == "/somewhere/a$b");
  CHECK_COMPLAINT("[data]\nkind = \"folders\"\npath = \"$DANAS_TEST_UNSET/x\"\n", "trial.toml:3: data.path",
                  "DANAS_TEST_UNSET", "export DANAS_TEST_UNSET=");
  CHECK_COMPLAINT("[data]\nkind = \"folders\"\npath = \"a$\"\n", "data.path", "$NAME");
  CHECK_COMPLAINT("[data]\nkind = \"folders\"\npath = \"${A\"\n", "data.path");
}

BOOST_AUTO_TEST_SUITE_END()
