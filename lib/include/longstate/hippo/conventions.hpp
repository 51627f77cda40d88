#pragma once

/// \file
/// The scalings in which other systems write the same matrices, by name, and the way there and back.
///
/// A peer's state is z = T x, with x ours; its matrices are
///
///     A_peer = rate T A T^+        B_peer = rate gain T B        (A, B ours at unit theta; T^+ T = I)
///
/// `rate` is one over the peer's window in its own unit of time, and `gain` is 1 unless the peer scales its input.
///
///     name              ours       rate     T                          where
///     s4-legs           legs-exp   1        I                          state-spaces/s4 hippo.py; hippo-code op.py; annotated-s4; S5
///     s4-legt           legt       1/2      I                          state-spaces/s4 hippo.py, "halve again": window 2
///     s4-lmu            lmu        1        I                          state-spaces/s4 hippo.py
///     s4-lagt           lagt       1        I                          state-spaces/s4 hippo.py (beta = 1 there)
///     s4-fourier        fourier    1/2      dead second row            state-spaces/s4 hippo.py "fourier"/"fout": window 2
///     s4-fourier2       fourier    1        dead second row            state-spaces/s4 hippo.py "fourier2"
///     hippo-code-legt   legt       1        I                          HazyResearch/hippo-code op.py
///     hippo-code-lmu    lmu        1        I                          HazyResearch/hippo-code op.py
///     hippo-code-lagt   lagt       1        I                          HazyResearch/hippo-code op.py (beta = 1 there)
///     hippo-code-glagt  lagt(a,b)  1        zeta^(-1/2) I              HazyResearch/hippo-code op.py; 0 <= a < 1, b > 0
///     keras-lmu         lmu        1/theta  I                          nengo/keras-lmu: theta in samples
///     hippo-jl-legs     legs-exp   gamma    I                          hv10/HiPPO.jl: gamma = 1 / timescale
///     hippo-jl-legt     legt       1/theta  I                          hv10/HiPPO.jl
///     hippo-jl-lagt     lagt       1        I, gain beta               hv10/HiPPO.jl: beta scales B alone
///     hippo-jl-fout     fourier    1/theta  dead second row            hv10/HiPPO.jl
///     lmu-from-legt     legt       1        diag((-1)^n sqrt(2n+1))    lmu's matrices, from legt's
///
/// "Dead second row": those keep a state for sin 0, always zero, so their matrices have one row and column more, and
/// are singular. For an even order of theirs, ours is one less, and odd.

#include <longstate/config.hpp>
#include <longstate/hippo/hippo.hpp>

#include <span>
#include <string_view>

namespace longstate {

struct Scaling {
  Matrix<double> T;          ///< M x N: their state is T times ours
  Matrix<double> T_inverse;  ///< N x M: ours from theirs, T_inverse T = I
  double rate = 1.0;         ///< their A over ours at unit theta
  double gain = 1.0;         ///< further factor on B
  Measure measure;           ///< ours, at unit theta
  Index order = 0;           ///< our order, N
};

struct ScalingOptions {
  double window = 1.0;  ///< theta (1/gamma for hippo-jl-legs) where the peer takes one, in its unit of time
  double alpha = 0.0;   ///< hippo-code-glagt: 0 <= alpha < 1
  double beta = 1.0;    ///< hippo-code-glagt: > 0; hippo-jl-lagt: the factor on B
};

/// The names in the table above.
LONGSTATE_API std::span<const std::string_view> scaling_names();

/// The scaling of that name for a peer's matrices of size `peer_order`.
/// Throws std::invalid_argument for an unknown name, an order outside [1, max_order] (at least 2, and even, where there
/// is a dead row), or options outside their range.
LONGSTATE_API Scaling scaling(std::string_view name, Index peer_order, const ScalingOptions& options = {});

/// Their matrices.                                   Cost O(N^3).
LONGSTATE_API Hippo to_peer(const Scaling& scaling);

/// Our matrices at unit theta, from theirs.          Cost O(N^3).
/// Throws std::invalid_argument if the shapes do not fit.
LONGSTATE_API Hippo from_peer(const Scaling& scaling, const Hippo& peer);

}  // namespace longstate
