#include <boost/test/unit_test.hpp>

#include "nn/forward.hpp"
#include "support.hpp"

using namespace danas;
using namespace danas::test;

namespace {

TrainingSettings steps(std::int64_t count, OptimizerKind optimizer = OptimizerKind::adam) {
  TrainingSettings settings;
  settings.steps = count;
  settings.optimizer = optimizer;
  settings.schedule = Schedule::cosine;
  settings.warmup = 2;
  settings.weight_decay = 1e-3;
  return settings;
}

const LayerList small = slice_layers(mobilenet_v2({32, 32, 1}, 1.0 / 3, 2), {{1, 1, 0, 0, 0}, 0.7});

// Softmax cross-entropy and predictions, from logits alone.
double cross_entropy(const std::vector<double>& logits, const std::vector<double>& labels) {
  double sum = 0;
  const std::size_t classes = logits.size() / labels.size();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    double total = 0;
    for (std::size_t k = 0; k < classes; ++k) total += std::exp(logits[i * classes + k]);
    sum += std::log(total) - logits[i * classes + static_cast<std::size_t>(labels[i])];
  }
  return sum / static_cast<double>(labels.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training)

BOOST_AUTO_TEST_CASE(gathered_copy_trains_as_a_network_of_its_own) {
  const auto backend = make_cpu_backend(2);
  const Network supernet(*backend, supernet_layers({32, 32, 3}, full_depth, 2), 5);
  const ToyImages toy(*backend, 32, 3, 2, 8, 3);
  Network gathered = supernet.gather(slice_layers(supernet.layers(), {{1, 2, 1, 1, 1}, 0.3}));
  Network alone(*backend, gathered.layers(), 99);
  copy_weights(gathered, alone);
  Trainer(*backend).train(gathered, steps(10), toy.training(), {});
  Trainer(*backend).train(alone, steps(10), toy.training(), {});
  BOOST_TEST(same_weights(gathered, alone));
}

BOOST_AUTO_TEST_CASE(threads_do_not_change_a_bit, *boost::unit_test::label("threads")) {
  const auto one = make_cpu_backend(1), two = make_cpu_backend(2);
  const auto train = [](Backend& backend) {
    const ToyImages toy(backend, 32, 1, 2, 13, 3);
    Network network(backend, supernet_layers({32, 32, 1}, full_depth, 2), 3);
    Trainer trainer(backend);
    trainer.train(network, steps(6), toy.training(), {});
    trainer.recalibrate(network, network.layers(), toy.pass());
    return network;
  };
  BOOST_TEST(same_weights(train(*one), train(*two)));
}

BOOST_AUTO_TEST_CASE(resumed_training_continues_bit_for_bit) {
  const auto backend = make_cpu_backend(1);
  const ToyImages toy(*backend, 32, 1, 2, 8, 4);
  for (const auto optimizer : {OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::sgd}) {
    const TrainingSettings settings = steps(25, optimizer);  // looked at after 2, 4, … and 25 of them
    std::vector<double> means;
    const auto keep = [&](const StepReport& report) {
      if (report.means) means.insert(means.end(), {report.means->loss, report.means->accuracy});
    };
    Network whole(*backend, small, 1);
    Trainer(*backend).train(whole, settings, toy.training(),
                            [&](const StepReport& report) { return keep(report), true; });
    const std::vector<double> wanted = std::exchange(means, {});
    BOOST_TEST(wanted.size() == 2 * 13u);

    Network resumed(*backend, small, 1);
    std::int64_t done = 0;
    std::vector<std::vector<double>> saved;
    for (const std::int64_t stop : {3, 12, 13, 21, 25}) {
      Optimizer state(*backend, resumed, settings);  // as after a restart: empty, then filled from what was saved
      for (std::size_t i = 0; i < saved.size(); ++i) {
        const View view = state.state()[i].view;
        for (std::int64_t k = 0; k < view.size(); ++k) set(view, k, saved[i][static_cast<std::size_t>(k)]);
      }
      const auto until = [&](const StepReport& report) { return keep(report), report.step + 1 < stop; };
      const std::int64_t count = Trainer(*backend).train(resumed, state, settings, toy.training(), done, until);
      BOOST_TEST(count == stop - done);
      done = stop;
      saved.clear();
      for (const NamedWeight& weight : state.state()) saved.push_back(numbers(weight.view));
    }
    BOOST_TEST(same_weights(whole, resumed), name_of(optimizer));
    BOOST_TEST(means == wanted);
  }
}

BOOST_AUTO_TEST_CASE(a_step_is_forward_backward_and_adam) {
  const auto backend = make_cpu_backend(1);
  const ToyImages toy(*backend, 32, 1, 2, 6, 3);
  const LayerList layers = with_exit_heads(small);
  Network trained(*backend, layers, 1), by_hand(*backend, layers, 1);
  TrainingSettings settings;
  settings.steps = 3;
  std::vector<double> losses;
  Trainer(*backend, 0.9).train(trained, settings, toy.training(), [&](const StepReport& report) {
    losses.push_back(report.means.value().loss);
    return true;
  });

  Arena arena(*backend);
  Tape tape(*backend, arena, batch_norm_epsilon);
  const Tensor first(*backend, 1, 1, 1, by_hand.values().size()), second(*backend, 1, 1, 1, by_hand.values().size());
  const std::vector<LayerParameters> parameters = by_hand.parameters(layers, true);
  const AdamSettings adam;
  const OneStep one_step(*backend);
  for (std::int64_t t = 1; t <= 3; ++t) {
    const Batch batch = toy.batch(t - 1);
    tape.begin();
    double loss = 0;
    const Forward forward = forward_training(tape, layers, parameters, batch.images);
    BOOST_TEST(forward.exits.size() == 3u);
    for (const Tape::Value& logits : forward.exits)
      loss = test::cross_entropy(*backend, tape, logits, batch.labels);  // the last one's is reported
    for (const auto& each : tape.normalizations())
      backend->update_running_statistics(each.statistics, 0.9, each.weights);
    tape.backward();
    const double rate = settings.learning_rate;
    backend->adam_step(filter_of(by_hand.values()), filter_of(by_hand.gradients()), filter_of(first.view()),
                       filter_of(second.view()),
                       one_step.rates(rate, rate * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t))), adam);
    BOOST_TEST(loss == losses[static_cast<std::size_t>(t - 1)]);
  }
  BOOST_TEST(same_weights(trained, by_hand));
}

BOOST_AUTO_TEST_CASE(loss_falls_and_reports_are_of_the_batch, *boost::unit_test::label("threads")) {
  const auto backend = make_cpu_backend(2);
  const ToyImages toy(*backend, 32, 1, 2, 16, 2);
  Network network(*backend, small, 1);
  TrainingSettings settings;
  settings.steps = 30;
  settings.learning_rate = 3e-3;
  std::vector<StepReport> reports;
  std::vector<TrainingMeans> means;
  const auto keep = [&](const StepReport& report) {
    reports.push_back(report);
    if (report.means) means.push_back(*report.means);
    return true;
  };
  BOOST_TEST(Trainer(*backend).train(network, settings, toy.training(), keep) == 30);
  BOOST_TEST(reports.size() == 30u);
  BOOST_TEST(means.size() == 10u);  // after every third
  BOOST_TEST(reports[2].means.has_value());
  BOOST_TEST(means.back().loss < 0.5 * means.front().loss);
  BOOST_TEST(means.back().accuracy >= 0.9);
  BOOST_TEST(reports[4].step == 4);
  BOOST_TEST(reports[4].learning_rate == 3e-3);
}

BOOST_AUTO_TEST_CASE(recalibration_is_exact) {
  const auto backend = make_reference_backend(Type::f64);
  const ToyImages toy(*backend, 32, 3, 2, 7, 1);
  Network network(*backend, with_exit_heads(mobilenet_v2({32, 32, 3}, 0.5, 2)), 4);
  const LayerList slice = slice_layers(network.layers(), {{1, 1, 0, 0, 0}, 0.5});
  disturb(network);
  const std::vector<double> mean_before = numbers(weight_named(network, "stem.bn.running_mean").view);
  const std::vector<double> untouched = numbers(weight_named(network, "blocks.8.bn1.running_var").view);
  // Batches of 3, 3 and 1 images: the last counts less.
  const auto pass = [&](std::int64_t step) { return step < 3 ? toy.part(3 * step, step < 2 ? 3 : 1) : toy.part(0, 0); };
  Trainer(*backend).recalibrate(network, slice, pass);

  const View images = toy.batch(0).images, kernel = weight_named(network, "stem.conv.weight").view;
  const std::vector<double> mean = numbers(weight_named(network, "stem.bn.running_mean").view);
  const std::vector<double> variance = numbers(weight_named(network, "stem.bn.running_var").view);
  const std::int64_t stem = network.layers().front().out.channels, kept = slice.front().out.channels;
  for (std::int64_t o = 0; o < stem; ++o) {
    if (o >= kept) {
      BOOST_TEST(mean[o] == mean_before[o]);
      continue;
    }
    double sum = 0, squares = 0;
    for (std::int64_t n = 0; n < 7; ++n) {
      for (std::int64_t at = 0; at < 16 * 16; ++at) {
        double y = 0;
        for (std::int64_t tap = 0; tap < 27; ++tap) {
          const std::int64_t iy = at / 16 * 2 + tap / 9, ix = at % 16 * 2 + tap / 3 % 3;
          if (iy >= 32 || ix >= 32) continue;
          y += get(images, ((n * 32 + iy) * 32 + ix) * 3 + tap % 3) * get(kernel, tap * stem + o);
        }
        sum += y;
        squares += y * y;
      }
    }
    const double rows = 7 * 256, expected_mean = sum / rows;
    BOOST_TEST(std::abs(mean[o] - expected_mean) < 1e-12);
    BOOST_TEST(std::abs(variance[o] - (squares / rows - expected_mean * expected_mean)) < 1e-12);
  }
  BOOST_TEST(kept < stem);
  BOOST_TEST(numbers(weight_named(network, "blocks.8.bn1.running_var").view) == untouched);
  BOOST_CHECK_THROW(Trainer(*backend).recalibrate(network, slice, [&](std::int64_t) { return toy.part(0, 0); }), Error);
}

// Layer by layer as the tape's forward pass, bit for bit, whole networks and slices in place.
BOOST_AUTO_TEST_CASE(recalibration_sees_what_the_tape_sees) {
  for (const std::string instruction_set : {"", "portable"}) {
    const auto backend = make_cpu_backend(2, instruction_set);
    const ToyImages toy(*backend, 32, 3, 2, 5, 1);
    for (const Slice& architecture : {Slice{}, Slice{{2, 1, 0, 0, 0}, 0.4}}) {
      Network network(*backend, supernet_layers({32, 32, 3}, full_depth, 2), 8);
      disturb(network);
      const LayerList slice = slice_layers(network.layers(), architecture);
      const std::vector<LayerParameters> parameters = network.parameters(slice, false);
      Arena arena(*backend);
      Tape tape(*backend, arena, batch_norm_epsilon);
      tape.begin();
      forward_training(tape, slice, parameters, toy.batch(0).images);
      std::vector<std::pair<std::vector<double>, std::vector<double>>> wanted;
      for (const auto& each : tape.normalizations())
        wanted.emplace_back(numbers(each.statistics.mean), numbers(each.statistics.variance));
      Trainer(*backend).recalibrate(network, slice, toy.pass());
      std::size_t normalizations = 0;
      for (const LayerSpec& layer : unfold(slice)) normalizations += layer.normalized();
      BOOST_TEST(wanted.size() == normalizations);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const BatchNormWeights& weights = tape.normalizations()[i].weights;
        // One batch: the pooled statistics are its own.
        BOOST_TEST(numbers(weights.running_mean) == wanted[i].first);
        BOOST_TEST(largest_difference(numbers(weights.running_variance), wanted[i].second) == 0.0);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(recalibration_keeps_no_activations) {
  const auto backend = make_cpu_backend(1);
  const ToyImages toy(*backend, 96, 3, 2, 4, 1);
  Network network(*backend, supernet_layers({96, 96, 3}, full_depth, 2), 8);
  std::int64_t widest = 0;  // bytes of one layer's output for the batch
  for (const Layer& layer : layer_table(network.layers())) widest = std::max(widest, 4 * 4 * layer.out.elements());
  Trainer recalibrating(*backend), training(*backend);
  recalibrating.recalibrate(network, network.layers(), toy.pass());
  TrainingSettings settings;
  settings.steps = 1;
  training.train(network, settings, toy.training(), {});
  const auto peak = static_cast<std::int64_t>(recalibrating.peak_bytes());
  BOOST_TEST(peak < 4 * widest);
  BOOST_TEST(3 * peak < static_cast<std::int64_t>(training.peak_bytes()));
}

BOOST_AUTO_TEST_CASE(evaluation_is_prediction_counted, *boost::unit_test::label("threads")) {
  const auto backend = make_cpu_backend(2);
  const ToyImages toy(*backend, 32, 1, 2, 9, 3);
  const Network network(*backend, supernet_layers({32, 32, 1}, full_depth, 2), 8);
  disturb(network);
  Trainer trainer(*backend);
  const LayerList slice = slice_layers(network.layers(), {{2, 1, 1, 0, 0}, 0.6});
  const Metrics got = trainer.evaluate(network, slice, toy.pass(), 1);
  double loss = 0, right = 0;
  for (int i = 0; i < 3; ++i) {
    const Batch batch = toy.batch(i);
    const std::vector<double> logits = numbers(trainer.predict(network, slice, batch.images));
    const std::vector<double> labels = numbers(batch.labels);
    loss += cross_entropy(logits, labels) / 3;
    for (std::size_t k = 0; k < 9; ++k) right += (logits[2 * k + 1] > logits[2 * k]) == (labels[k] == 1);
  }
  BOOST_TEST(got.images == 27);
  BOOST_TEST(std::abs(got.loss - loss) < 1e-5);
  BOOST_TEST(std::abs(got.accuracy - right / 27) < 1e-12);
  // All weights zero: equal logits, the lowest class everywhere.
  const Network blank(*backend, small, 1);
  std::memset(blank.values().data, 0, blank.values().bytes());
  const Metrics zeros = trainer.evaluate(blank, small, toy.pass(), 0);
  BOOST_TEST(zeros.recall == 1.0);
  BOOST_TEST(std::abs(zeros.loss - std::log(2.0)) < 1e-6);
}

// Activations, gradients and scratch of a step: more must be meant.
BOOST_AUTO_TEST_CASE(memory_of_a_training_step) {
  const auto backend = make_cpu_backend(1, "portable");
  const ToyImages toy(*backend, 32, 1, 2, 8, 2);
  Network network(*backend, small, 1);
  Trainer trainer(*backend);
  trainer.train(network, steps(3), toy.training(), {});
  BOOST_TEST(trainer.peak_bytes() <= 2'940'480u);
}

BOOST_AUTO_TEST_CASE(memory_does_not_grow_with_depth) {
  const auto backend = make_cpu_backend(1);
  const ToyImages toy(*backend, 64, 3, 2, 8, 1);
  const Network network(*backend, supernet_layers({64, 64, 3}, full_depth, 2), 8);
  const auto folded_bytes = [&](const LayerList& slice) {
    std::int64_t weights = 0;
    for (const Layer& layer : layer_table(slice)) weights += layer.parameters_folded;
    return 4 * weights;
  };
  const auto peak = [&](const LayerList& slice) {
    Trainer trainer(*backend);
    trainer.evaluate(network, slice, toy.pass(), 1);
    return static_cast<std::int64_t>(trainer.peak_bytes()) - folded_bytes(slice);
  };
  // The early layers are the widest: depth costs only the folded weights, and what packing them in vectors adds.
  const LayerList deep = slice_layers(network.layers(), {}),
                  shallow = slice_layers(network.layers(), {{0, 0, 0, 0, 0}, 1.0});
  BOOST_TEST(std::abs(peak(deep) - peak(shallow)) < folded_bytes(deep) / 30);
}

BOOST_AUTO_TEST_CASE(wrong_batches_are_refused) {
  const auto backend = make_cpu_backend(1);
  const ToyImages toy(*backend, 32, 1, 2, 4, 1), color(*backend, 32, 3, 2, 4, 1), classes(*backend, 32, 1, 9, 4, 4);
  const Network network(*backend, small, 1);
  Trainer trainer(*backend);
  BOOST_CHECK_THROW(trainer.predict(network, small, color.batch(0).images), Error);
  BOOST_CHECK_THROW(trainer.evaluate(network, small, classes.pass(), 1), Error);
  BOOST_CHECK_THROW(trainer.evaluate(
                        network, small, [&](std::int64_t) { return toy.part(0, 0); }, 1),
                    Error);
  const auto few_labels = [&](std::int64_t) { return Batch{toy.batch(0).images, toy.part(1, 3).labels, 2}; };
  BOOST_CHECK_THROW(trainer.evaluate(network, small, few_labels, 1), Error);

  Network trained(*backend, small, 1);
  TrainingSettings settings;
  BOOST_CHECK_THROW(trainer.train(trained, settings, [&](std::int64_t) { return toy.part(0, 0); }, {}), Error);
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_not_finite_stops_the_training) {
  const auto backend = make_cpu_backend(1);
  const ToyImages toy(*backend, 32, 1, 2, 4, 1);
  Network network(*backend, small, 1);
  set(weight_named(network, "heads.4.bias").view, 0, NAN);
  try {
    Trainer(*backend).train(network, TrainingSettings{}, toy.training(), {});
    BOOST_ERROR("no error");
  } catch (const Diverged& error) {
    BOOST_TEST((error.fault() == Fault::failure));
    const std::string message = error.what();
    BOOST_TEST(message.find("steps 1 to 10") != std::string::npos, message);
    BOOST_TEST(message.find("learning_rate") != std::string::npos, message);
  }

  // In the middle of an interval, and of an exit whose loss is in no report: seen where the training is looked at.
  for (const char* const bias : {"heads.4.bias", "heads.2.bias"}) {
    const LayerList layers = with_exit_heads(small);
    Network broken(*backend, layers, 1);
    std::int64_t told = 0;
    const auto breaks = [&](const StepReport& report) {
      if (report.step == 3) set(weight_named(broken, bias).view, 0, NAN);
      return told = report.step + 1, true;
    };
    BOOST_CHECK_THROW(Trainer(*backend).train(broken, TrainingSettings{}, toy.training(), breaks), Diverged);
    BOOST_TEST(told == 9);
  }

  // The only step's loss is finite, the weights after it are not.
  Network last(*backend, small, 1);
  TrainingSettings settings;
  settings.steps = 1;
  settings.optimizer = OptimizerKind::sgd;
  settings.learning_rate = 1e39;
  int reports = 0;
  const auto count = [&](const StepReport&) { return ++reports, true; };
  BOOST_CHECK_THROW(Trainer(*backend).train(last, settings, toy.training(), count), Diverged);
  BOOST_TEST(reports == 0);  // nobody is told of a last step that failed
  BOOST_TEST(!finite(*backend, last.weights()));
}

// Finite weights whose outputs are not: the loss is never computed here.
BOOST_AUTO_TEST_CASE(statistics_that_are_not_finite_are_noticed) {
  const auto backend = make_cpu_backend(1);
  const ToyImages toy(*backend, 32, 1, 2, 4, 1);
  Network network(*backend, small, 1);
  const View stem = weight_named(network, "stem.conv.weight").view;
  for (std::int64_t i = 0; i < stem.size(); ++i) set(stem, i, 1e30);
  BOOST_TEST(finite(*backend, network.weights()));
  BOOST_CHECK_THROW(Trainer(*backend).recalibrate(network, small, toy.pass()), Diverged);
}

BOOST_AUTO_TEST_SUITE_END()
