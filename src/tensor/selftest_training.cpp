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

}  // namespace

void add_training_cases(SelftestTable& table) {
  for (const std::int64_t n : {1, 5, 128})
    for (const std::int64_t classes : {1, 2, 3, 10, 17, 1000}) loss_cases(table, n, classes);
  for (const std::int64_t size : {1, 7, 8, 9, 16, 17, 1000, 70001}) {
    table.add("sgd_step", elementwise, false, selftest_shape({size}), [size](Side& side) {
      const View w = side.changed(1, 1, 1, size), velocity = side.changed(1, 1, 1, size);
      side.backend().sgd_step(w, side.vector(size), velocity, 0.1, 0.9, 1e-2);
    });
    for (const int kind : {0, 1, 2})
      table.add("adam_step", reduction, false, selftest_shape({size}), [=](Side& side) {
        const View w = side.changed(1, 1, 1, size), m = side.changed(1, 1, 1, size);
        const View v = side.changed(1, 1, 1, size, 0.01, 1);
        AdamStep step;
        step.learning_rate = 0.1;
        step.weight_decay = kind == 0 ? 0 : 0.1;
        step.decoupled = kind == 2;
        step.step = 1 + 10 * kind;
        side.backend().adam_step(w, side.vector(size), m, v, step);
      });
  }
}

}  // namespace danas
