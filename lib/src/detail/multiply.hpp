#pragma once

// Products of complex numbers as four real ones: operator* of std::complex looks for infinities, by a call.

#include <complex>

namespace longstate::detail {

template <class T>
T mul(T a, T b) {
  return a * b;
}

template <class T>
std::complex<T> mul(std::complex<T> a, std::complex<T> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

template <class T>
std::complex<T> mul(T a, std::complex<T> b) {
  return {a * b.real(), a * b.imag()};
}

}  // namespace longstate::detail
