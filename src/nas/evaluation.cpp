#include "nas/evaluation.hpp"

#include <fmt/core.h>

#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/stopwatch.hpp"
#include "data/preparation.hpp"

namespace danas {

namespace {

std::string entry(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? "" : found->second;
}

}  // namespace

Network Evaluation::slice(const System& system) {
  return supernets_.get(system.data).gather(system_shape(system, context_.classes()));
}

// `purpose` names the stream of batches, which belongs to the system and not to its id; `training` the rows of
// training.csv, none where it is empty.
void Evaluation::train(Network& network, const TrainingSettings& settings, const System& system,
                       const std::string& purpose, const std::string& training) {
  const std::string name = (training.empty() ? purpose : training) + " " + system.text();
  train_steps(network, settings, stream_number(context_.experiment.seed, purpose + " " + system.text()), system.data,
              name, training);
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

Metrics Evaluation::measure(const Network& network, const DataConfiguration& data) {
  const Metrics metrics = context_.trainer.evaluate(network, network.shape(), data, Split::validation);
  if (!std::isfinite(metrics.loss)) throw Diverged("evaluation", "loss", metrics.loss);
  return metrics;
}

void Evaluation::set_metrics(Candidate& candidate, const Metrics& metrics, Split split) const {
  candidate.split = split_name(split);
  candidate.metrics = metrics;
  candidate.fitness = fitness(metrics, candidate.violation, context_.experiment.device, context_.experiment.fitness);
}

std::optional<Candidate> Evaluation::evaluate(const Proposal& proposal) {
  latest_.reset();
  // Its training is not part of the candidate's time.
  if (!supernets_.prepare(proposal.system.data)) return std::nullopt;
  const Device& device = context_.experiment.device;
  Candidate candidate;
  candidate.resources =
      estimate(system_shape(proposal.system, context_.classes()), device.activation_bytes, device.parameter_bytes);
  candidate.violation = violation(candidate.resources, device);
  Stopwatch stopwatch;
  Metrics metrics;
  try {
    Network network = slice(proposal.system);
    train(network, context_.experiment.finetune, proposal.system, "finetune", fmt::format("finetune {}", proposal.id));
    candidate.train_seconds = stopwatch.lap();
    metrics = measure(network, proposal.system.data);
    candidate.eval_seconds = stopwatch.lap();
    latest_.emplace(std::move(network));
  } catch (const Diverged& error) {
    candidate.outcome = Outcome::diverged;
    context_.status.log(fmt::format("fine-tuning of system {} diverged: {} of [finetune]", proposal.id, error.what()));
  }
  set_metrics(candidate, metrics, Split::validation);
  return candidate;
}

void Evaluation::save_model(const Candidate& candidate) {
  if (latest_) save(*latest_, candidate, {{"stage", "finetuned"}});
}

void Evaluation::save(const Network& network, const Candidate& candidate, Metadata metadata) {
  metadata.merge(model_metadata(candidate.system, context_.store.dataset()));
  metadata["id"] = std::to_string(candidate.id);
  context_.run.write_layers(candidate.id, network.shape(), context_.experiment.device);
  save_checkpoint(context_.run.model_file(candidate.id), network, metadata);
}

bool Evaluation::has_final_model(std::int64_t id) const {
  const std::filesystem::path file = context_.run.model_file(id);
  return std::filesystem::exists(file) && entry(Checkpoint(file).metadata(), "stage") == "final";
}

// What evaluate() saved, or the same again.
Network Evaluation::fine_tuned(const Candidate& candidate) {
  Network network = slice(candidate.system);
  train(network, context_.experiment.finetune, candidate.system, "finetune", "");
  return network;
}

// A model that is marked as final was saved by a process killed before its row was written.
Evaluation::Trained Evaluation::final_network(const Candidate& candidate, bool log) {
  const std::filesystem::path file = context_.run.model_file(candidate.id);
  const DataConfiguration& data = candidate.system.data;
  Metadata metadata;
  Network before = std::filesystem::exists(file) ? load_model(context_.backend, file, preparation_name, metadata)
                                                 : fine_tuned(candidate);
  const bool trained = entry(metadata, "stage") == "final";
  if (entry(metadata, "status") == outcome_name(Outcome::fallback)) return fall_back(std::move(before), candidate);
  try {
    Network network = before.gather(before.shape());
    if (!trained)
      train(network, context_.experiment.final_training, candidate.system, "final",
            log ? fmt::format("final {}", candidate.id) : "");
    Stopwatch stopwatch;
    const Metrics metrics = measure(network, data);
    const double seconds = stopwatch.lap();
    if (!trained) save(network, candidate, {{"stage", "final"}});
    return {std::move(network), metrics, seconds};
  } catch (const Diverged& error) {
    context_.status.log(fmt::format("final training of system {} diverged, its fine-tuned model stays: {} of [final]",
                                    candidate.id, error.what()));
  }
  save(before, candidate, {{"stage", "final"}, {"status", outcome_name(Outcome::fallback)}});
  return fall_back(std::move(before), candidate);
}

Evaluation::Trained Evaluation::fall_back(Network network, const Candidate& candidate) const {
  return {std::move(network), candidate.metrics, 0, true};
}

Candidate Evaluation::train_further(const Candidate& candidate) {
  Candidate result = candidate;
  Stopwatch stopwatch;
  const Trained trained = final_network(candidate, true);
  if (trained.fallback) result.outcome = Outcome::fallback;
  set_metrics(result, trained.metrics, Split::validation);
  result.train_seconds += stopwatch.lap() - trained.eval_seconds;
  result.eval_seconds += trained.eval_seconds;
  return result;
}

void Evaluation::restore_final(const Candidate& candidate) {
  if (!has_final_model(candidate.id)) final_network(candidate, false);
}

Candidate Evaluation::test(const Candidate& candidate) {
  Metadata metadata;
  const Network network =
      load_model(context_.backend, context_.run.model_file(candidate.id), preparation_name, metadata);
  Candidate result = candidate;
  set_metrics(result, context_.trainer.evaluate(network, network.shape(), candidate.system.data, Split::test),
              Split::test);
  return result;
}

}  // namespace danas
