#pragma once

// One function a subcommand: it adds itself to the command line, and what it does when chosen.

#include <CLI/CLI.hpp>

namespace cli {

void add_hippo(CLI::App& app);
void add_discretize(CLI::App& app);
void add_kernel(CLI::App& app);
void add_simulate(CLI::App& app);
void add_reconstruct(CLI::App& app);
void add_reduce(CLI::App& app);
void add_signal(CLI::App& app);
void add_bench(CLI::App& app);
void add_paths(CLI::App& app);
void add_compare(CLI::App& app);
void add_step(CLI::App& app);

}  // namespace cli
