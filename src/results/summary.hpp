// summary.json: what a finished search found, in one JSON object.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "results/candidate.hpp"

namespace danas {

/// The images of a search.
struct DataSummary {
  std::vector<std::string> classes;
  std::string positive;  ///< of two classes; with more it is not written
  std::int64_t train = 0, validation = 0, test = 0;
  std::int64_t unusable_files = 0, remarked_files = 0;
  std::vector<std::string> caches;
};

/// What is written.
struct Summary {
  std::optional<FrontRow> best;      ///< the most accurate on validation; null in the file where there is none
  std::optional<Candidate> closest;  ///< to the limits, where nothing is within them
  std::int64_t front_size = 0, systems = 0, networks = 0, diverged = 0, supernets = 0;
  std::int64_t images_trained = 0, images_evaluated = 0;
  std::vector<std::string> untried;       ///< data configurations of which no system was evaluated; not written if none
  std::map<std::string, double> seconds;  ///< by phase of the search, with the total
  double peak_memory_mib = 0;
  std::string device, target, version;  ///< what it ran on, what it searched for
  DataSummary data;
};
std::string summary_text(const Summary& summary);

/// What the file of any version says: facts by key, in the file's order, those of the images among them.
struct SummaryFacts {
  using Fact = std::variant<std::string, std::int64_t, double, std::vector<std::string>>;

  std::optional<std::int64_t> best_id;
  std::vector<std::pair<std::string, Fact>> facts;
  std::vector<std::pair<std::string, double>> seconds;  ///< by phase
  std::vector<std::string> problems;
  std::optional<std::int64_t> test_images, classes;  ///< how many
};
/// Throws Error naming `where`; what is merely unknown becomes a fact.
SummaryFacts parse_summary(const std::string& text, const std::string& where);

}  // namespace danas
