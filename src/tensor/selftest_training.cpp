// Cases of the loss, of what is counted of predictions, and of the optimizers.
#include "tensor/selftest_side.hpp"

namespace danas {

namespace {

using Side = SelftestSide;

constexpr double elementwise = 1e-6, reduction = 1e-5;

void loss_cases(SelftestTable& table, std::int64_t n, std::int64_t classes) {
  const std::string name = selftest_shape({n, classes});
  const auto logits = [=](Side& side) { return side.input(n, 1, 1, classes, -12, 12); };
  table.add("softmax_cross_entropy", reduction, false, name, [=](Side& side) {
    const View in = logits(side), labels = side.labels(n, classes), out = side.result(n, 1, 1, classes);
    side.backend().softmax_cross_entropy(in, labels, out, side.sums(1, 2));
  });
  table.add("softmax_cross_entropy_backward", elementwise, false, name, [=](Side& side) {
    const View in = logits(side), labels = side.labels(n, classes);
    side.backend().softmax_cross_entropy_backward(in, labels, side.result(n, 1, 1, classes));
  });
  table.add("count_predictions", reduction, false, name, [=](Side& side) {
    const View in = logits(side), labels = side.labels(n, classes), confusion = side.sums(classes, classes);
    side.backend().count_predictions(in, labels, {confusion, side.sums(1, 1)});
  });
}

// The rates of row `row` of three.
StepRates rates_of(Side& side, int row) {
  const View table = side.rates(3);
  return {table, side.counter(row, 1)};
}

// Each row with another kind of weight decay: none, coupled, decoupled.
void optimizer_cases(SelftestTable& table, std::int64_t size, int row) {
  const std::string name = selftest_shape({size});
  table.add("sgd_step", elementwise, false, name, [=](Side& side) {
    const View w = side.changed(1, 1, 1, size), velocity = side.changed(1, 1, 1, size), g = side.vector(size);
    side.backend().sgd_step(w, g, velocity, rates_of(side, row), 0.9, 1e-2);
  });
  table.add("adam_step", reduction, false, name, [=](Side& side) {
    const View w = side.changed(1, 1, 1, size), m = side.changed(1, 1, 1, size);
    const View v = side.changed(1, 1, 1, size, 0.01, 1), g = side.vector(size);
    AdamSettings adam;
    adam.weight_decay = row == 0 ? 0 : 0.1;
    adam.decoupled = row == 2;
    side.backend().adam_step(w, g, m, v, rates_of(side, row), adam);
  });
}

}  // namespace

void add_training_cases(SelftestTable& table) {
  for (const std::int64_t n : {1, 5, 128})
    for (const std::int64_t classes : {1, 2, 3, 10, 17, 1000}) loss_cases(table, n, classes);
  for (const std::int64_t size : {1, 7, 8, 9, 16, 17, 1000, 70001})
    for (const int row : {0, 1, 2}) optimizer_cases(table, size, row);
  table.add("next_step", 0, true, "1", [](Side& side) { side.backend().next_step(side.counter(0, 5)); });
}

}  // namespace danas
