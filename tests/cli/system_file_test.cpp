#include "cli/system_file.hpp"

#include "cli/error.hpp"
#include "support/dense.hpp"
#include "support/oracle.hpp"
#include "support/reference.hpp"

#include <doctest/doctest.h>

#include <complex>
#include <string>

using longstate::Index;
using longstate::Matrix;
using longstate::StateSpace;
using Complex = std::complex<double>;

namespace {

Complex transfer(const StateSpace& system, Complex s) {
  const Matrix<Complex> M = s * Matrix<Complex>::Identity(system.order(), system.order()) - system.A.cast<Complex>();
  return (system.C.cast<Complex>() * support::solve<Complex>(M, system.B.cast<Complex>()))(0) + system.D(0, 0);
}

/// As a dense continuous system.
StateSpace parse_system(const std::string& text, const std::string& source) {
  const cli::SystemFile file = cli::parse_system(text, source);
  const auto* diagonal = std::get_if<longstate::DiagonalSystem>(&file);
  return diagonal ? dense(*diagonal) : std::get<StateSpace>(file);
}

std::string complaint(const std::string& text) {
  try {
    parse_system(text, "s.json");
  } catch (const cli::InputError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a dense system") {
  const StateSpace s =
      parse_system(R"({"A":[[0,1],[-1,-2]],"B":[[0],[1]],"C":[[1,0],[0,3]],"D":[[0],[0.5]]})", "s.json");
  CHECK(s.A(1, 0) == -1);
  CHECK(s.outputs() == 2);
  CHECK(s.D(1, 0) == 0.5);
  CHECK(parse_system(R"({"A":[[-1]],"B":[[1]],"C":[[1]]})", "s.json").D(0, 0) == 0);
}

TEST_CASE("a diagonal system is the real one with the same transfer function") {
  const Complex lambda(-0.5, 3), b(1, 0.25), c(0.3, -2), s(0.1, 1.7);
  const Complex term = c * b / (s - lambda), mirror = std::conj(c * b) / (s - std::conj(lambda));
  const StateSpace pair =
      parse_system(R"({"lambda":[[-0.5,3]],"B":[[1,0.25]],"C":[[0.3,-2]],"D":0.7,"conjugate":true})", "s.json");
  CHECK(std::abs(transfer(pair, s) - (term + mirror + 0.7)) < 1e-15);
  const StateSpace both = parse_system(
      R"({"lambda":[[-0.5,3],[-0.5,-3]],"B":[[1,0.25],[1,-0.25]],"C":[[0.3,-2],[0.3,2]],"D":0.7})", "s.json");
  CHECK(std::abs(transfer(both, s) - (term + mirror + 0.7)) < 1e-15);
}

TEST_CASE("a system in discrete time, and what is written reads back the same") {
  const longstate::DiscreteStateSpace d{support::random_matrix(3, 3, 1),
                                        support::random_matrix(3, 2, 2),
                                        support::random_matrix(1, 3, 3),
                                        support::random_matrix(1, 2, 4),
                                        0.125,
                                        longstate::Convention::control};
  CHECK(std::get<longstate::DiscreteStateSpace>(cli::parse_system(cli::system_to_text(d), "s.json")) == d);
  const StateSpace s{d.A, d.B, d.C, d.D};
  CHECK(std::get<StateSpace>(cli::parse_system(cli::system_to_text(s), "s.json")) == s);
  CHECK(complaint(R"({"A":[[1]],"B":[[1]],"C":[[1]],"dt":0})") ==
        "s.json: longstate::DiscreteStateSpace: dt must be positive and finite, got 0");
  CHECK(complaint(R"({"A":[[1]],"B":[[1]],"C":[[1]],"dt":1,"convention":"up"})").find("sequence or control") !=
        std::string::npos);
  CHECK(complaint(R"({"A":[[1]],"B":[[1]],"C":[[1]],"dt":1,"convention":3})").find("\"convention\"") !=
        std::string::npos);
}

TEST_CASE("what is not a system is refused by the name of the culprit") {
  CHECK(complaint("") == "s.json: it is not JSON");
  CHECK(complaint("[1,2]") == "s.json: it is not a JSON object");
  CHECK(complaint("{}") == "s.json: \"A\" is missing");
  CHECK(complaint(R"({"A":[[1,2],[3]],"B":[[1],[1]],"C":[[1,1]]})") == "s.json: \"A\" has rows of different lengths");
  CHECK(complaint(R"({"A":[["x"]],"B":[[1]],"C":[[1]]})") == "s.json: \"A\" holds something that is not a number");
  CHECK(complaint(R"({"A":[[1]],"B":[1],"C":[[1]]})") == "s.json: \"B\" must be a list");
  CHECK(complaint(R"({"A":[[1]],"B":[[1],[2]],"C":[[1]]})") ==
        "s.json: longstate::StateSpace: B must be 1 x 1, got 2 x 1");
  CHECK(complaint(R"({"A":[],"B":[],"C":[]})") == "s.json: longstate::StateSpace: order must be from 1 to 8192, got 0");
  CHECK(complaint(R"({"A":[[1e999]],"B":[[1]],"C":[[1]]})") != "none");
  CHECK(complaint(R"({"lambda":[[1,2]],"B":[[1,0]],"C":[[1,0]]})").find("has no conjugate") != std::string::npos);
  CHECK(complaint(R"({"lambda":[[1,2]],"B":[],"C":[[1,0]],"conjugate":true})").find("same length") !=
        std::string::npos);
  CHECK(complaint(R"({"lambda":[[1,2]],"A":[[1]]})").find("both") != std::string::npos);
  CHECK(complaint(R"({"lambda":[[1,2]],"B":[[1,0]],"C":[[1,0]],"conjugate":1})") ==
        "s.json: \"conjugate\" must be true or false");
}

TEST_CASE("S3: lists in lists, and lists without end, are refused while they are read") {
  CHECK(complaint(std::string(1 << 20, '[')) == "s.json: its lists lie more than 8 deep");
  CHECK(complaint(R"({"A":)" + std::string(100, '[') + std::string(100, ']') + "}") ==
        "s.json: its lists lie more than 8 deep");
  std::string flat = R"({"A":[1)";
  for (int i = 0; i < 8192; ++i) flat += ",1";
  CHECK(complaint(flat) == "s.json: a list has more than 8192 entries");
  std::string empty = R"({"more":[[])";
  for (int i = 0; i < 8192; ++i) empty += ",[]";
  CHECK(complaint(empty) == "s.json: a list has more than 8192 entries");
}
