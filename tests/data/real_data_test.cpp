// Real photographs, where they are at hand: $DANAS_DATA or ../shared/data beside the repository.
#include "data/loader.hpp"
#include "support.hpp"

namespace danas::test {

namespace {

void check_all_images_load(const DataSettings& settings, const char* const (&names)[2], const long (&counts)[3]) {
  const ImageStore store(open_dataset(settings, 1), settings, {});
  BOOST_CHECK(store.problems().empty());
  BOOST_CHECK((store.dataset().classes() == std::vector<std::string>{names[0], names[1]}));
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    BOOST_CHECK_EQUAL(store.size(split), counts[static_cast<int>(split)]);
    long second = 0;
    for (const Sample& sample : store.dataset().samples(split)) second += sample.label;
    BOOST_CHECK_EQUAL(store.evaluation(split, {64, Color::rgb}).readable().size(),
                      static_cast<std::size_t>(store.size(split)));
    BOOST_CHECK_EQUAL(2 * second, counts[static_cast<int>(split)]);
  }
  EvaluationLoader loader(store.evaluation(Split::test, {64, Color::rgb}), {64, 64, 3}, 32);
  double sum = 0;
  for (Batch batch = loader.next(); batch.images.n > 0; batch = loader.next())
    for (std::int64_t i = 0; i < batch.images.size(); ++i) {
      BOOST_REQUIRE(batch.images.as<float>()[i] >= -1.0001f && batch.images.as<float>()[i] <= 1.0001f);
      sum += batch.images.as<float>()[i];
    }
  BOOST_CHECK(store.problems().empty());
  BOOST_CHECK_LT(std::abs(sum / (64.0 * 64 * 3 * static_cast<double>(store.size(Split::test)))),
                 0.4);  // photographs are neither black nor white
}

}  // namespace

BOOST_AUTO_TEST_SUITE(real_photographs, *boost::unit_test::precondition(has_real_data))

BOOST_AUTO_TEST_CASE(wake_vision_mini) {
  TemporaryFolder cache;
  DataSettings settings;
  settings.kind = DatasetKind::wake_vision;
  settings.path = real_data() / "wake_vision_mini";
  settings.train = "train_quality";
  settings.cache = CacheMode::raw;
  settings.cache_path = cache.path();
  check_all_images_load(settings, {"no person", "person"}, {578, 124, 118});
}

BOOST_AUTO_TEST_CASE(pets) {
  TemporaryFolder cache;
  DataSettings settings = folder_settings(real_data() / "pets", cache.path());
  check_all_images_load(settings, {"cat", "dog"}, {6200, 400, 800});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
