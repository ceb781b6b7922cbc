#include "nas/evaluation.hpp"

#include <fmt/core.h>

#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/stopwatch.hpp"
#include "base/units.hpp"
#include "nas/model_file.hpp"
#include "nas/prospect.hpp"
#include "nas/training_memory.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

namespace {

/// Of a value of an enum with names; none where the metadata lacks the key or says something else.
template <class Enum>
std::optional<Enum> entry(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::nullopt : find_named<Enum>(found->second);
}

std::string ids_text(const std::vector<std::int64_t>& ids) {
  return ids.size() == 1 ? fmt::format("system {}", ids.front())
                         : fmt::format("systems {} to {}", ids.front(), ids.back());
}

}  // namespace

std::uint64_t batch_stream(const Experiment& experiment, TrainingPhase phase, const System& system) {
  const bool same = phase == TrainingPhase::finetune && experiment.switches.same_images;
  const std::string name = name_of(phase);
  return stream_number(experiment.seed, same ? name : name + " " + system.text());
}

Evaluation::Evaluation(SearchContext& context, Supernets& supernets)
    : context_(context), supernets_(supernets),
      budget_(
          candidates_memory(context.experiment, context.classes(), context.backend, context.backend.usable_bytes())) {}

LayerList Evaluation::layers_of(const System& system) const {
  return candidate_layers(system, context_.classes(), switches());
}

// As its training finds it: begun with the supernet's weights, or new.
Network Evaluation::untrained(const Candidate& candidate) {
  const System system = system_of(candidate);
  const std::uint64_t seed = context_.experiment.seed;
  if (!system.architecture.is_slice())
    return {context_.backend, layers_of(system), stream_number(seed, "weights " + system.text())};
  const std::string head = fmt::format("head of {}, {}", candidate.id, system.text());
  return begun_candidate(supernets_.get(system.data), layers_of(system), switches(), stream_number(seed, head));
}

// A head that was drawn for this candidate is none of the supernet's.
void Evaluation::change_supernet(const Piece& piece) {
  LayerList layers = piece.network->layers();
  if (switches().fresh_heads) layers.pop_back();
  supernets_.change(system_of(piece.candidate).data, *piece.network, layers, piece.candidate.id);
}

// The search leaves at least one system, however long it takes.
bool Evaluation::out_of_time() const { return context_.out_of_time() && !context_.run.candidates().empty(); }

const TrainingSettings& Evaluation::settings_of(TrainingPhase phase) const {
  return phase == TrainingPhase::final ? context_.experiment.final_training : context_.experiment.candidate_training();
}

// Networks come and go by `begin` and `end`, on this thread and the search's backend.
void Evaluation::run_pieces(TrainingPhase phase, std::vector<Piece>& pieces, const Step& begin, const Step& end,
                            const std::function<bool()>& stop) {
  if (pieces.empty()) return;
  const TrainingSettings& settings = settings_of(phase);
  std::vector<std::int64_t> ids;
  for (const Piece& piece : pieces) ids.push_back(piece.candidate.id);
  const std::string what = fmt::format("{} {}", name_of(phase), ids_text(ids));
  const std::int64_t each =
      std::max<std::int64_t>(settings.steps, 1);  // of a system that is not trained, its measuring
  const auto total = each * static_cast<std::int64_t>(pieces.size());
  std::atomic<std::int64_t> steps{0};
  std::int64_t ended = 0;
  LaneWork work;
  work.count = pieces.size();
  work.bytes = [&](std::size_t i) {
    const Candidate& candidate = pieces[i].candidate;
    if (candidate.skipped()) return 0.0;
    return training_bytes(layers_of(system_of(candidate)), settings, context_.experiment, context_.backend);
  };
  work.begin = [&](std::size_t i) { begin(pieces[i]); };
  work.run = [&](std::size_t i, Backend& lane, const std::function<void()>& stepped) {
    std::int64_t own = 0;
    train_and_measure(phase, pieces[i], lane, [&] {
      ++own;
      ++steps;
      stepped();
    });
    steps += each - own;  // of one that is skipped, known or diverged
  };
  work.end = [&](std::size_t i) {
    ++ended;
    taken_ = &pieces[i];
    end(pieces[i]);
    taken_ = nullptr;
    pieces[i].network.reset();
  };
  work.tell = [&] {
    const double unended = static_cast<double>(steps) / static_cast<double>(each) - static_cast<double>(ended);
    context_.status.progress(what, steps, total, std::max(unended, 0.0));
  };
  work.stop = stop;
  work.interrupted = [&] { return context_.status.interrupted(); };
  const bool in_order = phase == TrainingPhase::finetune && switches().change_supernet;
  run_in_lanes(context_.backend, in_order ? 1 : context_.experiment.search.lanes, budget_, work);
  context_.status.stop_if_interrupted();
}

void Evaluation::train_and_measure(TrainingPhase phase, Piece& piece, Backend& lane,
                                   const std::function<void()>& stepped) {
  if (!piece.network) return;
  SystemTrainer trainer = context_.trainer_on(lane);
  Stopwatch stopwatch;
  try {
    if (!piece.trained) train(trainer, phase, piece, lane, stepped);
    piece.train_seconds = stopwatch.lap();
    const System system = system_of(piece.candidate);
    const Metrics metrics =
        trainer.evaluate(*piece.network, piece.network->layers(), system.data, context_.experiment.selection_split());
    if (!std::isfinite(metrics.loss)) throw Diverged("evaluation", "loss", metrics.loss);
    piece.metrics = metrics;
  } catch (const Diverged& error) {
    piece.divergence = error.what();
  }
  piece.eval_seconds = stopwatch.lap();
}

void Evaluation::train(SystemTrainer& trainer, TrainingPhase phase, Piece& piece, Backend& lane,
                       const std::function<void()>& stepped) {
  const TrainingSettings& settings = settings_of(phase);
  const System system = system_of(piece.candidate);
  Network& network = *piece.network;
  TrainingLog log({phase, std::to_string(piece.candidate.id)},
                  [&](const TrainingRow& row) { piece.rows.push_back(row); });
  Optimizer optimizer(lane, network, settings);
  const BatchStream stream{system.data, batch_stream(context_.experiment, phase, system)};
  const StreamSource batches = [&](std::int64_t) { return stream; };
  if (settings.steps > 0)
    trainer.train(network, optimizer, settings, batches, 0, [&](const StepReport& report) {
      log.add(report);
      stepped();
      return !context_.status.interrupted();
    });
  else stepped();
  context_.status.stop_if_interrupted();
  if (!switches().keep_statistics) trainer.recalibrate(network, network.layers(), system.data);
}

// By this thread, before lanes look for them.
void Evaluation::open_images(const DataConfiguration& data) {
  prepare_images(context_.store, data);
  context_.store.evaluation(context_.experiment.selection_split(), data);
  context_.data_log.update();
}

Outcome Evaluation::prospect(const Proposal& proposal) const {
  const Prospects prospects{context_.experiment, context_.classes(), context_.backend, budget_};
  const Outcome outcome = prospects.of(proposal.system);
  if (outcome == Outcome::no_memory)
    context_.status.log(fmt::format("the training of system {} would take {} of memory, where {} may be taken",
                                    proposal.id, gib_text(prospects.training_bytes(proposal.system)),
                                    gib_text(budget_)));
  return outcome;
}

// False where search.hours end first. Test images are looked at before anything is trained, so that unreadable ones do not
// end a search at its end.
bool Evaluation::prepare(const DataConfiguration& data) {
  const bool sliced = context_.experiment.space.sliced();
  if (sliced && !supernets_.prepare(data)) return false;
  if (!sliced && context_.run.candidates().empty()) context_.store.evaluation(Split::test, data);
  open_images(data);
  return true;
}

// Supernets first, in order; their training is not part of the candidates' time.
void Evaluation::evaluate(std::span<const Proposal> proposals, const Take& take) {
  const Experiment& experiment = context_.experiment;
  std::vector<Piece> pieces;
  for (const Proposal& proposal : proposals) {
    Candidate candidate;
    candidate.id = proposal.id;
    set_system(candidate, proposal.system);
    set_needs(candidate, experiment, context_.classes());
    candidate.outcome = prospect(proposal);
    if (!candidate.skipped() && !prepare(proposal.system.data)) break;
    pieces.emplace_back().candidate = candidate;
  }
  const auto begin = [&](Piece& piece) {
    if (!piece.candidate.skipped()) piece.network = untrained(piece.candidate);
  };
  const auto end = [&](Piece& piece) {
    Candidate& candidate = piece.candidate;
    candidate.train_seconds = piece.train_seconds;
    candidate.eval_seconds = piece.eval_seconds;
    set_scores(candidate, piece.metrics.value_or(Metrics{}), experiment.selection_split(), experiment);
    if (piece.network && !piece.metrics) {
      candidate.outcome = Outcome::diverged;
      context_.status.log(fmt::format("{} of system {} diverged: {} of [{}]",
                                      experiment.space.sliced() ? "fine-tuning" : "training", candidate.id,
                                      piece.divergence, name_of(candidate_phase(experiment))));
    }
    for (const TrainingRow& row : piece.rows) context_.run.append_training(row);
    const bool changes = switches().change_supernet && piece.metrics;
    if (changes) change_supernet(piece);  // ahead of its row, which says that it did
    take(candidate);
    if (!changes) return;
    context_.state.save();
    supernets_.forget_superseded();
  };
  run_pieces(candidate_phase(experiment), pieces, begin, end, [&] { return out_of_time(); });
}

ModelStage Evaluation::first_stage() const {
  return context_.experiment.space.sliced() ? ModelStage::finetuned : ModelStage::scratch;
}

void Evaluation::save_model(const Candidate& candidate) {
  if (taken_->metrics) save(*taken_->network, candidate, first_stage());
}

void Evaluation::save(const Network& network, const Candidate& candidate, ModelStage stage, Metadata metadata) {
  const System system = system_of(candidate);
  metadata.merge(model_metadata(system, context_.store.dataset(), switches()));
  metadata["id"] = std::to_string(candidate.id);
  metadata["stage"] = name_of(stage);
  context_.run.write_layers(candidate.id, layer_rows(deployed_layers(system, context_.classes(), switches()),
                                                     context_.experiment.device.bytes));
  save_checkpoint(context_.run.files().model(candidate.id), network, metadata);
}

bool Evaluation::has_final_model(std::int64_t id) const {
  const std::filesystem::path file = context_.run.files().model(id);
  return std::filesystem::exists(file) && entry<ModelStage>(Checkpoint(file).metadata(), "stage") == ModelStage::final;
}

// A process that was killed may have lost some: made again, as they were.
void Evaluation::restore_evaluated(std::span<const Candidate> candidates) {
  std::vector<Piece> pieces;
  for (const Candidate& candidate : candidates) {
    const std::filesystem::path file = context_.run.files().model(candidate.id);
    if (std::filesystem::exists(file)) continue;
    if (switches().change_supernet)
      throw expected(file.string(), "the model of a system on the front",
                     "none; it cannot be made again, since candidates change the supernet");
    open_images(system_of(candidate).data);
    pieces.emplace_back().candidate = candidate;
  }
  run_pieces(
      candidate_phase(context_.experiment), pieces, [&](Piece& piece) { piece.network = untrained(piece.candidate); },
      [&](Piece& piece) {
        if (!piece.metrics)
          throw Error("system " + std::to_string(piece.candidate.id), piece.divergence, Fault::failure);
        save(*piece.network, piece.candidate, first_stage());
      });
}

// A model that is marked as final was saved by a process killed before its row was written.
void Evaluation::finish_training(std::span<const Candidate> candidates, const Step& end) {
  restore_evaluated(candidates);
  std::vector<Piece> pieces;
  for (const Candidate& candidate : candidates) {
    open_images(system_of(candidate).data);
    pieces.emplace_back().candidate = candidate;
  }
  const auto begin = [&](Piece& piece) {
    Metadata metadata;
    piece.network = load(piece.candidate, metadata);
    piece.trained = entry<ModelStage>(metadata, "stage") == ModelStage::final;
    if (entry<Outcome>(metadata, "status") == Outcome::fallback) piece.network.reset();
  };
  run_pieces(TrainingPhase::final, pieces, begin, end);
}

Network Evaluation::load(const Candidate& candidate, Metadata& metadata) const {
  return load_model(context_.backend, context_.run.files().model(candidate.id), metadata);
}

void Evaluation::save_final(const Piece& piece) {
  if (piece.trained || !piece.network) return;
  if (piece.metrics) return save(*piece.network, piece.candidate, ModelStage::final);
  context_.status.log(fmt::format("final training of system {} diverged, the model of before stays: {} of [final]",
                                  piece.candidate.id, piece.divergence));
  Metadata metadata;
  save(load(piece.candidate, metadata), piece.candidate, ModelStage::final, {{"status", name_of(Outcome::fallback)}});
}

void Evaluation::train_further(std::span<const Candidate> candidates, const Take& take) {
  finish_training(candidates, [&](Piece& piece) {
    // Before the model: rows of a training without one are dropped when it is begun again.
    for (const TrainingRow& row : piece.rows) context_.run.append_training(row);
    context_.run.flush();
    save_final(piece);
    Candidate result = piece.candidate;
    const Experiment& experiment = context_.experiment;
    if (piece.metrics) set_scores(result, *piece.metrics, experiment.selection_split(), experiment);
    else result.outcome = Outcome::fallback;
    result.train_seconds += piece.train_seconds;
    result.eval_seconds += piece.eval_seconds;
    take(result);
  });
}

void Evaluation::restore_final(std::span<const Candidate> candidates) {
  std::vector<Candidate> missing;
  for (const Candidate& candidate : candidates)
    if (!has_final_model(candidate.id)) missing.push_back(candidate);
  finish_training(missing, [&](Piece& piece) { save_final(piece); });
}

Candidate Evaluation::test(const Candidate& candidate) {
  Metadata metadata;
  const Network network = load(candidate, metadata);
  Candidate result = candidate;
  SystemTrainer trainer = context_.trainer_on(context_.backend);
  set_scores(result, trainer.evaluate(network, network.layers(), system_of(candidate).data, Split::test), Split::test,
             context_.experiment);
  return result;
}

}  // namespace danas
