// Cases of the loss, of what is counted of predictions, and of the optimizers.
#include "tensor/selftest_side.hpp"
#include "tensor/tensor.hpp"

namespace danas {

namespace {

using Side = SelftestSide;

constexpr double elementwise = 1e-6, reduction = 1e-5;

// A vector as a matrix of so many rows.
View rows_of(const View& vector, std::int64_t rows) {
  return {vector.type, vector.data, rows, 1, 1, vector.size() / rows};
}

void loss_cases(SelftestTable& table, std::int64_t n, std::int64_t classes) {
  const std::string name = selftest_shape({n, classes});
  const auto logits = [=](Side& side) { return side.input(n, 1, 1, classes, -12, 12); };
  table.add("softmax_cross_entropy", reduction, false, name, [=](Side& side) {
    const View in = logits(side), labels = side.labels(n, classes), out = side.vector_result(n * classes);
    side.backend().softmax_cross_entropy(in, labels, rows_of(out, n), side.sums(1, 2));
  });
  table.add("softmax_cross_entropy_backward", elementwise, false, name, [=](Side& side) {
    const View in = rows_of(side.vector(n * classes, -12, 12), n), labels = side.labels(n, classes);
    side.backend().softmax_cross_entropy_backward(in, labels, {}, side.result(n, 1, 1, classes));
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
AdamSettings adam_of(int row) {
  AdamSettings adam;
  adam.weight_decay = row == 0 ? 0 : 0.1;
  adam.decoupled = row == 2;
  return adam;
}

void optimizer_cases(SelftestTable& table, std::int64_t size, int row) {
  const std::string name = selftest_shape({size});
  table.add("sgd_step", elementwise, false, name, [=](Side& side) {
    const View w = side.changed_vector(size), velocity = side.changed_vector(size), g = side.vector(size);
    side.backend().sgd_step(filter_of(w), filter_of(g), filter_of(velocity), rates_of(side, row), 0.9, 1e-2);
  });
  table.add("adam_step", reduction, false, name, [=](Side& side) {
    const View w = side.changed_vector(size), m = side.changed_vector(size);
    const View v = side.changed_vector(size, 0.01, 1), g = side.vector(size);
    side.backend().adam_step(filter_of(w), filter_of(g), filter_of(m), filter_of(v), rates_of(side, row), adam_of(row));
  });
}

// The weights of a slice, and moments that lie otherwise.
void slice_cases(SelftestTable& table, std::int64_t taps, std::int64_t in, std::int64_t out) {
  const std::string name = selftest_shape({taps, in, out}) + ", of a slice";
  const auto changed = [=](Side& side, bool gaps, double low) {
    return side.changed_filter(taps, 1, in, out, gaps, low, 1);
  };
  table.add("sgd_step", elementwise, false, name, [=](Side& side) {
    const Filter w = changed(side, true, -1), velocity = changed(side, false, -1), g = changed(side, true, -1);
    side.backend().sgd_step(w, g, velocity, rates_of(side, 1), 0.9, 1e-2);
  });
  table.add("adam_step", reduction, false, name, [=](Side& side) {
    const Filter w = changed(side, true, -1), m = changed(side, true, -1);
    const Filter v = changed(side, false, 0.01), g = changed(side, true, -1);
    side.backend().adam_step(w, g, m, v, rates_of(side, 2), adam_of(2));
  });
}

void unscale_case(Side& side, std::int64_t size, int good_steps) {
  const View factor = side.changed_vector(2, 64, 65), skip = side.counter(7, 1), g = side.changed_vector(size);
  const double numbers[]{64, static_cast<double>(good_steps)};
  upload_numbers(side.backend(), {numbers[0], numbers[1]}, factor);
  side.backend().unscale_gradients(g, {factor, skip});
}

}  // namespace

void add_training_cases(SelftestTable& table) {
  for (const std::int64_t n : {1, 5, 128})
    for (const std::int64_t classes : {1, 2, 3, 10, 17, 1000}) loss_cases(table, n, classes);
  for (const std::int64_t size : {1, 7, 8, 9, 16, 17, 1000, 70001})
    for (const int row : {0, 1, 2}) optimizer_cases(table, size, row);
  table.add("next_step", 0, true, "1", [](Side& side) { side.backend().next_step(side.counter(0, 5)); });
}

void add_precision_cases(SelftestTable& table) {
  for (const std::int64_t size : {1, 7, 8, 9, 16, 17, 1000, 70001}) {
    const std::string name = selftest_shape({size});
    table.add("cast", elementwise, true, name,
              [=](Side& side) { side.backend().cast(side.vector(size), side.result(1, 1, 1, size)); });
    table.add("accumulate", elementwise, true, name,
              [=](Side& side) { side.backend().accumulate(side.vector(size), 0.25, side.changed_vector(size)); });
    // A scale that is halved or doubled, as one that was good for so many steps.
    for (const int skipped : {0, 1}) {
      table.add("unscale_gradients", elementwise, false, name,
                [=](Side& side) { unscale_case(side, size, 1998 + skipped); });
      table.add("sgd_step", elementwise, false, name + (skipped != 0 ? ", skipped" : ""), [=](Side& side) {
        const View w = side.changed_vector(size), velocity = side.changed_vector(size), g = side.vector(size);
        StepRates rates = rates_of(side, 0);
        rates.skip = side.counter(skipped, 1);
        side.backend().sgd_step(filter_of(w), filter_of(g), filter_of(velocity), rates, 0.9, 1e-2);
      });
    }
  }
  for (const std::int64_t n : {1, 128})
    table.add("softmax_cross_entropy_backward", elementwise, false, selftest_shape({n, 10}) + ", scaled",
              [=](Side& side) {
                const View in = rows_of(side.vector(n * 10, 0, 1), n), labels = side.labels(n, 10),
                           scale = side.vector(2, 1, 64);
                side.backend().softmax_cross_entropy_backward(in, labels, scale, side.result(n, 1, 1, 10));
              });
}

void add_slice_update_cases(SelftestTable& table) {
  for (const std::int64_t taps : {1, 9})
    for (const std::int64_t in : {1, 3, 16})
      for (const std::int64_t out : {1, 2, 8, 20, 24, 33, 320}) slice_cases(table, taps, in, out);
  slice_cases(table, 1, 700, 96);
}

void add_distillation_cases(SelftestTable& table) {
  for (const std::int64_t n : {1, 5, 128})
    for (const std::int64_t classes : {1, 2, 3, 17, 1000})
      for (const bool scaled : {false, true})
        table.add("softmax_cross_entropy_backward", elementwise, false,
                  selftest_shape({n, classes}) + (scaled ? ", of probabilities, scaled" : ", of probabilities"),
                  [=](Side& side) {
                    const View in = rows_of(side.vector(n * classes, 0, 1), n),
                               targets = rows_of(side.vector(n * classes, 0, 1), n),
                               scale = scaled ? side.vector(2, 1, 64) : View{};
                    side.backend().softmax_cross_entropy_backward(in, targets, scale, side.result(n, 1, 1, classes));
                  });
}

}  // namespace danas
