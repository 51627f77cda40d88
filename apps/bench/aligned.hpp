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
  using Map::operator=;

 private:
  Aligned(hwy::AlignedFreeUniquePtr<T[]> memory, longstate::Index rows, longstate::Index cols)
      : Map(memory.get(), rows, cols), memory_(std::move(memory)) {
    this->setZero();
  }

  hwy::AlignedFreeUniquePtr<T[]> memory_;
};

}  // namespace bench
