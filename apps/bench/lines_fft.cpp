// Convolution with given kernels, beside the bare transforms that it must do.

#include "aligned.hpp"
#include "paired.hpp"

#include <longstate/longstate.hpp>

#include <fftw3.h>

#include <complex>
#include <memory>
#include <string>

namespace bench {
namespace {

using namespace longstate;

/// What anyone would plan: real transforms of twice the length, row after row through one spectrum that stays in the
/// cache, from an array to another.
class BareTransforms {
 public:
  BareTransforms(Index channels, Index length)
      : in_(2 * length, channels), out_(2 * length, channels), spectrum_(length + 1, 1) {
    in_.topRows(length).setRandom();
    const int n = static_cast<int>(2 * length);
    Aligned<float> time(n, 1);
    forward_ = fftwf_plan_dft_r2c_1d(n, time.data(), bins(), FFTW_MEASURE);
    inverse_ = fftwf_plan_dft_c2r_1d(n, bins(), time.data(), FFTW_MEASURE);
  }
  BareTransforms(const BareTransforms&) = delete;
  BareTransforms& operator=(const BareTransforms&) = delete;
  ~BareTransforms() {
    fftwf_destroy_plan(forward_);
    fftwf_destroy_plan(inverse_);
  }

  void operator()() {
    for (Index c = 0; c < in_.cols(); ++c) {
      fftwf_execute_dft_r2c(forward_, in_.col(c).data(), bins());
      fftwf_execute_dft_c2r(inverse_, bins(), out_.col(c).data());
    }
  }

 private:
  fftwf_complex* bins() { return reinterpret_cast<fftwf_complex*>(spectrum_.data()); }

  Aligned<float> in_, out_;
  Aligned<std::complex<float>> spectrum_;
  fftwf_plan forward_, inverse_;
};

Line fft(Index channels, int log2_length) {
  const Index length = Index{1} << log2_length;
  struct Work {
    Fir<float> fir;
    Aligned<float> u, y;
    State<float> x = fir.zero_state();
    Work(Index c, Index l)
        : fir(Matrix<double>::Random(c, l), l, Planning::measure), u(Matrix<float>::Random(c, l)), y(c, l) {}
  };
  std::string name = "fft, float, kernels of L given, ";
  name.append(std::to_string(channels)).append(" x L = 2^").append(std::to_string(log2_length));
  return {name,
          "FFTW's transforms of the same, bare",
          1.15,
          Better::lower,
          [work = std::make_shared<Work>(channels, length)] { work->fir.run(work->u, work->y, work->x); },
          [bare = std::make_shared<BareTransforms>(channels, length)] { (*bare)(); }};
}

}  // namespace

std::vector<Entry> fft_entries() {
  return {{"fft-1", [] { return fft(1, 20); }},
          {"fft-64", [] { return fft(64, 14); }},
          {"fft-256", [] { return fft(256, 13); }},
          {"fft-512", [] { return fft(512, 12); }}};
}

}  // namespace bench
