// What a discrete system is, whatever its structure: by its row.

#include "../detail/check.hpp"
#include "block_realization.hpp"
#include "by_dense.hpp"

#include <array>
#include <utility>

namespace longstate {
namespace {

using detail::with_row;

constexpr std::size_t structures = std::variant_size_v<DiscreteSystem::variant>;

template <std::size_t... i>
std::array<std::string_view, structures> names_of_rows(std::index_sequence<i...> /*alternatives*/) {
  std::array<std::string_view, structures> names;
  const auto put = [&](const auto& row) { names[static_cast<std::size_t>(row.structure)] = row.name; };
  (put(detail::row(std::variant_alternative_t<i, DiscreteSystem::variant>())), ...);
  return names;
}

}  // namespace

std::span<const std::string_view> structure_names() {
  static const auto names = names_of_rows(std::make_index_sequence<structures>());
  return names;
}

std::string_view name(Structure structure) { return structure_names()[static_cast<std::size_t>(structure)]; }

Structure make_structure(std::string_view wanted) {
  const auto names = structure_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == wanted) return static_cast<Structure>(i);
  }
  detail::fail_unknown("make_structure", "structure", names, wanted);
}

DiscreteSystem::DiscreteSystem(DiscreteStateSpace system) : variant(std::move(system)) { validate(*this); }
DiscreteSystem::DiscreteSystem(DiscreteHippo system) : variant(std::move(system)) { validate(*this); }
DiscreteSystem::DiscreteSystem(DiscreteNplr system) : variant(std::move(system)) { validate(*this); }
DiscreteSystem::DiscreteSystem(DiscreteDiagonal system) : variant(std::move(system)) { validate(*this); }
DiscreteSystem::DiscreteSystem(TransferFunction system) : variant(std::move(system)) { validate(*this); }

Structure DiscreteSystem::structure() const {
  return with_row(*this, [](const auto& row, const auto&) { return row.structure; });
}
Index DiscreteSystem::order() const {
  return std::visit([](const auto& s) { return s.order(); }, *this);
}
Index DiscreteSystem::inputs() const {
  return std::visit([](const auto& s) { return s.inputs(); }, *this);
}
Index DiscreteSystem::outputs() const {
  return std::visit([](const auto& s) { return s.outputs(); }, *this);
}
double DiscreteSystem::dt() const {
  return std::visit([](const auto& s) { return s.dt; }, *this);
}
Convention DiscreteSystem::convention() const {
  return std::visit([](const auto& s) { return s.convention; }, *this);
}
DiscreteStateSpace DiscreteSystem::dense() const { return longstate::dense(*this); }

Structure structure(const DiscreteSystem& system) { return system.structure(); }
Index order(const DiscreteSystem& system) { return system.order(); }
Index inputs(const DiscreteSystem& system) { return system.inputs(); }
Index outputs(const DiscreteSystem& system) { return system.outputs(); }
double time_step(const DiscreteSystem& system) { return system.dt(); }
Convention convention(const DiscreteSystem& system) { return system.convention(); }
Matrix<double> feed_through(const DiscreteSystem& system) {
  return std::visit([](const auto& s) { return s.D; }, system);
}
Matrix<double> input_matrix(const DiscreteSystem& system) {
  return with_row(system, [](const auto& row, const auto& s) { return row.B(s); });
}
Matrix<double> output_matrix(const DiscreteSystem& system) {
  return with_row(system, [](const auto& row, const auto& s) { return row.C(s); });
}

void validate(const DiscreteSystem& system) {
  with_row(system, [](const auto& row, const auto& s) { row.check(s); });
  detail::check_positive("DiscreteSystem", "dt", time_step(system));
  const Convention convention = system.convention();
  if (convention != Convention::sequence && convention != Convention::control)
    detail::fail("DiscreteSystem", "convention must be sequence or control", static_cast<int>(convention));
}

Matrix<double> increment(const DiscreteSystem& system) {
  validate(system);
  return with_row(system, [](const auto& row, const auto& s) { return row.increment(s); });
}

DiscreteStateSpace dense(const DiscreteSystem& system) {
  validate(system);
  return std::visit([](const auto& s) -> DiscreteStateSpace { return detail::formed(s); }, system);
}

namespace detail {

double log_growth(const DiscreteSystem& system) {
  return with_row(system, [](const auto& row, const auto& s) { return row.log_growth(s); });
}
Matrix<double> observability(const DiscreteSystem& system, Index length) {
  return with_row(system, [&](const auto& row, const auto& s) { return row.observability(s, length); });
}
Matrix<double> controllability(const DiscreteSystem& system, Index length) {
  return with_row(system, [&](const auto& row, const auto& s) { return row.controllability(s, length); });
}
Matrix<double> block_increment(const DiscreteSystem& system, Index length) {
  return with_row(system, [&](const auto& row, const auto& s) { return row.block_increment(s, length); });
}
std::vector<Matrix<double>> doubled_increments(const DiscreteSystem& system, Index length) {
  return with_row(system, [&](const auto& row, const auto& s) { return row.doubled_increments(s, length); });
}

}  // namespace detail

}  // namespace longstate
