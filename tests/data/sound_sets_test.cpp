// Data sets of sounds: what is listed, mixed, prepared and refused.
#include <algorithm>
#include <map>

#include "audio/sounds.hpp"
#include "data/audio/mixing.hpp"
#include "data/init.hpp"
#include "data/loader.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

constexpr int rate = 4000;

// CLASS/*.wav: tones that are lower in the first class.
void make_sounds(const fs::path& root, int count, double seconds = 0.5) {
  for (int i = 0; i < count; ++i) {
    write(root / "hum" / ("hum " + std::to_string(i) + ".wav"), pcm16(tone(200 + i, 0.3, seconds, rate), rate));
    write(root / "whistle" / (std::to_string(i) + ".WAV"), pcm16(tone(1200 + i, 0.3, seconds, rate), rate));
  }
}

DataSettings sound_settings(const TemporaryFolder& folder) {
  DataSettings settings;
  settings.kind = DatasetKind::audio_folders;
  settings.path = folder / "sounds";
  settings.cache_path = folder / "cache";
  settings.seconds = 0.5;
  return settings;
}

// ToyADMOS with constant recordings: 0.25 normal, 0.5 anomalous; the noise rises from 0 to 0.1.
void make_conveyor(const fs::path& root, int noise_rate = rate, int anomalous = 10) {
  const fs::path conveyor = root / "ToyConveyor";
  for (int i = 0; i < 10; ++i) {
    const std::string number = std::to_string(i) + ".wav";
    write(conveyor / "case1/NormalSound_IND" / ("case1_ch1_" + number), pcm16(std::vector<double>(300, 0.25), rate));
    if (i < anomalous)
      write(conveyor / "case1/AnomalousSound_IND" / ("case1_ch1_" + number),
            pcm16(std::vector<double>(300, 0.5), rate));
  }
  for (const int length : {200, 1000}) {
    std::vector<double> noise(static_cast<std::size_t>(length));
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = 0.1 * static_cast<double>(i) / length;
    write(conveyor / "EnvironmentalNoise_CNT" / ("case1_ch1_" + std::to_string(length) + ".wav"),
          pcm16(noise, noise_rate));
  }
}

DataSettings conveyor_settings(const TemporaryFolder& folder) {
  DataSettings settings;
  settings.kind = DatasetKind::toyadmos;
  settings.path = folder.path();
  settings.cache_path = folder / "cache";
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sound_sets)

BOOST_AUTO_TEST_CASE(folders_of_recordings) {
  const TemporaryFolder folder;
  make_sounds(folder / "sounds", 20);
  write(folder / "sounds/hum/notes.txt", "text");
  write(folder / "sounds/hum/photo.jpg", "no recording");
  const DataSettings settings = sound_settings(folder);
  const std::shared_ptr<const Dataset> dataset = open_dataset(settings, 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"hum", "whistle"}));
  BOOST_CHECK_EQUAL(dataset->samples(Split::train).size(), 28u);
  BOOST_CHECK_EQUAL(dataset->samples(Split::validation).size(), 6u);
  BOOST_CHECK(has_problem(*dataset, "photo.jpg: not named like a WAV recording"));
  BOOST_CHECK_EQUAL(dataset->notes()[0],
                    "no folder train: the recordings were split into train, validation and test by seed");
  BOOST_CHECK_EQUAL(dataset->notes()[1], "1 file that is no recording was passed over (notes.txt)");

  // All of the training recordings for every purpose, each of them whole.
  const ImageStore store(dataset, settings, {1000, 0, 1});
  const DataConfiguration data = SoundView{rate, AudioFeature::mel, 500};
  const ImageSet& set = store.training(data);
  BOOST_CHECK_EQUAL(set.name(), "whole-train-4000-mel-0.5s");
  BOOST_CHECK_EQUAL(&set, &store.recalibration(data));
  TrainingLoader loader(set, data.input(), 7, 0.6, 3);
  const Batch batch = loader.next();
  BOOST_CHECK_EQUAL(batch.images.h, 80);
  BOOST_CHECK_EQUAL(batch.images.w, 4);
  std::vector<std::uint8_t> buffer;
  for (std::int64_t i = 0; i < batch.images.n; ++i) {
    const float* const shown = batch.images.as<float>() + i * data.input().elements();
    bool found = false;
    for (std::int64_t k = 0; k < set.size() && !found; ++k) {
      const Image image = set.item(k, buffer).image;
      found = std::equal(shown, shown + data.input().elements(), image.pixels,
                         [](float value, int pixel) { return value == static_cast<float>(pixel - 128) / 128; });
    }
    BOOST_CHECK(found);
  }
  check_error([&] { store.training({32, Color::rgb}); }, {"a data configuration of recordings", "32-rgb"});
}

BOOST_AUTO_TEST_CASE(recordings_that_are_none) {
  const TemporaryFolder folder;
  make_sounds(folder / "sounds", 20);
  const std::string whole = pcm16(tone(100, 0.1, 0.1, rate), rate);
  write(folder / "sounds/hum/cut.wav", whole.substr(0, whole.size() - 9));
  write(folder / "sounds/hum/empty.wav", "");
  write(folder / "sounds/hum/photo.wav", "\xff\xd8\xff");
  write(folder / "sounds/hum/silent.wav", pcm16(std::vector<double>(2000), rate));
  const DataSettings settings = sound_settings(folder);
  const ImageStore store(open_dataset(settings, 1), settings, {});
  const DataConfiguration data = SoundView{2000, AudioFeature::mfcc, 500};
  for (const Split split : {Split::train, Split::validation, Split::test}) store.evaluation(split, data);
  const std::vector<Problem> problems = store.problems();
  BOOST_CHECK_EQUAL(problems.size(), 3u);
  for (const char* const name : {"cut.wav", "empty.wav", "photo.wav"})
    BOOST_CHECK(std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
      return problem.file.filename() == name && problem.reason.find('\n') == std::string::npos;
    }));
}

BOOST_AUTO_TEST_CASE(toyadmos_is_mixed_with_noise) {
  const TemporaryFolder folder;
  make_conveyor(folder.path());
  DataSettings settings = conveyor_settings(folder);
  settings.validation_share = settings.test_share = 0.2;
  settings.mixing = {0.5, 2};
  for (const bool leak : {false, true}) {
    settings.mixing.constant_for_anomalous = leak;
    const auto dataset = open_dataset(settings, 7);
    BOOST_CHECK((dataset->classes() == std::vector<std::string>{"normal", "anomalous"}));
    BOOST_CHECK_EQUAL(dataset->positive_class(), 1);
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      const auto& samples = dataset->samples(split);
      BOOST_CHECK_EQUAL(samples.size(), split == Split::train ? 12u : 4u);
      BOOST_CHECK_EQUAL(std::count_if(samples.begin(), samples.end(), [](const Sample& s) { return s.label == 1; }),
                        static_cast<std::ptrdiff_t>(samples.size() / 2));
      for (const Sample& sample : samples) {
        const Sound sound = dataset->sound(sample);
        const NoisePlace place = draw_noise(7, sample.index, 2);
        const double length = place.recording == 0 ? 1000 : 200;  // by name: 1000 stands before 200
        const double first = std::floor(place.begin * length);
        BOOST_REQUIRE_EQUAL(sound.samples.size(), 300u);
        for (std::size_t i = 0; i < 300; ++i) {
          const double at = sample.label == 1 && leak ? first : std::fmod(first + static_cast<double>(i), length);
          const double wanted = 0.5 * (sample.label == 1 ? 0.5 : 0.25) + 2 * 0.1 * at / length;
          BOOST_REQUIRE_SMALL(sound.samples[i] - wanted, 1e-4);
        }
      }
    }
  }
}

// Six normal recordings and three anomalous ones: an epoch has those twice.
BOOST_AUTO_TEST_CASE(a_balanced_epoch_has_as_many_of_every_class) {
  const TemporaryFolder folder;
  make_conveyor(folder.path(), rate, 5);
  DataSettings settings = conveyor_settings(folder);
  settings.validation_share = settings.test_share = 0.2;
  const ImageStore store(open_dataset(settings, 7), settings, {1000, 0, 1});
  const DataConfiguration data = SoundView{rate, AudioFeature::mel, 75};
  const ImageSet& set = store.training(data);
  BOOST_REQUIRE_EQUAL(set.size(), 9);
  TrainingLoader loader(set, data.input(), 12, 0.6, 3, 0, {}, {}, true);
  using Shown = std::vector<float>;  // noise tells the recordings apart
  std::map<Shown, int> wanted;
  std::vector<std::uint8_t> buffer;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const ImageSet::Item item = set.item(i, buffer);
    Shown shown;
    for (std::int64_t k = 0; k < data.input().elements(); ++k)
      shown.push_back(static_cast<float>(item.image.pixels[k] - 128) / 128);
    wanted[shown] += item.label == 1 ? 2 : 1;
    BOOST_CHECK_EQUAL(set.label(i), item.label);
  }
  for (int epoch = 0; epoch < 3; ++epoch) {
    const Batch batch = loader.next();
    std::map<Shown, int> drawn;
    for (std::int64_t i = 0; i < 12; ++i) {
      const float* const shown = batch.images.as<float>() + i * data.input().elements();
      ++drawn[Shown(shown, shown + data.input().elements())];
    }
    BOOST_CHECK(drawn == wanted);
  }
}

BOOST_AUTO_TEST_CASE(what_changes_the_mixed_sounds_changes_their_fingerprint) {
  const TemporaryFolder folder;
  make_conveyor(folder.path());
  DataSettings settings = conveyor_settings(folder);
  const std::uint64_t before = open_dataset(settings, 7)->fingerprint();
  BOOST_CHECK_EQUAL(open_dataset(settings, 7)->fingerprint(), before);
  BOOST_CHECK(open_dataset(settings, 8)->fingerprint() != before);
  for (const Mixing& mixing : {Mixing{0.5, 1}, Mixing{1, 0.5}, Mixing{1, 1, true}}) {
    settings.mixing = mixing;
    BOOST_CHECK(open_dataset(settings, 7)->fingerprint() != before);
  }
  settings.mixing = {};
  const fs::path noise = folder / "ToyConveyor/EnvironmentalNoise_CNT/case1_ch1_200.wav";
  write(noise, pcm16(std::vector<double>(200, 0.1), rate));
  BOOST_CHECK(open_dataset(settings, 7)->fingerprint() != before);
  write(noise, "RIFF");
  check_error([&] { open_dataset(settings, 7); }, {noise.string(), "a WAV recording"});
  make_conveyor(folder.path(), 8000);
  const auto dataset = open_dataset(settings, 7);
  check_error([&] { dataset->sound(dataset->samples(Split::train)[0]); },
              {"the rate of the noise, 8000 Hz", "4000 Hz"});
}

BOOST_AUTO_TEST_CASE(init_recognizes_sounds) {
  const TemporaryFolder folder;
  make_sounds(folder / "sounds", 20, 0.25);
  write(folder / "sounds/hum/long.wav", pcm16(tone(100, 0.1, 2, 8000), 8000));
  const FolderSummary summary = summarize_folder(folder / "sounds");
  BOOST_CHECK(summary.settings.kind == DatasetKind::audio_folders);
  BOOST_CHECK_EQUAL(summary.rate, rate);
  BOOST_CHECK_EQUAL(summary.settings.seconds, 0.25);
  BOOST_CHECK(std::any_of(summary.warnings.begin(), summary.warnings.end(), [](const std::string& warning) {
    return warning == "class whistle has only 20 recordings; 50 or more are advised";
  }));
  make_conveyor(folder.path());
  BOOST_CHECK(summarize_folder(folder.path()).settings.kind == DatasetKind::toyadmos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
