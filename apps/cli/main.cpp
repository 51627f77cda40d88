#include "cli/commands.hpp"
#include "cli/error.hpp"

#include <longstate/config.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr int failure = 1;
constexpr int bad_usage = 2;
constexpr const char* no_memory = "there is not enough memory for a problem of this size";

/// One line, whatever a library put into its message; the library's own messages begin with its name.
int complain(std::string_view what, int code) noexcept {
  constexpr std::string_view own = "longstate::";
  if (what.starts_with(own)) what.remove_prefix(own.size());
  if (const std::size_t end = what.find('\n'); end != std::string_view::npos) what.remove_suffix(what.size() - end);
  std::fprintf(stderr, "longstate: %.*s\n", static_cast<int>(what.size()), what.data());
  return code;
}

/// Where no exception can go on, as from a destructor that finds no memory: still one line.
[[noreturn]] void give_up() noexcept {
  const char* what = "an unknown error";
  try {
    if (std::current_exception()) throw;
  } catch (const std::bad_alloc&) {
    what = no_memory;
  } catch (...) {
    what = "an error that could not be handled";
  }
  std::_Exit(complain(what, failure));
}

int run(int argc, char** argv) {
  CLI::App app{
      "State-space memories of signals: HiPPO matrices, their discretisations, and what they remember.\n\n"
      "Start with:\n"
      "  longstate signal --kind white --freq 3 --length 3000 --rate 1000 -o noise.csv\n"
      "  longstate reconstruct noise.csv --rate 1000 --measure legs,legt --order 64 --plot noise.svg\n"};
  app.name("longstate");
  app.set_version_flag("--version", LONGSTATE_VERSION);
  app.require_subcommand(1);
  cli::add_hippo(app);
  cli::add_discretize(app);
  cli::add_kernel(app);
  cli::add_simulate(app);
  cli::add_reconstruct(app);
  cli::add_reduce(app);
  cli::add_signal(app);
  cli::add_bench(app);
  cli::add_paths(app);
  cli::add_compare(app);
  cli::add_step(app);
  try {
    app.parse(argc, argv);  // runs the subcommand
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    throw cli::InputError(std::string(error.what()).append(" (longstate --help)"));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a write that fails
  std::set_terminate(give_up);
  try {
    return run(argc, argv);
  } catch (const cli::InputError& error) {
    return complain(error.what(), bad_usage);
  } catch (const std::invalid_argument& error) {
    return complain(error.what(), bad_usage);
  } catch (const std::bad_alloc&) {
    return complain(no_memory, failure);
  } catch (const std::exception& error) {
    return complain(error.what(), failure);
  } catch (...) {
    return complain("an unknown error", failure);
  }
}
