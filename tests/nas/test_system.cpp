// Names of systems, and the layers that they mean.
#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "nas/system.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(system_names)

BOOST_AUTO_TEST_CASE(names) {
  const System system = parse_system("32,rgb,3-0-0-0-0,0.25");
  BOOST_TEST(system.architecture.text() == "3-0-0-0-0 0.25");
  BOOST_TEST(system.data.text() == "32-rgb");
  BOOST_TEST((parse_color("monochrome") == Color::monochrome));
  BOOST_CHECK_THROW(parse_color("gray"), Error);
  // clang-format off
  for (const char* junk : {"", ",", "96", "96,monochrome", "96,monochrome,2-2-0-0-0", "96,monochrome,2-2-0-0-0,",
                           "96,monochrome,2-2-0-0-0,0.30", "96,monochrome,2-2-0-0-0,.3", "96,monochrome,2-2-0-0-0,0.3 ",
                           " 96,monochrome,2-2-0-0-0,0.3", "96,mono,2-2-0-0-0,0.3", "96,monochrome,2-2-0-0,0.3",
                           "96,monochrome,2-2-0-0-0-0,0.3", "96,monochrome,4-2-0-0-0,0.3", "96,monochrome,2--2-0-0-0,0.3",
                           "96,monochrome,0-2-0-0-0,0.3", "96,monochrome,2-2-0-0-0,0", "96,monochrome,2-2-0-0-0,1.1",
                           "96,monochrome,2-2-0-0-0,nan", "96,monochrome,2-2-0-0-0,-0.5", "096,monochrome,2-2-0-0-0,0.3",
                           "0,monochrome,2-2-0-0-0,0.3", "-96,rgb,2-2-0-0-0,0.3", "99999999999,rgb,2-2-0-0-0,0.3",
                           "96,monochrome,2-2-0-0-0,3e-1", "96-monochrome,2-2-0-0-0,0.3", "96,rgb,2-2-0-0-0 0.3"}) {
    // clang-format on
    BOOST_CHECK_THROW(parse_system(junk), Error);
  }
  BOOST_CHECK_THROW(parse_system("96,rgb,2-2-0-0-0,1"), Error);
  BOOST_TEST((read_system("96,rgb,2-2-0-0-0,1") == parse_system("96,rgb,2-2-0-0-0,1.0")));
}

BOOST_AUTO_TEST_CASE(names_of_sounds) {
  // By hand: 1 + ⌊rate · seconds / 512⌋ frames.
  const std::tuple<const char*, const char*, Extent> cases[] = {
      {"6000,mel,2-2-0-0-0,0.3", "6000-mel", {80, 118, 1}},
      {"48000,spectrogram,2-2-0-0-0,0.3", "48000-spectrogram", {1025, 938, 1}},
      {"375,mfcc-5s,2-2-0-0-0,0.3", "375-mfcc-5s", {39, 4, 1}},
      {"11025,mel-0.125s,2-2-0-0-0,0.3", "11025-mel-0.125s", {80, 3, 1}},
  };
  for (const auto& [name, data, extent] : cases) {
    const System system = parse_system(name);
    BOOST_TEST(system.data.text() == data);
    BOOST_TEST((input_of(system_layers(system, 2)) == extent));
    BOOST_TEST(system.text() == name);
  }
  BOOST_TEST((read_system("6000,mel-10s,2-2-0-0-0,0.3") == parse_system("6000,mel,2-2-0-0-0,0.3")));
  for (const char* junk : {"6000,mel-10s", "6000,mel-", "6000,mel-5", "6000,mel-0s", "6000,mel-5ss", "6000,mel-infs",
                           "6000,mel-1e9s", "6000,mels", "99,mel", "192001,mel", "6000,mel-0.0001s", "48000,mel-44s"}) {
    BOOST_CHECK_THROW(parse_system(std::string(junk) + ",2-2-0-0-0,0.3"), Error);
  }
  BOOST_TEST(preparation_name(parse_system("6000,mel,2-2-0-0-0,0.3").data) == "sound-u8-1-6000-mel");
}

BOOST_AUTO_TEST_CASE(stacks_of_a_system) {
  const System system = parse_system("20,rgb,8x5r-4x3s");
  BOOST_TEST(system.architecture.text() == "8x5r-4x3s");
  BOOST_TEST(
      (system.architecture == Architecture(Stack{{{8, 5, StackActivation::relu}, {4, 3, StackActivation::sigmoid}}})));
  const LayerList layers = system_layers(system, 3);
  BOOST_REQUIRE_EQUAL(layers.size(), 5u);
  BOOST_TEST((layers[0].out == Extent{16, 16, 8}));
  BOOST_TEST((layers[1].out == Extent{14, 14, 4}));
  BOOST_TEST((layers[3].in == Extent{1, 1, 14 * 14 * 4}));
  BOOST_TEST((layers[3].out == Extent{1, 1, 10}));
  const Activation wanted[] = {Activation::relu, Activation::sigmoid, Activation::none, Activation::relu,
                               Activation::none};
  for (std::size_t i = 0; i < layers.size(); ++i) BOOST_TEST((layers[i].activation == wanted[i]), layers[i].name);
  for (const char* junk :
       {"20,rgb,8x5", "20,rgb,8x5r-", "20,rgb,-8x5r", "20,rgb,8x5r-4x3", "20,rgb,8x5t", "20,rgb,08x5r", "20,rgb,8x0r",
        "20,rgb,0x5r", "20,rgb,8x5r,1.0", "20,rgb,8x16r", "20,rgb,2000x3r", "20,rgb,8*5r",
        "20,rgb,2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-2x1r-"
        "2x1r-2x1r-2x1r"})
    BOOST_CHECK_THROW(parse_system(junk), Error);
  BOOST_CHECK_EXCEPTION(system_layers(parse_system("20,rgb,8x15r-4x7s"), 3), Error, [](const Error& error) {
    return std::string(error.what()).find("7 on 6x6") != std::string::npos;
  });
  BOOST_CHECK_THROW(system.architecture.slice(), Error);
  BOOST_CHECK_THROW(Architecture().stack(), Error);
}

BOOST_AUTO_TEST_SUITE_END()
