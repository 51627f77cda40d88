#include "cli/commands.hpp"
#include "cli/error.hpp"

#include <longstate/config.hpp>

#include <fmt/core.h>

#include <csignal>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

namespace {

constexpr int failure = 1;
constexpr int bad_usage = 2;

int complain(const std::string& what, int code) {
  // One line, whatever a library put into its message; and the library's own messages name their function.
  std::string line = what.substr(0, what.find('\n'));
  const std::string own = "longstate::";
  if (line.starts_with(own)) line.erase(0, own.size());
  fmt::print(stderr, "longstate: {}\n", line);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a write that fails
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
  cli::add_signal(app);

  try {
    app.parse(argc, argv);  // runs the subcommand
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain(std::string(error.what()) + " (longstate --help)", bad_usage);
  } catch (const cli::InputError& error) {
    return complain(error.what(), bad_usage);
  } catch (const std::invalid_argument& error) {
    return complain(error.what(), bad_usage);
  } catch (const std::bad_alloc&) {
    return complain("there is not enough memory for a problem of this size", failure);
  } catch (const std::exception& error) {
    return complain(error.what(), failure);
  }
}
