// A search that takes seconds.
#pragma once

#include <string>

#include "process.hpp"

namespace danas::test {

/// An experiment file of eight systems on synthetic scenes; `more` is appended.
std::string tiny_experiment(const std::string& more = "");

/// Its small system, and flags for `danas train` to make a model of it in no time.
inline const std::string tiny_system = "32,monochrome,0-0-0-0-0,0.1";

/// Trains the small system for two steps into DIR/model.safetensors; `experiment` is a file.
fs::path train_model(const Setting& setting, const fs::path& experiment, const std::string& out);

}  // namespace danas::test
