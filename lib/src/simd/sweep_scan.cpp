#include "sweep.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/sweep_scan.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sweep_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {
namespace {

constexpr size_t Log2(size_t n) { return n <= 1 ? 0 : 1 + Log2(n / 2); }

/// Lanes moved by a power of two towards higher entries (`up`) or lower ones; zeros follow.
template <class T>
struct Shifts {
  static constexpr size_t most = Log2(hn::MaxLanes(Tag<T>()));
#if HWY_TARGET != HWY_SCALAR
  using Places =
      decltype(hn::SetTableIndices(Tag<T>(), static_cast<const hn::TFromD<hn::RebindToSigned<Tag<T>>>*>(nullptr)));
  Places up[most], down[most], first, last;

  Shifts() {
    const Tag<T> d;
    using I = hn::TFromD<hn::RebindToSigned<Tag<T>>>;
    const size_t W = hn::Lanes(d);
    HWY_ALIGN I at[hn::MaxLanes(Tag<T>())];
    const auto set = [&](const auto& place) {
      for (size_t k = 0; k < W; ++k) at[k] = static_cast<I>(place(k) % W);
      return hn::SetTableIndices(d, at);
    };
    for (size_t s = 0; s < most; ++s) {
      up[s] = set([&](size_t k) { return k + W - (size_t{1} << s); });
      down[s] = set([&](size_t k) { return k + (size_t{1} << s); });
    }
    first = set([](size_t) { return size_t{0}; });
    last = set([&](size_t) { return W - 1; });
  }

  template <bool forward>
  HWY_INLINE V<T> Move(V<T> v, size_t s) const {
    const Tag<T> d;
    const size_t W = hn::Lanes(d), by = size_t{1} << s;
    if constexpr (forward) return hn::IfThenZeroElse(hn::FirstN(d, by), hn::TableLookupLanes(v, up[s]));
    return hn::IfThenElseZero(hn::FirstN(d, W - by), hn::TableLookupLanes(v, down[s]));
  }
  /// Of the end that the scan comes to last, in every lane.
  template <bool forward>
  HWY_INLINE V<T> End(V<T> v) const {
    return hn::TableLookupLanes(v, forward ? last : first);
  }
#else
  template <bool forward>
  HWY_INLINE V<T> Move(V<T> /*v*/, size_t) const {
    return hn::Zero(Tag<T>());
  }
  template <bool forward>
  HWY_INLINE V<T> End(V<T> v) const {
    return v;
  }
#endif
};

template <bool forward, class T, size_t planes>
HWY_INLINE Number<T, planes> Move(const Shifts<T>& shifts, const Number<T, planes>& v, size_t s) {
  Number<T, planes> moved;
  for (size_t i = 0; i < planes; ++i) moved.part[i] = shifts.template Move<forward>(v.part[i], s);
  return moved;
}

/// The sum of v before each entry, and then of all in `carry`.
template <bool forward, class T>
HWY_INLINE V<T> SumBefore(const Shifts<T>& shifts, V<T> v, V<T>& carry) {
  for (size_t s = 0; s < Shifts<T>::most; ++s) v = hn::Add(v, shifts.template Move<forward>(v, s));
  V<T> before = carry;
  if constexpr (Shifts<T>::most > 0) before = hn::Add(before, shifts.template Move<forward>(v, 0));
  carry = hn::Add(carry, shifts.template End<forward>(v));
  return before;
}

/// s before each entry where s <- m s + v, and then after all in `carry`. m: the table of the scan.
template <bool forward, class T, size_t planes>
HWY_INLINE Number<T, planes> ScanBefore(const Shifts<T>& shifts, const T* m, Number<T, planes> v,
                                        Number<T, planes>& carry) {
  constexpr size_t steps = Shifts<T>::most;
  const auto at = [&](size_t i) { return NumberAt<T, true, planes>(m, i * planes); };
  for (size_t s = 0; s < steps; ++s) v = MulAdd(at(s), Move<forward>(shifts, v, s), v);
  Number<T, planes> before = Zero<T, planes>();
  if constexpr (steps > 0) before = Move<forward>(shifts, v, 0);
  before = MulAdd(at(steps), carry, before);
  Number<T, planes> end;
  for (size_t i = 0; i < planes; ++i) end.part[i] = shifts.template End<forward>(v.part[i]);
  carry = MulAdd(at(steps + 1), carry, end);
  return before;
}

template <class T, size_t planes, bool triangular>
struct EntriesInLanes {
  using S = Number<T, planes>;
  static constexpr size_t scan_of = (Shifts<T>::most + 2) * planes;
  static constexpr size_t forth = 3 + 2 * planes + scan_of;
  static constexpr size_t coefficients = triangular ? forth : forth + 2 + 2 * planes + scan_of;
  static constexpr size_t W = hn::MaxLanes(Tag<T>());
  using R = Row<T, planes, 1>;
  static constexpr size_t parts = 2 + planes;

  const Sweep<T>& s;
  T* const state;
  const Shifts<T> shifts{};

  HWY_INLINE R RowOf(size_t row) const { return {state + row * parts * W}; }
  HWY_INLINE const T* Port(size_t row) const { return s.ports + (1 + 2 * row) * W; }

  HWY_INLINE void Rate(const T* c, const R& row, V<T> x, V<T>& before) const {
    const V<T> sum = SumBefore<true>(shifts, hn::Mul(At<T, true>(c, 2), x), before);
    row.Store(1, 0, hn::MulAdd(At<T, true>(c, 0), sum, hn::Mul(At<T, true>(c, 1), x)));
  }

  V<T> Start() const {
    V<T> before = hn::Zero(Tag<T>()), read = before;
    for (size_t i = 0; i < s.rows; ++i) {
      const V<T> x = RowOf(i).Load(0, 0);
      read = hn::MulAdd(At<T, true>(Port(i), 1), x, read);
      Rate(s.tables + i * coefficients * W, RowOf(i), x, before);
    }
    return read;
  }

  HWY_INLINE void Back(const T* table) const {
    V<T> after = hn::Zero(Tag<T>());
    S psi = Zero<T, planes>();
    for (size_t i = s.rows; i-- > 0;) {
      const R row = RowOf(i);
      const T* const c = table + i * coefficients * W;
      const T* const back = c + forth * W;
      const V<T> sum = SumBefore<false>(shifts, hn::Mul(At<T, true>(back, 1), row.Load(0, 0)), after);
      const V<T> rate = hn::MulAdd(At<T, true>(back, 0), sum, row.Load(1, 0));
      const S w = Mul(NumberAt<T, true, planes>(c, 3 + planes), rate);
      const S v = MulAdd(NumberAt<T, true, planes>(back, 2 + planes), w, Zero<T, planes>());
      const S before = ScanBefore<false>(shifts, back + (2 + 2 * planes) * W, v, psi);
      row.SetIncrement(0, MulAdd(NumberAt<T, true, planes>(back, 2), before, w));
    }
  }

  template <bool last>
  HWY_INLINE void Factor(const T* table, const T* weight, V<T> u, V<T>& read) const {
    if constexpr (!triangular) Back(table);
    S below = Zero<T, planes>();
    V<T> before = hn::Zero(Tag<T>());
    for (size_t i = 0; i < s.rows; ++i) {
      const R row = RowOf(i);
      const T* const c = table + i * coefficients * W;
      const S w = triangular ? Mul(NumberAt<T, true, planes>(c, 3 + planes), row.Load(1, 0)) : row.Increment(0);
      const S sum = ScanBefore<true>(shifts, c + (3 + 2 * planes) * W, Mul(w, At<T, true>(c, 2)), below);
      const S r = MulAdd(NumberAt<T, true, planes>(c, 3), sum, w);
      const V<T> x = row.template Advance<last>(0, r, weight, At<T, true>(Port(i), 0), u);
      if constexpr (last) read = hn::MulAdd(At<T, true>(Port(i), 1), x, read);
      Rate(c, row, x, before);
    }
  }

  void Run(const T* u, T* y, size_t n) const {
    const Tag<T> d;
    const size_t size = s.rows * coefficients * W;
    V<T> read = Start();
    for (size_t k = 0; k < n; ++k) {
      const V<T> in = hn::Set(d, u[k]), before = read;
      read = hn::Zero(d);
      for (size_t left = s.substeps * s.factors, f = 0; left > 1; --left, f = f + 1 == s.factors ? 0 : f + 1) {
        Factor<false>(s.tables + f * size, s.weights + 2 * f, in, read);
      }
      Factor<true>(s.tables + (s.factors - 1) * size, s.weights + 2 * (s.factors - 1), in, read);
      y[k] = s.ports[0] * u[k] + hn::GetLane(hn::SumOfLanes(d, s.control ? before : read));
    }
  }
};

template <class T>
void RunScan(const Sweep<T>& s, T* state, const T* u, T* y, size_t n) {
  const bool triangular = s.form == SweepForm::triangular;
  if (s.planes == 1 && triangular) return EntriesInLanes<T, 1, true>{s, state}.Run(u, y, n);
  if (s.planes == 1) return EntriesInLanes<T, 1, false>{s, state}.Run(u, y, n);
  if (triangular) return EntriesInLanes<T, 2, true>{s, state}.Run(u, y, n);
  EntriesInLanes<T, 2, false>{s, state}.Run(u, y, n);
}

}  // namespace

void SweepScanFloat(const Sweep<float>& s, float* state, const float* u, float* y, size_t n) {
  RunScan(s, state, u, y, n);
}
void SweepScanDouble(const Sweep<double>& s, double* state, const double* u, double* y, size_t n) {
  RunScan(s, state, u, y, n);
}

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(SweepScanFloat);
HWY_EXPORT(SweepScanDouble);

template <>
void sweep_scan(const Sweep<float>& s, float* state, const float* u, float* y, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(SweepScanFloat)(s, state, u, y, n);
}
template <>
void sweep_scan(const Sweep<double>& s, double* state, const double* u, double* y, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(SweepScanDouble)(s, state, u, y, n);
}

}  // namespace longstate::simd
#endif
