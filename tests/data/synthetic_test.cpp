#include <algorithm>
#include <cmath>

#include "data/codecs.hpp"
#include "data/decode.hpp"
#include "data/synthetic.hpp"
#include "support.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t side = 32, features = side * side;

struct Table {
  std::vector<float> values;  // a row of gray pixels for each image
  std::vector<std::int32_t> labels;
  const float* row(std::size_t i) const { return values.data() + features * i; }
};

Table gray_pixels(const Dataset& dataset, Split split, std::size_t count) {
  Table table;
  for (std::size_t i = 0; i < count; ++i) {
    const Sample& sample = dataset.samples(split)[i];
    const Dataset::Pixels small = resized(dataset.decode(sample), side, side);
    for (std::size_t p = 0; p < features; ++p)
      table.values.push_back(0.299f * small.data[3 * p] + 0.587f * small.data[3 * p + 1] +
                             0.114f * small.data[3 * p + 2]);
    table.labels.push_back(sample.label);
  }
  return table;
}

void standardize(Table& train, Table& test) {
  const std::size_t rows = train.labels.size();
  for (std::size_t f = 0; f < features; ++f) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < rows; ++i) sum += train.row(i)[f], squares += double(train.row(i)[f]) * train.row(i)[f];
    const double mean = sum / double(rows), deviation = std::sqrt(squares / double(rows) - mean * mean) + 1e-6;
    for (Table* const table : {&train, &test})
      for (std::size_t i = 0; i < table->labels.size(); ++i) {
        float& value = table->values[features * i + f];
        value = static_cast<float>((value - mean) / deviation);
      }
  }
}

float dot(const float* a, const float* b) {
  float sums[8] = {};
  for (std::size_t f = 0; f < features; f += 8)
    for (std::size_t i = 0; i < 8; ++i) sums[i] += a[f + i] * b[f + i];
  float sum = 0;
  for (const float value : sums) sum += value;
  return sum;
}

// Logistic regression by gradient descent with momentum; the share of `test` it gets right.
double logistic_accuracy(const Table& train, const Table& test, float decay) {
  std::vector<float> weights(features), velocity(features), gradient(features);
  float bias = 0;
  const std::size_t rows = train.labels.size();
  for (int step = 0; step < 250; ++step) {
    for (std::size_t f = 0; f < features; ++f) gradient[f] = decay * weights[f];
    for (std::size_t i = 0; i < rows; ++i) {
      const float probability = 1.0f / (1.0f + std::exp(-dot(weights.data(), train.row(i)) - bias));
      const float error = (probability - static_cast<float>(train.labels[i])) / static_cast<float>(rows);
      for (std::size_t f = 0; f < features; ++f) gradient[f] += error * train.row(i)[f];
      bias -= 0.02f * error;
    }
    for (std::size_t f = 0; f < features; ++f) {
      velocity[f] = 0.9f * velocity[f] + gradient[f];
      weights[f] -= 0.002f * velocity[f];
    }
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < test.labels.size(); ++i)
    right += (dot(weights.data(), test.row(i)) + bias > 0) == (test.labels[i] == 1);
  return static_cast<double>(right) / static_cast<double>(test.labels.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(synthetic_scenes)

BOOST_AUTO_TEST_CASE(deterministic_and_balanced) {
  DataSettings settings;
  settings.images = 200;
  settings.size = 48;
  const auto one = open_dataset(settings, 3), same = open_dataset(settings, 3), other = open_dataset(settings, 4);
  BOOST_CHECK((one->classes() == std::vector<std::string>{"no person", "person"}));
  BOOST_CHECK_EQUAL(one->positive_class(), 1);
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const auto& samples = one->samples(split);
    BOOST_CHECK_EQUAL(samples.size(), split == Split::train ? 200u : 50u);
    BOOST_CHECK_EQUAL(std::count_if(samples.begin(), samples.end(), [](const Sample& s) { return s.label == 1; }),
                      static_cast<long>(samples.size() / 2));
    const Dataset::Pixels pixels = one->decode(samples[7]);
    BOOST_CHECK_EQUAL(pixels.width, 48);
    BOOST_CHECK_EQUAL(pixels.height, 48);
    BOOST_CHECK_EQUAL(pixels.data.size(), 48u * 48 * 3);
    BOOST_CHECK(pixels.data == same->decode(samples[7]).data);
    BOOST_CHECK(pixels.data != other->decode(samples[7]).data);
    BOOST_CHECK(pixels.data != one->decode(samples[5]).data);
  }
  BOOST_CHECK(one->decode(one->samples(Split::train)[3]).data != one->decode(one->samples(Split::test)[3]).data);
  BOOST_CHECK_EQUAL(one->fingerprint(), same->fingerprint());
  BOOST_CHECK_NE(one->fingerprint(), other->fingerprint());
}

BOOST_AUTO_TEST_CASE(impossible_settings) {
  DataSettings settings;
  settings.images = 3;
  check_error([&] { open_dataset(settings, 1); }, {"data.images", "3"});
  settings = {};
  settings.size = -5;
  check_error([&] { open_dataset(settings, 1); }, {"data.size", "-5"});
  settings = {};
  settings.positive = "cat";
  check_error([&] { open_dataset(settings, 1); }, {"data.positive", "'cat'"});
}

BOOST_AUTO_TEST_CASE(saved_scenes_are_the_same_as_class_folders) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.images = 16;
  settings.size = 40;
  settings.save = folder.path() / "scenes";
  const auto scenes = open_dataset(settings, 3);
  const DataSettings saved = folder_settings(settings.save, {});
  const auto files = open_dataset(saved, 3);
  BOOST_CHECK(files->classes() == scenes->classes());
  BOOST_REQUIRE_EQUAL(files->samples(Split::train).size(), 16u);
  BOOST_CHECK_EQUAL(files->samples(Split::test).size(), 4u);
  for (const Sample& file : files->samples(Split::train)) {
    const std::size_t index = std::stoul(std::filesystem::path(file.file).stem().string());
    const Sample& scene = scenes->samples(Split::train).at(index);
    BOOST_CHECK_EQUAL(scene.label, file.label);
    BOOST_CHECK(files->decode(file).data == scenes->decode(scene).data);
  }
  write(folder.path() / "file", "x");
  settings.save = folder.path() / "file" / "scenes";
  check_error([&] { open_dataset(settings, 3); }, {"file/scenes"}, Fault::failure);
}

BOOST_AUTO_TEST_CASE(scenes_are_saved_beside_no_others) {
  TemporaryFolder folder;
  DataSettings settings;
  settings.images = 16;
  settings.size = 40;
  settings.save = folder.path() / "scenes";
  open_dataset(settings, 3);
  const fs::path image = settings.save / "train/person/000001.png";
  BOOST_REQUIRE(fs::remove(image));
  open_dataset(settings, 3);
  BOOST_CHECK(!fs::exists(image));  // saved before: not again
  for (const auto& entry : fs::directory_iterator(settings.save))
    if (entry.is_regular_file()) write(entry.path(), "");  // the marker, as an interrupted saving leaves it
  open_dataset(settings, 3);
  BOOST_CHECK(fs::exists(image));
  check_error([&] { open_dataset(settings, 4); }, {"data.save", "these settings and this seed", "scenes"});
  settings.size = 48;
  check_error([&] { open_dataset(settings, 3); }, {"data.save", "these settings and this seed", "scenes"});
  settings.save = folder.path();
  check_error([&] { open_dataset(settings, 3); }, {"data.save", "empty"});
}

BOOST_AUTO_TEST_CASE(pixels_alone_do_not_tell, *boost::unit_test::label("slow")) {
  DataSettings settings;
  settings.images = 3200;
  settings.size = 64;
  const auto dataset = open_dataset(settings, 1);
  Table train = gray_pixels(*dataset, Split::train, 1600), test = gray_pixels(*dataset, Split::test, 800);
  standardize(train, test);
  for (const float decay : {0.0f, 0.1f, 1.0f}) {
    const double accuracy = logistic_accuracy(train, test, decay);
    BOOST_TEST_MESSAGE("logistic regression, decay " << decay << ": " << accuracy);
    BOOST_CHECK_LT(accuracy, 0.65);
    BOOST_CHECK_GT(accuracy, 0.35);
  }
  // The same regression does learn what pixels tell: whether the upper half is brighter than the lower one.
  for (Table* const table : {&train, &test})
    for (std::size_t i = 0; i < table->labels.size(); ++i) {
      float difference = 0;
      for (std::size_t f = 0; f < features; ++f) difference += (f < features / 2 ? 1.0f : -1.0f) * table->row(i)[f];
      table->labels[i] = difference > 0;
    }
  BOOST_CHECK_GT(logistic_accuracy(train, test, 0.1f), 0.85);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
