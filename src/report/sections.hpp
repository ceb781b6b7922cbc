// Parts of the report as HTML that needs no script. Every text from a file is escaped here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/run.hpp"

namespace danas::report {

/// The result of one run in a sentence, its figures against the limits, where the model is. `page` is the folder that
/// the report is written to, for links; `heading` is HTML that comes first.
std::string headline(const Run& run, const std::filesystem::path& page, const std::string& heading);

/// The front with layer diagrams; `number` tells the runs' tables apart.
std::string front_table(const Run& run, std::size_t number);
/// The best systems of all that were evaluated, folded away.
std::string systems_table(const Run& run);

/// Layers as a drawing and a table with RAM bars; `limit` in bytes where it is known.
std::string layer_diagram(const std::vector<LayerRow>& layers, const std::optional<long long>& limit);

/// Notes on what is missing or went wrong; empty where there is nothing to say.
std::string notes(const Run& run);
/// Facts of the run, time by phase, the experiment file.
std::string facts(const Run& run);

}  // namespace danas::report
