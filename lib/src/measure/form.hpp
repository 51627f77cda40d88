#pragma once

// A and B of a measure at unit theta, in the form that takes the fewest numbers.

#include <longstate/types.hpp>

#include <variant>

namespace longstate::detail {

struct Dense {
  Matrix<double> A;
  Vector<double> B;
};

/// A_nk = below_n g_k (n > k), diagonal_n (n = k), above_n h_k (n < k). Lower triangular: `above` and `h` are empty.
struct Semiseparable {
  Vector<double> diagonal, below, g, above, h;
  Vector<double> B;
};

/// A turns each pair (cos, sin) = (2m - 1, 2m) at frequency_m, m from 1, less rank_one e e^T.
struct Waves {
  Vector<double> e, frequency;
  double rank_one;
  Vector<double> B;
};

using Form = std::variant<Dense, Semiseparable, Waves>;

/// Which of them, and with it which loops a step in O(N) takes; none for a dense A.
enum class OperatorKind { none, triangular, semiseparable, waves };

}  // namespace longstate::detail
