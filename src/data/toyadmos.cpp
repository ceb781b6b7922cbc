// ToyADMOS: recordings of a toy that runs as it should or does not, mixed with noise.
#include <algorithm>
#include <bit>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "data/audio/toy_conveyor.hpp"
#include "data/audio/wav.hpp"
#include "data/file_dataset.hpp"
#include "data/listing.hpp"
#include "data/stratified_split.hpp"

namespace danas {

namespace {

class ToyAdmos : public FileDataset {
 public:
  ToyAdmos(const DataSettings& settings, std::uint64_t seed, const Progress& progress)
      : mixing_(settings.mixing), seed_(seed) {
    const ToyConveyor files = list_toy_conveyor(settings.path, settings.conveyor_case, settings.channel);
    classes_ = {"normal", "anomalous"};
    for (const std::int32_t label : {normal, anomalous}) {
      std::vector<Sample> samples;
      for (const std::string& file : label == normal ? files.normal : files.anomalous)
        samples.push_back({file, recordings_++, label});
      deal_class(std::move(samples), seed, settings.validation_share, settings.test_share, samples_);
    }
    for (const std::string& file : files.noise) noise_.emplace_back(file);
    choose_positive(settings.positive);
    finish(settings, progress, files.noise);
  }

  Sound sound(const Sample& sample) const override {
    Sound sound = FileDataset::sound(sample);
    const NoisePlace place = draw_noise(seed_, sample.index, noise_.size());
    const WavFile& noise = noise_[place.recording];
    if (noise.rate() != sound.rate)
      throw expected(sample.file, "the rate of the noise, " + std::to_string(noise.rate()) + " Hz",
                     std::to_string(sound.rate) + " Hz");
    const auto begin = static_cast<std::size_t>(place.begin * static_cast<double>(noise.size()));
    mix_noise(sound.samples, part(noise, begin, sound.samples.size()), 0, sample.label == anomalous, mixing_);
    return sound;
  }

  std::uint64_t fingerprint() const override {
    Fingerprint fingerprint;
    fingerprint.add(FileDataset::fingerprint());
    fingerprint.add(seed_);
    for (const double gain : {mixing_.sound_gain, mixing_.noise_gain})
      fingerprint.add(std::bit_cast<std::uint64_t>(gain));
    fingerprint.add(std::uint64_t{mixing_.constant_for_anomalous});
    return fingerprint.value();
  }

 private:
  static constexpr std::int32_t normal = 0, anomalous = 1;

  // What is heard of a noise from there on, once around at most.
  static std::vector<float> part(const WavFile& noise, std::size_t begin, std::size_t count) {
    count = std::min(count, noise.size());
    const std::size_t first = std::min(count, noise.size() - begin);
    std::vector<float> samples = noise.read(begin, first);
    const std::vector<float> again = noise.read(0, count - first);
    samples.insert(samples.end(), again.begin(), again.end());
    return samples;
  }

  Mixing mixing_;
  std::uint64_t seed_, recordings_ = 0;
  std::vector<WavFile> noise_;
};

}  // namespace

std::unique_ptr<Dataset> open_toyadmos(const DataSettings& settings, std::uint64_t seed, const Progress& progress) {
  return std::make_unique<ToyAdmos>(settings, seed, progress);
}

}  // namespace danas
