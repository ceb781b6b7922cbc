#include <boost/test/unit_test.hpp>

#include <set>

#include "nn/forward.hpp"
#include "support.hpp"

using namespace danas;
using namespace danas::test;

namespace {

// A network of the slice's shape, filled from the supernet's named weights by index arithmetic of its own.
Network built_alone(const Network& supernet, const LayerList& slice) {
  Network alone(supernet.backend(), slice, 99);
  for (const NamedWeight& weight : alone.weights()) {
    const NamedWeight& from = weight_named(supernet, weight.name);
    for (std::int64_t i = 0; i < weight.view.size(); ++i) {
      std::int64_t rest = i, source = 0, stride = 1;
      for (std::size_t axis = weight.shape.size(); axis-- > 0; stride *= from.shape[axis]) {
        source += rest % weight.shape[axis] * stride;
        rest /= weight.shape[axis];
      }
      set(weight.view, i, get(from.view, source));
    }
  }
  return alone;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network)

BOOST_AUTO_TEST_CASE(names_and_initial_values) {
  const auto backend = make_reference_backend(Type::f32);
  const Network supernet(*backend, supernet_layers({96, 96, 1}, full_depth, 2), 5);
  std::set<std::string> names;
  std::int64_t trainable = 0;
  for (const NamedWeight& weight : supernet.weights()) {
    BOOST_TEST(names.insert(weight.name).second, weight.name);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(weight.view.data) % 64 == 0u);
    if (weight.trainable) trainable += weight.view.size();
  }
  for (const char* name :
       {"stem.conv.weight", "stem.bn.weight", "stem.bn.bias", "stem.bn.running_mean", "stem.bn.running_var",
        "blocks.4.expand.weight", "blocks.4.bn1.running_var", "blocks.4.depthwise.weight", "blocks.4.bn2.weight",
        "blocks.4.project.weight", "blocks.4.bn3.bias", "blocks.16.bn3.weight", "last.conv.weight", "last.bn.weight",
        "heads.2.weight", "heads.7.bias"}) {
    BOOST_TEST(names.count(name) == 1u, name);
  }
  BOOST_TEST(names.count("blocks.0.expand.weight") == 0u);
  BOOST_TEST(supernet.trainable_count() == trainable);
  const std::vector<std::int64_t> depthwise{3, 3, 16}, head{1280, 2};
  BOOST_TEST(weight_named(supernet, "blocks.0.depthwise.weight").shape == depthwise);
  BOOST_TEST(weight_named(supernet, "heads.7.weight").shape == head);

  const std::vector<double> last = numbers(weight_named(supernet, "last.conv.weight").view);
  const double limit = std::sqrt(6.0 / (104 + 1280));
  double largest = 0, sum = 0;
  for (const double x : last) largest = std::max(largest, std::abs(x)), sum += x;
  BOOST_TEST(largest <= limit);
  BOOST_TEST(largest > 0.99 * limit);
  BOOST_TEST(std::abs(sum / static_cast<double>(last.size())) < 0.01 * limit);
  BOOST_TEST(get(weight_named(supernet, "blocks.3.bn2.weight").view, 5) == 1.0);
  BOOST_TEST(get(weight_named(supernet, "blocks.3.bn2.running_var").view, 5) == 1.0);
  BOOST_TEST(get(weight_named(supernet, "blocks.3.bn2.bias").view, 5) == 0.0);

  BOOST_TEST(same_weights(supernet, Network(*backend, supernet_layers({96, 96, 1}, full_depth, 2), 5)));
  BOOST_TEST(!same_weights(supernet, Network(*backend, supernet_layers({96, 96, 1}, full_depth, 2), 6)));
}

// A layer's first weights depend on seed and name alone, not on what else the network has.
BOOST_AUTO_TEST_CASE(a_supernet_of_fewer_blocks_begins_as_the_full_one) {
  const auto backend = make_reference_backend(Type::f32);
  const Extent input{32, 32, 3};
  const Network full(*backend, supernet_layers(input, full_depth, 2), 5);
  const Network capped(*backend, supernet_layers(input, {1, 2, 0, 0, 0}, 2), 5);
  std::set<std::string> heads;
  for (const NamedWeight& weight : capped.weights()) {
    BOOST_TEST(same_bytes(weight.view, weight_named(full, weight.name).view), weight.name);
    if (weight.name.starts_with("heads.") && weight.name.ends_with(".weight")) heads.insert(weight.name);
  }
  BOOST_TEST((heads == std::set<std::string>{"heads.2.weight", "heads.3.weight", "heads.4.weight"}));
  BOOST_TEST(capped.trainable_count() * 10 < full.trainable_count());
}

BOOST_AUTO_TEST_CASE(parameters_of_a_slice) {
  const auto backend = make_reference_backend(Type::f32);
  const Network supernet(*backend, supernet_layers({32, 32, 3}, full_depth, 2), 5);
  const LayerList slice = slice_layers(supernet.layers(), {{1, 2, 0, 0, 0}, 0.5});
  const std::vector<LayerParameters> parameters = supernet.parameters(slice, true);
  BOOST_TEST(parameters.size() == 1 + 6 + 1u);
  BOOST_TEST(slice.back().name == "heads.4");
  BOOST_TEST(parameters.back().filter.value.data == weight_named(supernet, "heads.4.weight").view.data);
  BOOST_TEST(parameters.back().filter.value.in == 32);
  BOOST_TEST(parameters.back().bias.gradient.present());
  BOOST_TEST(slice[6].name == "blocks.7");
  const BottleneckParameter& block = parameters[6].bottleneck;
  const Filter expand = block.value.expand;  // 64 → 384 in the supernet
  BOOST_TEST(expand.in == 32);
  BOOST_TEST(expand.out == 192);
  BOOST_TEST(expand.row_stride == 384);
  BOOST_TEST(expand.tap_stride == 64 * 384);
  BOOST_TEST(expand.data == weight_named(supernet, "blocks.7.expand.weight").view.data);
  BOOST_TEST(block.value.depthwise.tap_stride == 384);
  BOOST_TEST(block.value.residual);
  BOOST_TEST(block.gradient.expand.present());
  BOOST_TEST(!supernet.parameters(slice, false)[6].bottleneck.gradient.expand.present());

  const Network small = supernet.gather(slice);
  BOOST_CHECK_THROW(small.parameters(supernet.layers(), false), Error);
  BOOST_CHECK_THROW(supernet.parameters(mobilenet_v2({32, 32, 1}, 1.0, 2), false), Error);
  BOOST_CHECK_THROW(small.gather(slice_layers(supernet.layers(), {{1, 0, 0, 0, 0}, 0.5})), Error);
}

BOOST_AUTO_TEST_CASE(slice_in_place_is_the_small_network) {
  const auto backend = make_cpu_backend(2);
  const Network supernet(*backend, supernet_layers({32, 32, 3}, full_depth, 3), 5);
  disturb(supernet);
  const ToyImages toy(*backend, 32, 3, 3, 5, 1);
  Trainer trainer(*backend), other(*backend);
  for (const Slice& architecture :
       {Slice{}, Slice{{2, 3, 1, 2, 1}, 0.7}, Slice{{1, 2, 0, 0, 0}, 0.3}, Slice{{0, 0, 0, 0, 0}, 0.1}}) {
    const LayerList slice = slice_layers(supernet.layers(), architecture);
    const Network gathered = supernet.gather(slice);
    BOOST_TEST(same_weights(gathered, built_alone(supernet, slice)));
    const View in_place = trainer.predict(supernet, slice, toy.batch(0).images);
    const View dense = other.predict(gathered, gathered.layers(), toy.batch(0).images);
    BOOST_TEST(largest_difference(numbers(in_place), numbers(dense)) <= 1e-5);
    BOOST_TEST(in_place.n == 5);
    BOOST_TEST(in_place.c == 3);
  }
}

// In place, filters have the supernet's leading dimensions: no blocking may depend on them.
BOOST_AUTO_TEST_CASE(training_a_slice_in_place_is_training_the_small_network) {
  for (const std::string instruction_set : {"", "portable"}) {
    const auto backend = make_cpu_backend(2, instruction_set);
    const ToyImages toy(*backend, 32, 3, 3, 5, 2);
    for (const Slice& architecture : {Slice{{2, 1, 1, 2, 1}, 0.7}, Slice{{1, 2, 0, 0, 0}, 0.3}}) {
      const Network supernet(*backend, supernet_layers({32, 32, 3}, full_depth, 3), 5);
      disturb(supernet);
      const LayerList slice = slice_layers(supernet.layers(), architecture);
      const Network small = supernet.gather(slice);
      const Tensor velocity(*backend, 1, 1, 1, supernet.values().size());
      Arena arena(*backend);
      Tape tape(*backend, arena, batch_norm_epsilon);
      const OneStep one_step(*backend);
      const auto step = [&](const Network& network, const Batch& batch) {
        const std::vector<LayerParameters> parameters = network.parameters(slice, true);
        tape.begin();
        const Forward forward = forward_training(tape, slice, parameters, batch.images);
        const double loss = test::cross_entropy(*backend, tape, forward.exits.at(0), batch.labels);
        for (const auto& each : tape.normalizations())
          backend->update_running_statistics(each.statistics, 0.9, each.weights);
        tape.backward();
        // Without momentum and decay what is beyond the slice, whose gradients are zero, stays.
        View unused = velocity.view();
        unused.c = network.values().size();
        backend->sgd_step(filter_of(network.values()), filter_of(network.gradients()), filter_of(unused),
                          one_step.rates(0.05), 0, 0);
        return loss;
      };
      const std::vector<double> before = numbers(weight_named(supernet, "heads.7.weight").view);
      for (int i = 0; i < 10; ++i) BOOST_TEST(step(supernet, toy.batch(i % 2)) == step(small, toy.batch(i % 2)));
      BOOST_TEST(same_weights(supernet.gather(slice), small));
      BOOST_TEST((slice.back().stage == 7) == (numbers(weight_named(supernet, "heads.7.weight").view) != before));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_copy_shares_nothing) {
  const auto backend = make_cpu_backend(1);
  const Network supernet(*backend, supernet_layers({32, 32, 1}, full_depth, 2), 5);
  const std::vector<double> before = numbers(supernet.values());
  const ToyImages toy(*backend, 32, 1, 2, 4, 2);
  Network copy = supernet.gather(slice_layers(supernet.layers(), {{1, 1, 0, 0, 0}, 0.5}));
  BOOST_TEST(copy.trainable_count() < supernet.trainable_count());
  TrainingSettings settings;
  settings.steps = 2;
  Trainer(*backend).train(copy, settings, toy.training(), {});
  BOOST_TEST(numbers(supernet.values()) == before);
  BOOST_TEST(!same_weights(copy, supernet.gather(copy.layers())));
}

BOOST_AUTO_TEST_CASE(earlier_heads_do_not_reach_the_backbone) {
  const auto backend = make_reference_backend(Type::f64);
  const Network supernet(*backend, supernet_layers({32, 32, 1}, full_depth, 2), 5);
  const ToyImages toy(*backend, 32, 1, 2, 4, 1);
  const Batch batch = toy.batch(0);
  const auto gradients = [&](const LayerList& layers, std::size_t heads) {
    Arena arena(*backend);
    Tape tape(*backend, arena, batch_norm_epsilon);
    tape.begin();
    const Forward forward = forward_training(tape, layers, supernet.parameters(layers, true), batch.images);
    BOOST_TEST(forward.exits.size() == heads);
    for (const Tape::Value& logits : forward.exits) test::cross_entropy(*backend, tape, logits, batch.labels);
    tape.backward();
    return numbers(supernet.gradients());
  };
  const std::vector<double> alone = gradients(slice_layers(supernet.layers(), {}), 1);
  const std::vector<double> all = gradients(supernet.layers(), 6);
  const auto first_head = weight_named(supernet, "heads.2.weight").view.as<double>() - supernet.values().as<double>();
  const auto last_head = weight_named(supernet, "heads.7.weight").view.as<double>() - supernet.values().as<double>();
  double backbone = 0, heads = 0;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(all.size()); ++i) {
    const bool earlier = i >= first_head && i < last_head;
    (earlier ? heads : backbone) += std::abs(all[i]);
    if (!earlier) BOOST_REQUIRE_EQUAL(alone[i], all[i]);
    if (earlier) BOOST_REQUIRE_EQUAL(alone[i], 0.0);
  }
  BOOST_TEST(backbone > 0);
  BOOST_TEST(heads > 0);
}

BOOST_AUTO_TEST_SUITE_END()
