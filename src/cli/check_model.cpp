#include "cli/check_model.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/random.hpp"
#include "base/units.hpp"
#include "cli/kernel_table.hpp"
#include "cli/modeled_step.hpp"
#include "cli/output.hpp"
#include "data/resident_images.hpp"
#include "nas/prospect.hpp"
#include "nas/supernet_group.hpp"
#include "nas/system_trainer.hpp"
#include "nas/training_memory.hpp"
#include "nas/work_estimate.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {
namespace {

constexpr int sampled_systems = 100;          // for the mean of a candidate
constexpr std::int64_t sampled_steps = 64;    // of a training of slices
constexpr std::int64_t usual_systems = 1000;  // where the hours alone end the search
constexpr std::size_t told_kernels = 12;

// Of the images, assumed: photographs of 640×480 in JPEG, of which a core decodes so many a second (libjpeg-turbo); a
// JPEG of a level takes an eighth of its bytes.
constexpr double photograph_pixels = 640 * 480, decoded_a_second = 1065, photograph_bytes = 100e3, jpeg_share = 1.0 / 8;

/// What may bind a phase: seconds.
struct Phase {
  std::string name;
  double compute = 0, pcie = 0, disk = 0, decoding = 0;

  double longest() const { return std::max({compute, pcie, disk, decoding}); }
  std::string bound() const {
    if (longest() == compute) return "compute";
    return longest() == pcie ? "PCIe" : longest() == disk ? "disk" : "decoding";
  }
};

class SearchModel {
 public:
  /// Images take at most `resident` bytes of the machine's memory.
  SearchModel(const Experiment& experiment, const Dataset& dataset, Machine machine, Precision precision,
              double resident)
      : experiment_(experiment), classes_(static_cast<int>(dataset.classes().size())), rates_(cuda::rates_of(machine)),
        precision_(precision), kernels_(rates_, precision), residency_(resident),
        training_(static_cast<double>(dataset.samples(Split::train).size())),
        validation_(static_cast<double>(dataset.samples(Split::validation).size())),
        recalibration_(std::min(static_cast<double>(experiment.search.recalibration_images), training_)) {}

  /// Every image is decoded once for each resolution.
  Phase caches() {
    std::set<int> resolutions;
    for (const DataConfiguration& data : experiment_.space.data_configurations())
      resolutions.insert(data.input().height);
    Phase phase{fmt::format("caches of {} resolutions", resolutions.size())};
    if (mode() == CacheMode::none) return phase;
    const double photographs = static_cast<double>(resolutions.size()) * (training_ + validation_ + recalibration_);
    phase.decoding = photographs / decoded_a_second / rates_.cores;
    phase.disk = photographs * photograph_bytes / disk_rate();
    return phase;
  }

  Phase supernets() {
    const std::vector<SupernetGroup> groups = supernet_groups(experiment_);
    Phase phase{fmt::format("{} supernets", groups.size())};
    for (const SupernetGroup& group : groups)
      for (const DataConfiguration& data : group.data) {
        const SliceSchedule schedule(experiment_, data, classes_);
        const double share = 1 / static_cast<double>(group.data.size());  // of the steps
        if (schedule.source() || share < 1) add_slices(phase, schedule, data, share);
        else add_training(phase, schedule.supernet(), experiment_.supernet, 1);
      }
    return phase;
  }

  /// Of so many systems: each of some that were drawn so many times.
  Phase systems(const std::string& name, const TrainingSettings& settings, double count,
                const std::vector<LayerList>& drawn, double times) {
    Phase phase{fmt::format("{} {}", count, name)};
    for (const LayerList& layers : drawn) {
      add_training(phase, layers, settings, times);
      add_measuring(phase, layers, times);
    }
    return phase;
  }

  const KernelTable& kernels() const { return kernels_; }
  double floor() const { return floor_; }
  double without_graphs() const { return without_graphs_; }
  /// "3 sets of images, 1.2 GiB of 4.0 GiB for them"
  std::string resident(double most) const {
    return fmt::format("{} sets of images, {} of {} for them", stay_.size(), gib_text(resident_), gib_text(most));
  }

 private:
  CacheMode mode() const { return experiment_.data.cache.value_or(CacheMode::raw); }
  double disk_rate() const { return cuda::attainable_disk * rates_.disk; }

  void add_training(Phase& phase, const LayerList& layers, const TrainingSettings& settings, double times) {
    const double steps = times * static_cast<double>(settings.steps);
    add_launches(phase, training_launches(layers, settings, precision_), steps);
    floor_ += steps * training_floor_seconds(layers, settings.batch, rates_, precision_);
    add_batches(phase, input_of(layers).height, steps * settings.batch);
  }

  // The mean of some steps, none in a graph.
  void add_slices(Phase& phase, const SliceSchedule& schedule, const DataConfiguration& data, double share) {
    const TrainingSettings& settings = experiment_.supernet;
    const double steps = share * static_cast<double>(settings.steps), times = steps / sampled_steps;
    for (std::int64_t step = 0; step < sampled_steps; ++step) {
      const std::vector<LayerList> networks = schedule.networks(step);
      add_launches(phase, slice_launches(schedule.supernet(), networks, settings, precision_), times, false);
      for (const LayerList& layers : networks)
        floor_ += times * training_floor_seconds(layers, settings.batch, rates_, precision_);
    }
    add_batches(phase, data.input().height, steps * settings.batch);
  }

  // Training images, `drawn` of them.
  void add_batches(Phase& phase, int resolution, double drawn) {
    const double level = level_pixels(resolution);
    Sent sent{0, drawn};
    if (mode() != CacheMode::none)
      sent = ask(fmt::format("train-{}", resolution), training_, 3 * level, drawn / training_);
    add_sent(phase, sent.whole * 3 * level + sent.seen * crop_bytes(resolution), drawn);
    const double images = sent.whole + sent.seen, decoded = decoded_a_second * rates_.cores;
    switch (mode()) {
      case CacheMode::raw: phase.disk += images * 3 * level / disk_rate(); break;
      case CacheMode::jpeg:
        phase.disk += images * 3 * level * jpeg_share / disk_rate();
        phase.decoding += images * level / photograph_pixels / decoded;
        break;
      case CacheMode::none: phase.disk += images * photograph_bytes / disk_rate(); phase.decoding += images / decoded;
    }
  }

  /// Images that come from the host: whole, to stay on the device, or as batches see them.
  struct Sent {
    double whole = 0, seen = 0;
  };
  // As ResidentImages does.
  Sent ask(const std::string& set, double images, double image_bytes, double uses) {
    if (!residency_.ask(set, images * image_bytes, uses)) return {0, uses * images};
    if (!stay_.insert(set).second) return {};
    resident_ += images * image_bytes;
    return {images, 0};
  }
  void add_sent(Phase& phase, double pixels, double planned) const {
    phase.pcie += (pixels + planned * cuda::planned_bytes) / (cuda::attainable_pcie * rates_.pcie);
  }

  // Statistics and validation, pass by pass: exact images, read raw.
  void add_measuring(Phase& phase, const LayerList& layers, double times) {
    constexpr int batch = SystemTrainer::recalibration_batch;
    add_launches(phase, recalibration_launches(layers, batch, precision_), times * recalibration_ / batch);
    const int evaluated = experiment_.search.evaluation_batch;
    add_launches(phase, evaluation_launches(layers, evaluated, precision_), times * validation_ / evaluated);
    floor_ += times * validation_ / evaluated * evaluation_floor_seconds(layers, evaluated, rates_, precision_);
    floor_ += times * recalibration_ / batch * evaluation_floor_seconds(layers, batch, rates_, precision_);
    const double image_bytes = 3 * static_cast<double>(input_of(layers).height) * input_of(layers).width;
    for (const auto& [name, images] :
         {std::pair("recalibration", recalibration_), std::pair("validation", validation_)})
      for (double left = times; left > 0; --left) {
        const double uses = std::min(left, 1.0);
        const Sent sent = ask(fmt::format("{}-{}", name, input_of(layers).height), images, image_bytes, uses);
        const double bytes = (sent.whole + sent.seen) * image_bytes;
        add_sent(phase, bytes, uses * images);
        phase.disk += bytes / disk_rate();
      }
  }

  void add_launches(Phase& phase, const std::vector<cuda::KernelLaunch>& launches, double times, bool graph = true) {
    const cuda::ModeledStep step = cuda::model(launches, rates_, precision_);
    phase.compute += times * (graph ? step.with_graph() : step.without_graph());
    without_graphs_ += times * step.without_graph();
    kernels_.add(launches, times);
  }

  const Experiment& experiment_;
  int classes_;
  const cuda::MachineRates& rates_;
  Precision precision_;
  KernelTable kernels_;
  Residency residency_;
  std::set<std::string> stay_;                    ///< sets on the device
  double resident_ = 0;                           ///< their bytes
  double training_, validation_, recalibration_;  ///< images
  double floor_ = 0, without_graphs_ = 0;         ///< seconds
};

std::string hours(double seconds) { return fmt::format("{:.3f} h", seconds / 3600); }

void print_phases(const std::vector<Phase>& phases) {
  double compute = 0, longest = 0;
  fmt::print("{:<24} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", model_label, "compute", "PCIe", "disk", "decoding",
             "longest", "bound by");
  for (const Phase& phase : phases) {
    compute += phase.compute;
    longest += phase.longest();
    fmt::print("{:<24} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", phase.name, hours(phase.compute), hours(phase.pcie),
               hours(phase.disk), hours(phase.decoding), hours(phase.longest()), phase.bound());
  }
  fmt::print("{:<24} {:>10} {:>43}\n", "sum", hours(compute), hours(longest));
}

}  // namespace

void print_modeled_search(const Experiment& experiment, const Dataset& dataset, Machine machine, Precision precision) {
  cuda::check_precision(machine, precision);
  if (holds_sounds(experiment.data.kind))
    throw expected("--machine", "an experiment with images, whose decoding it models", "one with recordings");
  const cuda::MachineRates& rates = cuda::rates_of(machine);
  const auto& search = experiment.search;
  const std::int64_t systems = std::min(search.systems.value_or(usual_systems), experiment.space.size());
  const int classes = static_cast<int>(dataset.classes().size());
  const cuda::LaunchCounter counter(precision);
  const TrainingMemory memory = largest_training(experiment, classes, counter, rates.memory);
  const double resident = resident_bytes(memory.bytes, rates.memory, counter);
  SearchModel model(experiment, dataset, machine, precision, resident);
  Random random(experiment.seed, "check");
  const double for_candidates = candidates_memory(experiment, classes, counter, rates.memory);
  const std::vector<LayerList> trained =
      Prospects{experiment, classes, counter, for_candidates}.sample(random, sampled_systems);
  std::vector<Phase> phases{model.caches()};
  if (experiment.space.sliced()) phases.push_back(model.supernets());
  const auto count = static_cast<double>(systems);
  phases.push_back(
      model.systems("candidates", experiment.candidate_training(), count, trained, count / sampled_systems));
  phases.push_back(model.systems("systems of a front", experiment.final_training, usual_front, trained,
                                 usual_front / std::max<double>(trained.size(), 1)));
  fmt::print("\n{}: {} in {}\n{}", model_label, rates.name, name_of(precision), cuda::assumptions(rates));
  fmt::print(
      "data:  a core decodes {:.0f} photographs of {:.0f} pixels in JPEG a second, {:.0f} cores; PCIe {:.1f} GB/s, disk "
      "{:.1f} GB/s, {}\n       of both are had; images that do not stay on the GPU are read and sent as often as they are used\n\n",
      decoded_a_second, photograph_pixels, rates.cores, 1e-9 * rates.pcie, 1e-9 * rates.disk, cuda::attainable_disk);
  print_phases(phases);
  fmt::print("{:<24} {} for the largest training ({}), of {}\n", "memory", gib_text(memory.bytes), memory.training,
             gib_text(rates.memory));
  fmt::print("{:<24} {}\n", "on the GPU", model.resident(resident));
  const cuda::ModeledStep all = model.kernels().sum();
  fmt::print("{:<24} {:>10}, {:.2f} times the least that must be moved and computed ({})\n", "compute",
             hours(all.with_graph()), all.with_graph() / model.floor(), hours(model.floor()));
  fmt::print("{:<24} {:>10}, of {:.0f} million launches\n\n", "without graphs", hours(model.without_graphs()),
             1e-6 * all.launches);
  model.kernels().print(told_kernels, 3600, "hours");
}

}  // namespace danas
