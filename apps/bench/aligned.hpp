#pragma once

// A matrix at a multiple of 64 bytes or more, as limits and vector loops take it; a Matrix lies wherever malloc puts it.

#include <hwy/aligned_allocator.h>

#include <longstate/types.hpp>

namespace bench {

template <class T>
class Aligned : public Eigen::Map<typename longstate::Matrix<T>::Plain> {
  using Map = Eigen::Map<typename longstate::Matrix<T>::Plain>;

 public:
  Aligned(longstate::Index rows, longstate::Index cols)
      : Aligned(hwy::AllocateAligned<T>(static_cast<std::size_t>(rows * cols)), rows, cols) {}
  template <class Values>
  Aligned(const Eigen::DenseBase<Values>& values) : Aligned(values.rows(), values.cols()) {
    *this = values;
  }
  Aligned(const Aligned& other) : Aligned(other.rows(), other.cols()) { *this = other; }
  Aligned(Aligned&&) noexcept = default;
  using Map::operator=;
  Aligned& operator=(const Aligned& other) {  // of the same size
    Map::operator=(other);
    return *this;
  }

 private:
  Aligned(hwy::AlignedFreeUniquePtr<T[]> memory, longstate::Index rows, longstate::Index cols)
      : Map(memory.get(), rows, cols), memory_(std::move(memory)) {
    this->setZero();
  }

  hwy::AlignedFreeUniquePtr<T[]> memory_;
};

}  // namespace bench
