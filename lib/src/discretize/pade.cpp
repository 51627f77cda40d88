#include "../detail/check.hpp"

#include <longstate/discretize/pade.hpp>

#include <array>
#include <cmath>

namespace longstate {
namespace {

using Complex = std::complex<double>;

constexpr Index max_degree = 16;

// The zeros of sum_k (2m-k)! / (k! (m-k)!) (-z)^k with positive imaginary part, m = 2, 4, ..., 16, one after the other.
// tests/discretize/pade_test.cpp evaluates the polynomial there.
constexpr std::array poles{
    Complex{3.0, 1.7320508075688772935},
    //
    Complex{5.7924212056407443368, 1.7344682578690075036},
    Complex{4.2075787943592556632, 5.3148360837135054337},
    //
    Complex{8.4967187917267278899, 1.7350193464627312128},
    Complex{7.4714167126516293359, 5.252544622894251281},
    Complex{5.0318644956216427742, 8.9853459073078850718},
    //
    Complex{11.175772086526170398, 1.7352288907055729196},
    Complex{10.409681581273763837, 5.2323503052850548575},
    Complex{8.7365784344048048141, 8.8288850009430781671},
    Complex{5.6779678977952609514, 12.707822597209753644},
    //
    Complex{13.844089810854492231, 1.7353303909024428769},
    Complex{13.230581930953740518, 5.223135841600179747},
    Complex{11.935056657175571681, 8.7698943778838641364},
    Complex{9.7724391337179991598, 12.449970964943134215},
    Complex{6.2178324672981964107, 16.465398918147174901},
    //
    Complex{16.506844022824161928, 1.735387144019537632},
    Complex{15.994541199202868328, 5.218133073891596318},
    Complex{14.931142480703540833, 8.7403391867091303266},
    Complex{13.222008499912703727, 12.343069986074459394},
    Complex{10.659417181751658349, 16.105813728514065279},
    Complex{6.686046615605066835, 20.248593614481639775},
    //
    Complex{19.166342787293933331, 1.7354220577285063307},
    Complex{18.72629170321910445, 5.2151066487633332236},
    Complex{17.822001110750088529, 8.7232083566048947318},
    Complex{16.397693939976949243, 12.286082142941593479},
    Complex{14.344791924343634631, 15.946434708369936989},
    Complex{11.44070476765503778, 19.789415194978318541},
    Complex{7.1021737667612520358, 24.051476064509048985},
    //
    Complex{21.82377215735500613, 1.7354450548714409048},
    Complex{21.43797163795602696, 5.2131340145165789582},
    Complex{20.650239204682924507, 8.7123267612192171908},
    Complex{19.424652665127007564, 12.251521782043533945},
    Complex{17.695936393005569961, 15.857545711778743292},
    Complex{15.346481581734319969, 19.575394876738136616},
    Complex{12.142482765817399637, 23.495749876961776528},
    Complex{7.4784635943217452722, 27.870056951626765169},
};

/// The largest |z| with a first error term below 2^-54.
double radius(Index degree) {
  const double m = static_cast<double>(degree);
  // m! / (2m)! m! / (2m + 1)!, the error's coefficient: not by std::lgamma, which writes a global
  double coefficient = 1 / (2 * m + 1);
  for (double k = 1; k <= m; ++k) coefficient /= (m + k) * (m + k);
  return std::pow(0x1p-54 / coefficient, 1 / (2 * m + 1));
}

}  // namespace

std::span<const Complex> pade_poles(Index degree) {
  if (degree < 2 || degree > max_degree || degree % 2 != 0) {
    detail::fail("pade_poles", "degree must be even and from 2 to 16", degree);
  }
  const std::size_t half = static_cast<std::size_t>(degree / 2);
  return std::span(poles).subspan(half * (half - 1) / 2, half);
}

PadeOptions choose_pade(double norm, const PadeOptions& options) {
  constexpr Index most = Index{1} << 20;  // of a step that someone waits for
  if (options.substeps < 0 || options.substeps > most) {
    detail::fail("choose_pade", "substeps must be from 0 to 2^20", options.substeps);
  }
  if (options.degree != 0) pade_poles(options.degree);  // checks it
  constexpr double most_substeps = 0x1p+53;
  const auto enough = [&](Index degree) {
    const double parts = std::ceil(norm / radius(degree));
    return parts < most_substeps ? std::max<Index>(1, static_cast<Index>(parts)) : static_cast<Index>(most_substeps);
  };
  PadeOptions best = options;
  if (options.degree != 0) {
    if (options.substeps == 0) best.substeps = enough(options.degree);
    return best;
  }
  double least = INFINITY;
  for (Index degree = 2; degree <= max_degree; degree += 2) {
    if (options.substeps != 0 && degree < max_degree && options.substeps < enough(degree)) continue;
    const Index substeps = options.substeps != 0 ? options.substeps : enough(degree);
    const double solves = static_cast<double>(substeps) * static_cast<double>(degree);
    if (solves < least) {
      least = solves;
      best = {degree, substeps};
    }
  }
  return best;
}

}  // namespace longstate
