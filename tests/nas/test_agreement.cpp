// One view of the data: what `predict` and `evaluate` say of an image agrees to the last bit, and so does a supernet,
// whatever else is in the space.
#include <boost/test/unit_test.hpp>

#include <cstring>
#include <fstream>

#include "base/file.hpp"
#include "data/codecs.hpp"
#include "data/decode.hpp"
#include "data/image_store.hpp"
#include "data/loader.hpp"
#include "data/preparation.hpp"
#include "nas/system.hpp"
#include "nn/trainer.hpp"
#include "tensor/tensor.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

// Photographs of many sizes and aspects, as JPEG and PNG, in color and gray.
void write_photographs(const fs::path& root) {
  const int sizes[][2] = {{640, 480}, {480, 640}, {225, 225}, {97, 31}, {31, 97}, {300, 299}, {224, 224}, {33, 50}};
  Random random(1, "photographs");
  for (const char* const split : {"train", "validation", "test"})
    for (const char* const name : {"a", "b"}) {
      fs::create_directories(root / split / name);
      int number = 0;
      for (const auto& [width, height] : sizes) {
        Dataset::Pixels pixels{{}, width, height, number % 4 == 3 ? 1 : 3};
        for (int i = 0; i < width * height * pixels.channels; ++i)
          pixels.data.push_back(static_cast<std::uint8_t>(i / 97 % 160 + random.below(96)));
        const fs::path file = root / split / name / std::to_string(number++);
        if (number % 2) {
          write_png(file.string() + ".png", pixels);
        } else {
          std::vector<std::uint8_t> jpeg;
          encode_jpeg(pixels, 90, jpeg);
          write_file(file.string() + ".jpg", std::as_bytes(std::span(jpeg)));
        }
      }
    }
}

std::vector<float> logits_of(const View& logits) { return {logits.as<float>(), logits.as<float>() + logits.size()}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(agreement)

BOOST_AUTO_TEST_CASE(predict_and_evaluate_agree_to_the_last_bit) {
  const TemporaryFolder folder;
  write_photographs(folder.path() / "images");
  DataSettings settings;
  settings.kind = DatasetKind::folders;
  settings.path = folder.path() / "images";
  settings.cache_path = folder.path() / "cache";
  const SearchSpace space;
  for (const CacheMode mode : {CacheMode::raw, CacheMode::none}) {
    settings.cache = mode;
    const ImageStore store(open_dataset(settings, 1), settings, {});
    const auto backend = make_cpu_backend(2);
    Trainer together(*backend), alone(*backend);
    for (const DataConfiguration& data : space.data_configurations()) {
      const System system{data, {{1, 1, 1, 1, 1}, 0.3}};
      const LayerList layers = system_layers(system, 2);
      const Network network(*backend, layers, 7);
      EvaluationLoader loader(store.evaluation(Split::test, data), data.input(), 5);
      std::size_t seen = 0;
      for (Batch batch = loader.next(); batch.images.n > 0; batch = loader.next()) {
        const std::vector<float> logits = logits_of(together.predict(network, layers, batch.images));
        for (std::int64_t i = 0; i < batch.images.n; ++i) {
          const Dataset::Pixels pixels = decode_image(store.dataset().samples(Split::test)[seen++].file);
          const Tensor input(*backend, 1, data.input().height, data.input().width, data.input().channels);
          prepare_input(*backend, pixels, input.view());
          const std::vector<float> wanted = logits_of(alone.predict(network, layers, input.view()));
          BOOST_TEST_REQUIRE(std::memcmp(wanted.data(), logits.data() + 2 * i, sizeof(float) * 2) == 0,
                             data.text() << ", image " << seen - 1);
        }
      }
      BOOST_TEST_REQUIRE(seen == 16u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_supernet_does_not_depend_on_the_rest_of_the_space) {
  const TemporaryFolder folder;
  run_tiny(tiny_experiment(folder.path()), folder.path() / "small", false);
  run_tiny(tiny_experiment(folder.path(), {"space.resolution=[32,48]", "search.systems=16"}), folder.path() / "large",
           false);
  for (const char* const name : {"32-monochrome.safetensors", "32-rgb.safetensors"}) {
    const fs::path in_small = folder.path() / "small/supernets" / name,
                   in_large = folder.path() / "large/supernets" / name;
    BOOST_TEST_REQUIRE(fs::exists(in_small));
    BOOST_TEST_REQUIRE(fs::exists(in_large));
    BOOST_TEST((read_file(in_small) == read_file(in_large)), name << " differs");
  }
}

BOOST_AUTO_TEST_SUITE_END()
