#pragma once

// Matrices of the library's own, at addresses from which the widest vectors can be loaded; those of types.hpp lie wherever malloc
// puts them. They never leave the library: a program has another Eigen.

#include <longstate/types.hpp>

namespace longstate::detail {

static_assert(EIGEN_MAX_ALIGN_BYTES == 64, "vectors of 64 bytes are loaded from these");

template <class T>
using Aligned = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using AlignedVector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

}  // namespace longstate::detail
