#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "results/layer_table.hpp"
#include "results/model_stage.hpp"
#include "results/training_table.hpp"

using namespace danas;

namespace {

std::vector<TrainingRow> read(const std::string& rows) {
  return read_trainings(CsvTable("training.csv", csv_line(training_columns()) + rows));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training_table)

BOOST_AUTO_TEST_CASE(trainings_have_names) {
  for (const Training& training : {Training{TrainingPhase::supernet, "96-monochrome"},
                                   Training{TrainingPhase::finetune, "3"}, Training{TrainingPhase::final, "17"}}) {
    const auto rows = read(csv_line(training_fields({training, 40, 0.1, 1.0 / 3, 1e-3, 2.3456})));
    BOOST_REQUIRE(rows.size() == 1u);
    BOOST_TEST((rows[0].training == training));
    BOOST_TEST(rows[0].step == 40);
    BOOST_TEST(rows[0].loss == 0.1);
    BOOST_TEST(rows[0].accuracy == 1.0 / 3);
    BOOST_TEST(rows[0].learning_rate == 1e-3);
    BOOST_TEST(rows[0].seconds == 2.346);
  }
  BOOST_TEST((Training{TrainingPhase::supernet, "96-monochrome"}.text()) == "supernet 96-monochrome");
  BOOST_TEST((Training{TrainingPhase::finetune, "3"}.text()) == "finetune 3");
  BOOST_TEST((Training{TrainingPhase::final, "3"}.text()) == "final 3");
  BOOST_TEST(csv_line(training_fields({{TrainingPhase::final, "3"}, 35, 0.5, 0.25, 0.001, 0.4238})) ==
             "final 3,35,0.5,0.25,0.001,0.424\n");
}

BOOST_AUTO_TEST_CASE(a_loss_may_be_anything_the_rest_may_not) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto rows = read(csv_line(training_fields({{TrainingPhase::final, "1"}, 1, std::nan(""), infinity, 0.1, 0})));
  BOOST_TEST(std::isnan(rows.at(0).loss));
  BOOST_TEST(rows[0].accuracy == infinity);
  for (const char* broken :
       {"finetune,1,0,0,0,0", "final ,1,0,0,0,0", "tuning 3,1,0,0,0,0", " 3,1,0,0,0,0", "final 3,-1,0,0,0,0",
        "final 3,x,0,0,0,0", "final 3,1,a,0,0,0", "final 3,1,0,0,nan,0", "final 3,1,0,0,0,inf"})
    BOOST_CHECK_EXCEPTION(read(std::string(broken) + "\n"), Error, [](const Error& error) {
      return std::string(error.what()).starts_with("[training.csv:2] ");
    });
}

BOOST_AUTO_TEST_CASE(layers_read_back) {
  const std::vector<LayerRow> layers{{"stem", "conv 3x3", 96, 95, 1, 48, 47, 4, 44, 40, 82944, 18432, 41},
                                     {"a,b", "pool", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
  const std::string text = layer_table_text(layers);
  BOOST_TEST(text == "name,kind,in_height,in_width,in_channels,out_height,out_width,out_channels,parameters,"
                     "parameters_folded,macs,ram_bytes,flash_bytes\n"
                     "stem,conv 3x3,96,95,1,48,47,4,44,40,82944,18432,41\n\"a,b\",pool,1,2,3,4,5,6,7,8,9,10,11\n");
  const std::vector<LayerRow> back = read_layers(CsvTable("layers.csv", text));
  BOOST_TEST(layer_table_text(back) == text);
  BOOST_TEST(back.at(0).out_width == 47);
  BOOST_TEST(back.at(1).name == "a,b");
}

BOOST_AUTO_TEST_CASE(stages_have_names) {
  for (const ModelStage stage : {ModelStage::supernet, ModelStage::finetuned, ModelStage::final})
    BOOST_TEST((find_named<ModelStage>(name_of(stage)) == stage));
  BOOST_TEST(std::string(name_of(ModelStage::finetuned)) == "finetuned");
  BOOST_TEST(!find_named<ModelStage>("Final").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
