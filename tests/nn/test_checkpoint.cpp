#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

#include "../temporary_folder.hpp"
#include "base/file.hpp"
#include "nn/checkpoint.hpp"
#include "nn/mobilenet_v2.hpp"
#include "support.hpp"

using namespace danas;
using namespace danas::test;

namespace {

const LayerList tiny = slice_layers({32, 32, 1}, {{1, 0, 0, 0, 0}, 0.1}, 2);
const Metadata some_metadata{{"name", "yes \"é\""}, {"positive", "yes"}};

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

// The error of loading the tiny network's file names it; empty where there is none.
std::string complaint(Backend& backend, const std::filesystem::path& path) {
  try {
    Checkpoint(path).load(Network(backend, tiny));
  } catch (const Error& error) {
    BOOST_TEST((error.fault() == Fault::input));
    const std::string message = error.what();
    BOOST_TEST(message.find(path.string()) != std::string::npos, message);
    return message;
  }
  return {};
}

std::string with_header(const std::string& header, const std::string& data = "") {
  const std::uint64_t size = header.size();
  std::string content(8, '\0');
  std::memcpy(content.data(), &size, 8);
  return content + header + data;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint)

BOOST_AUTO_TEST_CASE(round_trip) {
  const TemporaryFolder folder;
  for (const Type type : {Type::f32, Type::f64}) {
    const auto backend = make_reference_backend(type);
    const Network network(*backend, tiny, 17);
    disturb(network);
    save_checkpoint(folder / "model.safetensors", network, some_metadata);
    const Checkpoint checkpoint(folder / "model.safetensors");
    const Network loaded(*backend, tiny);
    checkpoint.load(loaded);
    BOOST_TEST(same_weights(network, loaded));
    BOOST_TEST(checkpoint.metadata().at("name") == "yes \"é\"");
    BOOST_TEST(checkpoint.metadata().at("positive") == "yes");

    // The other type reads it too.
    const auto other = make_reference_backend(type == Type::f32 ? Type::f64 : Type::f32);
    const Network converted(*other, tiny);
    checkpoint.load(converted);
    const auto a = numbers(weight_named(network, "stem.conv.weight").view);
    BOOST_TEST(largest_difference(a, numbers(weight_named(converted, "stem.conv.weight").view)) < 1e-7);
  }
}

BOOST_AUTO_TEST_CASE(format) {
  const TemporaryFolder folder;
  const auto backend = make_reference_backend(Type::f32);
  const Network network(*backend, tiny, 17);
  save_checkpoint(folder / "a", network, some_metadata);
  save_checkpoint(folder / "b", network, some_metadata);
  const std::string content = read_file(folder / "a");
  BOOST_TEST((content == read_file(folder / "b")));
  std::uint64_t header = 0;
  std::memcpy(&header, content.data(), 8);
  BOOST_TEST(header % 8 == 0u);
  BOOST_TEST(content[8] == '{');
  std::int64_t elements = 0;
  for (const NamedWeight& weight : network.weights()) elements += weight.view.size();
  BOOST_TEST(content.size() == 8 + header + 4 * static_cast<std::size_t>(elements));
  BOOST_TEST(content.find("\"stem.conv.weight\":{\"data_offsets\":[0,144],\"dtype\":\"F32\",\"shape\":[3,3,1,4]}") !=
             std::string::npos);
  BOOST_TEST(content.find("\"shape\":[3,3,24]") != std::string::npos);  // depthwise: [h, w, c]
  float first = 0;
  std::memcpy(&first, content.data() + 8 + header, 4);
  BOOST_TEST(first == static_cast<float>(get(weight_named(network, "stem.conv.weight").view, 0)));
}

BOOST_AUTO_TEST_CASE(optimizer_state) {
  const TemporaryFolder folder;
  const auto backend = make_cpu_backend(1);
  Network network(*backend, tiny, 17), other(*backend, tiny, 18);
  Optimizer state(*backend, network, {}), restored(*backend, other, {});
  for (const NamedWeight& weight : state.state()) {
    for (std::int64_t i = 0; i < weight.view.size(); ++i) set(weight.view, i, 0.25 * static_cast<double>(i % 7));
  }
  save_checkpoint(folder / "state", network, {{"step", "12"}}, state.state());
  const Checkpoint checkpoint(folder / "state");
  checkpoint.load(other, restored.state());
  BOOST_TEST(checkpoint.metadata().at("step") == "12");
  BOOST_TEST(same_weights(network, other));
  for (std::size_t i = 0; i < 2; ++i) BOOST_TEST(same_bytes(state.state()[i].view, restored.state()[i].view));

  TrainingSettings sgd;
  sgd.optimizer = OptimizerKind::sgd;
  Optimizer velocity(*backend, other, sgd);
  BOOST_CHECK_THROW(checkpoint.load(other, velocity.state()), Error);
  Network larger(*backend, slice_layers({32, 32, 1}, {{1, 0, 0, 0, 0}, 0.9}, 2), 1);
  BOOST_CHECK_THROW(checkpoint.load(larger), Error);
}

BOOST_AUTO_TEST_CASE(cut_and_altered_files) {
  const TemporaryFolder folder;
  const auto backend = make_reference_backend(Type::f32);
  const Network network(*backend, tiny, 17);
  const auto path = folder / "model.safetensors";
  save_checkpoint(path, network, some_metadata);
  const std::string content = read_file(path);
  BOOST_TEST(complaint(*backend, path).empty());
  for (std::size_t part = 0; part < 64; ++part) {
    write(path, content.substr(0, content.size() * part / 64));
    BOOST_TEST(!complaint(*backend, path).empty(), "cut at " << part << "/64");
  }
  write(path, content.substr(0, content.size() - 1));
  BOOST_TEST(!complaint(*backend, path).empty());
  write(path, content + '\0');
  BOOST_TEST(!complaint(*backend, path).empty());

  std::uint64_t header = 0;
  std::memcpy(&header, content.data(), 8);
  int flips = 0;
  for (std::size_t at = 0; at < content.size(); at += at < 8 ? 1 : 61, ++flips) {
    for (const char bit : {'\x01', '\x80', '\x20'}) {
      std::string altered = content;
      altered[at] = static_cast<char>(altered[at] ^ bit);
      write(path, altered);
      BOOST_TEST(!complaint(*backend, path).empty(), "byte " << at << " of " << content.size());
    }
  }
  BOOST_TEST(flips > 100);
  BOOST_TEST(!complaint(*backend, folder / "missing").empty());
}

BOOST_AUTO_TEST_CASE(numbers_that_no_network_has) {
  const TemporaryFolder folder;
  const auto backend = make_reference_backend(Type::f32);
  const auto path = folder / "model.safetensors";
  for (const auto& [name, number] : std::vector<std::pair<std::string, double>>{{"stem.conv.weight", NAN},
                                                                                {"heads.3.bias", INFINITY},
                                                                                {"stem.bn.running_var", -1.0},
                                                                                {"stem.bn.bias", -1.0}}) {
    const Network network(*backend, tiny, 17);
    set(weight_named(network, name).view, 1, number);
    save_checkpoint(path, network, some_metadata);
    BOOST_TEST((complaint(*backend, path).find(name) == std::string::npos) == (name == "stem.bn.bias"), name);
  }
}

BOOST_AUTO_TEST_CASE(absurd_headers) {
  const TemporaryFolder folder;
  const auto backend = make_reference_backend(Type::f32);
  const auto path = folder / "absurd";
  const auto tensor = [](const std::string& shape, const std::string& offsets, const std::string& type = "\"F32\"") {
    return "{\"a\":{\"dtype\":" + type + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
  };
  const std::string eight(8, 'x');
  // clang-format off
  for (const std::string& content :
       {std::string(), std::string(7, '\0'), std::string(8, '\xff'), std::string(8, '\xff') + "{}", with_header(""),
        with_header("[]"), with_header("{"), with_header("{}"), with_header("{\"a\":1}"), with_header("\"\xff\""),
        with_header(std::string(100'000, '[')), with_header("{\"__metadata__\":{\"system\":1}}"),
        with_header("{\"__metadata__\":[]}"), with_header(tensor("[2]", "[0,8]"), eight),
        with_header(tensor("[3]", "[0,8]"), eight), with_header(tensor("[2]", "[8,0]"), eight),
        with_header(tensor("[2]", "[0,16]"), eight), with_header(tensor("[2]", "[0]"), eight),
        with_header(tensor("[-2]", "[0,8]"), eight), with_header(tensor("[2.0]", "[0,8]"), eight),
        with_header(tensor("[1e300]", "[0,8]"), eight), with_header(tensor("{}", "[0,8]"), eight),
        with_header(tensor("[2]", "[0,8]", "\"F16\""), eight), with_header(tensor("[2]", "[0,8]", "7"), eight),
        with_header(tensor("[4294967296,4294967296]", "[0,0]")), with_header(tensor("[18446744073709551615]", "[0,8]"), eight),
        with_header(tensor("[1]", "[4,8]"), eight),
        with_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":" + std::string(200'000, '[') +
                        std::string(200'000, ']') + "}}",
                    eight)}) {
    // clang-format on
    write(path, content);
    BOOST_TEST(!complaint(*backend, path).empty(), content.substr(0, 80));
  }
  BOOST_CHECK_THROW(save_checkpoint(path / "below", Network(*backend, tiny, 1), {}), Error);
  BOOST_CHECK_THROW(save_checkpoint(path, Network(*backend, tiny, 1), {{"a", "\xff"}}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
