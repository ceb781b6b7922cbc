#include <array>
#include <boost/test/unit_test.hpp>

#include "backends.hpp"
#include "tensor/arena.hpp"
#include "tensor/selftest_side.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

// The definition: TensorFlow's documentation of SAME.
std::int64_t documented_padding(std::int64_t input, std::int64_t kernel, std::int64_t stride) {
  const std::int64_t along = input % stride == 0 ? std::max<std::int64_t>(kernel - stride, 0)
                                                 : std::max<std::int64_t>(kernel - input % stride, 0);
  return along / 2;
}

}  // namespace

BOOST_AUTO_TEST_CASE(same_padding_is_that_of_tensorflow) {
  for (std::int64_t input = 1; input < 40; ++input)
    for (std::int64_t kernel = 1; kernel < 8; ++kernel)
      for (int stride = 1; stride < 5; ++stride) {
        const Geometry same{stride, Padding::same};
        BOOST_REQUIRE_EQUAL(output_size(input, kernel, same), (input + stride - 1) / stride);
        BOOST_REQUIRE_EQUAL(padding_before(input, kernel, same), documented_padding(input, kernel, stride));
      }
  BOOST_CHECK_EQUAL(padding_before(224, 3, {2, Padding::same}), 0);
  BOOST_CHECK_EQUAL(padding_before(7, 3, {2, Padding::same}), 1);
}

BOOST_AUTO_TEST_CASE(valid_padding_is_none) {
  const Geometry valid{2, Padding::valid};
  BOOST_CHECK_EQUAL(output_size(7, 3, valid), 3);
  BOOST_CHECK_EQUAL(output_size(8, 3, valid), 3);
  BOOST_CHECK_EQUAL(output_size(3, 3, valid), 1);
  BOOST_CHECK_EQUAL(output_size(2, 3, valid), 0);
  BOOST_CHECK_EQUAL(padding_before(7, 3, valid), 0);
}

FOR_EACH_BACKEND(operands_that_do_not_fit_are_refused) {
  BOOST_TEST_CONTEXT(backend.name()) {
    SelftestSide side(backend, Random(1, "shapes"), SelftestFill::reals);
    const Geometry geometry{2, Padding::same};
    const View x = side.input(2, 5, 5, 3), y = side.input(2, 3, 3, 4), flat = side.input(6, 1, 1, 3);
    const Filter w = side.filter(3, 3, 3, 4, false), matrix = side.filter(1, 1, 3, 4, false);
    const View dx = side.input(2, 5, 5, 3);
    BOOST_CHECK_NO_THROW(backend.convolution(x, w, geometry, {}, Activation::none, y));
    BOOST_CHECK_THROW(backend.convolution(x, w, {}, {}, Activation::none, y), Error);
    BOOST_CHECK_THROW(backend.convolution(y, w, geometry, {}, Activation::none, y), Error);
    BOOST_CHECK_THROW(backend.convolution(x, w, geometry, side.vector(3), Activation::none, y), Error);
    BOOST_CHECK_THROW(backend.convolution(View{}, w, geometry, {}, Activation::none, y), Error);
    BOOST_CHECK_THROW(backend.convolution_backward_input(x, w, geometry, dx), Error);
    BOOST_CHECK_THROW(backend.convolution_backward_filter(x, x, geometry, w), Error);
    BOOST_CHECK_THROW(backend.depthwise(x, w, geometry, {}, Activation::none, y), Error);
    BOOST_CHECK_THROW(backend.matmul(flat, matrix, {}, Activation::none, y), Error);
    BOOST_CHECK_THROW(backend.add(x, y, y), Error);
    BOOST_CHECK_THROW(backend.global_average_pool(x, y), Error);
  }
}

FOR_EACH_BACKEND(labels_of_another_number_or_type_are_refused) {
  BOOST_TEST_CONTEXT(backend.name()) {
    SelftestSide side(backend, Random(1, "labels"), SelftestFill::reals);
    const View logits = side.input(2, 1, 1, 3), probabilities = side.result(2, 1, 1, 3), sums = side.sums(1, 2);
    const auto loss = [&](const View& labels) { backend.softmax_cross_entropy(logits, labels, probabilities, sums); };
    const auto count = [&](const View& labels) {
      backend.count_predictions(logits, labels, {side.sums(3, 3), side.sums(1, 1)});
    };
    BOOST_CHECK_NO_THROW(loss(side.labels(2, 3)));
    BOOST_CHECK_NO_THROW(count(side.labels(2, 3)));
    BOOST_CHECK_THROW(count(side.labels(3, 3)), Error);
    BOOST_CHECK_THROW(backend.count_predictions(logits, side.labels(2, 3), {side.sums(2, 3), side.sums(1, 1)}), Error);
    BOOST_CHECK_THROW(backend.softmax_cross_entropy(logits, side.labels(2, 3), probabilities, logits), Error);
    BOOST_CHECK_THROW(loss(side.labels(1, 3)), Error);
    BOOST_CHECK_THROW(loss(side.labels(3, 3)), Error);
    BOOST_CHECK_THROW(loss(side.input(2, 1, 1, 1)), Error);
    BOOST_CHECK_THROW(loss({}), Error);
    const auto backward = [&](const View& targets) {
      const View memory = side.vector(6);
      backend.softmax_cross_entropy_backward({memory.type, memory.data, 2, 1, 1, 3}, targets, {}, probabilities);
    };
    BOOST_CHECK_NO_THROW(backward(side.labels(2, 3)));
    BOOST_CHECK_NO_THROW(backward(side.result(2, 1, 1, 3)));
    BOOST_CHECK_THROW(backward(side.labels(3, 3)), Error);
    BOOST_CHECK_THROW(backward(side.result(2, 1, 1, 2)), Error);
    BOOST_CHECK_THROW(backward({}), Error);
  }
}

FOR_EACH_BACKEND(softmax_survives_large_logits) {
  BOOST_TEST_CONTEXT(backend.name()) {
    Arena arena(backend);
    const View logits = arena.take(2, 1, 1, 2), probabilities = arena.take_like(logits);
    const double values[]{1000, -1000, -1000, 1000};
    for (std::int64_t i = 0; i < 4; ++i) set(logits, i, values[i]);
    const Tensor right = upload_labels(backend, std::array{0, 1}), wrong = upload_labels(backend, std::array{1, 0});
    const Tensor sums(backend, View{Type::f64, nullptr, 1, 1, 1, 2}),
        confusion(backend, View{Type::f64, nullptr, 2, 1, 1, 2});
    backend.softmax_cross_entropy(logits, right.view(), probabilities, sums.view());
    BOOST_CHECK_EQUAL(get(sums.view(), 0), 0);
    BOOST_CHECK_EQUAL(get(sums.view(), 1), 1);
    backend.softmax_cross_entropy(logits, wrong.view(), probabilities, sums.view());
    BOOST_CHECK_CLOSE(get(sums.view(), 0), 2000, 1e-3);
    BOOST_CHECK_EQUAL(get(sums.view(), 1), 1);
    backend.count_predictions(logits, wrong.view(), {confusion.view(), vector_view(Type::f64, sums.view().data, 1)});
    BOOST_CHECK_CLOSE(get(sums.view(), 0), 6000, 1e-3);
    const double counts[]{0, 1, 1, 0};  // labels 1, 0 predicted as 0, 1
    for (std::int64_t i = 0; i < 4; ++i) BOOST_CHECK_EQUAL(get(confusion.view(), i), counts[i]);
    BOOST_CHECK_EQUAL(get(probabilities, 0), 1);
    BOOST_CHECK_EQUAL(get(probabilities, 1), 0);
  }
}

// The lower of equal logits' classes, and sums that do not depend on how a pass is cut.
FOR_EACH_BACKEND(predictions_are_counted_one_after_another) {
  BOOST_TEST_CONTEXT(backend.name()) {
    SelftestSide side(backend, Random(2, "counts"), SelftestFill::reals);
    const View logits = side.changed(7, 1, 1, 3, -3, 3), labels = side.labels(7, 3);
    for (std::int64_t c = 0; c < 3; ++c) set(logits, c, 0.25);
    const auto pass = [&](std::int64_t part) {
      const Tensor confusion(backend, View{Type::f64, nullptr, 3, 1, 1, 3}),
          loss(backend, View{Type::f64, nullptr, 1, 1, 1, 1});
      for (std::int64_t first = 0; first < 7; first += part) {
        const std::int64_t n = std::min<std::int64_t>(part, 7 - first);
        const View some{
            logits.type, logits.as<std::byte>() + first * 3 * static_cast<std::int64_t>(bytes_of(logits.type)),
            n,           1,
            1,           3};
        const View theirs{Type::i32, labels.as<std::int32_t>() + first, n, 1, 1, 1};
        backend.count_predictions(some, theirs, {confusion.view(), loss.view()});
      }
      std::vector<double> all, last;
      download_numbers(backend, confusion.view(), all);
      download_numbers(backend, loss.view(), last);
      all.push_back(last[0]);
      return all;
    };
    const std::vector<double> whole = pass(7);
    BOOST_CHECK_GE(whole[static_cast<std::size_t>(3 * get(labels, 0))], 1);  // predicted as class 0
    for (const std::int64_t part : {1, 2, 3, 5}) BOOST_TEST(pass(part) == whole);
  }
}

FOR_EACH_BACKEND(crops_outside_of_the_image_are_refused) {
  const std::vector<std::uint8_t> pixels(5 * 4 * 3);
  BOOST_TEST_CONTEXT(backend.name()) {
    Arena arena(backend);
    const View out = arena.take(1, 2, 2, 3);
    const auto see = [&](Image image, Crop crop) { backend.augment(std::span(&image, 1), std::span(&crop, 1), out); };
    const Image image{pixels.data(), 5, 4, 3};
    BOOST_CHECK_NO_THROW(see(image, {0, 0, 5, 4, false}));
    BOOST_CHECK_THROW(see(image, {1, 0, 5, 4, false}), Error);
    BOOST_CHECK_THROW(see(image, {0, 1, 5, 4, false}), Error);
    BOOST_CHECK_THROW(see(image, {-1, 0, 2, 2, false}), Error);
    BOOST_CHECK_THROW(see(image, {0, 0, 0, 4, false}), Error);
    BOOST_CHECK_THROW(see({pixels.data(), 5, 4, 2}, {0, 0, 5, 4, false}), Error);
    BOOST_CHECK_THROW(backend.augment({}, {}, out), Error);
  }
}

// In double, whatever the backend's type: two batches of one row each are the mean and variance of two numbers.
FOR_EACH_BACKEND(moments_of_batches_are_those_of_all_rows) {
  BOOST_TEST_CONTEXT(backend.name()) {
    Arena arena(backend);
    const View mean = arena.take_vector(1), variance = arena.take_vector(1);
    const Tensor memory(backend, View{Type::f64, nullptr, 3, 1, 1, 1});
    double* const numbers = memory.view().as<double>();
    const auto one = [](double* number) { return vector_view(Type::f64, number, 1); };
    const PooledMoments pooled{one(numbers), one(numbers + 1), one(numbers + 2)};
    set(variance, 0, 0);
    for (const double x : {16777216.0, 16777220.0}) {
      set(mean, 0, x);
      backend.accumulate_moments({mean, variance}, 1, pooled);
    }
    BOOST_CHECK_EQUAL(numbers[2], 2);
    backend.store_moments(pooled, {{}, {}, mean, variance});
    BOOST_CHECK_EQUAL(get(mean, 0), 16777218);
    BOOST_CHECK_EQUAL(get(variance, 0), 4);
    BOOST_CHECK_THROW(backend.store_moments({pooled.mean, pooled.squares, memory.view()}, {{}, {}, mean, variance}),
                      Error);
  }
}

FOR_EACH_BACKEND(steps_beyond_the_table_of_rates_are_refused) {
  BOOST_TEST_CONTEXT(backend.name()) {
    SelftestSide side(backend, Random(1, "rates"), SelftestFill::reals);
    const View values = side.changed(1, 1, 1, 5);
    const Filter w = filter_of(values), g = filter_of(side.input(1, 1, 1, 5)), v = filter_of(side.changed(1, 1, 1, 5));
    const View table = side.rates(2), counter = side.counter(0, 1);
    const auto step = [&](const StepRates& rates) { backend.sgd_step(w, g, v, rates, 0.9, 0); };
    for (int i = 0; i < 2; ++i) {
      BOOST_CHECK_NO_THROW(step({table, counter}));
      backend.next_step(counter);
    }
    BOOST_CHECK_THROW(step({table, counter}), Error);
    BOOST_CHECK_THROW(step({table, side.counter(-1, 1)}), Error);
    BOOST_CHECK_THROW(step({side.sums(2, 3), side.counter(0, 1)}), Error);
    BOOST_CHECK_THROW(step({values, side.counter(0, 1)}), Error);
    BOOST_CHECK_THROW(backend.adam_step(w, g, v, v, {table, table}, {}), Error);
  }
}

BOOST_AUTO_TEST_CASE(unknown_backends_are_refused) {
  BOOST_CHECK_THROW(make_cpu_backend(1, "mmx"), Error);
  BOOST_CHECK_THROW(make_reference_backend(Type::u8), Error);
  const auto backend = make_cpu_backend(1);
  BOOST_CHECK(machine_has(backend->instruction_set()));
  BOOST_CHECK_EQUAL(backend->threads(), 1);
  BOOST_CHECK_GE(make_cpu_backend()->threads(), 1);
}
