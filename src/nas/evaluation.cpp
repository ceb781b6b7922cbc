#include "nas/evaluation.hpp"

#include <fmt/core.h>

#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/stopwatch.hpp"
#include "data/preparation.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

namespace {

/// Of a value of an enum with names; none where the metadata lacks the key or says something else.
template <class Enum>
std::optional<Enum> entry(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::nullopt : find_named<Enum>(found->second);
}

}  // namespace

Network Evaluation::slice(const System& system) {
  return supernets_.get(system.data).gather(system_layers(system, context_.classes()));
}

// The stream of batches belongs to the system and not to its id.
void Evaluation::train(Network& network, TrainingPhase phase, const System& system, std::optional<std::int64_t> id) {
  const TrainingSettings& settings =
      phase == TrainingPhase::finetune ? context_.experiment.finetune : context_.experiment.final_training;
  const std::string purpose = fmt::format("{} {}", name_of(phase), system.text());
  std::optional<Training> training;
  if (id) training = Training{phase, std::to_string(*id)};
  train_steps(network, settings, stream_number(context_.experiment.seed, purpose), system.data,
              training ? training->text() + " " + system.text() : purpose, training);
  context_.status.stop_if_interrupted();
  context_.trainer.recalibrate(network, network.layers(), system.data);
}

void Evaluation::train_steps(Network& network, const TrainingSettings& settings, std::uint64_t stream,
                             const DataConfiguration& data, const std::string& name,
                             const std::optional<Training>& training) {
  std::optional<TrainingLog> log;
  if (training) log.emplace(context_.run, *training);
  Optimizer optimizer(network, settings);
  context_.trainer.train(network, optimizer, settings, data, stream, 0, [&](const StepReport& report) {
    if (log) log->add(report);
    context_.status.progress(name, report.step + 1, settings.steps);
    return !context_.status.interrupted();
  });
}

Metrics Evaluation::measure(const Network& network, const DataConfiguration& data) {
  const Metrics metrics = context_.trainer.evaluate(network, network.layers(), data, Split::validation);
  if (!std::isfinite(metrics.loss)) throw Diverged("evaluation", "loss", metrics.loss);
  return metrics;
}

void Evaluation::set_metrics(Candidate& candidate, const Metrics& metrics, Split split) const {
  set_scores(candidate, metrics, split);
  candidate.fitness = fitness(candidate.measures, context_.experiment.device.limits(), context_.experiment.fitness);
}

std::optional<Candidate> Evaluation::evaluate(const Proposal& proposal) {
  latest_.reset();
  // Its training is not part of the candidate's time.
  if (!supernets_.prepare(proposal.system.data)) return std::nullopt;
  const Device& device = context_.experiment.device;
  Candidate candidate;
  candidate.measures = estimate(system_layers(proposal.system, context_.classes()), device.bytes);
  candidate.violation = excess(candidate.measures, device.limits());
  Stopwatch stopwatch;
  Metrics metrics;
  try {
    Network network = slice(proposal.system);
    train(network, TrainingPhase::finetune, proposal.system, proposal.id);
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
  if (latest_) save(*latest_, candidate, ModelStage::finetuned);
}

void Evaluation::save(const Network& network, const Candidate& candidate, ModelStage stage, Metadata metadata) {
  metadata.merge(model_metadata(system_of(candidate), context_.store.dataset()));
  metadata["id"] = std::to_string(candidate.id);
  metadata["stage"] = name_of(stage);
  context_.run.write_layers(candidate.id, layer_rows(network.layers(), context_.experiment.device.bytes));
  save_checkpoint(context_.run.files().model(candidate.id), network, metadata);
}

bool Evaluation::has_final_model(std::int64_t id) const {
  const std::filesystem::path file = context_.run.files().model(id);
  return std::filesystem::exists(file) && entry<ModelStage>(Checkpoint(file).metadata(), "stage") == ModelStage::final;
}

// What evaluate() saved, or the same again.
Network Evaluation::fine_tuned(const System& system) {
  Network network = slice(system);
  train(network, TrainingPhase::finetune, system, std::nullopt);
  return network;
}

// A model that is marked as final was saved by a process killed before its row was written.
Evaluation::Trained Evaluation::finish_training(const Candidate& candidate, bool log) {
  const std::filesystem::path file = context_.run.files().model(candidate.id);
  const System system = system_of(candidate);
  Metadata metadata;
  const Network before = std::filesystem::exists(file) ? load_model(context_.backend, file, preparation_name, metadata)
                                                       : fine_tuned(system);
  const bool trained = entry<ModelStage>(metadata, "stage") == ModelStage::final;
  if (entry<Outcome>(metadata, "status") == Outcome::fallback) return {};
  try {
    Network network = before.gather(before.layers());
    if (!trained) train(network, TrainingPhase::final, system, log ? std::optional(candidate.id) : std::nullopt);
    Stopwatch stopwatch;
    const Metrics metrics = measure(network, system.data);
    const double seconds = stopwatch.lap();
    if (!trained) save(network, candidate, ModelStage::final);
    return {metrics, seconds};
  } catch (const Diverged& error) {
    context_.status.log(fmt::format("final training of system {} diverged, its fine-tuned model stays: {} of [final]",
                                    candidate.id, error.what()));
  }
  save(before, candidate, ModelStage::final, {{"status", name_of(Outcome::fallback)}});
  return {};
}

Candidate Evaluation::train_further(const Candidate& candidate) {
  Candidate result = candidate;
  Stopwatch stopwatch;
  const Trained trained = finish_training(candidate, true);
  if (trained.metrics) set_metrics(result, *trained.metrics, Split::validation);
  else result.outcome = Outcome::fallback;
  result.train_seconds += stopwatch.lap() - trained.eval_seconds;
  result.eval_seconds += trained.eval_seconds;
  return result;
}

void Evaluation::restore_final(const Candidate& candidate) {
  if (!has_final_model(candidate.id)) finish_training(candidate, false);
}

Candidate Evaluation::test(const Candidate& candidate) {
  Metadata metadata;
  const Network network =
      load_model(context_.backend, context_.run.files().model(candidate.id), preparation_name, metadata);
  Candidate result = candidate;
  set_metrics(result, context_.trainer.evaluate(network, network.layers(), system_of(candidate).data, Split::test),
              Split::test);
  return result;
}

}  // namespace danas
