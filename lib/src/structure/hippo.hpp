#pragma once

// HiPPO systems: A by the operator of a measure.

#include <longstate/discretize/hippo_step.hpp>
#include <longstate/discretize/structured.hpp>

namespace longstate::detail {

/// The step of a hippo system: its A by HippoStep::transition. `pade` in place of the system's.
template <class T>
HippoStep<T> hippo_step(const DiscreteHippo& system, const PadeOptions& pade);

extern template HippoStep<float> hippo_step(const DiscreteHippo&, const PadeOptions&);
extern template HippoStep<double> hippo_step(const DiscreteHippo&, const PadeOptions&);

}  // namespace longstate::detail
