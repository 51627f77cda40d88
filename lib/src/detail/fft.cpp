#include "fft.hpp"
#include "aligned.hpp"
#include "check.hpp"

#include <fftw3.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <stdexcept>
#include <tuple>
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
  static constexpr auto plan_complex = fftw_plan_many_dft;
  static constexpr auto run_complex = fftw_execute_dft;
  static constexpr auto destroy = fftw_destroy_plan;
  static constexpr auto flops = fftw_flops;
  static constexpr auto wisdom = fftw_export_wisdom_to_string;
  static constexpr auto learn = fftw_import_wisdom_from_string;
};
struct FftwFloat {
  using Plan = fftwf_plan;
  using Complex = fftwf_complex;
  static constexpr auto plan_forward = fftwf_plan_dft_r2c_1d;
  static constexpr auto plan_inverse = fftwf_plan_dft_c2r_1d;
  static constexpr auto run_forward = fftwf_execute_dft_r2c;
  static constexpr auto run_inverse = fftwf_execute_dft_c2r;
  static constexpr auto plan_complex = fftwf_plan_many_dft;
  static constexpr auto run_complex = fftwf_execute_dft;
  static constexpr auto destroy = fftwf_destroy_plan;
  static constexpr auto flops = fftwf_flops;
  static constexpr auto wisdom = fftwf_export_wisdom_to_string;
  static constexpr auto learn = fftwf_import_wisdom_from_string;
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

Index good_real_fft_length(Index n) {
  constexpr Index long_ones = Index{1} << 20;
  Index step = 2;
  if (n > long_ones) {
    while (16 * step < n) step *= 2;
  }
  return step * good_fft_length((n + step - 1) / step);
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
  AlignedVector<T> time(length);
  AlignedVector<std::complex<T>> frequency(padded_bins());
  auto* const bins = reinterpret_cast<typename Fftw<T>::Complex*>(frequency.data());
  const auto plans = std::make_shared<Plans>();
  {
    const std::lock_guard lock(planner_mutex());
    const int n = static_cast<int>(length);
    plans->forward = Fftw<T>::plan_forward(n, time.data(), bins, FFTW_ESTIMATE);
    plans->inverse = Fftw<T>::plan_inverse(n, bins, time.data(), FFTW_ESTIMATE);
  }
  if (!plans->forward || !plans->inverse) throw std::runtime_error("longstate: FFTW made no plan");
  double additions = 0, multiplications = 0, multiply_adds = 0;
  Fftw<T>::flops(plans->forward, &additions, &multiplications, &multiply_adds);
  flops_ = static_cast<Index>(additions + multiplications + 2 * multiply_adds);
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

template <class T>
struct ComplexFft<T>::Plans {
  typename Fftw<T>::Plan plus = nullptr;
  typename Fftw<T>::Plan minus = nullptr;
};

template <class T>
ComplexFft<T>::ComplexFft(Index length, Index together, Planning planning) : plans_(std::make_unique<Plans>()) {
  AlignedVector<std::complex<T>> in(length * together), out(length * together);
  auto* const from = reinterpret_cast<typename Fftw<T>::Complex*>(in.data());
  auto* const to = reinterpret_cast<typename Fftw<T>::Complex*>(out.data());
  const int n = static_cast<int>(length);
  const int many = static_cast<int>(together);
  const unsigned effort = planning == Planning::measure ? FFTW_MEASURE : FFTW_ESTIMATE;
  const auto plan = [&](int sign) {
    return Fftw<T>::plan_complex(1, &n, many, from, nullptr, many, 1, to, nullptr, many, 1, sign, effort);
  };
  const std::lock_guard lock(planner_mutex());
  plans_->plus = plan(FFTW_BACKWARD);
  plans_->minus = plan(FFTW_FORWARD);
  if (!plans_->plus || !plans_->minus) throw std::runtime_error("longstate: FFTW made no plan");
}

template <class T>
ComplexFft<T>::~ComplexFft() {
  const std::lock_guard lock(planner_mutex());
  Fftw<T>::destroy(plans_->plus);
  Fftw<T>::destroy(plans_->minus);
}

template <class T>
std::shared_ptr<const ComplexFft<T>> ComplexFft<T>::shared(Index length, Index together, Planning planning) {
  static std::mutex mutex;
  static std::map<std::tuple<Index, Index, Planning>, std::weak_ptr<const ComplexFft>> made;
  const std::lock_guard lock(mutex);
  std::weak_ptr<const ComplexFft>& known = made[{length, together, planning}];
  std::shared_ptr<const ComplexFft> plans = known.lock();
  if (!plans) known = plans = std::make_shared<const ComplexFft>(length, together, planning);
  return plans;
}

template <class T>
void ComplexFft<T>::plus(std::complex<T>* in, std::complex<T>* out) const {
  using C = typename Fftw<T>::Complex;
  Fftw<T>::run_complex(plans_->plus, reinterpret_cast<C*>(in), reinterpret_cast<C*>(out));
}
template <class T>
void ComplexFft<T>::minus(std::complex<T>* in, std::complex<T>* out) const {
  using C = typename Fftw<T>::Complex;
  Fftw<T>::run_complex(plans_->minus, reinterpret_cast<C*>(in), reinterpret_cast<C*>(out));
}

template class ComplexFft<float>;
template class ComplexFft<double>;

}  // namespace longstate::detail

namespace longstate {
namespace {

template <class T>
std::string wisdom_text() {
  const std::unique_ptr<char, decltype(&std::free)> text(detail::Fftw<T>::wisdom(), &std::free);
  return text.get();
}

}  // namespace

// FFTW's texts say which precision they are of; this one is both, one after the other.
std::string fft_wisdom() {
  const std::lock_guard lock(detail::planner_mutex());
  return wisdom_text<float>() + '\0' + wisdom_text<double>();
}

void learn_fft_wisdom(const std::string& wisdom) {
  const std::size_t end = wisdom.find('\0');
  const std::lock_guard lock(detail::planner_mutex());
  if (end == std::string::npos || !detail::FftwFloat::learn(wisdom.c_str()) ||
      !detail::FftwDouble::learn(wisdom.c_str() + end + 1)) {
    detail::fail("learn_fft_wisdom", "wisdom must come from fft_wisdom()", "another text");
  }
}

}  // namespace longstate
