// Input that is wrong, and machines that refuse: one clear line, the right exit status, nothing half-written.
#include <cstdio>  // jpeglib.h needs it
#include <cstdlib>

#include <jpeglib.h>

#include <boost/test/unit_test.hpp>

#include "cuda/cuda.hpp"
#include "tiny.hpp"

using namespace danas::test;

namespace {

/// A picture of `side` pixels whose content depends on `seed`.
std::string jpeg(int side, int seed) {
  std::vector<unsigned char> pixels(static_cast<std::size_t>(side) * side * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<unsigned char>(i * (seed + 3) + i / 7);
  jpeg_compress_struct compressor{};
  jpeg_error_mgr errors{};
  compressor.err = jpeg_std_error(&errors);
  jpeg_create_compress(&compressor);
  unsigned char* compressed = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&compressor, &compressed, &size);
  compressor.image_width = compressor.image_height = static_cast<unsigned>(side);
  compressor.input_components = 3;
  compressor.in_color_space = JCS_RGB;
  jpeg_set_defaults(&compressor);
  jpeg_start_compress(&compressor, TRUE);
  for (int y = 0; y < side; ++y) {
    JSAMPROW row = pixels.data() + static_cast<std::size_t>(y) * side * 3;
    jpeg_write_scanlines(&compressor, &row, 1);
  }
  jpeg_finish_compress(&compressor);
  jpeg_destroy_compress(&compressor);
  std::string content(reinterpret_cast<char*>(compressed), size);
  std::free(compressed);
  return content;
}

std::string folders_experiment(const std::string& path) {
  std::string text = tiny_experiment();
  const std::string synthetic = "kind = \"synthetic\"\nimages = 120\nsize = 48\n";
  return text.replace(text.find(synthetic), synthetic.size(), "kind = \"folders\"\npath = \"" + path + "\"\n");
}

std::string wake_vision_experiment(const std::string& path) {
  std::string text = folders_experiment(path);
  return text.replace(text.find("folders"), 7, "wake_vision");
}

/// Class folders of 3 splits × 2 classes × `count` pictures; the first `broken` of every training class are cut in
/// half.
void write_class_folders(const Scratch& scratch, const std::string& folder, int count, int broken) {
  for (const std::string split : {"train", "validation", "test"}) {
    for (const std::string name : {"cat", "dog"}) {
      for (int i = 0; i < count; ++i) {
        std::string content = jpeg(48, i);
        if (split == "train" && i < broken) content.resize(content.size() / 2);
        scratch.write(folder + "/" + split + "/" + name + "/" + std::to_string(i) + ".jpg", content);
      }
    }
  }
}

void write_wake_vision(const Scratch& scratch, const std::string& header) {
  for (const std::string split : {"train", "validation", "test"}) {
    std::string csv = header;
    for (int i = 0; i < 4; ++i) {
      const std::string name = std::to_string(i) + ".jpg";
      scratch.write("wake/" + split + "/" + name, jpeg(48, i));
      csv += name + "," + std::to_string(i % 2) + "\n";
    }
    scratch.write("wake/wake_vision_" + split + ".csv", csv);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(malformed)

BOOST_AUTO_TEST_CASE(command_lines) {
  const Scratch scratch;
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  const Setting setting{scratch.path(), {}, 0};
  struct Row {
    std::vector<std::string> arguments;
    std::string text;
  };
  const std::vector<Row> rows = {{{"serach", experiment}, "search"},
                                 {{"reprot"}, "report"},
                                 {{"missing.toml"}, "missing.toml"},
                                 {{"check", "missing.toml"}, "missing.toml"},
                                 {{experiment, "--threads", "0"}, "--threads"},
                                 {{experiment, "--threads", "many"}, "--threads"},
                                 {{experiment, "--unknown"}, "--unknown"},
                                 {{experiment, "--device", "cpu:1"}, "--device"},
                                 {{experiment, "--device", "cuda:"}, "--device"},
                                 {{experiment, "--device", "cuda:-1"}, "--device"},
                                 {{experiment, "--device", "gpu"}, "--device"},
                                 {{experiment, "--set", "nothing"}, "nothing"},
                                 {{experiment, "--set", "search.system=3"}, "search.systems"},
                                 {{experiment, "--resume", "nowhere"}, "nowhere"},
                                 {{experiment, "--resume"}, "tiny"},
                                 {{"describe"}, "--arch"},
                                 {{"describe", "--arch", "97,rgb"}, "97,rgb"},
                                 {{"describe", "--arch", "96,rgb,9-9-9-9-9,1.0"}, "9-9-9-9-9"},
                                 {{"describe", "--arch", "96,rgb,0-1-0-0-0,1.0"}, "0-1-0-0-0"},
                                 {{"describe", "--arch", "96,rgb,3-4-3-3-1,-1"}, "-1"},
                                 {{"describe", "--arch", "96,rgb,3-4-3-3-1,nan"}, "nan"},
                                 {{"describe", "--arch", "96,green,3-4-3-3-1,1.0"}, "green"},
                                 {{"describe", "--arch", "96,rgb,3-4-3-3-1,1.0", "--protocol", "paper"}, "--protocol"},
                                 {{"describe", "--arch", "96,rgb,3-4-3-3-1,1.0", "--classes", "1"}, "--classes"},
                                 {{"train", experiment, "--arch", "x", "--out", "t"}, "x"},
                                 {{"predict", "missing.safetensors", "a.jpg"}, "missing.safetensors"},
                                 {{"evaluate", experiment, "--model", "missing.safetensors"}, "missing.safetensors"},
                                 {{"init", "missing"}, "missing"},
                                 {{"report", "missing"}, "missing"},
                                 {{"bench", "--batch", "0"}, "--batch"},
                                 {{"bench", "--rounds", "0"}, "--rounds"},
                                 {{"bench", "--arch", "96,rgb,9-9-9-9-9,1.0"}, "9-9-9-9-9"},
                                 {{"bench", "--suite", "97,rgb"}, "97,rgb"},
                                 {{"bench", "--suite", "--batch", "4"}, "--batch"},
                                 {{"bench", "--suite", "--layers"}, "--layers"}};
  for (const Row& row : rows) {
    BOOST_TEST_CONTEXT(row.arguments.front() << " " << row.arguments.back()) {
      check_error(run(row.arguments, setting), 2, row.text);
    }
  }
  BOOST_TEST(!fs::exists(scratch / "runs"));
  BOOST_TEST(!fs::exists(scratch / "t"));
}

// One line that says why, whether the build has no CUDA or the machine no GPU.
BOOST_AUTO_TEST_CASE(a_gpu_that_is_not_there) {
  const danas::CudaDevices cuda = danas::cuda_devices();
  if (cuda.count > 0) return;
  const Scratch scratch;
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  const Setting setting{scratch.path(), {}, 0};
  for (const std::string device : {"cuda", "cuda:3"})
    for (const std::string command : {"selftest", "bench", experiment.c_str()})
      check_error(run({command, "--device", device}, setting), cuda.built ? 1 : 2, cuda.why_none);
  BOOST_TEST(!fs::exists(scratch / "runs"));
  const Outcome searched = run({experiment, "--device", "auto", "--out", "run"}, setting);
  BOOST_TEST(searched.status == 0, searched.err);
  const std::string choice = "danas: computing on cpu ";
  BOOST_TEST((searched.err.find(choice) != std::string::npos) == cuda.built, searched.err);
  BOOST_TEST((searched.err.find(": " + cuda.why_none + '\n') != std::string::npos) == cuda.built, searched.err);
}

BOOST_AUTO_TEST_CASE(sixteen_bits_take_a_gpu) {
  const Scratch scratch;
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  const Setting setting{scratch.path(), {}, 0};
  for (const std::string precision : {"f16", "bf16"})
    check_error(run({experiment, "--device", "cpu", "--set", "engine.precision=" + precision}, setting), 2,
                "[engine.precision] expected f32, which a CPU computes in, got " + precision);
  check_error(run({experiment, "--device", "cpu", "--set", "engine.precision=half"}, setting), 2, "engine.precision");
  BOOST_TEST(!fs::exists(scratch / "runs"));
}

BOOST_AUTO_TEST_CASE(experiment_files) {
  struct Row {
    std::string name, content, text;
  };
  const std::vector<Row> rows = {{"unknown key", tiny_experiment("populaton = 3\n"), "population"},
                                 {"negative value", tiny_experiment("crossover = -0.5\n"), "crossover"},
                                 {"wrong type", tiny_experiment("evaluation_batch = \"ten\"\n"), "evaluation_batch"},
                                 {"no TOML", "name = = 3\n", "bad.toml"},
                                 {"empty", "", "kind"},
                                 {"unknown table", tiny_experiment("[serach]\nsystems = 3\n"), "serach"},
                                 {"zero steps of nothing", tiny_experiment("[device]\nram_kib = -1\n"), "ram_kib"}};
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  for (const Row& row : rows) {
    scratch.write("bad.toml", row.content);
    BOOST_TEST_CONTEXT(row.name) {
      check_error(run({"bad.toml", "--quiet"}, setting), 2, row.text);
      check_error(run({"check", "bad.toml"}, setting), 2, row.text);
    }
  }
  BOOST_TEST(!fs::exists(scratch / "runs"));
}

BOOST_AUTO_TEST_CASE(truncated_pictures_beyond_the_limit) {
  const Scratch scratch;
  write_class_folders(scratch, "photos", 24, 12);
  const auto experiment = scratch.write("photos.toml", folders_experiment("photos")).string();
  check_error(run({experiment, "--quiet"}, {scratch.path(), {}, 0}), 2, ".jpg");
  BOOST_TEST(!fs::exists(scratch / "runs"));
}

BOOST_AUTO_TEST_CASE(truncated_pictures_within_the_limit_are_counted) {
  const Scratch scratch;
  write_class_folders(scratch, "photos", 24, 3);
  const auto experiment = scratch.write("photos.toml", folders_experiment("photos")).string();
  const Outcome outcome = run({"data", experiment, "--quiet"}, {scratch.path(), {}, 0});
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.out.find("train       42 images") != std::string::npos, outcome.out);
  std::size_t listed = 0;
  for (std::size_t at = 0; (at = outcome.out.find("unusable", at)) != std::string::npos; ++at) ++listed;
  BOOST_TEST(listed == 6u);
}

BOOST_AUTO_TEST_CASE(tables_of_labels) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("wake.toml", wake_vision_experiment("wake")).string();
  check_error(run({"check", experiment}, setting), 2, "wake");  // the folder is missing
  write_wake_vision(scratch, "filename,person\n");
  BOOST_TEST(run({"check", experiment}, setting).status == 0);
  scratch.write("wake/wake_vision_train.csv", "");
  check_error(run({"check", experiment}, setting), 2, "wake_vision_train.csv");
  scratch.write("wake/wake_vision_train.csv", "filename,person\n");
  check_error(run({"check", experiment}, setting), 2, "train");
  write_wake_vision(scratch, "file,person\n");
  check_error(run({"check", experiment}, setting), 2, "filename");
  write_wake_vision(scratch, "filename,car\n");
  check_error(run({"check", experiment}, setting), 2, "person");
  BOOST_TEST(!fs::exists(scratch / "runs"));
}

BOOST_AUTO_TEST_CASE(checkpoints_cut_or_altered_anywhere, *boost::unit_test::label("slow")) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  const std::string model = read(train_model(setting, experiment, "one"));
  const auto image = scratch.write("image.jpg", jpeg(40, 1)).string();
  for (std::size_t part = 0; part < 64; ++part) {
    BOOST_TEST_CONTEXT("cut at " << part << "/64") {
      scratch.write("cut.safetensors", model.substr(0, model.size() * part / 64));
      check_error(run({"predict", "cut.safetensors", image}, setting), 2, "cut.safetensors");
      check_error(run({"evaluate", experiment, "--model", "cut.safetensors", "--quiet"}, setting), 2,
                  "cut.safetensors");
    }
  }
  for (std::size_t part = 0; part < 64; ++part) {
    BOOST_TEST_CONTEXT("altered at " << part << "/64") {
      std::string altered = model;
      altered[model.size() * part / 64] ^= 0x20;
      scratch.write("altered.safetensors", altered);
      check_error(run({"predict", "altered.safetensors", image}, setting), 2, "danas: [altered.safetensors");
    }
  }
}

BOOST_AUTO_TEST_CASE(pictures_that_are_none) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto model = train_model(setting, scratch.write("tiny.toml", tiny_experiment()), "one").string();
  scratch.write("text.jpg", "no picture");
  scratch.write("cut.jpg", jpeg(64, 2).substr(0, 700));
  for (const std::string name : {"text.jpg", "cut.jpg", "missing.jpg"}) {
    check_error(run({"predict", model, name}, setting), 2, name);
  }
}

BOOST_AUTO_TEST_CASE(folders_that_cannot_be_written) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  scratch.write("file", "no folder");
  check_error(run({experiment, "--out", "file/run", "--quiet"}, setting), 1, "file/run");
  check_error(run({"train", experiment, "--arch", tiny_system, "--out", "file/one", "--quiet"}, setting), 1,
              "file/one");
  check_error(run({"data", experiment, "--preview", "file/sheet.png", "--quiet"}, setting), 1, "file/sheet.png");
  BOOST_TEST(read(scratch / "file") == "no folder");
}

BOOST_AUTO_TEST_CASE(a_folder_that_exists_is_not_overwritten) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  scratch.write("mine/notes.txt", "keep me");
  check_error(run({experiment, "--out", "mine", "--quiet"}, setting), 2, "mine");
  check_error(run({"train", experiment, "--arch", tiny_system, "--out", "mine", "--quiet"}, setting), 2, "mine");
  BOOST_TEST(snapshot(scratch / "mine").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_full_disk) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  Setting full = setting;
  full.file_limit = 4096;
  check_error(run({"data", experiment, "--quiet"}, full), 1, "");  // the cache does not fit
  BOOST_TEST_REQUIRE(run({"data", experiment, "--quiet"}, setting).status == 0);
  check_error(run({"train", experiment, "--arch", tiny_system, "--steps", "1", "--out", "one", "--quiet"}, full), 1,
              "model.safetensors");
  BOOST_TEST(snapshot(scratch / "one").empty());

  full.file_limit = 200000;  // the run's small files fit, a supernet does not
  check_error(run({experiment, "--out", "run", "--quiet"}, full), 1, "safetensors");
  for (const auto& [name, content] : snapshot(scratch / "run")) {
    BOOST_TEST(name.find("safetensors") == std::string::npos, name);
  }
  // There is room again: the same run goes on.
  const Outcome resumed = run({experiment, "--resume", "run", "--quiet"}, setting);
  BOOST_TEST(resumed.status == 0, resumed.err);
}

BOOST_AUTO_TEST_SUITE_END()
