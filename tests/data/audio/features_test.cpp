// Spectrograms, mel bands and MFCCs against librosa's figures: of drawn signals, and of real recordings where these are at
// hand.
#include "data/audio/features.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "data/audio/mfcc.hpp"
#include "data/audio/resample.hpp"
#include "sounds.hpp"

namespace danas::test {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const fs::path own_golden = fs::path(DANAS_SOURCE_FOLDER) / "tests" / "golden";

Json read_json(const fs::path& file) {
  std::ifstream stream(file);
  BOOST_REQUIRE_MESSAGE(stream, "no " << file);
  return Json::parse(stream);
}

struct Bounds {
  double mean, deviation, element;  // of the first and the last in deviations, of the second by itself
};

// Shape, mean, deviation and some elements; a map that hardly varies is compared in decibels.
void check_figures(std::span<const float> values, const Json& wanted, const Bounds& bounds, const std::string& what) {
  std::size_t size = 1;
  for (const Json& extent : wanted.at("shape")) size *= extent.get<std::size_t>();
  BOOST_REQUIRE_EQUAL(values.size(), size);
  double mean = 0, squares = 0;
  for (const float value : values) mean += value / static_cast<double>(size);
  for (const float value : values) squares += (value - mean) * (value - mean) / static_cast<double>(size);
  const double deviation = wanted.at("std"), scale = deviation > 1e-6 ? deviation : 1;
  BOOST_CHECK_MESSAGE(std::abs(mean - wanted.at("mean").get<double>()) <= bounds.mean * scale,
                      what << ": mean " << mean << " instead of " << wanted.at("mean"));
  BOOST_CHECK_MESSAGE(std::abs(std::sqrt(squares) - deviation) <= bounds.deviation * scale,
                      what << ": deviation " << std::sqrt(squares) << " instead of " << deviation);
  for (const auto& [place, value] : wanted.at("at").items())
    BOOST_CHECK_MESSAGE(std::abs(values[std::stoul(place)] - value.get<double>()) <= bounds.element * scale,
                        what << ": element " << place << " is " << values[std::stoul(place)] << " instead of "
                             << value);
}

// As the fixtures' figures were drawn.
double drawn(std::uint64_t k, std::uint64_t i) {
  std::uint64_t z = k * 0x9E3779B97F4A7C15u + i * 0xD1B54A32D192ED03u;
  z ^= z >> 30;
  z *= 0xBF58476D1CE4E5B9u;
  z ^= z >> 27;
  z *= 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1;
}

// Noise that grows, then silence in the last quarter.
std::vector<float> drawn_signal(const Json& row) {
  const std::size_t samples = row.at("samples");
  std::vector<float> signal(samples);
  for (std::size_t i = 0; 4 * i < 3 * samples; ++i)
    signal[i] = static_cast<float>(drawn(row.at("signal"), i) * static_cast<double>(i) / static_cast<double>(samples));
  return signal;
}

// Fixtures of the folder DANAS_GOLDEN, or the project's own.
std::vector<Json> recorded_rows() {
  const char* const folder = std::getenv("DANAS_GOLDEN");
  std::vector<Json> rows;
  for (const auto& file : fs::directory_iterator(folder != nullptr && *folder != '\0' ? fs::path(folder) : own_golden))
    if (file.path().filename().string().starts_with("librosa_features")) {
      const Json golden = read_json(file.path());
      rows.insert(rows.end(), golden.at("rows").begin(), golden.at("rows").end());
    }
  return rows;
}

fs::path recordings() { return real_data() / "toyadmos_standin"; }

boost::test_tools::assertion_result has_recordings(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(fs::is_directory(recordings()));
  result.message() << "no recordings at " << recordings();
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(audio_features)

// tests/golden/librosa_synthetic.json: librosa 0.11 and soxr 1.1 on drawn_signal(), in Python: stft() with n_fft=2048,
// hop_length=512, pad_mode="constant"; power_to_db() with ref=1, amin=1e-10, top_db=80; melspectrogram() with n_mels=80;
// mfcc() of the bands in decibels with n_mfcc=13; delta() with width=9, order=1 and 2, mode="nearest"; resample() with
// res_type="soxr_hq".
BOOST_AUTO_TEST_CASE(drawn_signals) {
  const Json golden = read_json(own_golden / "librosa_synthetic.json");
  const Bounds bounds{1e-5, 1e-5, 1e-4};
  for (const Json& row : golden.at("features")) {
    const std::vector<float> signal = drawn_signal(row);
    for (const AudioFeature feature : {AudioFeature::spectrogram, AudioFeature::mel, AudioFeature::mfcc}) {
      const FeatureMap map = FeatureExtractor(feature, row.at("rate"))(signal);
      BOOST_CHECK_EQUAL(map.rows, feature_rows(feature));
      BOOST_CHECK_EQUAL(map.frames, Spectrogram::frames(signal.size()));
      check_figures(map.values, row.at(name_of(feature)), bounds, row.at("signal").dump() + " " + name_of(feature));
    }
  }
}

// A noise up to half its rate has much in the band where the filters fall, which differ there.
BOOST_AUTO_TEST_CASE(drawn_signals_resampled) {
  const Json golden = read_json(own_golden / "librosa_synthetic.json");
  for (const Json& row : golden.at("resampled")) {
    Json wanted = row;
    wanted["shape"] = {row.at("length")};
    const Resampler resampler(row.at("from"), row.at("to"));
    check_figures(resampler(drawn_signal(row)), wanted, {1e-3, 5e-3, 2e-2},
                  row.at("from").dump() + " → " + row.at("to").dump());
  }
}

BOOST_AUTO_TEST_CASE(silence_has_the_least_power) {
  for (const AudioFeature feature : {AudioFeature::spectrogram, AudioFeature::mel})
    for (const float value : FeatureExtractor(feature, 6000)(std::vector<float>(1000)).values)
      BOOST_REQUIRE_CLOSE(value, -100.0F, 1e-4);
  const FeatureMap map = FeatureExtractor(AudioFeature::mfcc, 6000)(std::vector<float>(1000));
  BOOST_CHECK_CLOSE(map.row(0)[0], -1000 * std::sqrt(0.8), 1e-3);  // √80 times the mean of the bands
  for (std::size_t row = 1; row < map.rows; ++row)
    for (const float value : map.row(row)) BOOST_REQUIRE_SMALL(value, 1e-3F);
}

BOOST_AUTO_TEST_CASE(every_rate_has_features) {
  for (const int rate : {1, 375, 750, 1500, 3000, 6000, 12000, 24000, 44100, 48000, 1'000'000})
    for (const std::size_t samples : {0u, 1u, 1023u, 3000u})
      for (const AudioFeature feature : {AudioFeature::spectrogram, AudioFeature::mel, AudioFeature::mfcc}) {
        std::vector<float> sound(samples);
        for (std::size_t i = 0; i < samples; ++i) sound[i] = static_cast<float>(drawn(1, i));
        for (const float value : FeatureExtractor(feature, rate)(sound).values) BOOST_REQUIRE(std::isfinite(value));
      }
}

BOOST_AUTO_TEST_CASE(derivatives_of_polynomials) {
  FeatureMap map(2, 20);
  for (std::size_t t = 0; t < map.frames; ++t) {
    const auto x = static_cast<float>(t);
    map.row(0)[t] = 3 * x - 1;
    map.row(1)[t] = 0.5F * x * x;
  }
  const FeatureMap first = derivative(map, 1), second = derivative(map, 2);
  for (std::size_t t = 4; t + 4 < map.frames; ++t) {
    BOOST_CHECK_CLOSE(first.row(0)[t], 3.0F, 1e-4);
    BOOST_CHECK_CLOSE(first.row(1)[t], static_cast<float>(t), 1e-4);
    BOOST_CHECK_SMALL(second.row(0)[t], 1e-5F);
    BOOST_CHECK_CLOSE(second.row(1)[t], 1.0F, 1e-4);
  }
}

BOOST_AUTO_TEST_CASE(recordings_agree_with_librosa, *boost::unit_test::precondition(has_recordings)) {
  std::size_t compared = 0;
  for (const Json& row : recorded_rows()) {
    const std::string file = row.at("file");
    const int rate = row.at("rate");
    const Sound sound = read_wav(recordings() / file);
    const std::vector<float> samples = Resampler(sound.rate, rate)(sound.samples);
    // soxr begins and ends otherwise, which single elements at the ends show.
    const Bounds bounds = rate == sound.rate ? Bounds{1e-3, 1e-3, 1e-3} : Bounds{5e-3, 1e-2, 0.15};
    const auto check = [&](std::span<const float> values, const char* name) {
      check_figures(values, row.at(name), bounds, file + " at " + std::to_string(rate) + " Hz, " + name);
    };
    check(samples, "signal");
    check(FeatureExtractor(AudioFeature::spectrogram, rate)(samples).values, "power_db_spectrogram");
    check(FeatureExtractor(AudioFeature::mel, rate)(samples).values, "power_db_mel");
    const FeatureMap map = FeatureExtractor(AudioFeature::mfcc, rate)(samples);
    const std::span<const float> all = map.values;
    const std::size_t part = mfcc_count * map.frames;
    check(all.first(part), "mfcc");
    check(all.subspan(part, part), "delta");
    check(all.last(part), "delta2");
    ++compared;
  }
  BOOST_CHECK_GE(compared, 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
