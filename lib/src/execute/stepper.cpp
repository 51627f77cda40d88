#include "stepper.hpp"

namespace longstate::detail {

template <class T>
StepperShape<T> stepper_shape(const std::vector<DiscreteSystem>& layer, Index copies) {
  if (const auto diagonal = DiagonalLanes<T>::shape(layer, copies)) return *diagonal;
  if (const auto sweeps = SweepLanes<T>::shape(layer, copies)) return *sweeps;
  return *FrameByFrame<T>::shape(layer, copies);
}

template <class T>
Stepper<T> make_stepper(const std::vector<DiscreteSystem>& layer, const StepperShape<T>& shape) {
  return std::visit(
      [&](const auto& of) -> Stepper<T> { return typename std::decay_t<decltype(of)>::Stepper(layer, of); }, shape);
}

template StepperShape<float> stepper_shape<float>(const std::vector<DiscreteSystem>&, Index);
template StepperShape<double> stepper_shape<double>(const std::vector<DiscreteSystem>&, Index);
template Stepper<float> make_stepper<float>(const std::vector<DiscreteSystem>&, const StepperShape<float>&);
template Stepper<double> make_stepper<double>(const std::vector<DiscreteSystem>&, const StepperShape<double>&);

}  // namespace longstate::detail
