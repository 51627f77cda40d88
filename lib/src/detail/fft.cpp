#include "fft.hpp"

#include <fftw3.h>

#include <mutex>
#include <stdexcept>
#include <type_traits>

namespace longstate::detail {
namespace {

std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// FFTW's functions for each type, under one name.
struct FftwDouble {
  using Plan = fftw_plan;
  using Complex = fftw_complex;
  static constexpr auto plan_forward = fftw_plan_dft_r2c_1d;
  static constexpr auto plan_inverse = fftw_plan_dft_c2r_1d;
  static constexpr auto run_forward = fftw_execute_dft_r2c;
  static constexpr auto run_inverse = fftw_execute_dft_c2r;
  static constexpr auto destroy = fftw_destroy_plan;
};
struct FftwFloat {
  using Plan = fftwf_plan;
  using Complex = fftwf_complex;
  static constexpr auto plan_forward = fftwf_plan_dft_r2c_1d;
  static constexpr auto plan_inverse = fftwf_plan_dft_c2r_1d;
  static constexpr auto run_forward = fftwf_execute_dft_r2c;
  static constexpr auto run_inverse = fftwf_execute_dft_c2r;
  static constexpr auto destroy = fftwf_destroy_plan;
};
template <class T>
using Fftw = std::conditional_t<std::is_same_v<T, float>, FftwFloat, FftwDouble>;

}  // namespace

Index good_fft_length(Index n) {
  for (Index candidate = n < 1 ? 1 : n;; ++candidate) {
    Index rest = candidate;
    for (Index prime : {2, 3, 5, 7}) {
      while (rest % prime == 0) rest /= prime;
    }
    if (rest == 1) return candidate;
  }
}

template <class T>
struct RealFft<T>::Plans {
  typename Fftw<T>::Plan forward = nullptr;
  typename Fftw<T>::Plan inverse = nullptr;

  Plans() = default;
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;
  ~Plans() {
    const std::lock_guard lock(planner_mutex());
    if (forward) Fftw<T>::destroy(forward);
    if (inverse) Fftw<T>::destroy(inverse);
  }
};

template <class T>
RealFft<T>::RealFft(Index length) : length_(length) {
  Vector<T> time(length);
  Vector<std::complex<T>> frequency(padded_bins());
  auto* const bins = reinterpret_cast<typename Fftw<T>::Complex*>(frequency.data());
  const auto plans = std::make_shared<Plans>();
  {
    const std::lock_guard lock(planner_mutex());
    const int n = static_cast<int>(length);
    plans->forward = Fftw<T>::plan_forward(n, time.data(), bins, FFTW_ESTIMATE);
    plans->inverse = Fftw<T>::plan_inverse(n, bins, time.data(), FFTW_ESTIMATE);
  }
  if (!plans->forward || !plans->inverse) throw std::runtime_error("longstate: FFTW made no plan");
  plans_ = plans;
}

template <class T>
void RealFft<T>::forward(const T* time, std::complex<T>* frequency) const {
  // FFTW takes a mutable input, but an out-of-place r2c plan preserves it.
  Fftw<T>::run_forward(plans_->forward, const_cast<T*>(time), reinterpret_cast<typename Fftw<T>::Complex*>(frequency));
}

template <class T>
void RealFft<T>::inverse(std::complex<T>* frequency, T* time) const {
  Fftw<T>::run_inverse(plans_->inverse, reinterpret_cast<typename Fftw<T>::Complex*>(frequency), time);
}

template class RealFft<float>;
template class RealFft<double>;

}  // namespace longstate::detail
