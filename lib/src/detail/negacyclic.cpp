#include "negacyclic.hpp"

#include <cmath>
#include <numbers>

namespace longstate::detail {
namespace {

constexpr Index strip = static_cast<Index>(simd::strip);
constexpr Index most_in_cache = Index{1} << 16;  // bins; longer ones go as a matrix

Index good_bins(Index least) {
  const Index step = least > most_in_cache ? strip * strip : strip;
  return step * good_fft_length((least + step - 1) / step);
}

/// The divisor of `bins` in steps of a strip that is nearest to its root.
Index good_columns(Index bins) {
  Index best = strip;
  for (Index columns = strip; columns <= bins / strip; columns += strip) {
    const auto distance = [&](Index n) { return std::abs(std::log(double(n)) - std::log(double(bins)) / 2); };
    if (bins % columns == 0 && distance(columns) < distance(best)) best = columns;
  }
  return best;
}

/// e^(2 pi i part / whole)
template <class T>
std::complex<T> root(Index part, Index whole) {
  const double angle = 2 * std::numbers::pi * static_cast<double>(part % whole) / static_cast<double>(whole);
  return {static_cast<T>(std::cos(angle)), static_cast<T>(std::sin(angle))};
}

}  // namespace

template <class T>
Negacyclic<T>::Negacyclic(Index least, Planning planning)
    : bins_(good_bins((least + 1) / 2)),
      whole_(bins_ <= most_in_cache),
      columns_(whole_ ? strip : good_columns(bins_)),
      rows_(bins_ / columns_),
      stride_(whole_ ? columns_ : columns_ + strip),
      weights_(rows_),
      more_weights_(columns_),
      row_(ComplexFft<T>::shared(whole_ ? bins_ : columns_, 1, planning)) {
  for (Index r = 0; r < rows_; ++r) weights_(r) = root<T>(r * columns_, 4 * bins_);
  for (Index s = 0; s < columns_; ++s) more_weights_(s) = root<T>(s, 4 * bins_);
  if (whole_) return;
  column_ = ComplexFft<T>::shared(rows_, strip, planning);
  twiddles_.resize(rows_ * strip);
  bases_.resize(rows_ * columns_ / strip);
  for (Index r = 0; r < rows_; ++r) {
    for (Index s = 0; s < strip; ++s) twiddles_(r * strip + s) = root<T>(r * s, bins_);
    for (Index s = 0; s < columns_; s += strip) bases_(s / strip * rows_ + r) = root<T>(r * s, bins_);
  }
}

// Scratch: the bins, a row of them, and two strips of columns.
template <class T>
Index Negacyclic<T>::scratch_size() const {
  return whole_ ? 2 * bins_ : rows_ * stride_ + columns_ + 2 * rows_ * strip;
}

template <class T>
void Negacyclic<T>::forward(const T* low, const T* high, Complex* spectrum, Complex* scratch) const {
  if (whole_) {
    loops_->pack(low, high, simd::strip, std::size_t(rows_), weights_.data(), more_weights_.data(), scratch);
    row_->plus(scratch, spectrum);
    return;
  }
  columns_forward(low, high, scratch);
  for (Index r = 0; r < rows_; ++r) row_->plus(scratch + r * stride_, spectrum + r * columns_);
}

template <class T>
void Negacyclic<T>::inverse(Complex* spectrum, T* low, T* high, Complex* scratch) const {
  if (whole_) {
    row_->minus(spectrum, scratch);
    loops_->unpack(scratch, std::size_t(rows_), weights_.data(), more_weights_.data(), low, high, simd::strip);
    return;
  }
  for (Index r = 0; r < rows_; ++r) row_->minus(spectrum + r * columns_, scratch + r * stride_);
  columns_inverse(low, high, scratch);
}

template <class T>
void Negacyclic<T>::convolve(const T* low, const T* high, const Complex* kernel, T* out_low, T* out_high,
                             Complex* scratch) const {
  Complex* const row = scratch + rows_ * stride_;
  if (whole_) {
    forward(low, high, row, scratch);
    loops_->multiply(row, kernel, std::size_t(bins_));
    inverse(row, out_low, out_high, scratch);
    return;
  }
  columns_forward(low, high, scratch);
  for (Index r = 0; r < rows_; ++r) {
    row_->plus(scratch + r * stride_, row);
    loops_->multiply(row, kernel + r * columns_, std::size_t(columns_));
    row_->minus(row, scratch + r * stride_);
  }
  columns_inverse(out_low, out_high, scratch);
}

template <class T>
void Negacyclic<T>::columns_forward(const T* low, const T* high, Complex* scratch) const {
  const std::size_t rows = std::size_t(rows_), columns = std::size_t(columns_);
  Complex* const columns_in = scratch + rows_ * stride_ + columns_;
  Complex* const columns_out = columns_in + rows_ * strip;
  for (Index s = 0; s < columns_; s += strip) {
    loops_->pack(low + s, high ? high + s : nullptr, columns, rows, weights_.data(), &more_weights_(s), columns_in);
    column_->plus(columns_in, columns_out);
    loops_->twist(columns_out, rows, &bases_(s / strip * rows_), twiddles_.data(), scratch + s, std::size_t(stride_));
  }
}

template <class T>
void Negacyclic<T>::columns_inverse(T* low, T* high, Complex* scratch) const {
  const std::size_t rows = std::size_t(rows_), columns = std::size_t(columns_);
  Complex* const columns_in = scratch + rows_ * stride_ + columns_;
  Complex* const columns_out = columns_in + rows_ * strip;
  for (Index s = 0; s < columns_; s += strip) {
    loops_->untwist(scratch + s, std::size_t(stride_), rows, &bases_(s / strip * rows_), twiddles_.data(), columns_in);
    column_->minus(columns_in, columns_out);
    loops_->unpack(columns_out, rows, weights_.data(), &more_weights_(s), low + s, high + s, columns);
  }
}

template class Negacyclic<float>;
template class Negacyclic<double>;

}  // namespace longstate::detail
