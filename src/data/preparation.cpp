#include "data/preparation.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "base/random.hpp"
#include "data/decode.hpp"
#include "data/resize.hpp"

namespace danas {

namespace {

constexpr int longest_aspect = 2;   // what a network sees is nearly square
constexpr double least_room = 1.3;  // side of a level by resolution: crops of 0.6 of the area have 0.77 of the side
constexpr double longest_side = 1 << 16;

Crop centered(const Image& image, int width, int height) {
  return {(image.width - width) / 2, (image.height - height) / 2, width, height, false};
}

// What of an image is kept, and how large.
struct Reduction {
  Crop crop;
  int width, height;
};

Reduction training_reduction(const Image& image, int side) {
  const Crop crop = centered(image, std::min(image.width, longest_aspect * image.height),
                             std::min(image.height, longest_aspect * image.width));
  const int shorter = std::min(crop.width, crop.height);
  if (shorter <= side) return {crop, crop.width, crop.height};
  const auto scaled = [&](int length) { return static_cast<int>(std::lround(double(length) * side / shorter)); };
  return {crop, scaled(crop.width), scaled(crop.height)};
}

Reduction reduction_of(const Preparation& preparation, const Image& image) {
  if (preparation.kind == Preparation::Kind::training) return training_reduction(image, preparation.side);
  return {evaluation_crop(image), preparation.side, preparation.side};
}

int checked_resolution(int resolution) {
  if (resolution < 1 || resolution > 4096)
    throw expected("space.resolution", "1 to 4096 pixels", std::to_string(resolution));
  return resolution;
}

}  // namespace

Crop evaluation_crop(const Image& image) {
  const int side = std::min(image.width, image.height);
  return centered(image, side, side);
}

Crop training_crop(const Image& image, double min_area, std::uint64_t seed, std::int64_t step, std::int64_t position) {
  Random random(seed, "crop", static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(position));
  const bool flip = random.uniform() < 0.5;
  const double area = double(image.width) * image.height;
  Crop crop = evaluation_crop(image);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double wanted = area * random.uniform(min_area, 1.0);
    const double aspect = std::exp(random.uniform(std::log(3.0 / 4.0), std::log(4.0 / 3.0)));
    const auto width = static_cast<int>(std::lround(std::sqrt(wanted * aspect)));
    const auto height = static_cast<int>(std::lround(std::sqrt(wanted / aspect)));
    if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
    crop = {static_cast<int>(random.below(static_cast<std::uint64_t>(image.width - width) + 1)),
            static_cast<int>(random.below(static_cast<std::uint64_t>(image.height - height) + 1)), width, height,
            false};
    break;
  }
  crop.flip = flip;
  return crop;
}

Crop whole(const Image& image) { return {0, 0, image.width, image.height, false}; }

void prepare_input(Backend& backend, const Dataset::Pixels& pixels, const View& input) {
  const Image image = image_of(pixels);
  const Crop crop = evaluation_crop(image);
  backend.augment({&image, 1}, {&crop, 1}, input);
}

void prepare_file(Backend& backend, const DataConfiguration& data, const std::filesystem::path& file,
                  const View& input) {
  if (data.image() != nullptr) return prepare_input(backend, decode_image(file), input);
  const Dataset::Pixels pixels = SoundPreparation(*data.sound())(read_wav(file));
  const Image image = image_of(pixels);
  const Crop crop = whole(image);
  backend.augment({&image, 1}, {&crop, 1}, input);
}

Preparation Preparation::training(int resolution, double min_area) {
  const double room = std::max(least_room, 1 / std::sqrt(min_area));
  const double side = std::min(checked_resolution(resolution) * room - 1e-9, longest_side);
  return {Kind::training, static_cast<int>(std::ceil(side))};
}

Preparation Preparation::training(const DataConfiguration& data, double min_area) {
  return data.image() != nullptr ? training(data.image()->resolution, min_area) : evaluation(data);
}

Preparation Preparation::evaluation(int resolution) { return {Kind::evaluation, checked_resolution(resolution)}; }

Preparation Preparation::evaluation(const DataConfiguration& data) {
  if (data.image() != nullptr) return evaluation(data.image()->resolution);
  return {Kind::evaluation, 0, false, std::make_shared<SoundPreparation>(*data.sound())};
}

std::string Preparation::label() const {
  return sound ? DataConfiguration(sound->view()).text() : std::to_string(side) + (bilinear ? "-bilinear" : "");
}

std::string Preparation::name() const {
  return preparation_name(sound ? DataConfiguration(sound->view()) : DataConfiguration());
}

Crop Preparation::training_view(const Image& image, double min_area, std::uint64_t seed, std::int64_t step,
                                std::int64_t position) const {
  return sound ? whole(image) : training_crop(image, min_area, seed, step, position);
}

// Evaluation and what is sampled want the full size; a level reduced by area may come from a JPEG decoded at a reduced
// scale.
void Preparation::apply(const Dataset& dataset, const Sample& sample, Dataset::Pixels& out) const {
  if (sound) {
    out = (*sound)(dataset.sound(sample));
    return;
  }
  Dataset::Pixels decoded = dataset.decode(sample, kind == Kind::training && !bilinear ? side : 0);
  const Image image = image_of(decoded);
  const auto& [crop, width, height] = reduction_of(*this, image);
  if (bilinear) sample_bilinear(image, crop, width, height, out);
  else reduce(image, crop, width, height, image.channels, out);
  out.remark = std::move(decoded.remark);
}

// Of a level's crop one side is at most the level's, and the other, but for rounding, at most 4/3 of that.
std::size_t Preparation::largest_crop_bytes() const {
  if (sound) return static_cast<std::size_t>(DataConfiguration(sound->view()).input().elements());
  const auto shorter = static_cast<std::size_t>(side);
  return 3 * shorter * (kind == Kind::training ? 4 * (shorter + 1) / 3 + 2 : shorter);
}

std::uint64_t Preparation::bytes(const Dataset::Pixels& decoded) const {
  const Reduction reduction = reduction_of(*this, image_of(decoded));
  return std::uint64_t(reduction.width) * std::uint64_t(reduction.height) * std::uint64_t(decoded.channels);
}

}  // namespace danas
