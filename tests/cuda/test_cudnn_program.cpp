// --kernels: danas with the emulated backend and a stand-in of cuDNN, as a child process.
#include <boost/test/unit_test.hpp>

#include "../cli/process.hpp"

using namespace danas::test;

namespace {

constexpr const char* experiment_text = R"(name = "tiny"
seed = 3
[data]
kind = "synthetic"
images = 40
size = 32
[space]
resolution = [32]
color = ["rgb"]
width = [0.1, 0.2]
depth = [1, 0, 0, 0, 0]
[supernet]
steps = 3
batch = 8
[finetune]
steps = 2
batch = 8
[final]
steps = 2
batch = 8
[search]
systems = 2
population = 2
recalibration_images = 16
lanes = 2
)";

struct Folder {
  Scratch scratch;
  std::string experiment = scratch.write("tiny.toml", experiment_text).string();
  std::map<std::string, std::string> environment;

  Outcome danas(const std::vector<std::string>& arguments) const {
    return run(arguments, {scratch.path(), environment, 0});
  }
  /// A search with these kernels, or one that is gone on with.
  Outcome search(const std::string& kernels, const std::string& where, const std::string& directory,
                 const std::string& systems = "search.systems=2") const {
    return danas({experiment, "--device", "cuda", "--kernels", kernels, where, directory, "--set", systems});
  }
  /// The loader finds what is no library, and gives up.
  void without_cudnn() {
    for (const std::string name : {"libcudnn.so.8", "libcudnn.so.9"}) scratch.write("broken/" + name, "no library");
    environment["LD_LIBRARY_PATH"] = (scratch / "broken").string();
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(kernels)

// What it computes is what the tests of operations do, in their own process.
BOOST_AUTO_TEST_CASE(selftest_takes_own_kernels_and_cudnns, *boost::unit_test::label("slow")) {
  Folder folder;
  const Outcome both = folder.danas({"selftest", "--device", "cuda"});
  BOOST_TEST(both.status == 0, both.out << both.err);
  for (const std::string type : {"", ", f16", ", bf16"})
    for (const std::string kernels : {"", ", cuDNN 9.19.0"})
      BOOST_TEST(has(both.out, "cuda:0 emulation, sm_90" + type + kernels + " against reference"), both.out);
  BOOST_TEST(both.out.ends_with("all operations passed\n"), both.out);
  folder.without_cudnn();
  const Outcome own = folder.danas({"selftest", "--device", "cuda"});
  BOOST_TEST(own.status == 0, own.out << own.err);
  BOOST_TEST(has(own.out, "\nskipped: kernels of cuDNN: [cuDNN] no library: "), own.out);
}

BOOST_AUTO_TEST_CASE(bench_measures_both, *boost::unit_test::label("slow")) {
  Folder folder;
  const std::vector<std::string> arguments{"bench",   "--device", "cuda",      "--arch", "32,rgb,0-0-0-0-0,0.1",
                                           "--batch", "4",        "--seconds", "0.01",   "--rounds",
                                           "1",       "--json"};
  const auto row = json_of(folder.danas(arguments));
  for (const auto* key : {"images_per_second_of_own_kernels", "images_per_second_of_cudnn"})
    BOOST_TEST(row.at(key).get<double>() > 0, key);
  folder.without_cudnn();
  BOOST_TEST(json_of(folder.danas(arguments)).at("images_per_second_of_cudnn") == 0);
}

BOOST_AUTO_TEST_CASE(without_cudnn_own_kernels_compute_and_it_is_said_why) {
  Folder folder;
  const Outcome search = folder.search("cudnn", "--out", "with");
  BOOST_TEST(search.status == 0, search.err);
  BOOST_TEST(has(read(folder.scratch / "with/state/build"), " cuda sm_90, cuDNN 9.19.0\n"));
  folder.environment = {{"EMULATED_COMPUTE", "70"}};
  const Outcome volta = folder.search("best", "--out", "volta");
  BOOST_TEST(volta.status == 0, volta.err);
  BOOST_TEST(has(volta.err, "danas: computing with own kernels: cuDNN 9.19.0 has no kernels for a GPU before sm_75"),
             volta.err);
  BOOST_TEST(has(read(folder.scratch / "volta/state/build"), " cuda sm_70\n"));
  BOOST_TEST(!fs::exists(folder.scratch / "volta/state/kernels.csv"));
  folder.environment["CUDNN_STUB_VERSION"] = "91002";
  const Outcome older = folder.search("cudnn", "--out", "older");
  BOOST_TEST(older.status == 0, older.err);
  BOOST_TEST(has(read(folder.scratch / "older/state/build"), " cuda sm_70, cuDNN 9.10.2\n"));
  folder.without_cudnn();
  const Outcome absent = folder.search("cudnn", "--out", "without");
  BOOST_TEST(absent.status == 0, absent.err);
  BOOST_TEST(has(absent.err, "danas: computing with own kernels: [cuDNN] no library: "), absent.err);
  for (const std::string name : {"/libcudnn.so.9: ", "/libcudnn.so.8: "}) BOOST_TEST(has(absent.err, name), absent.err);
  check_error(folder.danas({folder.experiment, "--device", "cpu", "--kernels", "cudnn"}), 2,
              "[--kernels] expected own, as a CPU has no others, got cudnn");
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_with_the_kernels_it_began_with_alone) {
  const Folder folder;
  BOOST_TEST(folder.search("best", "--out", "run").status == 0);
  const fs::path choices = folder.scratch / "run/state/kernels.csv";
  const std::string chosen = read(choices);
  BOOST_TEST(has(chosen, "\nconvolution_backward_filter f32 8x"), chosen);
  for (const std::string other : {"own", "cudnn"})
    check_error(folder.search(other, "--resume", "run"), 2,
                "expected the instruction set or kernels it began with, cuda sm_90, best of own and cuDNN 9.19.0");
  fs::rename(choices, folder.scratch / "kept");
  check_error(folder.search("best", "--resume", "run"), 2,
              "state/kernels.csv] expected the kernels that this run chose");
  fs::rename(folder.scratch / "kept", choices);
  const Outcome resumed = folder.search("best", "--resume", "run", "search.systems=3");
  BOOST_TEST(resumed.status == 0, resumed.err);
  BOOST_TEST(read(choices).starts_with(chosen));
}

// Whichever kernels were the faster the first time: what a second run is given, it does too.
BOOST_AUTO_TEST_CASE(the_same_choices_give_the_same_bytes, *boost::unit_test::label("slow")) {
  const Folder folder;
  BOOST_TEST(folder.search("cudnn", "--out", "one").status == 0);
  BOOST_TEST(folder.search("cudnn", "--out", "two").status == 0);
  BOOST_TEST((snapshot(folder.scratch / "one/supernets") == snapshot(folder.scratch / "two/supernets")));
  BOOST_TEST(folder.search("own", "--out", "own").status == 0);
  BOOST_TEST((snapshot(folder.scratch / "one/supernets") != snapshot(folder.scratch / "own/supernets")));
}

BOOST_AUTO_TEST_SUITE_END()
