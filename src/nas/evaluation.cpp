#include "nas/evaluation.hpp"

#include <fmt/core.h>

#include <chrono>

#include "base/error.hpp"
#include "data/preparation.hpp"

namespace danas {

namespace {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

std::string parents_text(const std::vector<std::int64_t>& parents) {
  std::string text;
  for (const std::int64_t parent : parents) text += (text.empty() ? "" : "+") + std::to_string(parent);
  return text;
}

bool has_stage(const Metadata& metadata, const std::string& stage) {
  const auto found = metadata.find("stage");
  return found != metadata.end() && found->second == stage;
}

}  // namespace

// `purpose` names the stream of batches, which belongs to the system and not to its id; `training` the rows of
// training.csv, none where it is empty. A training that diverges is left out: one system must not end a search.
void Evaluation::train(Network& network, const TrainingSettings& settings, const System& system,
                       const std::string& purpose, const std::string& training) {
  const std::string name = (training.empty() ? purpose : training) + " " + system.text();
  Network before = network.gather(network.shape());
  try {
    train_steps(network, settings, stream_number(context_.experiment.seed, purpose + " " + system.text()), system.data,
                name, training);
  } catch (const Diverged& error) {
    context_.status.log(fmt::format("{} left out: {}", name, error.what()));
    network = std::move(before);
  }
  context_.status.stop_if_interrupted();
  context_.trainer.recalibrate(network, network.shape(), system.data);
}

void Evaluation::train_steps(Network& network, const TrainingSettings& settings, std::uint64_t stream,
                             const DataConfiguration& data, const std::string& name, const std::string& training) {
  std::optional<TrainingLog> log;
  if (!training.empty()) log.emplace(context_.run, training, settings.steps);
  Optimizer optimizer(network, settings);
  context_.trainer.train(network, optimizer, settings, data, stream, 0, [&](const StepReport& report) {
    if (log) log->add(report);
    context_.status.progress(name, report.step + 1, settings.steps);
    return !context_.status.interrupted();
  });
}

Network Evaluation::fine_tune(const System& system, const std::string& training) {
  Network network = supernets_.get(system.data).gather(system_shape(system, context_.classes()));
  train(network, context_.experiment.finetune, system, "finetune", training);
  return network;
}

void Evaluation::measure(const Network& network, Split split, Candidate& candidate) {
  candidate.split = split_name(split);
  candidate.metrics = context_.trainer.evaluate(network, network.shape(), candidate.system.data, split);
  candidate.fitness =
      fitness(candidate.metrics, candidate.violation, context_.experiment.device, context_.experiment.fitness);
}

std::optional<Evaluation::Result> Evaluation::evaluate(const Proposal& proposal) {
  // Its training is not part of the candidate's time.
  if (!supernets_.prepare(proposal.system.data)) return std::nullopt;
  const Device& device = context_.experiment.device;
  const Stopwatch training;
  Network network = fine_tune(proposal.system, fmt::format("finetune {}", proposal.id));
  Candidate candidate;
  candidate.id = proposal.id;
  candidate.generation = proposal.generation;
  candidate.origin = proposal.origin;
  candidate.parents = parents_text(proposal.parents);
  candidate.system = proposal.system;
  candidate.train_seconds = training.seconds();
  candidate.resources = estimate(network.shape(), device.activation_bytes, device.parameter_bytes);
  candidate.violation = violation(candidate.resources, device);
  const Stopwatch evaluating;
  measure(network, Split::validation, candidate);
  candidate.eval_seconds = evaluating.seconds();
  return Result{candidate, std::move(network)};
}

void Evaluation::save_model(const Network& network, const Candidate& candidate, const std::string& stage) {
  Metadata metadata = model_metadata(candidate.system, context_.store.dataset());
  metadata["id"] = std::to_string(candidate.id);
  metadata["stage"] = stage;
  context_.run.write_layers(candidate.id, network.shape(), context_.experiment.device);
  save_checkpoint(context_.run.model_file(candidate.id), network, metadata);
}

bool Evaluation::has_final_model(std::int64_t id) const {
  const std::filesystem::path file = context_.run.model_file(id);
  return std::filesystem::exists(file) && has_stage(Checkpoint(file).metadata(), "final");
}

Network Evaluation::load(std::int64_t id, Metadata& metadata) {
  return load_model(context_.backend, context_.run.model_file(id), preparation_name, metadata);
}

// A model that is marked as final was saved by a process killed before its row was written.
Network Evaluation::final_network(const Candidate& candidate, bool log) {
  std::optional<Network> network;
  if (std::filesystem::exists(context_.run.model_file(candidate.id))) {
    Metadata metadata;
    network.emplace(load(candidate.id, metadata));
    if (has_stage(metadata, "final")) return std::move(*network);
  } else {
    network.emplace(fine_tune(candidate.system, ""));
  }
  train(*network, context_.experiment.final_training, candidate.system, "final",
        log ? fmt::format("final {}", candidate.id) : "");
  save_model(*network, candidate, "final");
  return std::move(*network);
}

Candidate Evaluation::train_further(const Candidate& candidate) {
  Candidate result = candidate;
  const Stopwatch training;
  const Network network = final_network(candidate, true);
  result.train_seconds += training.seconds();
  const Stopwatch evaluating;
  measure(network, Split::validation, result);
  result.eval_seconds += evaluating.seconds();
  return result;
}

void Evaluation::restore_final(const Candidate& candidate) { final_network(candidate, false); }

Candidate Evaluation::test(const Candidate& candidate) {
  Metadata metadata;
  const Network network = load(candidate.id, metadata);
  Candidate result = candidate;
  measure(network, Split::test, result);
  return result;
}

}  // namespace danas
