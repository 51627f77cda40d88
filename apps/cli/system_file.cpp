#include "cli/system_file.hpp"

#include "cli/document.hpp"
#include "cli/error.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cmath>
#include <complex>
#include <cstring>
#include <fstream>
#include <limits>
#include <vector>

namespace cli {
namespace {

using longstate::Convention;
using longstate::DiagonalSystem;
using longstate::DiscreteStateSpace;
using longstate::Index;
using longstate::Matrix;
using longstate::StateSpace;
using nlohmann::json;
using Complex = std::complex<double>;

/// Stops at what no system has, while it is read: before lists in lists, or one without end, have taken all memory.
class Bounds {
 public:
  Bounds(const std::string& source, Index longest) : source_(source), longest_(longest) {}

  bool operator()(int /*depth*/, json::parse_event_t event, json& /*value*/) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        count();
        if (entries_.size() == deepest) fail(fmt::format("its lists lie more than {} deep", deepest));
        entries_.push_back(0);
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        entries_.pop_back();
        break;
      case json::parse_event_t::value:
        count();
        break;
      case json::parse_event_t::key:
        break;
    }
    return true;
  }

 private:
  static constexpr std::size_t deepest = 8;

  void count() {
    if (!entries_.empty() && ++entries_.back() > longest_) {
      fail(fmt::format("a list has more than {} entries", longest_));
    }
  }
  [[noreturn]] void fail(const std::string& what) const { throw InputError(fmt::format("{}: {}", source_, what)); }

  const std::string& source_;
  Index longest_;
  std::vector<Index> entries_;  // so far, of the lists and objects that are open
};

/// Reads one document; every complaint begins with its name.
class Reader {
 public:
  /// longest: entries of a list.
  Reader(std::string_view text, std::string source, Index longest) : source_(std::move(source)) {
    document_ = json::parse(text.begin(), text.end(), Bounds(source_, longest), false);
    if (document_.is_discarded()) fail("it is not JSON");
    if (!document_.is_object()) fail("it is not a JSON object");
  }

  [[noreturn]] void fail(const std::string& what) const { throw InputError(fmt::format("{}: {}", source_, what)); }

  bool has(const char* key) const { return document_.contains(key); }

  const json& at(const char* key) const {
    if (!has(key)) fail(fmt::format("\"{}\" is missing", key));
    return document_[key];
  }

  double number(const json& value, const char* key) const {
    if (!value.is_number()) fail(fmt::format("\"{}\" holds something that is not a number", key));
    const double number = value.get<double>();
    if (!std::isfinite(number)) fail(fmt::format("\"{}\" holds a number that is not finite", key));
    return number;
  }

  const json& list(const json& value, const char* key) const {
    if (!value.is_array()) fail(fmt::format("\"{}\" must be a list", key));
    if (value.size() > std::size_t(longstate::max_order)) {
      fail(fmt::format("\"{}\" has {} entries, more than {}", key, value.size(), longstate::max_order));
    }
    return value;
  }

  Matrix<double> matrix(const char* key) const {
    const json& rows = list(at(key), key);
    const std::size_t width = rows.empty() ? 0 : list(rows[0], key).size();
    Matrix<double> M(static_cast<Index>(rows.size()), static_cast<Index>(width));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (list(rows[i], key).size() != width) fail(fmt::format("\"{}\" has rows of different lengths", key));
      for (std::size_t j = 0; j < width; ++j) M(Index(i), Index(j)) = number(rows[i][j], key);
    }
    return M;
  }

  std::vector<Complex> complex_list(const char* key) const {
    std::vector<Complex> values;
    for (const json& entry : list(at(key), key)) {
      if (!entry.is_array() || entry.size() != 2) fail(fmt::format("\"{}\" must be a list of [re, im]", key));
      values.emplace_back(number(entry[0], key), number(entry[1], key));
    }
    return values;
  }

 private:
  std::string source_;
  json document_;
};

StateSpace dense_system(const Reader& reader) {
  StateSpace system{reader.matrix("A"), reader.matrix("B"), reader.matrix("C"), {}};
  system.D = reader.has("D") ? reader.matrix("D") : Matrix<double>::Zero(system.C.rows(), system.B.cols());
  return system;
}

/// Without "conjugate", the entries must come in conjugate pairs by themselves, or the output would not be real.
void check_closed_under_conjugation(const Reader& reader, const std::vector<Complex>& lambda,
                                    const std::vector<Complex>& residue) {
  const auto near = [](Complex a, Complex b) { return std::abs(a - b) <= 1e-12 * (std::abs(a) + std::abs(b)); };
  std::vector<bool> paired(lambda.size(), false);
  for (std::size_t i = 0; i < lambda.size(); ++i) {
    if (paired[i]) continue;
    bool found = lambda[i].imag() == 0 && residue[i].imag() == 0;
    for (std::size_t j = i + 1; j < lambda.size() && !found; ++j) {
      found = !paired[j] && near(lambda[j], std::conj(lambda[i])) && near(residue[j], std::conj(residue[i]));
      if (found) paired[j] = true;
    }
    if (!found) {
      reader.fail(
          fmt::format("entry {} has no conjugate, so the output would not be real; set \"conjugate\": true "
                      "if each entry stands for itself and its conjugate",
                      i));
    }
  }
}

/// Entries that stand for themselves alone, y = Re(C x), are the library's y = 2 Re(C x) with half of C.
DiagonalSystem diagonal_system(const Reader& reader) {
  const std::vector<Complex> lambda = reader.complex_list("lambda");
  const std::vector<Complex> B = reader.complex_list("B");
  const std::vector<Complex> C = reader.complex_list("C");
  if (B.size() != lambda.size() || C.size() != lambda.size()) {
    reader.fail(fmt::format("\"lambda\", \"B\" and \"C\" must have the same length, but have {}, {} and {}",
                            lambda.size(), B.size(), C.size()));
  }
  bool conjugate = false;
  if (reader.has("conjugate")) {
    if (!reader.at("conjugate").is_boolean()) reader.fail("\"conjugate\" must be true or false");
    conjugate = reader.at("conjugate").get<bool>();
  }
  if (!conjugate) {
    std::vector<Complex> residue;
    for (std::size_t n = 0; n < lambda.size(); ++n) residue.push_back(B[n] * C[n]);
    check_closed_under_conjugation(reader, lambda, residue);
  }
  const auto column = [](const std::vector<Complex>& values) {
    return Eigen::Map<const Eigen::VectorXcd>(values.data(), static_cast<Index>(values.size()));
  };
  DiagonalSystem system{column(lambda), column(B), column(C).transpose() * (conjugate ? 1.0 : 0.5),
                        Matrix<double>::Zero(1, 1)};
  if (reader.has("D")) system.D(0, 0) = reader.number(reader.at("D"), "D");
  return system;
}

SystemFile any_system(const Reader& reader) {
  if (reader.has("lambda") && reader.has("A")) {
    reader.fail("it has both \"lambda\" and \"A\"; a system is diagonal or dense");
  }
  if (reader.has("lambda")) return diagonal_system(reader);
  StateSpace system = dense_system(reader);
  if (!reader.has("dt")) return system;
  Convention convention = Convention::sequence;
  if (reader.has("convention")) {
    if (!reader.at("convention").is_string()) reader.fail("\"convention\" must be \"sequence\" or \"control\"");
    convention = longstate::make_convention(reader.at("convention").get<std::string>());
  }
  return DiscreteStateSpace{system.A, system.B, system.C, system.D, reader.number(reader.at("dt"), "dt"), convention};
}

Json matrices(const Matrix<double>& A, const Matrix<double>& B, const Matrix<double>& C, const Matrix<double>& D) {
  return {{"A", to_json(A)}, {"B", to_json(B)}, {"C", to_json(C)}, {"D", to_json(D)}};
}

std::string read_file(const std::string& path) {
  constexpr std::size_t most = std::size_t{1} << 29, piece = std::size_t{1} << 16;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  while (file && text.size() <= most) {
    const std::size_t before = text.size();
    text.resize(before + piece);
    file.read(&text[before], static_cast<std::streamsize>(piece));
    text.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  if (text.size() > most) throw InputError(fmt::format("{}: the file has more than {} MiB", path, most >> 20));
  if (text.empty()) throw InputError(fmt::format("{}: {}", path, errno ? std::strerror(errno) : "the file is empty"));
  return text;
}

}  // namespace

SystemFile parse_system(std::string_view text, const std::string& source) {
  const Reader reader(text, source, longstate::max_order);
  try {
    SystemFile system = any_system(reader);
    std::visit([](const auto& s) { longstate::validate(s); }, system);
    return system;
  } catch (const std::invalid_argument& error) {
    reader.fail(error.what());
  }
}

SystemFile load_system(const std::string& path) { return parse_system(read_file(path), path); }

std::string system_to_text(const StateSpace& s) { return matrices(s.A, s.B, s.C, s.D).dump().append("\n"); }

std::string system_to_text(const DiscreteStateSpace& s) {
  Json document = matrices(s.A, s.B, s.C, s.D);
  document["dt"] = s.dt;
  document["convention"] = longstate::name(s.convention);
  return document.dump().append("\n");
}

Matrix<double> load_state(const std::string& path, const longstate::DiscreteSystem& system) {
  const std::string text = read_file(path);
  if (text.starts_with("LSTA")) {
    try {
      return longstate::restore_state<double>(std::as_bytes(std::span(text)), system);
    } catch (const std::invalid_argument& error) {
      throw InputError(fmt::format("{}: {}", path, error.what()));
    }
  }
  const Reader reader(text, path,
                      std::numeric_limits<Index>::max());  // beside the state lie the outputs of a whole run
  const json& state = reader.list(reader.at("state"), "state");
  if (!state.empty() && state[0].is_array()) return reader.matrix("state").transpose();  // a list for each copy
  Matrix<double> x(static_cast<Index>(state.size()), 1);
  for (std::size_t n = 0; n < state.size(); ++n) x(Index(n), 0) = reader.number(state[n], "state");
  return x;
}

}  // namespace cli
