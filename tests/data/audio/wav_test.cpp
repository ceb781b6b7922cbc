// WAV files built byte by byte, damaged ones, and real recordings.
#include "data/audio/wav.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "../mutation.hpp"
#include "sounds.hpp"

namespace danas::test {

namespace {

const std::string mono16 = wav_format(1, 1, 16);

std::string float32(float value) { return little(std::bit_cast<std::uint32_t>(value), 4); }
std::string float64(double value) { return little(std::bit_cast<std::uint64_t>(value), 8); }

void check_samples(const std::string& file, const std::vector<double>& wanted) {
  const Sound sound = decode(file);
  BOOST_REQUIRE_EQUAL(sound.samples.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) BOOST_CHECK_EQUAL(sound.samples[i], static_cast<float>(wanted[i]));
}

// A file whose samples are 1, 2, 3 in 16 bits, with lengths as they are given.
std::string with_lengths(std::uint32_t whole, std::uint32_t samples, const std::string& after = "") {
  return "RIFF" + little(whole, 4) + "WAVE" + chunk("fmt ", mono16) + "data" + little(samples, 4) +
         std::string("\1\0\2\0\3\0", 6) + after;
}
const std::vector<double> one_two_three = {1 / 0x1p15, 2 / 0x1p15, 3 / 0x1p15};

}  // namespace

BOOST_AUTO_TEST_SUITE(wav_files)

BOOST_AUTO_TEST_CASE(samples_of_every_width) {
  const auto integers = [](int bits, const std::vector<std::uint64_t>& values) {
    std::string bytes;
    for (const std::uint64_t value : values) bytes += little(value, bits / 8);
    return bytes;
  };
  for (const bool extensible : {false, true}) {
    const auto file = [&](int code, int bits, const std::string& samples) {
      return wav(extensible ? wav_extensible(code, 1, bits) : wav_format(code, 1, bits), samples);
    };
    check_samples(file(1, 8, integers(8, {0, 127, 128, 129, 255})), {-1, -1 / 128., 0, 1 / 128., 127 / 128.});
    check_samples(file(1, 16, integers(16, {0x8000, 0xFFFF, 0, 1, 0x7FFF})),
                  {-1, -1 / 0x1p15, 0, 1 / 0x1p15, 1 - 1 / 0x1p15});
    check_samples(file(1, 24, integers(24, {0x800000, 0xFFFFFF, 0, 1, 0x123456, 0x7FFFFF})),
                  {-1, -1 / 0x1p23, 0, 1 / 0x1p23, 0x123456 / 0x1p23, 1 - 1 / 0x1p23});
    check_samples(file(1, 32, integers(32, {0x80000000, 0xFFFFFFFF, 0, 1, 0x7FFFFFFF})),
                  {-1, -1 / 0x1p31, 0, 1 / 0x1p31, 1 - 1 / 0x1p31});
    check_samples(file(3, 32, float32(-0.75F) + float32(0) + float32(32768)), {-0.75, 0, 32768});
    check_samples(file(3, 64, float64(0.1) + float64(-1e-300)), {0.1, 0});
  }
}

BOOST_AUTO_TEST_CASE(rate_and_channels) {
  BOOST_CHECK_EQUAL(decode(wav(wav_format(1, 1, 16, 375), little(1, 2))).rate, 375);
  check_samples(wav(wav_format(1, 2, 16), little(0x4000, 2) + little(0, 2) + little(0x8000, 2) + little(0x8000, 2)),
                {0.25, -1});
  check_samples(wav(wav_format(1, 3, 8), std::string("\x80\xC0\xA0", 3)), {0.25});
  std::string many;
  for (int channel = 0; channel < 1000; ++channel) many += little(0x2000, 2);
  check_samples(wav(wav_format(1, 1000, 16), many + many), {0.25, 0.25});
}

BOOST_AUTO_TEST_CASE(silence_is_a_sound) {
  check_samples(wav(mono16, std::string(20, '\0')), std::vector<double>(10, 0.0));
}

BOOST_AUTO_TEST_CASE(chunks_around_format_and_samples) {
  const std::string format = chunk("fmt ", mono16 + little(0, 2)), data = chunk("data", little(0x4000, 2));
  const std::string odd = chunk("LIST", "INFO."), even = chunk("bext", "text"), empty = chunk("fact", "");
  for (const std::string& chunks :
       {odd + format + data, format + odd + even + data, even + format + empty + data + odd, data + odd + format,
        format + data + "LIST" + little(1000, 4) + "lost", format + data + "xy"})
    check_samples(riff(chunks), {0.5});
  check_samples(riff(chunk("fmt ", wav_format(1, 1, 8)) + chunk("data", "\xC0") + odd), {0.5});
  check_samples(riff(format + data + chunk("data", little(0x2000, 2))), {0.5});
  check_samples(riff(format + chunk("data", little(0x4000, 2) + "\1")), {0.5});  // half a sample is none
}

BOOST_AUTO_TEST_CASE(lengths_left_open) {
  const std::uint32_t whole = 4 + 24 + 8 + 6;
  check_samples(with_lengths(whole, 6), one_two_three);
  for (const std::uint32_t wrong : {0u, 36u, 1000u, 0xFFFFFFFFu}) {
    check_samples(with_lengths(wrong, 6), one_two_three);
    check_samples(with_lengths(wrong, 0), one_two_three);
  }
  for (const std::uint32_t open : {0xFFFFFFFFu, 0x7FFFFFFFu, 0x7FFFF000u})
    for (const std::uint32_t length : {0u, whole, open}) check_samples(with_lengths(length, open), one_two_three);
  check_samples(with_lengths(whole, 4, "\1"), {one_two_three[0], one_two_three[1]});

  const std::string sizes = chunk("ds64", little(0, 8) + little(6, 8) + little(3, 8) + little(0, 4));
  const std::string beginning = "RF64\xFF\xFF\xFF\xFFWAVE", format = chunk("fmt ", mono16);
  const std::string data = "data\xFF\xFF\xFF\xFF" + std::string("\1\0\2\0\3\0", 6);
  check_samples(beginning + sizes + format + data + chunk("LIST", "more"), one_two_three);
}

BOOST_AUTO_TEST_CASE(what_is_no_recording_is_one_line) {
  const std::string data = chunk("data", std::string(8, '\1')), format = chunk("fmt ", mono16);
  const auto check = [](const std::string& file, const std::vector<std::string>& texts) {
    check_error([&] { decode(file); }, texts);
  };
  check("", {"[x.wav] expected a WAV recording, got an empty file"});
  check("RIFF", {"does not begin like one"});
  check("RIFX" + riff(format + data).substr(4), {"does not begin like one"});
  check(riff(""), {"'fmt '", "none"});
  check(riff(data), {"'fmt '", "none"});
  check(riff(format), {"'data'", "none"});
  check(riff(format + "data" + little(9, 4) + std::string(8, '\1')), {"9 bytes", "8", "truncated"});
  check(riff(format + chunk("data", "")), {"without samples"});
  check(riff(format + chunk("data", "") + chunk("LIST", "INFO")), {"without samples"});
  check(riff(format + chunk("data", "\1")), {"without samples"});
  check(wav(mono16.substr(0, 14), "1234"), {"at least 16 bytes", "14"});
  check(wav(wav_extensible(1, 1, 16).substr(0, 38), "1234"), {"at least 40 bytes", "38"});
  check(wav(wav_extensible(1, 1, 16).substr(0, 39) + "?", "1234"), {"another program"});
  check(wav(wav_format(2, 1, 16), "1234"), {"PCM or float", "format 2"});
  check(wav(wav_extensible(6, 1, 8), "1234"), {"PCM or float", "format 6"});
  check(wav(wav_format(1, 1, 12), "1234"), {"8, 16, 24 or 32", "12 bits"});
  check(wav(wav_format(1, 1, 64), "12345678"), {"8, 16, 24 or 32", "64 bits"});
  check(wav(wav_format(3, 1, 16), "1234"), {"32 or 64", "16 bits"});
  check(wav(wav_format(1, 0, 16), "1234"), {"channel", "0"});
  check(wav(mono16.substr(0, 12) + little(4, 2) + little(16, 2), "1234"), {"blocks of 2 bytes", "got 4"});
  check(wav(wav_format(1, 1, 16, 0), "1234"), {"rate", "got 0"});
  check(wav(wav_format(1, 1, 16, 1'000'001), "1234"), {"rate", "1000001"});
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e10}) {
    check(wav(wav_format(3, 1, 64), float64(0) + float64(bad)), {"numbers", "in sample 1"});
    check(wav(wav_format(3, 1, 32), float32(static_cast<float>(bad))), {"numbers", "in sample 0"});
  }
}

BOOST_AUTO_TEST_CASE(files_are_named) {
  const TemporaryFolder folder;
  write(folder / "some.wav", wav(mono16, little(0x4000, 2)));
  BOOST_CHECK_EQUAL(read_wav(folder / "some.wav").samples.at(0), 0.5F);
  check_error([&] { read_wav(folder / "none.wav"); }, {"none.wav"});
  check_error([&] { read_wav(folder.path()); }, {folder.path().string(), "something else"});
  for (const char* name : {"a.wav", "a.WAV", "a.b.Wave"}) BOOST_CHECK(has_wav_extension(name));
  for (const char* name : {"wav", "a.wav.txt", "a.mp3", "a."}) BOOST_CHECK(!has_wav_extension(name));
}

BOOST_AUTO_TEST_CASE(damaged_files_are_read_within_their_end) {
  const std::string text = chunk("LIST", "INFOISFTsome program");
  const std::string sizes = chunk("ds64", little(80, 8) + little(6, 8) + little(3, 8) + little(0, 4));
  const std::vector<std::string> files = {
      wav(mono16, std::string(40, '\7')),
      riff(text + chunk("fmt ", wav_extensible(1, 2, 24)) + chunk("data", std::string(60, '\7')) + text),
      riff(chunk("fmt ", wav_format(3, 1, 32)) + chunk("fact", little(5, 4)) + chunk("data", std::string(20, '\x3F'))),
      wav(wav_format(3, 2, 64), std::string(64, '\x3F')),
      wav(wav_format(1, 1, 8), std::string(15, '\x90')),
      "RF64\xFF\xFF\xFF\xFFWAVE" + sizes + chunk("fmt ", mono16) + "data\xFF\xFF\xFF\xFF" + std::string(6, '\1')};
  std::uint64_t number = 0, read = 0;
  for (const std::string& file : files)
    for (int i = 0; i < 4000; ++i) {
      try {
        const Sound sound = decode(Mutation(++number, files)(file));
        BOOST_REQUIRE(sound.rate > 0 && !sound.samples.empty());
        for (const float sample : sound.samples) BOOST_REQUIRE(std::abs(sample) <= 0x1p32F);
        ++read;
      } catch (const Error&) {  // many are no recordings any more
      }
    }
  BOOST_CHECK_GT(read, number / 10);
  BOOST_CHECK_LT(read, number);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
