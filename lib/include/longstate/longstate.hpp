#pragma once

/// \file
/// All of longstate, in the order in which the data flow.

#include <longstate/config.hpp>
#include <longstate/no_denormals.hpp>
#include <longstate/operations.hpp>
#include <longstate/types.hpp>

#include <longstate/measure/basis.hpp>
#include <longstate/measure/measure.hpp>

#include <longstate/hippo/conventions.hpp>
#include <longstate/hippo/hippo.hpp>
#include <longstate/hippo/low_rank.hpp>
#include <longstate/hippo/operators.hpp>

#include <longstate/system/composition.hpp>
#include <longstate/system/diagonal.hpp>
#include <longstate/system/hippo_system.hpp>
#include <longstate/system/nplr.hpp>
#include <longstate/system/realization.hpp>
#include <longstate/system/reduction.hpp>
#include <longstate/system/state_space.hpp>
#include <longstate/system/structure.hpp>
#include <longstate/system/transfer_function.hpp>

#include <longstate/discretize/discretize.hpp>
#include <longstate/discretize/hippo_step.hpp>
#include <longstate/discretize/pade.hpp>
#include <longstate/discretize/phi.hpp>
#include <longstate/discretize/resolution.hpp>
#include <longstate/discretize/structured.hpp>

#include <longstate/execute/associative.hpp>
#include <longstate/execute/chunked.hpp>
#include <longstate/execute/diagonal_kernels.hpp>
#include <longstate/execute/kernel.hpp>
#include <longstate/execute/plan.hpp>
#include <longstate/execute/planning.hpp>
#include <longstate/execute/recurrence.hpp>
#include <longstate/execute/scan.hpp>
#include <longstate/execute/state.hpp>
#include <longstate/execute/threads.hpp>
#include <longstate/execute/trace.hpp>
#include <longstate/execute/transfer.hpp>
#include <longstate/execute/transition.hpp>
#if LONGSTATE_WITH_FFTW
#include <longstate/execute/convolution.hpp>
#include <longstate/execute/fir.hpp>
#include <longstate/execute/streaming.hpp>
#endif
#include <longstate/execute/memory.hpp>

#include <longstate/attention/decoder.hpp>
#include <longstate/attention/heads.hpp>
#include <longstate/attention/linear.hpp>
#include <longstate/attention/normalizer.hpp>
#include <longstate/attention/online_softmax.hpp>
