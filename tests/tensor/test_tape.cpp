// Tapes in double: whole small networks by central differences, and the rules of flow.
#include <array>

#include "gradient_check.hpp"
#include "tensor/reference_backend.hpp"
#include "tensor/selftest_side.hpp"
#include "tensor/tape.hpp"

using namespace danas;

namespace {

struct CountingBackend : ReferenceBackend<double> {
  void* allocate(std::size_t bytes) override {
    ++allocations;
    return ReferenceBackend<double>::allocate(bytes);
  }
  int allocations = 0;
};

struct Fixture {
  CountingBackend backend;
  SelftestSide side{backend, Random(3, "tape"), SelftestFill::reals};
  Arena arena{backend};
  Tape tape{backend, arena};
  const Tensor label_numbers = upload_labels(backend, std::array{0, 2, 1});
  const View labels = label_numbers.view();

  const Tensor sums{backend, View{Type::f64, nullptr, 1, 1, 1, 2}};
  double cross_entropy(Tape::Value logits) {
    backend.clear(sums.view());
    tape.softmax_cross_entropy(logits, {labels, sums.view()});
    return get(sums.view(), 0);
  }

  FilterParameter filter(std::int64_t size, std::int64_t in, std::int64_t out, bool trained = true) {
    const Filter value = side.filter(size, size, in, out, false);
    return {value, trained ? side.filter_result(size, size, in, out, false) : Filter{}};
  }
  VectorParameter vector(std::int64_t c) { return {side.vector(c), side.vector_result(c)}; }
  BatchNormParameter batch_norm(std::int64_t c) {
    return {side.batch_norm_weights(c), {side.vector_result(c), side.vector_result(c)}};
  }
  BottleneckParameter bottleneck(std::int64_t in, std::int64_t expanded, std::int64_t out, int stride, bool residual) {
    const std::int64_t wide = expanded ? expanded : in;
    BottleneckParameter block;
    const auto put = [](const FilterParameter& parameter, Filter& value, Filter& gradient) {
      value = parameter.value;
      gradient = parameter.gradient;
    };
    const auto put_norm = [](const BatchNormParameter& parameter, BatchNormWeights& value,
                             BatchNormGradients& gradient) {
      value = parameter.value;
      gradient = parameter.gradient;
    };
    if (expanded) {
      put(filter(1, in, wide), block.value.expand, block.gradient.expand);
      put_norm(batch_norm(wide), block.value.bn1, block.gradient.bn1);
    }
    put(filter(3, 1, wide), block.value.depthwise, block.gradient.depthwise);
    put_norm(batch_norm(wide), block.value.bn2, block.gradient.bn2);
    put(filter(1, wide, out), block.value.project, block.gradient.project);
    put_norm(batch_norm(out), block.value.bn3, block.gradient.bn3);
    block.value.stride = stride;
    block.value.residual = residual;
    return block;
  }
};

std::vector<double> values(const View& view) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < view.size(); ++i) all.push_back(get(view, i));
  return all;
}

void check_filter(const std::string& name, const FilterParameter& w, const auto& loss) {
  check_gradient(name, elements(w.value), elements(w.gradient), loss);
}

}  // namespace

// Sigmoids have no kinks, so every operation can be crossed; the block's ReLU6 is crossed in test_gradients.cpp.
BOOST_FIXTURE_TEST_CASE(a_network_of_every_operation_has_the_right_gradients, Fixture) {
  const View image = side.input(3, 6, 5, 2);
  const FilterParameter stem = filter(3, 2, 4), spread = filter(3, 1, 4), point = filter(1, 4, 4);
  const FilterParameter head = filter(1, 4 * 3 * 3, 5), last = filter(1, 5, 3);
  const BatchNormParameter norm = batch_norm(4);
  const VectorParameter bias = vector(5);
  Tape::Value x;
  const auto loss = [&] {
    tape.begin();
    x = tape.input(image, true);
    const Tape::Value a = tape.batch_norm(tape.convolution(x, stem, {2, Padding::same}), norm, Activation::sigmoid);
    const Tape::Value b = tape.activation(tape.depthwise(a, spread, {1, Padding::same}), Activation::sigmoid);
    const Tape::Value c = tape.add(tape.add(a, tape.convolution(b, point, {})), a);  // a is used three times
    const Tape::Value hidden = tape.activation(tape.dense(tape.flatten(c), head, bias), Activation::sigmoid);
    return cross_entropy(tape.matmul(hidden, last));
  };
  loss();
  tape.backward();
  Tensor kept(backend, 3, 6, 5, 2);
  const View dx = tape.gradient(x);
  for (std::int64_t i = 0; i < dx.size(); ++i) set(kept.view(), i, get(dx, i));
  check_gradient("image", image, kept.view(), loss);
  check_filter("stem", stem, loss);
  check_filter("spread", spread, loss);
  check_filter("point", point, loss);
  check_filter("head", head, loss);
  check_filter("last", last, loss);
  check_gradient("bias", bias.value, bias.gradient, loss);
  check_gradient("gamma", norm.value.gamma, norm.gradient.gamma, loss);
  check_gradient("beta", norm.value.beta, norm.gradient.beta, loss);
}

BOOST_FIXTURE_TEST_CASE(several_losses_add_up, Fixture) {
  const View image = side.input(3, 4, 4, 2);
  const FilterParameter stem = filter(3, 2, 4), head1 = filter(1, 4, 3), head2 = filter(1, 4, 3);
  const auto loss = [&] {
    tape.begin();
    const Tape::Value a = tape.activation(tape.convolution(tape.input(image), stem, {}), Activation::sigmoid);
    const Tape::Value pooled = tape.global_average_pool(a);
    const double first = cross_entropy(tape.matmul(pooled, head1));
    return first + cross_entropy(tape.matmul(pooled, head2));
  };
  loss();
  tape.backward();
  check_filter("stem", stem, loss);
  check_filter("head 1", head1, loss);
  check_filter("head 2", head2, loss);
}

BOOST_FIXTURE_TEST_CASE(nothing_flows_through_stop_gradient, Fixture) {
  const View image = side.input(3, 4, 4, 2);
  const FilterParameter stem = filter(3, 2, 4), main_head = filter(1, 4, 3), side_head = filter(1, 4, 3);
  const auto run = [&](bool with_side_head) {
    tape.begin();
    const Tape::Value a = tape.activation(tape.convolution(tape.input(image), stem, {}), Activation::sigmoid);
    const Tape::Value pooled = tape.global_average_pool(a);
    cross_entropy(tape.matmul(pooled, main_head));
    double other = 0;
    if (with_side_head) {
      const Tape::Value stopped = tape.stop_gradient(pooled);
      BOOST_CHECK_EQUAL(tape.view(stopped).data, tape.view(pooled).data);
      other = cross_entropy(tape.matmul(stopped, side_head));
      tape.backward();
      BOOST_CHECK(!tape.gradient(stopped).present());
    } else {
      tape.backward();
    }
    return other;
  };
  run(false);
  const std::vector<double> alone = values(elements(stem.gradient));
  run(true);
  BOOST_TEST(values(elements(stem.gradient)) == alone, boost::test_tools::per_element());
  const Filter trained = side_head.gradient;
  Tensor kept(backend, 1, 1, 1, trained.size());
  for (std::int64_t i = 0; i < trained.size(); ++i) set(kept.view(), i, get(elements(trained), i));
  check_gradient("side head", elements(side_head.value), kept.view(), [&] { return run(true); });
}

BOOST_FIXTURE_TEST_CASE(gradients_shared_by_add_stay_whole, Fixture) {
  const View image = side.input(3, 1, 1, 3), probabilities = side.result(3, 1, 1, 3), dlogits = side.result(3, 1, 1, 3);
  tape.begin();
  const Tape::Value x = tape.input(image, true), other = tape.input(image, true), last = tape.input(image, true);
  const Tape::Value twice = tape.add(x, x);
  const Tape::Value sum = tape.add(tape.add(twice, other), x);
  const Tape::Value again = tape.add(sum, last);
  cross_entropy(again);
  backend.softmax_cross_entropy(tape.view(again), labels, probabilities, sums.view());
  backend.softmax_cross_entropy_backward(probabilities, labels, {}, dlogits);
  tape.backward();
  const std::vector<double> base = values(dlogits);
  BOOST_TEST(values(tape.gradient(last)) == base, boost::test_tools::per_element());
  BOOST_TEST(values(tape.gradient(other)) == base, boost::test_tools::per_element());
  for (const Tape::Value value : {twice, sum, again}) BOOST_CHECK(!tape.gradient(value).present());
  for (std::size_t i = 0; i < base.size(); ++i)
    BOOST_CHECK_CLOSE(get(tape.gradient(x), static_cast<std::int64_t>(i)), 3 * base[i], 1e-9);
}

BOOST_FIXTURE_TEST_CASE(what_nobody_wants_is_not_computed, Fixture) {
  const View image = side.input(3, 4, 4, 2);
  const FilterParameter frozen = filter(3, 2, 4, false), head = filter(1, 4, 3);
  tape.begin();
  const Tape::Value x = tape.input(image);
  const Tape::Value a = tape.convolution(x, frozen, {});
  const Tape::Value pooled = tape.global_average_pool(a);
  cross_entropy(tape.matmul(pooled, head));
  tape.backward();
  for (const Tape::Value value : {x, a, pooled}) BOOST_CHECK(!tape.gradient(value).present());
  for (const double value : values(elements(head.gradient))) BOOST_CHECK(std::isfinite(value));
}

BOOST_FIXTURE_TEST_CASE(a_parameter_that_no_loss_depends_on_gets_zeros, Fixture) {
  const View image = side.input(3, 4, 4, 2);
  const FilterParameter used = filter(1, 2, 3),
                        gapped{side.filter(3, 3, 2, 4, true), side.filter_result(3, 3, 2, 4, true)};
  const FilterParameter dead_head = filter(1, 4, 3);
  const VectorParameter bias = vector(3);
  const BatchNormParameter norm = batch_norm(4);
  const BottleneckParameter block = bottleneck(4, 8, 4, 1, true);
  tape.begin();
  const Tape::Value x = tape.input(image);
  const Tape::Value normed = tape.batch_norm(tape.convolution(x, gapped, {}), norm, Activation::relu6);
  const Tape::Value dead = tape.bottleneck(normed, block);
  tape.dense(tape.global_average_pool(dead), dead_head, bias);
  cross_entropy(tape.matmul(tape.global_average_pool(x), used));
  tape.backward();
  const auto zero = [](const View& view) {
    for (const double value : values(view)) BOOST_REQUIRE_EQUAL(value, 0);
  };
  for (const View& view :
       {elements(dead_head.gradient), bias.gradient, norm.gradient.gamma, norm.gradient.beta,
        elements(block.gradient.expand), elements(block.gradient.depthwise), elements(block.gradient.project),
        block.gradient.bn1.gamma, block.gradient.bn2.beta, block.gradient.bn3.gamma})
    zero(view);
  const Filter& gradient = gapped.gradient;
  for (std::int64_t tap = 0; tap < 9; ++tap)
    for (std::int64_t k = 0; k < gradient.tap_stride; ++k) {
      const bool active = k / gradient.row_stride < gradient.in && k % gradient.row_stride < gradient.out;
      const double value = gradient.as<double>()[tap * gradient.tap_stride + k];
      BOOST_REQUIRE(active ? value == 0 : std::isnan(value));
    }
}

BOOST_FIXTURE_TEST_CASE(normalizations_are_in_forward_order, Fixture) {
  const View image = side.input(3, 6, 6, 2);
  const FilterParameter stem = filter(3, 2, 4), head = filter(1, 4, 3);
  const BatchNormParameter norm = batch_norm(4);
  const BottleneckParameter first = bottleneck(4, 0, 4, 1, false), second = bottleneck(4, 12, 4, 2, false);
  tape.begin();
  Tape::Value x = tape.convolution(tape.input(image), stem, {2, Padding::same});
  x = tape.batch_norm(x, norm, Activation::relu6);
  x = tape.bottleneck(tape.bottleneck(x, first), second);
  cross_entropy(tape.matmul(tape.global_average_pool(x), head));
  const std::vector<const BatchNormWeights*> wanted{&norm.value,       &first.value.bn2,  &first.value.bn3,
                                                    &second.value.bn1, &second.value.bn2, &second.value.bn3};
  const std::vector<std::int64_t> rows{27, 27, 27, 27, 12, 12};
  BOOST_REQUIRE_EQUAL(tape.normalizations().size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Tape::Normalization& each = tape.normalizations()[i];
    BOOST_CHECK_EQUAL(each.weights.gamma.data, wanted[i]->gamma.data);
    BOOST_CHECK_EQUAL(each.statistics.mean.size(), wanted[i]->gamma.size());
    BOOST_CHECK_EQUAL(each.rows, rows[i]);
  }
  tape.begin();
  BOOST_CHECK(tape.normalizations().empty());
}

BOOST_FIXTURE_TEST_CASE(a_bottleneck_on_the_tape_is_the_backends, Fixture) {
  const View image = side.input(3, 5, 5, 3), zeros = side.input(3, 5, 5, 3, 0, 0), dx = side.result(3, 5, 5, 3);
  const BottleneckParameter block = bottleneck(3, 8, 3, 1, true);
  tape.begin();
  const Tape::Value x = tape.input(image, true);
  const Tape::Value y = tape.bottleneck(x, block), probe = tape.input(zeros, true);  // whose gradient is y's
  const std::vector<double> on_tape = values(tape.view(y));
  cross_entropy(tape.global_average_pool(tape.add(y, probe)));
  tape.backward();
  BottleneckParameter again = bottleneck(3, 8, 3, 1, true);
  again.value = block.value;
  BottleneckSaved saved;
  Arena other(backend);
  const View output = other.take_like(image);
  backend.bottleneck_training(image, again.value, 1e-3, other, output, saved);
  backend.bottleneck_backward(image, tape.gradient(probe), again.value, 1e-3, saved, other, dx, again.gradient);
  BOOST_TEST(on_tape == values(output), boost::test_tools::per_element());
  BOOST_TEST(values(tape.gradient(x)) == values(dx), boost::test_tools::per_element());
  BOOST_TEST(values(elements(block.gradient.expand)) == values(elements(again.gradient.expand)),
             boost::test_tools::per_element());
  BOOST_TEST(values(block.gradient.bn2.gamma) == values(again.gradient.bn2.gamma), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(steps_do_not_allocate_after_the_first, Fixture) {
  const View image = side.input(3, 64, 64, 3);
  const FilterParameter stem = filter(3, 3, 8), head = filter(1, 8, 3);
  const BatchNormParameter norm = batch_norm(8);
  const BottleneckParameter block = bottleneck(8, 24, 8, 1, true);
  const auto step = [&] {
    tape.begin();
    const Tape::Value raw = tape.convolution(tape.input(image), stem, {2, Padding::same});
    const Tape::Value a = tape.batch_norm(raw, norm, Activation::relu6);
    cross_entropy(tape.matmul(tape.global_average_pool(tape.bottleneck(a, block)), head));
    tape.backward();
    return values(elements(stem.gradient));
  };
  const std::vector<double> first = step();
  step();
  const int allocations = backend.allocations;
  const std::size_t peak = arena.peak_bytes();
  for (int i = 0; i < 3; ++i) BOOST_TEST(step() == first, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(backend.allocations, allocations);
  BOOST_CHECK_EQUAL(arena.peak_bytes(), peak);
}

// A chain of values of one size: backward() needs two gradients beside the activations that are left.
BOOST_FIXTURE_TEST_CASE(backward_gives_memory_back, Fixture) {
  const View image = side.input(3, 8, 8, 16);
  const FilterParameter head = filter(1, 16, 3);
  const std::size_t size = image.bytes(), small = 64 * 16;
  constexpr std::size_t length = 9;
  for (const bool wanted : {true, false}) {
    tape.begin();
    Tape::Value x = tape.input(image, wanted);
    for (std::size_t i = 0; i < length; ++i) x = tape.activation(x, Activation::sigmoid);
    cross_entropy(tape.matmul(tape.global_average_pool(x), head));
    tape.backward();
    BOOST_CHECK_GE(arena.peak_bytes(), (length + 2) * size);
    BOOST_CHECK_LE(arena.peak_bytes(), (length + 2) * size + small);
    const Arena::Mark low = arena.mark(Arena::End::low), high = arena.mark(Arena::End::high);
    BOOST_CHECK(wanted ? std::max(low, high).used <= 2 * size : low == Arena::Mark{} && high == Arena::Mark{});
    BOOST_CHECK_EQUAL(tape.gradient(Tape::Value{0}).present(), wanted);
  }
}
