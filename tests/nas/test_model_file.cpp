// Files of models and supernets: what their metadata says, and what it may not.
#include <boost/test/unit_test.hpp>

#include "../nn/support.hpp"
#include "../temporary_folder.hpp"
#include "nas/model_file.hpp"

using namespace danas;
using namespace danas::test;

namespace {

const System tiny = parse_system("32,monochrome,1-0-0-0-0,0.1");
const Metadata model_metadata{{"system", tiny.text()},
                              {"classes", "[\"no\",\"yes \\\"é\\\"\"]"},
                              {"positive", "yes"},
                              {"preparation", preparation_name(tiny.data)}};

// The error of loading the file as a model names it; empty where there is none.
std::string complaint(Backend& backend, const std::filesystem::path& path) {
  try {
    Metadata metadata;
    load_model(backend, path, metadata);
  } catch (const Error& error) {
    BOOST_TEST((error.fault() == Fault::input));
    const std::string message = error.what();
    BOOST_TEST(message.find(path.string()) != std::string::npos, message);
    return message;
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_file)

BOOST_AUTO_TEST_CASE(a_model_says_all_that_it_takes_to_run_it) {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const auto backend = make_reference_backend(Type::f32);
  const Network network(*backend, system_layers(tiny, 2), 17);
  save_checkpoint(path, network, model_metadata);
  Metadata metadata;
  BOOST_TEST(same_weights(network, load_model(*backend, path, metadata)));
  BOOST_TEST((metadata.at("system") == tiny.text()));
  const std::vector<std::string> classes{"no", "yes \"é\""};
  BOOST_TEST(class_names(metadata, path) == classes);
  for (const char* key : {"system", "classes", "preparation"}) {
    Metadata without = model_metadata;
    without.erase(key);
    save_checkpoint(path, network, without);
    BOOST_TEST(complaint(*backend, path).find(key) != std::string::npos, key);
  }
}

BOOST_AUTO_TEST_CASE(images_prepared_in_another_way) {
  const TemporaryFolder folder;
  const auto backend = make_reference_backend(Type::f32);
  const Network network(*backend, system_layers(tiny, 2), 17);
  const auto path = folder / "model.safetensors";
  Metadata metadata = model_metadata;
  for (const char* other : {"", "as-tests-did"}) {
    metadata.erase("preparation");
    if (*other) metadata["preparation"] = other;
    save_checkpoint(path, network, metadata);
    const std::string message = complaint(*backend, path);
    BOOST_TEST(message.find("train it again") != std::string::npos, message);
    BOOST_TEST(message.find(*other ? other : "older versions") != std::string::npos, message);
  }
}

BOOST_AUTO_TEST_CASE(supernets_of_fewer_blocks) {
  const TemporaryFolder folder;
  const auto backend = make_reference_backend(Type::f32);
  const auto path = folder / "32-monochrome.safetensors";
  const DataConfiguration data{32, Color::monochrome};
  const Network supernet(*backend, supernet_layers(data.input(), {2, 1, 0, 0, 0}, 2), 17);
  Metadata metadata = model_metadata;
  metadata["depth"] = "2-1-0-0-0";
  save_checkpoint(path, supernet, metadata);
  const auto load = [&] { return load_supernet(*backend, path, data, metadata); };
  BOOST_TEST(same_weights(supernet, load()));
  save_checkpoint(path, supernet, {{"depth", "2-1-0-0-0"}, {"classes", metadata.at("classes")}, {"preparation", "x"}});
  BOOST_CHECK_THROW(load(), Error);
  for (const char* wrong : {"3-1-0-0-0", "2-1-0-0", "2-1-0-0-0 ", "2-0-1-0-0", "02-1-0-0-0", "9-1-0-0-0"}) {
    metadata["depth"] = wrong;
    save_checkpoint(path, supernet, metadata);
    BOOST_CHECK_THROW(load(), Error);
  }
  metadata.erase("depth");
  save_checkpoint(path, supernet, metadata);
  BOOST_CHECK_THROW(load(), Error);
}

// Its name says how to build it again.
BOOST_AUTO_TEST_CASE(a_stack_is_a_model_too) {
  const auto backend = make_cpu_backend(1);
  const Network network(*backend, system_layers(parse_system("20,rgb,8x5r-4x3s"), 2), 3);
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  save_checkpoint(path, network,
                  {{"system", "20,rgb,8x5r-4x3s"},
                   {"classes", "[\"a\",\"b\"]"},
                   {"preparation", preparation_name({20, Color::rgb})}});
  Metadata metadata;
  BOOST_TEST(same_weights(load_model(*backend, path, metadata), network));
}

BOOST_AUTO_TEST_CASE(a_file_says_that_widths_are_masks) {
  const System masked = parse_system("32,monochrome,1-1-1-1-1,0.4");
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  const auto backend = make_cpu_backend(1);
  Network network(*backend, masked_layers(masked.data.input(), masked.architecture.slice(), 2), 7);
  disturb(network);
  Metadata metadata{{"system", masked.text()},
                    {"classes", R"(["a","b"])"},
                    {"preparation", preparation_name(masked.data)},
                    {"width", "masked"}};
  save_checkpoint(path, network, metadata);
  Metadata read;
  const Network loaded = load_model(*backend, path, read);
  BOOST_TEST((loaded.layers() == network.layers()));
  BOOST_TEST(same_weights(loaded, network));
  metadata["width"] = "narrow";
  save_checkpoint(path, network, metadata);
  BOOST_CHECK_THROW(load_model(*backend, path, read), Error);
}

BOOST_AUTO_TEST_SUITE_END()
