// Width masks before batch normalization, as the published code has them: against a network whose masks are layers.
#include <boost/test/unit_test.hpp>

#include <deque>
#include <map>

#include "../temporary_folder.hpp"
#include "nn/checkpoint.hpp"
#include "nn/forward.hpp"
#include "relu6_sides.hpp"

using namespace danas;
using namespace danas::test;

namespace {

constexpr Extent input{32, 32, 1};
const Slice whole{{1, 1, 1, 1, 1}, 1.0}, masked{{1, 1, 1, 1, 1}, 0.4};
constexpr int classes = 2;

// The published network, in doubles and of plain operations: a mask is a pointwise convolution with a diagonal of ones and
// zeros, after filters that know nothing of it.
class WithMaskLayers {
 public:
  WithMaskLayers(Backend& backend, const Network& weights)
      : backend_(backend), layers_(masked_layers(input, masked, classes)),
        network_(backend, slice_layers(input, whole, classes)), arena_(backend),
        tape_(backend, arena_, batch_norm_epsilon) {
    for (const NamedWeight& weight : network_.weights())
      upload_numbers(backend, numbers(weight_named(weights, weight.name).view), weight.view);
  }

  std::vector<double> step(const Batch& batch) {
    Tensor images(backend_, batch.images.n, batch.images.h, batch.images.w, batch.images.c);
    upload_numbers(backend_, numbers(batch.images), images.view());
    tape_.begin();
    Tape::Value value = tape_.input(images.view());
    for (const LayerSpec& layer : layers_) {
      const Tape::Value before = value;
      const LayerList parts = unfold(layer);
      for (const LayerSpec& part : parts) value = after(part, value);
      if (layer.residual) value = tape_.add(value, before);
    }
    const std::vector<double> logits = numbers(tape_.view(value));
    cross_entropy(backend_, tape_, value, batch.labels);
    for (const auto& each : tape_.normalizations())
      backend_.update_running_statistics(each.statistics, 0.9, each.weights);
    tape_.backward();
    return logits;
  }

  const Network& network() const { return network_; }

 private:
  Tape::Value after(const LayerSpec& part, Tape::Value x) {
    if (part.kind == LayerKind::global_average_pool) return tape_.global_average_pool(x);
    // A slice in place, of one layer: its own input and classes are those of the network.
    const LayerParameters own = parameters(part);
    if (part.kind == LayerKind::dense) return tape_.dense(x, own.filter, own.bias);
    Tape::Value y = part.kind == LayerKind::depthwise ? tape_.depthwise(x, own.filter, part.geometry)
                                                      : tape_.convolution(x, own.filter, part.geometry);
    if (part.masked > 0) y = tape_.convolution(y, mask(part.out.channels, part.masked), {1, Padding::same});
    return tape_.batch_norm(y, own.normalization, part.activation);
  }

  LayerParameters parameters(const LayerSpec& part) const {
    const LayerList parts = unfold(layers_);
    const auto found = std::find_if(parts.begin(), parts.end(), [&](auto& each) { return each.name == part.name; });
    return network_.parameters(parts, true)[static_cast<std::size_t>(found - parts.begin())];
  }

  FilterParameter mask(int channels, int zeros) {
    const Tensor& ones = masks_.emplace_back(backend_, 1, 1, channels, channels);
    const Tensor& gradient = masks_.emplace_back(backend_, 1, 1, channels, channels);
    for (int i = 0; i < channels - zeros; ++i) set(ones.view(), std::int64_t{i} * channels + i, 1);
    const auto filter = [&](const Tensor& tensor) {
      return dense_filter(backend_.weight_type(), tensor.view().data, 1, 1, channels, channels);
    };
    return {filter(ones), filter(gradient)};
  }

  Backend& backend_;
  LayerList layers_;
  Network network_;
  Arena arena_;
  Tape tape_;
  std::deque<Tensor> masks_;
};

View gradient_of(const Network& network, const NamedWeight& weight) {
  return weight.view.with_data(network.gradients().as<std::byte>() +
                               (weight.view.as<std::byte>() - network.values().as<std::byte>()));
}

// Within a share of the RMS; of what a normalization takes away again there is nothing but rounding.
void check_near(const std::string& what, const std::vector<double>& got, const std::vector<double>& wanted) {
  double squares = 0;
  for (const double number : wanted) squares += number * number;
  const double rms = std::sqrt(squares / static_cast<double>(wanted.size()));
  BOOST_TEST(largest_difference(got, wanted) <= 1e-4 * rms + 1e-6, what);
}

std::vector<double> product_step(Backend& backend, const Network& network, const Batch& batch) {
  Arena arena(backend);
  Tape tape(backend, arena, batch_norm_epsilon);
  tape.begin();
  const auto parameters = network.parameters(network.layers(), true);
  const Forward forward = forward_training(tape, network.layers(), parameters, batch.images);
  const std::vector<double> logits = numbers(tape.view(forward.exits.at(0)));
  cross_entropy(backend, tape, forward.exits[0], batch.labels);
  for (const auto& each : tape.normalizations()) backend.update_running_statistics(each.statistics, 0.9, each.weights);
  tape.backward();
  network.clear_masked_gradients(backend);
  return logits;
}

// A filter's columns of masked channels, the last ones of an unfolded layer.
std::vector<double> masked_columns(const Network& network, const LayerSpec& part) {
  const NamedWeight& weight = weight_named(network, part.weight + ".weight");
  const std::vector<double> all = numbers(weight.view);
  std::vector<double> columns;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (static_cast<int>(i) % part.out.channels >= part.out.channels - part.masked) columns.push_back(all[i]);
  return columns;
}

bool all_zero(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == 0; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(masks)

// 0.3 is 3 · 0.1 there, a little more: 288 of 960 channels, 9 of 32.
BOOST_AUTO_TEST_CASE(channels_that_are_left) {
  std::map<std::string, int> left;
  for (const LayerSpec& part : unfold(masked_layers({224, 224, 3}, {{3, 4, 3, 3, 1}, 0.3}, classes)))
    if (part.masked > 0) left[part.name] = part.out.channels - part.masked;
  BOOST_TEST(left.size() == 1 + 1 + 16 + 1u);
  for (const auto& [name, channels] :
       {std::pair("stem", 9), std::pair("blocks.0.depthwise", 9), std::pair("blocks.1.expand", 28),
        std::pair("blocks.2.expand", 43), std::pair("blocks.16.expand", 288), std::pair("last", 384)})
    BOOST_TEST(left.at(name) == channels, name);
  for (const LayerSpec& part : unfold(masked_layers({32, 32, 1}, {{0, 0, 0, 0, 0}, 1.0}, classes)))
    BOOST_TEST(part.masked == 0);
}

BOOST_AUTO_TEST_CASE(a_step_is_that_of_masks_as_layers) {
  SidesRecorder product(2);
  const Network weights(product, slice_layers(input, whole, classes), 3);
  disturb(weights);
  Network network = weights.gather(masked_layers(input, masked, classes));
  const ToyImages toy(product, 32, 1, classes, 16, 1);
  const std::vector<double> logits = product_step(product, network, toy.batch(0));

  SidesTaker reference(product.sides());
  WithMaskLayers oracle(reference, weights);
  check_near("logits", logits, oracle.step(toy.batch(0)));
  int compared = 0;
  for (const NamedWeight& weight : network.weights()) {
    const NamedWeight& other = weight_named(oracle.network(), weight.name);
    const View got = weight.trainable ? gradient_of(network, weight) : weight.view,
               wanted = weight.trainable ? gradient_of(oracle.network(), other) : other.view;
    check_near(weight.name, numbers(got), numbers(wanted));
    ++compared;
  }
  BOOST_TEST(compared > 100);
  BOOST_TEST(reference.farthest() < 1e-4);

  // With the statistics of its only batch a network infers what it computed in training mode, constants included.
  Trainer trainer(product);
  trainer.recalibrate(network, network.layers(), toy.pass());
  check_near("inference", numbers(trainer.predict(network, network.layers(), toy.batch(0).images)), logits);
}

// Zeros stay zeros, whatever the optimizer; the supernet keeps what it had there and takes over the rest.
BOOST_AUTO_TEST_CASE(masked_filters_are_not_trained) {
  const auto backend = make_cpu_backend(2);
  const ToyImages toy(*backend, 32, 1, classes, 6, 2);
  for (const OptimizerKind kind : {OptimizerKind::adamw, OptimizerKind::sgd}) {
    Network supernet(*backend, supernet_layers(input, full_depth, classes), 5);
    disturb(supernet);  // a constant of 0 has no slope
    const Network before = supernet.gather(supernet.layers());
    Network network = supernet.gather(masked_layers(input, masked, classes));
    TrainingSettings settings;
    settings.steps = 3;
    settings.batch = 6;
    settings.optimizer = kind;
    settings.weight_decay = 1e-2;
    settings.micro_batch = 3;
    Trainer(*backend).train(network, settings, toy.training(), {});
    supernet.put_back(network, network.layers());
    int filters = 0;
    for (const LayerSpec& part : unfold(network.layers())) {
      if (part.weight.empty()) continue;
      const std::string name = part.weight + ".weight";
      BOOST_TEST(all_zero(masked_columns(network, part)), name);
      BOOST_TEST((masked_columns(supernet, part) == masked_columns(before, part)), name);
      BOOST_TEST(!same_bytes(weight_named(supernet, name).view, weight_named(before, name).view), name);
      filters += part.masked > 0;
    }
    BOOST_TEST(filters == 1 + 1 + 7 + 1);
    for (const char* vector : {"stem.bn.bias", "blocks.3.bn1.running_var", "heads.7.bias"})
      BOOST_TEST(same_bytes(weight_named(supernet, vector).view, weight_named(network, vector).view), vector);
    BOOST_TEST(same_bytes(weight_named(supernet, "heads.2.weight").view, weight_named(before, "heads.2.weight").view));
  }
}

// Its filters are zeros where the masks are, to which evaluation needs no mask.
BOOST_AUTO_TEST_CASE(evaluates_as_an_ordinary_network_of_full_width) {
  const auto backend = make_cpu_backend(1);
  Network network(*backend, masked_layers(input, masked, classes), 7);
  for (const LayerSpec& part : unfold(network.layers()))
    if (part.masked > 0) BOOST_TEST(all_zero(masked_columns(network, part)), part.name);
  disturb(network);
  Network plain(*backend, slice_layers(input, whole, classes));
  copy_weights(network, plain);
  const ToyImages toy(*backend, 32, 1, classes, 4, 1);
  Trainer trainer(*backend), other(*backend);
  BOOST_TEST(numbers(trainer.predict(network, network.layers(), toy.batch(0).images)) ==
             numbers(other.predict(plain, plain.layers(), toy.batch(0).images)));
}

BOOST_AUTO_TEST_SUITE_END()
