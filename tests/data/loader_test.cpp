#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "base/random.hpp"
#include "data/codecs.hpp"
#include "data/loader.hpp"
#include "data/preparation.hpp"
#include "data/resident_images.hpp"
#include "data/resize.hpp"
#include "../foreign_backend.hpp"
#include "support.hpp"

namespace danas::test {

namespace {

// A store of synthetic scenes, whose pixels tell them apart.
struct Scenes {
  explicit Scenes(int images = 40, CacheMode cache = CacheMode::raw) {
    settings.images = images;
    settings.size = 32;
    settings.cache = cache;
    settings.cache_path = folder.path();
    store = std::make_unique<ImageStore>(open_dataset(settings, 5), settings, ImageUse{1000, 10, 3});
  }

  TemporaryFolder folder;
  DataSettings settings;
  std::unique_ptr<ImageStore> store;
};

std::string content(const Batch& batch) {
  std::string text(static_cast<const char*>(batch.images.data), batch.images.bytes());
  text.append(batch.labels.as<const char>(), batch.labels.bytes());
  return text;
}

// Of a batch in a backend's memory.
std::string content(Backend& backend, const Batch& batch) {
  std::string text(batch.images.bytes() + batch.labels.bytes(), '\0');
  backend.download(batch.images, text.data());
  backend.download(batch.labels, text.data() + batch.images.bytes());
  return text;
}

// Gray images, of which the last has a label that is none of the classes.
class Mislabeled : public Dataset {
 public:
  Mislabeled() {
    classes_ = {"a", "b"};
    for (std::uint64_t i = 0; i < 20; ++i) samples_[0].push_back({"", i, i < 19 ? 1 : 2});
  }
  Pixels decode(const Sample&, int) const override { return {std::vector<std::uint8_t>(9 * 9 * 3, 128), 9, 9, 3}; }
  std::uint64_t fingerprint() const override { return 1; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(loaders, *boost::unit_test::label("threads"))

// Nobody checks them behind the loader, and they index memory there.
BOOST_AUTO_TEST_CASE(labels_of_no_class_are_refused) {
  DataSettings settings;
  settings.cache = CacheMode::none;
  const ImageStore store(std::make_shared<Mislabeled>(), settings, {});
  const ImageSet& set = store.evaluation(Split::train, {8, Color::rgb});
  EvaluationLoader loader(set, {8, 8, 3}, 19);
  BOOST_CHECK_EQUAL(loader.next().classes, 2);
  check_error([&] { loader.next(); }, {"loader", "labels from 0 to 1", "2"});
}

BOOST_AUTO_TEST_CASE(crops_lie_inside_and_have_their_share) {
  int bins[4] = {}, flips = 0, tried = 0;
  for (const auto& [width, height] : {std::pair{100, 100}, std::pair{130, 100}, std::pair{75, 150}, std::pair{1, 1},
                                      std::pair{2, 1}, std::pair{37, 53}}) {
    const Image image{nullptr, width, height, 3};
    for (int i = 0; i < 4000; ++i) {
      const Crop crop = training_crop(image, 0.6, static_cast<std::uint64_t>(width), i / 100, i % 100);
      BOOST_REQUIRE(crop.width >= 1 && crop.height >= 1 && crop.x >= 0 && crop.y >= 0);
      BOOST_REQUIRE(crop.x + crop.width <= width && crop.y + crop.height <= height);
      flips += crop.flip;
      ++tried;
      if (width == 100) {
        const double share = double(crop.width) * crop.height / (double(width) * height);
        BOOST_REQUIRE_GE(share, 0.6 - 0.02);
        const double aspect = double(crop.width) / crop.height;
        BOOST_REQUIRE(aspect > 0.73 && aspect < 1.37);
        ++bins[std::min(3, static_cast<int>((std::max(share, 0.6) - 0.6) * 10))];
      }
    }
  }
  BOOST_CHECK_LE(std::abs(flips - tried / 2), 4 * std::sqrt(tried / 4.0));
  // Large shares fit in fewer shapes and are drawn again, so that they are rarer, but none is rare.
  for (const int bin : bins) BOOST_CHECK_GE(bin, 200);
  BOOST_CHECK_GT(bins[0], bins[3] / 2);
}

BOOST_AUTO_TEST_CASE(crops_of_wide_images_are_uniform_in_area) {
  const Image image{nullptr, 400, 400, 3};
  // Of shares that every aspect in [3/4, 4/3] fits (at most 3/4), each is equally likely: compare two halves.
  int low = 0, high = 0;
  for (int i = 0; i < 20000; ++i) {
    const Crop crop = training_crop(image, 0.35, 9, i, 0);
    const double share = crop.width * crop.height / 160000.0;
    low += share >= 0.35 && share < 0.55;
    high += share >= 0.55 && share < 0.75;
  }
  BOOST_CHECK_LE(std::abs(low - high), 5 * std::sqrt(low + high));
  const Crop a = training_crop(image, 0.6, 9, 4, 7), b = training_crop(image, 0.6, 9, 4, 7);
  BOOST_CHECK(std::memcmp(&a, &b, sizeof(int) * 4) == 0 && a.flip == b.flip);
}

BOOST_AUTO_TEST_CASE(impossible_crops_fall_back_to_the_center) {
  const Image image{nullptr, 1000, 10, 3};  // no crop of 60 % has an aspect up to 4/3
  const Crop crop = training_crop(image, 0.6, 1, 2, 3);
  BOOST_CHECK_EQUAL(crop.width, 10);
  BOOST_CHECK_EQUAL(crop.height, 10);
  BOOST_CHECK_EQUAL(crop.x, 495);
  const Crop tall = evaluation_crop({nullptr, 7, 12, 1});
  BOOST_CHECK_EQUAL(tall.y, 2);
  BOOST_CHECK_EQUAL(tall.height, 7);
  BOOST_CHECK(!tall.flip);
}

BOOST_AUTO_TEST_CASE(batches_do_not_depend_on_workers) {
  for (const CacheMode cache : {CacheMode::raw, CacheMode::jpeg, CacheMode::none}) {
    const Scenes scenes(42, cache);
    const ImageSet& set = scenes.store->training({17, Color::rgb});
    BOOST_CHECK(set.plan().mode == cache);
    for (const int channels : {1, 3}) {
      TrainingLoader one(set, {17, 17, channels}, 9, 0.6, 4, 0, {1, 1}),
          three(set, {17, 17, channels}, 9, 0.6, 4, 0, {3, 3}), grown(set, {17, 17, channels}, 9, 0.6, 4);
      std::vector<std::string> batches;
      for (int step = 0; step < 20; ++step) {
        const Batch batch = one.next();
        BOOST_REQUIRE_EQUAL(batch.images.n, 9);
        BOOST_REQUIRE_EQUAL(batch.images.h, 17);
        BOOST_REQUIRE_EQUAL(batch.images.c, channels);
        batches.push_back(content(batch));
        BOOST_REQUIRE(content(three.next()) == batches.back());
        BOOST_REQUIRE(content(grown.next()) == batches.back());
      }
      BOOST_CHECK(batches[0] != batches[1]);
      TrainingLoader later(set, {17, 17, channels}, 9, 0.6, 4, 13, {2, 2});  // resumed
      for (std::size_t step = 13; step < 20; ++step) BOOST_REQUIRE(content(later.next()) == batches[step]);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_batch_is_what_crops_and_augment_say) {
  const Scenes scenes;
  const ImageSet& set = scenes.store->training({16, Color::rgb});
  TrainingLoader loader(set, {16, 16, 3}, 40, 0.6, 8);
  std::vector<std::int64_t> order(40);
  for (std::size_t i = 0; i < 40; ++i) order[i] = static_cast<std::int64_t>(i);
  Random(8, "epoch", 0).shuffle(order);
  const Batch batch = loader.next();
  std::vector<std::uint8_t> buffer;
  std::vector<float> wanted(16 * 16 * 3);
  for (std::size_t i = 0; i < 40; ++i) {
    const auto [image, label, index] = set.item(order[i], buffer);
    const Crop crop = training_crop(image, 0.6, 8, 0, static_cast<std::int64_t>(i));
    serial_backend().augment({&image, 1}, {&crop, 1}, {Type::f32, wanted.data(), 1, 16, 16, 3});
    BOOST_REQUIRE_EQUAL(batch.labels.as<std::int32_t>()[i], label);
    BOOST_REQUIRE(std::memcmp(wanted.data(), batch.images.as<float>() + i * wanted.size(), 4 * wanted.size()) == 0);
  }
}

// Batches in a backend's memory are those of the host's, always in the same place, whether their pixels travel or are there.
BOOST_AUTO_TEST_CASE(batches_in_foreign_memory_are_the_prepared_ones) {
  for (const CacheMode cache : {CacheMode::raw, CacheMode::jpeg, CacheMode::none}) {
    const Scenes scenes(42, cache);
    const ImageSet &set = scenes.store->training({17, Color::rgb}),
                   &shown = scenes.store->evaluation(Split::test, {17, Color::rgb});
    ForeignBackend backend(1);
    ResidentImages resident(backend, 1e9), none(backend, 0);
    for (ResidentImages* const images : {&none, &resident}) {
      const Destination to{&backend, images->table(set, 2)}, shown_to{&backend, images->table(shown, 2)};
      BOOST_REQUIRE_EQUAL(to.table != nullptr, images == &resident && cache != CacheMode::none);
      BOOST_REQUIRE_EQUAL(shown_to.table != nullptr, images == &resident);
      TrainingLoader prepared(set, {17, 17, 1}, 9, 0.6, 4), fed(set, {17, 17, 1}, 9, 0.6, 4, 0, {2, 2}, to);
      EvaluationLoader pass(shown, {17, 17, 1}, 9), fed_pass(shown, {17, 17, 1}, 9, Batching::full, {2, 2}, shown_to);
      std::set<void*> places;
      for (int step = 0; step < 12; ++step) {
        const Batch batch = fed.next();
        places.insert({batch.images.data, batch.labels.data});
        BOOST_REQUIRE(content(backend, batch) == content(prepared.next()));
      }
      BOOST_CHECK_EQUAL(places.size(), 2u);
      for (Batch wanted = pass.next(); wanted.images.n > 0; wanted = pass.next()) {
        const Batch batch = fed_pass.next();
        BOOST_REQUIRE_EQUAL(batch.images.n, wanted.images.n);
        BOOST_REQUIRE_EQUAL(batch.classes, wanted.classes);
        BOOST_REQUIRE(content(backend, batch) == content(wanted));
      }
      BOOST_CHECK_EQUAL(fed_pass.next().images.n, 0);
    }
  }
}

// Nothing is uploaded for one use of each image, and nothing that does not fit beside what is there.
BOOST_AUTO_TEST_CASE(images_stay_where_they_are_used_again_and_fit) {
  Residency residency(100);
  BOOST_CHECK(!residency.ask("a", 45, 0.7));
  BOOST_CHECK(!residency.ask("a", 45, 0.3));
  BOOST_CHECK(residency.ask("a", 45, 0.1));
  BOOST_CHECK(residency.ask("a", 45, 0.1));
  BOOST_CHECK(!residency.ask("larger than half", 51, 5));
  BOOST_CHECK(residency.ask("b", 35, 5));
  BOOST_CHECK(!residency.ask("c", 21, 5));
  BOOST_CHECK(residency.ask("d", 20, 5));
  BOOST_CHECK(!residency.ask("e", 1, 5));
}

// In the first chunk of a table and in later ones.
BOOST_AUTO_TEST_CASE(a_table_has_the_images_of_its_set) {
  const Scenes scenes(600);
  ForeignBackend backend(1);
  for (const int resolution : {32, 128}) {
    const ImageSet& set = scenes.store->evaluation(Split::train, {resolution, Color::rgb});
    const ImageTable table(set, backend);
    std::vector<std::uint8_t> buffer, got;
    for (std::int64_t i = 0; i < set.size(); ++i) {
      const Image wanted = set.item(i, buffer).image, image = table.image(i);
      BOOST_REQUIRE_EQUAL(image.width, wanted.width);
      BOOST_REQUIRE_EQUAL(image.height, wanted.height);
      BOOST_REQUIRE_EQUAL(image.channels, wanted.channels);
      got.resize(static_cast<std::size_t>(image.width * image.height * image.channels));
      const View pixels{Type::u8, const_cast<std::uint8_t*>(image.pixels), 1, 1, 1, std::ssize(got)};
      backend.download(pixels, got.data());
      BOOST_REQUIRE(std::equal(got.begin(), got.end(), wanted.pixels));
    }
  }
}

// A damaged cache is found while it is uploaded.
BOOST_AUTO_TEST_CASE(a_table_of_a_damaged_cache_is_refused) {
  const Scenes scenes;
  const ImageSet& set = scenes.store->training({32, Color::rgb});
  for (const auto& file : std::filesystem::recursive_directory_iterator(scenes.folder.path()))
    if (file.is_regular_file() && file.file_size() > 4096) {
      std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      const auto middle = static_cast<std::streamoff>(file.file_size() / 2);  // pixels
      stream.seekg(middle);
      const int byte = stream.peek();
      stream.seekp(middle);
      stream.put(static_cast<char>(byte ^ 1));
    }
  ForeignBackend backend(1);
  check_error([&] { ImageTable(set, backend); }, {"the cache is damaged; delete the file and start again"},
              Fault::failure);
}

// However crops are drawn, of levels of any shape.
BOOST_AUTO_TEST_CASE(no_crop_is_larger_than_the_largest) {
  for (const int resolution : {1, 2, 7, 32, 96})
    for (const double min_area : {0.08, 0.35, 0.6, 1.0}) {
      const Preparation training = Preparation::training(resolution, min_area);
      const int side = training.side;
      for (const auto& [width, height] : {std::pair{side, side},
                                          {2 * side, side},
                                          {side, 2 * side},
                                          {side, side + side / 3},
                                          {side + (side + 2) / 3, side},
                                          {(side + 1) / 2, side}})
        for (int i = 0; i < 2000; ++i) {
          const Image image{nullptr, width, height, 3};
          const Crop crop = training_crop(image, min_area, 3, i, width);
          BOOST_REQUIRE_LE(bytes_of(image, crop), training.largest_crop_bytes());
        }
    }
  const Image square{nullptr, 32, 32, 3};
  BOOST_CHECK_EQUAL(bytes_of(square, evaluation_crop(square)), Preparation::evaluation(32).largest_crop_bytes());
}

BOOST_AUTO_TEST_CASE(every_image_once_an_epoch) {
  const Scenes scenes(20);
  // Crops of the whole area of a square are the square itself, mirrored or not: sorted values tell an image.
  std::map<std::vector<float>, std::int64_t> index_of;
  const auto sorted = [](const Batch& batch, std::int64_t i) {
    const std::int64_t size = batch.images.size() / batch.images.n;
    std::vector<float> values(batch.images.as<float>() + i * size, batch.images.as<float>() + (i + 1) * size);
    std::sort(values.begin(), values.end());
    return values;
  };
  EvaluationLoader all(scenes.store->evaluation(Split::train, {32, Color::rgb}), {32, 32, 3}, 20);
  const Batch images = all.next();
  for (std::int64_t i = 0; i < 20; ++i) index_of[sorted(images, i)] = i;
  BOOST_REQUIRE_EQUAL(index_of.size(), 20u);

  std::vector<std::int64_t> order;
  TrainingLoader loader(scenes.store->training({32, Color::rgb}), {32, 32, 3}, 7, 1.0, 3, 0, {2, 2});
  for (int step = 0; step < 20; ++step) {
    const Batch batch = loader.next();
    for (std::int64_t i = 0; i < 7; ++i) {
      BOOST_REQUIRE(index_of.contains(sorted(batch, i)));
      order.push_back(index_of[sorted(batch, i)]);
    }
  }
  for (auto epoch = order.begin(); epoch != order.end(); epoch += 20)
    BOOST_CHECK_EQUAL(std::set<std::int64_t>(epoch, epoch + 20).size(), 20u);
  BOOST_CHECK(!std::equal(order.begin(), order.begin() + 20, order.begin() + 20));
}

BOOST_AUTO_TEST_CASE(batches_larger_than_the_split) {
  const Scenes scenes(8);
  const ImageSet& set = scenes.store->training({8, Color::rgb});
  TrainingLoader one(set, {8, 8, 3}, 50, 0.6, 3, 0, {1, 1}), two(set, {8, 8, 3}, 50, 0.6, 3, 0, {2, 2});
  for (int step = 0; step < 5; ++step) {
    const Batch batch = one.next();
    BOOST_CHECK_EQUAL(batch.labels.size(), 50);
    BOOST_CHECK(content(batch) == content(two.next()));
  }
}

BOOST_AUTO_TEST_CASE(evaluation_passes_once_in_order) {
  const Scenes scenes(40);
  const ImageSet& set = scenes.store->evaluation(Split::train, {12, Color::rgb});
  std::vector<std::uint8_t> buffer;
  for (const Workers workers : {Workers{1, 0}, Workers{1, 1}, Workers{3, 3}}) {
    EvaluationLoader loader(set, {12, 12, 3}, 16, Batching::full, workers);
    std::int64_t seen = 0;
    for (const std::int64_t size : {16, 16, 8}) {
      const Batch batch = loader.next();
      BOOST_REQUIRE_EQUAL(batch.images.n, size);
      for (std::int64_t i = 0; i < batch.labels.size(); ++i)
        BOOST_CHECK_EQUAL(batch.labels.as<std::int32_t>()[i], set.item(seen++, buffer).label);
    }
    BOOST_CHECK_EQUAL(loader.next().images.n * loader.next().images.c, 0);
    BOOST_CHECK_EQUAL(loader.next().images.n, 0);
  }
}

BOOST_AUTO_TEST_CASE(even_batches_are_never_short) {
  const Scenes scenes(40);
  const ImageSet& set = scenes.store->evaluation(Split::train, {12, Color::rgb});
  for (int batch = 1; batch <= 50; ++batch) {
    EvaluationLoader loader(set, {12, 12, 1}, batch, Batching::even);
    std::int64_t least = 1000, most = 0, sum = 0;
    for (Batch each = loader.next(); each.images.n > 0; each = loader.next()) {
      least = std::min(least, each.images.n);
      most = std::max(most, each.images.n);
      sum += each.images.n;
    }
    BOOST_CHECK_EQUAL(sum, 40);
    BOOST_CHECK_GE(least, std::min(batch, 40));
    BOOST_CHECK_LE(most - least, 1);
  }
}

BOOST_AUTO_TEST_CASE(stopping_early_and_wrong_arguments) {
  const Scenes scenes(40);
  for (int i = 0; i < 20; ++i) {
    TrainingLoader loader(scenes.store->training({24, Color::rgb}), {24, 24, 3}, 16, 0.6, 3, 0, {1 + i % 3, i % 4});
    if (i % 2) BOOST_CHECK_EQUAL(loader.next().images.n, 16);
  }
  BOOST_CHECK_THROW(TrainingLoader(scenes.store->training({24, Color::rgb}), {24, 24, 2}, 16, 0.6, 3), Error);
  BOOST_CHECK_THROW(TrainingLoader(scenes.store->training({24, Color::rgb}), {24, 24, 3}, 0, 0.6, 3), Error);
  BOOST_CHECK_THROW(TrainingLoader(scenes.store->training({24, Color::rgb}), {24, 24, 3}, 16, 0.0, 3), Error);
  BOOST_CHECK_THROW(EvaluationLoader(scenes.store->evaluation(Split::test, {24, Color::rgb}), {0, 0, 3}, 16), Error);
}

BOOST_AUTO_TEST_CASE(errors_of_workers_come_out) {
  TemporaryFolder folder;
  make_folders(folder.path() / "images", 6);
  DataSettings settings = folder_settings(folder.path() / "images", folder.path() / "cache");
  settings.cache = CacheMode::none;
  const ImageStore store(open_dataset(settings, 1), settings, {});
  const ImageSet& set = store.training({16, Color::rgb});
  std::filesystem::remove_all(folder.path() / "images/train");
  ForeignBackend backend(1);
  for (const Destination to : {Destination{}, Destination{&backend}}) {
    TrainingLoader loader(set, {16, 16, 3}, 4, 0.6, 1, 0, {2, 2}, to);
    check_error([&] { loader.next(); }, {"images/train"});
    check_error([&] { loader.next(); }, {"images/train"});
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
