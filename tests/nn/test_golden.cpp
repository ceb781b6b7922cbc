// The whole network against Keras: outputs in both modes, loss, gradients, Adam, running statistics.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "nn/forward.hpp"
#include "support.hpp"

using namespace danas;
using namespace danas::test;
using Json = nlohmann::ordered_json;

namespace {

// u(k, i) of the fixtures' README.
double fixture_value(std::uint64_t k, std::uint64_t i) {
  std::uint64_t z = k * 0x9E3779B97F4A7C15u + i * 0xD1B54A32D192ED03u;
  z ^= z >> 30;
  z *= 0xBF58476D1CE4E5B9u;
  z ^= z >> 27;
  z *= 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1.0;
}

// "block_4_expand_BN", "gamma" → "blocks.4.bn1.weight".
std::string own_name(const std::string& layer, const std::string& weight) {
  static const std::map<std::string, std::string> fixed{
      {"Conv1", "stem.conv"}, {"bn_Conv1", "stem.bn"}, {"Conv_1", "last.conv"}, {"Conv_1_bn", "last.bn"},
      {"classifier", "heads.7"}};
  static const std::map<std::string, std::string> parts{
      {"expand", "expand"}, {"expand_BN", "bn1"}, {"depthwise", "depthwise"}, {"depthwise_BN", "bn2"},
      {"project", "project"}, {"project_BN", "bn3"}};
  static const std::map<std::string, std::string> weights{
      {"kernel", "weight"}, {"gamma", "weight"}, {"beta", "bias"}, {"bias", "bias"}, {"moving_mean", "running_mean"},
      {"moving_variance", "running_var"}};
  if (const auto found = fixed.find(layer); found != fixed.end()) return found->second + "." + weights.at(weight);
  if (layer.starts_with("expanded_conv_")) return "blocks.0." + parts.at(layer.substr(14)) + "." + weights.at(weight);
  const std::size_t end = layer.find('_', 6);
  return "blocks." + layer.substr(6, end - 6) + "." + parts.at(layer.substr(end + 1)) + "." + weights.at(weight);
}

// "Conv1_relu", "expanded_conv_project_BN", "block_4_add", "out_relu" → "stem", "blocks.0", "blocks.4", "last".
std::string own_output(const std::string& layer) {
  if (layer == "Conv1_relu") return "stem";
  if (layer == "out_relu") return "last";
  if (layer.starts_with("expanded_conv_")) return "blocks.0";
  return "blocks." + layer.substr(6, layer.find('_', 6) - 6);
}

double initial_value(const std::string& kind, const std::vector<std::int64_t>& shape, double u) {
  if (kind == "gamma") return 1 + 0.2 * u;
  if (kind == "beta") return 0.2 * u;
  if (kind == "moving_mean" || kind == "bias") return 0.1 * u;
  if (kind == "moving_variance") return 1 + 0.5 * u;
  std::int64_t fan = 1;
  for (std::size_t axis = 0; axis + 1 < std::max<std::size_t>(shape.size(), 2); ++axis) fan *= shape[axis];
  if (shape.size() == 4 && shape[3] == 1) fan = shape[0] * shape[1];  // depthwise, HWC1
  return std::sqrt(6.0 / static_cast<double>(fan)) * u;
}

// Allowed errors: of outputs by max(|x|, RMS), of gradients' l2 by itself, of their elements by RMS.
struct Bounds { double inference, training, gradient_l2, gradient; };

constexpr double least_rms = 1e-9;

Bounds double_precision() { return {1e-6, 1e-6, 1e-6, 1e-6}; }
Bounds single_precision(int resolution) {
  if (resolution <= 32) return {1e-4, 5e-3, 0.05, 0.30};
  return {1e-4, 1e-3, 0.01, 0.05};
}

double rms_of(const Json& tensor) {
  double size = 1;
  for (const Json& extent : tensor["shape"]) size *= extent.get<double>();
  return tensor["l2"].get<double>() / std::sqrt(size);
}

// A unit that lies within rounding of a kink of ReLU6 takes the other side in single precision, even where only stores
// are rounded (the f32 reference misses 12 figures of the third network so): a few gradients may exceed their bound, a bit.
constexpr double most_flips = 0.03, most_of_a_flip = 4;

class Comparison {
 public:
  Comparison(std::string name, bool single_precision) : name_(std::move(name)), single_precision_(single_precision) {}

  // One number; `scale` beside its own size.
  void number(const std::string& what, double got, double wanted, double bound, double scale = 0) {
    const double allowed = bound * std::max(std::abs(wanted), scale);
    const double error = std::abs(got - wanted);
    ++figures_;
    worst_ = std::max(worst_, allowed > 0 ? error / allowed : 0.0);
    if (error <= allowed) return;
    if (single_precision_ && what.starts_with("gradient") && error <= most_of_a_flip * allowed) {
      ++flips_;
      return;
    }
    BOOST_ERROR(name_ << " " << what << ": expected " << wanted << ", got " << got << ", allowed " << allowed);
  }

  void output(const std::string& what, const View& view, const Json& wanted, double bound) {
    const std::vector<std::int64_t> shape{view.n, view.h, view.w, view.c};
    BOOST_TEST((wanted["shape"].get<std::vector<std::int64_t>>() == shape), what);
    statistics(what, view, wanted, bound, bound, rms_of(wanted));
  }

  // A β before a normalization has no gradient: what is there in Keras is rounding.
  void gradient(const std::string& what, const View& view, const Json& wanted, const Bounds& bounds) {
    if (rms_of(wanted) < least_rms) {
      ++skipped_;
      return;
    }
    statistics(what, view, wanted, bounds.gradient_l2, bounds.gradient, rms_of(wanted));
  }

  void logits(const std::string& what, const View& view, const Json& wanted, double bound) {
    std::vector<double> values;
    for (const Json& row : wanted) values.insert(values.end(), row.begin(), row.end());
    vector(what, view, values, bound);
  }

  void vector(const std::string& what, const View& view, const std::vector<double>& wanted, double bound) {
    BOOST_REQUIRE_EQUAL(view.size(), static_cast<std::int64_t>(wanted.size()));
    double squares = 0;
    for (const double x : wanted) squares += x * x;
    const double rms = std::sqrt(squares / static_cast<double>(wanted.size()));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      number(what, get(view, static_cast<std::int64_t>(i)), wanted[i], bound, rms);
    }
  }

  ~Comparison() {
    BOOST_TEST_MESSAGE(name_ << ": " << figures_ << " figures, worst " << worst_ << " of its bound, " << skipped_
                             << " tensors skipped (RMS < 1e-9), " << flips_ << " gradient figures beyond their bound");
    BOOST_TEST(flips_ <= most_flips * figures_);
    BOOST_TEST(figures_ > 500);
  }

 private:
  void statistics(const std::string& what, const View& view, const Json& wanted, double l2_bound, double bound,
                  double rms) {
    double sum = 0, squares = 0;
    for (const double x : numbers(view)) sum += x, squares += x * x;
    number(what + " mean", sum / static_cast<double>(view.size()), wanted["mean"], bound, rms);
    number(what + " l2", std::sqrt(squares), wanted["l2"], l2_bound);
    for (const auto& [index, value] : wanted["at"].items()) {
      number(what + "[" + index + "]", get(view, std::stoll(index)), value, bound, rms);
    }
  }

  std::string name_;
  bool single_precision_;
  int figures_ = 0, skipped_ = 0, flips_ = 0;
  double worst_ = 0;
};

// One network of the fixtures on one backend.
class Golden {
 public:
  Golden(Backend& backend, const Json& entry, const Bounds& bounds, const std::string& name)
      : backend_(backend), entry_(entry), bounds_(bounds), compare_(name, backend.real_type() == Type::f32), arena_(backend),
        network_(backend, full_shape(entry["res"], entry["channels"], entry["alpha"], 2), {7}, 0),
        images_(backend, entry["batch"], entry["res"], entry["res"], entry["channels"]) {
    BOOST_TEST(network_.trainable_count() == entry["parameters"].get<std::int64_t>());
    BOOST_TEST(network_.weights().size() == entry["tensors"].size());
    initialize();
    for (std::int64_t i = 0; i < images_.size(); ++i) set(images_.view(), i, fixture_value(1000, static_cast<std::uint64_t>(i)));
    for (std::int64_t i = 0; i < images_.view().n; ++i) labels_.push_back(static_cast<std::int32_t>(i % 2));
  }

  void run() {
    folded_inference();
    unfolded_inference();
    training();
    trainer_step();
    adam();
  }

 private:
  void initialize() {
    for (const Json& tensor : entry_["tensors"]) fill(tensor);
  }

  void fill(const Json& tensor) {
    const NamedWeight& weight = weight_named(network_, own_name(tensor["layer"], tensor["name"]));
    const auto shape = tensor["shape"].get<std::vector<std::int64_t>>();
    std::int64_t size = 1;
    for (const std::int64_t extent : shape) size *= extent;
    BOOST_REQUIRE_EQUAL(size, weight.view.size());
    for (std::int64_t i = 0; i < size; ++i) {
      set(weight.view, i, initial_value(tensor["name"], shape, fixture_value(tensor["k"], static_cast<std::uint64_t>(i))));
    }
  }

  const Json& wanted_output(const char* mode, const std::string& name) const {
    for (const auto& [layer, wanted] : entry_[mode].items()) {
      if (own_output(layer) == name) return wanted;
    }
    throw Error("test", "no output " + name);
  }

  void folded_inference() {
    arena_.reset();
    const NetworkShape& shape = network_.shape();
    const FoldedNetwork folded(backend_, arena_, shape, network_.parameters(shape, false));
    const View logits = arena_.take(images_.view().n, 1, 1, 2);
    int outputs = 0;
    folded.run(images_.view(), logits, [&](const std::string& name, const View& view) {
      compare_.output("folded " + name, view, wanted_output("inference", name), bounds_.inference);
      ++outputs;
    });
    BOOST_TEST(outputs == static_cast<int>(entry_["inference"].size()));
    compare_.logits("folded logits", logits, entry_["inference_logits"], bounds_.inference);
  }

  View normalized(const View& x, const BatchNormWeights& weights, Activation act) {
    const View y = arena_.take_like(x);
    backend_.batch_norm_inference(x, weights, batch_norm_epsilon, act, y);
    return y;
  }

  View convolved(const View& x, const Filter& filter, const Geometry& geometry) {
    const View y = arena_.take(x.n, output_size(x.h, filter.h, geometry), output_size(x.w, filter.w, geometry), filter.out);
    if (filter.in == 1 && filter.h == 3 && x.c == filter.out) {
      backend_.depthwise(x, filter, geometry, {}, Activation::none, y);
    } else {
      backend_.convolution(x, filter, geometry, {}, Activation::none, y);
    }
    return y;
  }

  void unfolded_inference() {
    arena_.reset();
    const NetworkParameters parameters = network_.parameters(network_.shape(), false);
    const Geometry pointwise, stem{2, Padding::same};
    View x = normalized(convolved(images_.view(), parameters.stem.value, stem), parameters.stem_bn.value, Activation::relu6);
    compare_.output("stem", x, wanted_output("inference", "stem"), bounds_.inference);
    for (std::size_t i = 0; i < parameters.blocks.size(); ++i) {
      const BottleneckWeights& block = parameters.blocks[i].value;
      View y = x;
      if (block.expand.present()) y = normalized(convolved(x, block.expand, pointwise), block.bn1, Activation::relu6);
      y = normalized(convolved(y, block.depthwise, {block.stride, Padding::same}), block.bn2, Activation::relu6);
      y = normalized(convolved(y, block.project, pointwise), block.bn3, Activation::none);
      if (block.residual) backend_.add(x, y, y);
      x = y;
      const std::string name = "blocks." + std::to_string(i);
      compare_.output(name, x, wanted_output("inference", name), bounds_.inference);
    }
    x = normalized(convolved(x, parameters.last.value, pointwise), parameters.last_bn.value, Activation::relu6);
    compare_.output("last", x, wanted_output("inference", "last"), bounds_.inference);
    const View features = arena_.take(x.n, 1, 1, x.c), logits = arena_.take(x.n, 1, 1, 2);
    backend_.global_average_pool(x, features);
    backend_.matmul(features, parameters.heads[0].weight.value, parameters.heads[0].bias.value, Activation::none, logits);
    compare_.logits("logits", logits, entry_["inference_logits"], bounds_.inference);
  }

  void training() {
    Tape tape(backend_, arena_, batch_norm_epsilon);
    tape.begin();
    const Forward forward =
        forward_training(tape, network_.shape(), network_.parameters(network_.shape(), true), images_.view());
    const auto output = [&](const std::string& name, Tape::Value value) {
      compare_.output("training " + name, tape.view(value), wanted_output("training", name), bounds_.training);
    };
    output("stem", forward.stem);
    for (std::size_t i = 0; i < forward.blocks.size(); ++i) output("blocks." + std::to_string(i), forward.blocks[i]);
    output("last", forward.last);
    compare_.logits("training logits", tape.view(forward.exits.at(0).logits), entry_["training_logits"], bounds_.training);
    compare_.number("loss", tape.softmax_cross_entropy(forward.exits[0].logits, labels_), entry_["loss"],
                    bounds_.training);
    tape.backward();
    int gradients = 0;
    for (const Json& wanted : entry_["gradients"]) {
      const std::string name = own_name(wanted["layer"], wanted["name"]);
      compare_.gradient("gradient of " + name, gradient_of(weight_named(network_, name)), wanted, bounds_);
      ++gradients;
    }
    BOOST_TEST(gradients == std::count_if(network_.weights().begin(), network_.weights().end(),
                                          [](const NamedWeight& weight) { return weight.trainable; }));
  }

  // Gradients are laid out as the values are.
  View gradient_of(const NamedWeight& weight) const {
    const std::ptrdiff_t offset = weight.view.as<std::byte>() - network_.values().as<std::byte>();
    return weight.view.with_data(network_.gradients().as<std::byte>() + offset);
  }

  void trainer_step() {
    TrainingSettings settings;
    settings.steps = 1;
    settings.learning_rate = entry_["optimizer"]["lr"];
    Trainer trainer(backend_, entry_["bn"]["momentum"]);
    const auto batches = [this](std::int64_t) { return Batch{images_.view(), labels_}; };
    trainer.train(network_, settings, batches, [&](const StepReport& report) {
      compare_.number("trainer's loss", report.loss, entry_["adam_losses"][0], bounds_.training);
      return true;
    });
    const Json& wanted = entry_["bn_Conv1_after_one_step"];
    compare_.vector("moving mean", weight_named(network_, "stem.bn.running_mean").view, wanted["moving_mean"],
                    bounds_.inference);
    compare_.vector("moving variance", weight_named(network_, "stem.bn.running_var").view, wanted["moving_variance"],
                    bounds_.inference);
  }

  // Keras takes the powers of β1 and β2 in the bias correction from their single-precision values.
  double keras_learning_rate(const AdamStep& adam) const {
    const auto correction = [&](double beta1, double beta2) {
      const auto t = static_cast<double>(adam.step);
      return std::sqrt(1 - std::pow(beta2, t)) / (1 - std::pow(beta1, t));
    };
    const double rounded = correction(static_cast<float>(adam.beta1), static_cast<float>(adam.beta2));
    return entry_["optimizer"]["lr"].get<double>() * rounded / correction(adam.beta1, adam.beta2);
  }

  // Losses of some steps from the initial weights, those changed by the share `disturbance` up and down in turn.
  std::vector<double> adam_losses(double disturbance) {
    initialize();
    for (std::int64_t i = 0; i < network_.values().size(); ++i) {
      set(network_.values(), i, get(network_.values(), i) * (1 + (i % 2 == 0 ? disturbance : -disturbance)));
    }
    const Tensor first(backend_, 1, 1, 1, network_.values().size()), second(backend_, 1, 1, 1, network_.values().size());
    const NetworkParameters parameters = network_.parameters(network_.shape(), true);
    Tape tape(backend_, arena_, batch_norm_epsilon);
    std::vector<double> losses;
    AdamStep adam;
    for (adam.step = 1; losses.size() < entry_["adam_losses"].size(); ++adam.step) {
      tape.begin();
      const Forward forward = forward_training(tape, network_.shape(), parameters, images_.view());
      losses.push_back(tape.softmax_cross_entropy(forward.exits[0].logits, labels_));
      tape.backward();
      adam.learning_rate = keras_learning_rate(adam);
      backend_.adam_step(network_.values(), network_.gradients(), first.view(), second.view(), adam);
    }
    return losses;
  }

  // Batches of four on maps of few pixels amplify rounding a thousandfold a step: a loss that a last-bit change of the
  // weights moves further than the bound tells nothing in this precision, and Keras' own figure is no better.
  void adam() {
    const double last_bit = backend_.real_type() == Type::f64 ? 0x1p-52 : 0x1p-23;
    const std::vector<double> losses = adam_losses(0), disturbed = adam_losses(last_bit);
    int compared = 0;
    for (std::size_t step = 0; step < losses.size(); ++step) {
      const double wanted = entry_["adam_losses"][step];
      if (10 * std::abs(disturbed[step] - losses[step]) > bounds_.training * std::abs(wanted)) break;
      compare_.number("Adam's loss " + std::to_string(step), losses[step], wanted, bounds_.training);
      ++compared;
    }
    BOOST_TEST_MESSAGE("  " << compared << " of " << losses.size() << " losses of Adam are determined in this precision");
    BOOST_TEST(compared >= least_adam_losses());
  }

  int least_adam_losses() const {
    if (backend_.real_type() == Type::f32) return 0;
    return entry_["res"] <= 32 ? 2 : 3;
  }

  Backend& backend_;
  const Json& entry_;
  Bounds bounds_;
  Comparison compare_;
  Arena arena_;
  Network network_;
  Tensor images_;
  std::vector<std::int32_t> labels_;
};

std::vector<Json> entries() {
  const char* folder = std::getenv("DANAS_GOLDEN");
  std::vector<Json> all;
  for (const auto& file : std::filesystem::directory_iterator(folder != nullptr ? folder : GOLDEN_FOLDER)) {
    const std::string name = file.path().filename().string();
    if (!name.starts_with("keras_mobilenetv2") || !name.ends_with(".json")) continue;
    std::ifstream stream(file.path());
    for (const Json& entry : Json::parse(stream)) all.push_back(entry);
  }
  return all;
}

std::string name_of(const Json& entry, const Backend& backend) {
  return entry["res"].dump() + "x" + entry["channels"].dump() + " width " + entry["alpha"].dump() + ", " + backend.name();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(reference_in_double) {
  const auto backend = make_reference_backend(Type::f64);
  const std::vector<Json> all = entries();
  BOOST_TEST(!all.empty());
  for (const Json& entry : all) Golden(*backend, entry, double_precision(), name_of(entry, *backend)).run();
}

BOOST_AUTO_TEST_CASE(product_in_single_precision) {
  const auto backend = make_cpu_backend(2);
  const std::vector<Json> all = entries();
  BOOST_TEST(!all.empty());
  for (const Json& entry : all) Golden(*backend, entry, single_precision(entry["res"]), name_of(entry, *backend)).run();
}

BOOST_AUTO_TEST_SUITE_END()
