// ToyConveyor's folders: what is listed, and what is said where something is missing.
#include "data/audio/toy_conveyor.hpp"

#include "sounds.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_of(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files) names.push_back(fs::path(file).filename().string());
  return names;
}

boost::test_tools::assertion_result has_recordings(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(fs::is_directory(real_data() / "toyadmos_standin"));
  result.message() << "no recordings in " << real_data();
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(toy_conveyor)

BOOST_AUTO_TEST_CASE(case_and_channel_are_chosen_by_name) {
  const TemporaryFolder folder;
  const fs::path root = folder / "ToyConveyor";
  for (const char* file :
       {"case1/NormalSound_IND/b_case1_normal_IND_ch1_0002.wav",
        "case1/NormalSound_IND/a_case1_normal_IND_ch1_0001.WAV",
        "case1/NormalSound_IND/a_case1_normal_IND_ch10_0001.wav",
        "case1/NormalSound_IND/a_case1_normal_IND_ch2_0001.wav",
        "case1/NormalSound_IND/a_case1_normal_IND_ch1_0003.txt",
        "case1/NormalSound_IND/.a_case1_normal_IND_ch1_0001.wav",
        "case1/AnomalousSound_IND/a_case1_ab01_IND_ch1_0001.wav", "case2/NormalSound_IND/c_case2_normal_IND_ch1.wav",
        "EnvironmentalNoise_CNT/n_case1_CNT_ch1_0001.wav", "EnvironmentalNoise_CNT/n_case12_CNT_ch1_0001.wav",
        "EnvironmentalNoise_CNT/n_nocase1_CNT_ch1_0001.wav", "EnvironmentalNoise_CNT/n_case2_CNT_ch1_0001.wav",
        "EnvironmentalNoise_CNT/n_case1_CNT_ch2_0001.wav"})
    write(root / file, "");
  const auto list = [&](int conveyor_case, int channel) {
    return list_toy_conveyor(folder.path(), conveyor_case, channel);
  };
  const ToyConveyor listed = list(1, 1);
  BOOST_CHECK((names_of(listed.normal) ==
               std::vector<std::string>{"a_case1_normal_IND_ch1_0001.WAV", "b_case1_normal_IND_ch1_0002.wav"}));
  BOOST_CHECK((names_of(listed.anomalous) == std::vector<std::string>{"a_case1_ab01_IND_ch1_0001.wav"}));
  BOOST_CHECK((names_of(listed.noise) == std::vector<std::string>{"n_case1_CNT_ch1_0001.wav"}));
  BOOST_CHECK(fs::exists(listed.normal.front()));

  check_error([&] { list(1, 2); }, {"AnomalousSound_IND", "…_ch2_….wav", "none among 1 files", "ab01"});
  check_error([&] { list(2, 1); }, {"case2/AnomalousSound_IND", "nothing there"});
  check_error([&] { list(3, 1); }, {"case3/NormalSound_IND", "nothing there"});
  check_error([&] { list_toy_conveyor(root, 1, 1); }, {root.string(), "holds ToyConveyor", "none in it"});
  check_error([&] { list_toy_conveyor(folder / "absent", 1, 1); }, {"absent", "ToyConveyor"});
  fs::remove_all(root / "EnvironmentalNoise_CNT");
  check_error([&] { list(1, 1); }, {"EnvironmentalNoise_CNT", "nothing there"});
  fs::create_directories(root / "EnvironmentalNoise_CNT");
  check_error([&] { list(1, 1); }, {"EnvironmentalNoise_CNT", "…_case1_…_ch1_….wav", "none among 0 files"});
}

BOOST_AUTO_TEST_CASE(recordings_on_the_disk, *boost::unit_test::precondition(has_recordings)) {
  const ToyConveyor listed = list_toy_conveyor(real_data() / "toyadmos_standin", 1, 1);
  for (const auto* const files : {&listed.normal, &listed.anomalous, &listed.noise}) {
    BOOST_CHECK(!files->empty());
    for (const std::string& file : *files) {
      const Sound sound = read_wav(file);
      BOOST_CHECK_EQUAL(sound.rate, 48000);
      BOOST_CHECK_EQUAL(sound.samples.size(), 240000u);
    }
  }
  BOOST_CHECK_EQUAL(listed.normal.size() + listed.anomalous.size() + listed.noise.size(), 100u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
