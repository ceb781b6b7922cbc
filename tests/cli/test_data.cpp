// Images and caches as users meet them: what check says, what evaluate does not depend on, what prune removes.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <chrono>

#include "tiny.hpp"

using namespace danas::test;

namespace {

/// Of a model, with more settings.
std::string evaluation(const Setting& setting, const fs::path& experiment, const fs::path& model,
                       const std::vector<std::string>& changes) {
  std::vector<std::string> arguments{"evaluate", experiment, "--model", model, "--json", "--quiet"};
  for (const std::string& change : changes) arguments.insert(arguments.end(), {"--set", change});
  const Outcome outcome = run(arguments, setting);
  BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
  return outcome.out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(images_and_caches)

BOOST_AUTO_TEST_CASE(check_says_how_images_are_kept_and_what_binds) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment());
  const Outcome few = run({"check", experiment}, setting);
  BOOST_TEST_REQUIRE(few.status == 0, few.err);
  for (const char* const text :
       {"train-42: none", "images are asked for, fewer than there are", "train-63", "test-48: raw",
        "recalibration-32: raw", "MiB of disk in all", "32-monochrome: training takes", "binds"})
    BOOST_TEST(few.out.find(text) != std::string::npos, text << " is not in " << few.out);
  BOOST_TEST(!fs::exists(scratch / "cache" / "danas"));  // nothing is made
  const Outcome many = run({"check", experiment, "--set", "supernet.steps=600"}, setting);
  BOOST_TEST(many.out.find("train-42: raw") != std::string::npos, many.out);
}

// Bilinear levels have caches of their own; of supernets that candidates change one copy each, and one that is being saved.
BOOST_AUTO_TEST_CASE(check_knows_the_switches_that_take_disk) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment());
  const Outcome outcome = run({"check", experiment, "--set", "space.color=[\"rgb\"]", "--set", "space.resolution=[48]",
                               "--set", "switches.change_supernet=true", "--set", "switches.bilinear_resize=true"},
                              setting);
  BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.out.find("train-63-bilinear: ") != std::string::npos, outcome.out);
  const auto mebibytes_after = [&](const std::string& text) {
    const std::size_t at = outcome.out.find(text);
    BOOST_TEST_REQUIRE(at != std::string::npos, text << " is not in " << outcome.out);
    return std::stod(outcome.out.substr(at + text.size()));
  };
  const double trained = mebibytes_after("\nsupernets"), changed = mebibytes_after("MiB of disk, ");
  BOOST_TEST((trained > 0.2 && changed > 2 * trained - 0.2 && changed < 2 * trained + 0.2), outcome.out);
}

BOOST_AUTO_TEST_CASE(evaluate_depends_on_the_model_alone) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment());
  const fs::path model = train_model(setting, experiment, "one");
  const std::string wanted = evaluation(setting, experiment, model, {});
  for (const char* const change : {"space.resolution=[32,48,224]", "space.resolution=[48]", "data.cache=none",
                                   "data.cache=jpeg", "search.evaluation_batch=7", "data.crop_min_area=0.2"})
    BOOST_TEST(evaluation(setting, experiment, model, {change}) == wanted, change);
}

BOOST_AUTO_TEST_CASE(old_caches_are_listed_and_removed) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment());
  BOOST_TEST(run({"data", "--prune"}, setting).status == 0);  // none yet
  BOOST_TEST(run({"data", experiment, "--set", "data.cache=raw", "--quiet"}, setting).status == 0);
  const auto unfinished = scratch.write("cache/danas/0123012301230123-train-9-raw.cache.part", "x");
  fs::last_write_time(unfinished, fs::file_time_type::clock::now() - std::chrono::hours(2));
  const Outcome kept = run({"data", "--prune"}, setting);
  BOOST_TEST(kept.status == 0, kept.err);
  BOOST_TEST(kept.out.find("train-42-raw.cache (synthetic)") != std::string::npos, kept.out);
  BOOST_TEST(!fs::exists(unfinished));
  const Outcome all = run({"data", "--prune", "0"}, setting);
  BOOST_TEST(all.status == 0, all.err);
  BOOST_TEST(all.out.find("kept ") == std::string::npos, all.out);
  BOOST_TEST(fs::is_empty(scratch / "cache" / "danas"));
  check_error(run({"data"}, setting), 2, "experiment file");
}

BOOST_AUTO_TEST_SUITE_END()
