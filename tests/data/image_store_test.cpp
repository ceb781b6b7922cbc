// Which sets there are, how they are kept, and what becomes of old caches.
#include <chrono>

#include "base/file.hpp"
#include "data/cache_folder.hpp"
#include "data/codecs.hpp"
#include "data/contact_sheet.hpp"
#include "data/resize.hpp"
#include "support.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

CachePlan training_plan(const StoredImages& images) { return images.store()->plans({24, Color::rgb}).front().plan; }

}  // namespace

BOOST_AUTO_TEST_SUITE(image_stores)

BOOST_AUTO_TEST_CASE(sets_are_made_once_and_named) {
  StoredImages images(20);
  images.use.recalibration_images = 10;
  const auto store = images.store();
  BOOST_CHECK(store->caches().empty());
  const ImageSet& training = store->training({24, Color::rgb});
  BOOST_CHECK_EQUAL(&training, &store->training({24, Color::rgb}));
  BOOST_CHECK_EQUAL(store->evaluation(Split::validation, {24, Color::rgb}).name(), "validation-24");
  BOOST_CHECK_EQUAL(store->recalibration({24, Color::rgb}).name(), "recalibration-24");
  BOOST_CHECK_EQUAL(store->recalibration({24, Color::rgb}).size(), 10);
  BOOST_REQUIRE_EQUAL(store->caches().size(), 3u);
  BOOST_CHECK_EQUAL(store->caches()[0].name, "train-32");
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, "train-32-raw.cache"), 2u);  // and its lock
}

// Of the full-size images; caches of both lie side by side.
BOOST_AUTO_TEST_CASE(bilinear_training_levels) {
  StoredImages images;
  const DataConfiguration data{24, Color::rgb};
  const std::string by_area = content_of(images.store()->training(data));
  images.use.bilinear_training = true;
  const auto store = images.store();
  const ImageSet& set = store->training(data);
  BOOST_CHECK_EQUAL(set.name(), "train-32-bilinear");
  BOOST_CHECK(content_of(set) != by_area);
  std::vector<std::uint8_t> buffer;
  const Image got = set.item(0, buffer).image;
  Dataset::Pixels wanted;
  const Dataset::Pixels whole = store->dataset().decode(store->dataset().samples(Split::train)[0]);
  sample_bilinear(image_of(whole), {0, 0, whole.width, whole.height, false}, got.width, got.height, wanted);
  BOOST_CHECK(std::equal(wanted.data.begin(), wanted.data.end(), got.pixels));
  BOOST_CHECK_EQUAL(store->evaluation(Split::test, data).name(), "test-24");
  images.use.bilinear_training = false;
  BOOST_CHECK(content_of(images.store()->training(data)) == by_area);
  BOOST_CHECK(!images.builds());
}

BOOST_AUTO_TEST_CASE(recalibration_images_are_a_seeded_choice) {
  StoredImages images(20);
  const auto content = [&](std::int64_t limit, std::uint64_t seed) {
    images.use.recalibration_images = limit;
    images.use.recalibration_seed = seed;
    return content_of(images.store()->recalibration({16, Color::rgb}));
  };
  BOOST_CHECK(content(10, 1) == content(10, 1));
  BOOST_CHECK(content(10, 1) != content(10, 2));
  BOOST_CHECK(content(0, 1) == content(40, 2));  // all of them
  images.use.recalibration_images = 10;
  const auto store = images.store();
  BOOST_CHECK(content_of(store->recalibration({16, Color::rgb})) != content_of(store->recalibration({17, Color::rgb})));
}

BOOST_AUTO_TEST_CASE(auto_chooses_by_need_and_room) {
  StoredImages images;
  images.settings.cache.reset();
  BOOST_CHECK(training_plan(images).mode == CacheMode::raw);
  BOOST_CHECK_EQUAL(training_plan(images).reason, "each image is used about 83 times");
  const double gib = static_cast<double>(training_plan(images).bytes) / 0x1p30;
  images.settings.cache_gib = gib * 0.99;
  BOOST_CHECK(training_plan(images).mode == CacheMode::none);
  BOOST_CHECK(training_plan(images).reason.find("data.cache_gib allows") != std::string::npos);
  images.settings.cache_gib = gib * 1.01;
  BOOST_CHECK(training_plan(images).mode == CacheMode::raw);
  images.use.training_draws = 11;
  BOOST_CHECK(training_plan(images).mode == CacheMode::none);
  BOOST_CHECK(training_plan(images).reason.find("11 images are asked for") != std::string::npos);
  BOOST_CHECK(images.store()->plans({24, Color::rgb}).back().plan.mode ==
              CacheMode::raw);  // evaluation is asked for again and again
}

BOOST_AUTO_TEST_CASE(plans_are_near) {
  StoredImages images;
  const auto store = images.store();
  const auto plans = store->plans({24, Color::rgb});
  BOOST_REQUIRE_EQUAL(plans.size(), 4u);
  store->training({24, Color::rgb}), store->recalibration({24, Color::rgb}),
      store->evaluation(Split::validation, {24, Color::rgb}), store->evaluation(Split::test, {24, Color::rgb});
  const auto made = store->caches();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    BOOST_CHECK_EQUAL(made[i].name, plans[i].name);
    BOOST_CHECK_LT(std::abs(double(made[i].plan.bytes) / double(plans[i].plan.bytes) - 1), 0.25);
  }
}

BOOST_AUTO_TEST_CASE(old_caches_are_pruned) {
  StoredImages images;
  const auto store = images.store();
  store->training({24, Color::rgb}), store->training({16, Color::rgb});
  const fs::path folder = images.settings.cache_path;
  write(folder / "0123012301230123-train-9-raw.cache", "of another version");
  write(folder / "0123012301230123-train-9-raw.cache.part", "unfinished");
  write(folder / "0123012301230123.hashes.part-9", "unfinished");
  write(folder / "4567456745674567.hashes", "of images in use");
  write(folder / "89ab89ab89ab89ab.hashes", "of images no longer in use");
  write(folder / "0123012301230123-train-9-raw.cache.part-8", "being written");
  for (const char* ours_not : {"notes.txt", "list.hashes", "0123-train-9-raw.cache", "web.cache"})
    write(folder / ours_not, "not ours");
  for (const char* unfinished : {"0123012301230123-train-9-raw.cache.part", "0123012301230123.hashes.part-9"})
    fs::last_write_time(folder / unfinished, fs::file_time_type::clock::now() - std::chrono::hours(2));
  fs::last_write_time(folder / "list.hashes", fs::file_time_type::clock::now() - std::chrono::hours(24 * 40));
  fs::last_write_time(folder / "89ab89ab89ab89ab.hashes",
                      fs::file_time_type::clock::now() - std::chrono::hours(24 * 40));
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().string().find("train-21-raw.cache") != std::string::npos)  // of 16 pixels
      fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(24 * 40));
  std::size_t removed = 0;
  for (const CachedFile& file : prune_caches(folder, 30)) removed += file.removed;
  BOOST_CHECK_EQUAL(files_in(folder, "train-32-raw.cache"), 2u);  // and its lock
  BOOST_CHECK_EQUAL(files_in(folder, "train-21-raw.cache"), 0u);
  BOOST_CHECK_EQUAL(files_in(folder, "0123012301230123"), 1u);  // what is being written
  for (const char* ours_not : {"notes.txt", "list.hashes", "0123-train-9-raw.cache", "web.cache"})
    BOOST_CHECK(fs::exists(folder / ours_not));
  BOOST_CHECK_EQUAL(files_in(folder, "4567456745674567.hashes"), 1u);
  BOOST_CHECK_EQUAL(files_in(folder, "89ab89ab89ab89ab.hashes"), 0u);
  BOOST_CHECK_GE(removed, 5u);
  auto files = prune_caches(folder, 30);
  std::erase_if(files, [](const CachedFile& file) { return file.path.extension() != ".cache"; });
  BOOST_REQUIRE_EQUAL(files.size(), 1u);
  BOOST_CHECK(!files[0].removed);
  BOOST_CHECK_EQUAL(files[0].source, images.settings.path.string());
  BOOST_CHECK(!images.builds());
  BOOST_CHECK(prune_caches(images.folder.path() / "none", 30).empty());
}

BOOST_AUTO_TEST_CASE(contact_sheet) {
  StoredImages images;
  const auto dataset = open_dataset(images.settings, 1);
  const fs::path png = images.folder.path() / "sheet.png";
  write_contact_sheet(*dataset,
                      {{8, Color::monochrome},
                       {8, Color::rgb},
                       {16, Color::monochrome},
                       {16, Color::rgb},
                       {24, Color::monochrome},
                       {24, Color::rgb}},
                      0.6, false, 1, png);
  const std::string file = read_file(png);
  const Dataset::Pixels sheet = decode_bytes(std::as_bytes(std::span(file)), 0, "sheet");
  BOOST_CHECK_EQUAL(sheet.width, 10 * 132 + 12);
  BOOST_CHECK_EQUAL(sheet.height, 6 * 132 + 4);
  bool gray = true, color = false;  // the first row is gray, the second is not
  for (int y = 4; y < 264; ++y)
    for (int x = 4; x < 660; ++x) {
      const std::uint8_t* const p = sheet.data.data() + 3 * (y * sheet.width + x);
      if (y < 132) gray = gray && p[0] == p[1] && p[1] == p[2];
      else if (y >= 136) color = color || p[0] != p[1];
    }
  BOOST_CHECK(gray);
  BOOST_CHECK(color);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
