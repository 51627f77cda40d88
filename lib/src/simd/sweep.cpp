#include "sweep.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/sweep.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

using std::size_t;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using V = hn::Vec<Tag<T>>;

inline constexpr size_t most_vectors = HWY_TARGET <= HWY_AVX3 ? 4 : 2;  // of 32 or 16 registers

/// A real or complex number in each lane.
template <class T, size_t planes>
struct Number {
  V<T> part[planes];
};

template <class T, size_t planes>
HWY_INLINE Number<T, planes> Zero() {
  Number<T, planes> zero;
  for (V<T>& part : zero.part) part = hn::Zero(Tag<T>());
  return zero;
}

/// a b + c
template <class T>
HWY_INLINE Number<T, 1> MulAdd(const Number<T, 1>& a, const Number<T, 1>& b, const Number<T, 1>& c) {
  return {{hn::MulAdd(a.part[0], b.part[0], c.part[0])}};
}
template <class T>
HWY_INLINE Number<T, 2> MulAdd(const Number<T, 2>& a, const Number<T, 2>& b, const Number<T, 2>& c) {
  return {{hn::NegMulAdd(a.part[1], b.part[1], hn::MulAdd(a.part[0], b.part[0], c.part[0])),
           hn::MulAdd(a.part[1], b.part[0], hn::MulAdd(a.part[0], b.part[1], c.part[1]))}};
}
/// c - a b
template <class T>
HWY_INLINE Number<T, 1> NegMulAdd(const Number<T, 1>& a, const Number<T, 1>& b, const Number<T, 1>& c) {
  return {{hn::NegMulAdd(a.part[0], b.part[0], c.part[0])}};
}
template <class T>
HWY_INLINE Number<T, 2> NegMulAdd(const Number<T, 2>& a, const Number<T, 2>& b, const Number<T, 2>& c) {
  return {{hn::MulAdd(a.part[1], b.part[1], hn::NegMulAdd(a.part[0], b.part[0], c.part[0])),
           hn::NegMulAdd(a.part[1], b.part[0], hn::NegMulAdd(a.part[0], b.part[1], c.part[1]))}};
}
/// a b + c for a real a
template <class T, size_t planes>
HWY_INLINE Number<T, planes> MulAdd(V<T> a, const Number<T, planes>& b, const Number<T, planes>& c) {
  Number<T, planes> sum;
  for (size_t i = 0; i < planes; ++i) sum.part[i] = hn::MulAdd(a, b.part[i], c.part[i]);
  return sum;
}
/// a b for a real b
template <class T, size_t planes>
HWY_INLINE Number<T, planes> Mul(const Number<T, planes>& a, V<T> b) {
  Number<T, planes> product;
  for (size_t i = 0; i < planes; ++i) product.part[i] = hn::Mul(a.part[i], b);
  return product;
}

/// Coefficient i of the table at p, in every lane or one for each.
template <class T, bool own>
HWY_INLINE V<T> At(const T* p, size_t i) {
  const Tag<T> d;
  if constexpr (own) return hn::Load(d, p + i * hn::Lanes(d));
  return hn::Set(d, p[i]);
}
template <class T, bool own, size_t planes>
HWY_INLINE Number<T, planes> NumberAt(const T* p, size_t i) {
  Number<T, planes> number;
  for (size_t k = 0; k < planes; ++k) number.part[k] = At<T, own>(p, i + k);
  return number;
}

/// The increment of a HiPPO factor, in the rows after x: real or complex, and with the complex ones what rounding took.
template <class T, size_t planes, size_t vectors>
struct Row {
  static constexpr size_t parts = 1 + (planes == 1 ? 1 : 3);
  T* p;

  HWY_INLINE T* At(size_t part, size_t v) const {
    const size_t W = hn::Lanes(Tag<T>());
    return p + (part * vectors + v) * W;
  }
  HWY_INLINE V<T> Load(size_t part, size_t v) const { return hn::Load(Tag<T>(), At(part, v)); }
  HWY_INLINE void Store(size_t part, size_t v, V<T> value) const { hn::Store(value, Tag<T>(), At(part, v)); }
  HWY_INLINE Number<T, planes> Increment(size_t v) const {
    Number<T, planes> number;
    for (size_t i = 0; i < planes; ++i) number.part[i] = Load(1 + i, v);
    return number;
  }
  HWY_INLINE void SetIncrement(size_t v, const Number<T, planes>& number) const {
    for (size_t i = 0; i < planes; ++i) Store(1 + i, v, number.part[i]);
  }

  /// x + Re(w r), and with `last` + B u: the state after a factor.
  template <bool last>
  HWY_INLINE V<T> Advance(size_t v, const Number<T, planes>& r, const T* weight, V<T> B, V<T> u) const {
    const Tag<T> d;
    V<T> x = Load(0, v);
    if constexpr (planes == 1) {
      x = hn::Add(x, r.part[0]);
    } else {  // 10^6 sub-steps would round it the same way each time
      const V<T> real = hn::MulAdd(hn::Set(d, weight[0]), r.part[0], Load(3, v));
      const V<T> more = hn::NegMulAdd(hn::Set(d, weight[1]), r.part[1], real);
      const V<T> sum = hn::Add(x, more);
      Store(3, v, last ? hn::Zero(d) : hn::Sub(more, hn::Sub(sum, x)));
      x = sum;
    }
    if constexpr (last) x = hn::MulAdd(B, u, x);
    Store(0, v, x);
    return x;
  }
};

/// The steps of one form, called by Steps: `start` reads the state, `factor` makes one factor of A.
template <class T, size_t planes, bool triangular, bool own, size_t vectors>
struct Semiseparable {
  using S = Number<T, planes>;
  using R = Row<T, planes, vectors>;
  static constexpr size_t forth = 3 + 2 * planes, coefficients = triangular ? forth : forth + 2 + 2 * planes;
  static constexpr size_t table_unit = own ? hn::MaxLanes(Tag<T>()) : 1;

  static size_t factor_size(const Sweep<T>& s) { return s.rows * coefficients * table_unit; }

  static HWY_INLINE void Rate(const T* c, const R& row, size_t v, V<T> x, V<T>& before) {
    row.Store(1, v, hn::MulAdd(At<T, own>(c, 0), before, hn::Mul(At<T, own>(c, 1), x)));
    before = hn::MulAdd(At<T, own>(c, 2), x, before);
  }

  static void Start(const Sweep<T>& s, T* state, V<T> (&read)[vectors]) {
    const size_t W = hn::Lanes(Tag<T>());
    V<T> before[vectors];
    for (size_t v = 0; v < vectors; ++v) before[v] = read[v] = hn::Zero(Tag<T>());
    for (size_t n = 0; n < s.rows; ++n) {
      const R row{state + n * R::parts * vectors * W};
      const V<T> C = At<T, own>(s.ports + (1 + 2 * n) * table_unit, 1);
      for (size_t v = 0; v < vectors; ++v) {
        const V<T> x = row.Load(0, v);
        read[v] = hn::MulAdd(C, x, read[v]);
        Rate(s.tables + n * coefficients * table_unit, row, v, x, before[v]);
      }
    }
  }

  static HWY_INLINE void Back(const Sweep<T>& s, const T* table, T* state) {
    const size_t W = hn::Lanes(Tag<T>());
    V<T> after[vectors];
    S psi[vectors];
    for (size_t v = 0; v < vectors; ++v) {
      after[v] = hn::Zero(Tag<T>());
      psi[v] = Zero<T, planes>();
    }
    for (size_t n = s.rows; n-- > 0;) {
      const R row{state + n * R::parts * vectors * W};
      const T* const c = table + n * coefficients * table_unit;
      const V<T> above = At<T, own>(c, forth), h = At<T, own>(c, forth + 1);
      const S inverse = NumberAt<T, own, planes>(c, 3 + planes);
      const S from = NumberAt<T, own, planes>(c, forth + 2), to = NumberAt<T, own, planes>(c, forth + 2 + planes);
      for (size_t v = 0; v < vectors; ++v) {
        const V<T> rate = hn::MulAdd(above, after[v], row.Load(1, v));
        after[v] = hn::MulAdd(h, row.Load(0, v), after[v]);
        const S r = MulAdd(from, psi[v], Mul(inverse, rate));
        psi[v] = MulAdd(to, r, psi[v]);
        row.SetIncrement(v, r);
      }
    }
  }

  template <bool last>
  static HWY_INLINE void Factor(const Sweep<T>& s, const T* table, const T* weight, T* state, const V<T> (&u)[vectors],
                                V<T> (&read)[vectors]) {
    const size_t W = hn::Lanes(Tag<T>());
    if constexpr (!triangular) Back(s, table, state);
    S below[vectors];
    V<T> before[vectors];
    for (size_t v = 0; v < vectors; ++v) {
      below[v] = Zero<T, planes>();
      before[v] = hn::Zero(Tag<T>());
    }
    for (size_t n = 0; n < s.rows; ++n) {
      const R row{state + n * R::parts * vectors * W};
      const T* const c = table + n * coefficients * table_unit;
      const T* const port = s.ports + (1 + 2 * n) * table_unit;
      const V<T> g = At<T, own>(c, 2), B = At<T, own>(port, 0), C = At<T, own>(port, 1);
      const S from = NumberAt<T, own, planes>(c, 3), inverse = NumberAt<T, own, planes>(c, 3 + planes);
      for (size_t v = 0; v < vectors; ++v) {
        const S rate = triangular ? Mul(inverse, row.Load(1, v)) : row.Increment(v);
        const S r = MulAdd(from, below[v], rate);
        below[v] = MulAdd(g, r, below[v]);
        const V<T> x = row.template Advance<last>(v, r, weight, B, u[v]);
        if constexpr (last) read[v] = hn::MulAdd(C, x, read[v]);
        Rate(c, row, v, x, before[v]);
      }
    }
  }
};

template <class T, size_t planes, bool own, size_t vectors>
struct FourierPairs {
  using S = Number<T, planes>;
  using R = Row<T, planes, vectors>;
  static constexpr size_t header = 1 + planes, coefficients = 3 + 4 * planes;
  static constexpr size_t table_unit = own ? hn::MaxLanes(Tag<T>()) : 1;

  static size_t factor_size(const Sweep<T>& s) { return (header + s.rows * coefficients) * table_unit; }

  static HWY_INLINE const T* Pair(const T* table, size_t m) { return table + (header + m * coefficients) * table_unit; }
  static HWY_INLINE R RowOf(T* state, size_t number) {
    return {state + number * R::parts * vectors * hn::Lanes(Tag<T>())};
  }

  /// What the sums over e x come to is kept in the first row's increment.
  static void Start(const Sweep<T>& s, T* state, V<T> (&read)[vectors]) {
    for (size_t v = 0; v < vectors; ++v) {
      V<T> sum = hn::Zero(Tag<T>());
      read[v] = sum;
      for (size_t m = 0; m < s.rows; ++m) {
        const T* const port = s.ports + (1 + 4 * m) * table_unit;
        for (size_t i = 0; i < 2; ++i) {
          const V<T> x = RowOf(state, 2 * m + i).Load(0, v);
          read[v] = hn::MulAdd(At<T, own>(port, 2 * i + 1), x, read[v]);
          sum = hn::MulAdd(At<T, own>(Pair(s.tables, m), i), x, sum);
        }
      }
      RowOf(state, 0).Store(1, v, sum);
    }
  }

  template <bool last>
  static HWY_INLINE void Factor(const Sweep<T>& s, const T* table, const T* weight, T* state, const V<T> (&u)[vectors],
                                V<T> (&read)[vectors]) {
    const V<T> one_theta = At<T, own>(table, 0);
    const S gain = NumberAt<T, own, planes>(table, 1);
    V<T> common[vectors], sum[vectors];
    S along[vectors];
    for (size_t v = 0; v < vectors; ++v) {
      common[v] = hn::Neg(hn::Mul(one_theta, RowOf(state, 0).Load(1, v)));
      along[v] = Zero<T, planes>();
      sum[v] = hn::Zero(Tag<T>());
    }
    for (size_t m = 0; m < s.rows; ++m) {
      const T* const c = Pair(table, m);
      const V<T> e_c = At<T, own>(c, 0), e_s = At<T, own>(c, 1), turn = At<T, own>(c, 2);
      const S cosine = NumberAt<T, own, planes>(c, 3), sine = NumberAt<T, own, planes>(c, 3 + planes);
      for (size_t v = 0; v < vectors; ++v) {
        const R row_c = RowOf(state, 2 * m), row_s = RowOf(state, 2 * m + 1);
        const V<T> rate_c = hn::NegMulAdd(turn, row_s.Load(0, v), hn::Mul(common[v], e_c));
        const V<T> rate_s = hn::MulAdd(turn, row_c.Load(0, v), hn::Mul(common[v], e_s));
        const S r_c = MulAdd(hn::Neg(rate_s), sine, Mul(cosine, rate_c));
        const S r_s = MulAdd(rate_c, sine, Mul(cosine, rate_s));
        along[v] = MulAdd(e_c, r_c, MulAdd(e_s, r_s, along[v]));
        row_c.SetIncrement(v, r_c);
        row_s.SetIncrement(v, r_s);
      }
    }
    for (size_t v = 0; v < vectors; ++v) along[v] = MulAdd(gain, along[v], Zero<T, planes>());
    for (size_t m = 0; m < s.rows; ++m) {
      const T* const c = Pair(table, m);
      for (size_t i = 0; i < 2; ++i) {
        const T* const port = s.ports + (1 + 4 * m + 2 * i) * table_unit;
        const V<T> e = At<T, own>(c, i), B = At<T, own>(port, 0), C = At<T, own>(port, 1);
        const S blocks = NumberAt<T, own, planes>(c, 3 + (2 + i) * planes);
        for (size_t v = 0; v < vectors; ++v) {
          const R row = RowOf(state, 2 * m + i);
          const S r = NegMulAdd(along[v], blocks, row.Increment(v));
          const V<T> x = row.template Advance<last>(v, r, weight, B, u[v]);
          if constexpr (last) read[v] = hn::MulAdd(C, x, read[v]);
          sum[v] = hn::MulAdd(e, x, sum[v]);
        }
      }
    }
    for (size_t v = 0; v < vectors; ++v) RowOf(state, 0).Store(1, v, sum[v]);
  }
};

/// n samples: the output is D u and what is read from the state after (control: before) the sample.
template <bool own, class T, size_t vectors, class Sample>
HWY_INLINE void Samples(const Sweep<T>& s, const T* u, T* y, size_t n, size_t stride, V<T> (&read)[vectors],
                        const Sample& sample) {
  const Tag<T> d;
  const size_t W = hn::Lanes(d);
  const V<T> D = At<T, own>(s.ports, 0);
  for (size_t k = 0; k < n; ++k) {
    V<T> in[vectors], before[vectors];
    for (size_t v = 0; v < vectors; ++v) {
      in[v] = hn::Load(d, u + v * stride + k * W);
      before[v] = read[v];
      read[v] = hn::Zero(d);
    }
    sample(in, read);
    for (size_t v = 0; v < vectors; ++v) {
      hn::Store(hn::MulAdd(D, in[v], s.control ? before[v] : read[v]), d, y + v * stride + k * W);
    }
  }
}

template <class Form, class T, bool own, size_t vectors>
void RunHippo(const Sweep<T>& s, T* state, const T* u, T* y, size_t n, size_t stride) {
  V<T> read[vectors];
  Form::Start(s, state, read);
  const size_t size = Form::factor_size(s);
  Samples<own>(s, u, y, n, stride, read, [&](const V<T>(&in)[vectors], V<T>(&out)[vectors]) {
    for (size_t left = s.substeps * s.factors, f = 0; left > 1; --left, f = f + 1 == s.factors ? 0 : f + 1) {
      Form::template Factor<false>(s, s.tables + f * size, s.weights + 2 * f, state, in, out);
    }
    Form::template Factor<true>(s, s.tables + (s.factors - 1) * size, s.weights + 2 * (s.factors - 1), state, in, out);
  });
}

template <class T, size_t rank, bool own, size_t vectors>
void RunNplr(const Sweep<T>& s, T* state, const T* u, T* y, size_t n, size_t stride) {
  const Tag<T> d;
  const size_t W = hn::Lanes(d);
  constexpr size_t unit = own ? hn::MaxLanes(Tag<T>()) : 1, coefficients = 4 + 4 * rank;
  V<T> read[vectors], along[vectors][rank];  // C x, V^T x
  for (size_t v = 0; v < vectors; ++v) {
    read[v] = hn::Zero(d);
    for (size_t j = 0; j < rank; ++j) along[v][j] = hn::Zero(d);
  }
  const auto look = [&](size_t m, size_t v, V<T> re, V<T> im, V<T>(&out)[vectors], V<T>(&sums)[vectors][rank]) {
    const T* const port = s.ports + (1 + 4 * m) * unit;
    const T* const c = s.tables + m * coefficients * unit;
    out[v] = hn::MulAdd(At<T, own>(port, 1), re, hn::MulAdd(At<T, own>(port, 3), im, out[v]));
    for (size_t j = 0; j < rank; ++j) {
      sums[v][j] = hn::MulAdd(At<T, own>(c, 6 + 4 * j), re, hn::MulAdd(At<T, own>(c, 7 + 4 * j), im, sums[v][j]));
    }
  };
  for (size_t m = 0; m < s.rows; ++m) {
    for (size_t v = 0; v < vectors; ++v) {
      T* const x = state + (2 * m * vectors + v) * W;
      look(m, v, hn::Load(d, x), hn::Load(d, x + vectors * W), read, along);
    }
  }
  Samples<own>(s, u, y, n, stride, read, [&](const V<T>(&in)[vectors], V<T>(&out)[vectors]) {
    V<T> next[vectors][rank];
    for (size_t v = 0; v < vectors; ++v) {
      for (size_t j = 0; j < rank; ++j) next[v][j] = hn::Zero(d);
    }
    for (size_t m = 0; m < s.rows; ++m) {
      const T* const port = s.ports + (1 + 4 * m) * unit;
      const T* const c = s.tables + m * coefficients * unit;
      for (size_t v = 0; v < vectors; ++v) {
        T* const x = state + (2 * m * vectors + v) * W;
        const V<T> re = hn::Load(d, x), im = hn::Load(d, x + vectors * W);
        V<T> to_re = hn::Mul(At<T, own>(port, 0), in[v]), to_im = hn::Mul(At<T, own>(port, 2), in[v]);
        for (size_t j = 0; j < rank; ++j) {
          to_re = hn::NegMulAdd(At<T, own>(c, 4 + 4 * j), along[v][j], to_re);
          to_im = hn::NegMulAdd(At<T, own>(c, 5 + 4 * j), along[v][j], to_im);
        }
        to_re = hn::NegMulAdd(At<T, own>(c, 1), im, hn::MulAdd(At<T, own>(c, 0), re, to_re));
        to_im = hn::MulAdd(At<T, own>(c, 1), re, hn::MulAdd(At<T, own>(c, 0), im, to_im));
        hn::Store(to_re, d, x);
        hn::Store(to_im, d, x + vectors * W);
        look(m, v, to_re, to_im, out, next);
      }
    }
    for (size_t v = 0; v < vectors; ++v) {
      for (size_t j = 0; j < rank; ++j) along[v][j] = next[v][j];
    }
  });
  // what rounding took from lambda
  const V<T> steps = hn::Set(d, static_cast<T>(n));
  for (size_t m = 0; m < s.rows; ++m) {
    const T* const c = s.tables + m * coefficients * unit;
    const V<T> drift_re = hn::Mul(steps, At<T, own>(c, 2)), drift_im = hn::Mul(steps, At<T, own>(c, 3));
    for (size_t v = 0; v < vectors; ++v) {
      T* const x = state + (2 * m * vectors + v) * W;
      const V<T> re = hn::Load(d, x), im = hn::Load(d, x + vectors * W);
      hn::Store(hn::NegMulAdd(drift_im, im, hn::MulAdd(drift_re, re, re)), d, x);
      hn::Store(hn::MulAdd(drift_im, re, hn::MulAdd(drift_re, im, im)), d, x + vectors * W);
    }
  }
}

template <class T, bool own, size_t vectors>
void RunForm(const Sweep<T>& s, T* state, const T* u, T* y, size_t n, size_t stride) {
  const auto hippo = [&]<size_t planes>() {
    switch (s.form) {
      case SweepForm::triangular:
        return RunHippo<Semiseparable<T, planes, true, own, vectors>, T, own, vectors>(s, state, u, y, n, stride);
      case SweepForm::semiseparable:
        return RunHippo<Semiseparable<T, planes, false, own, vectors>, T, own, vectors>(s, state, u, y, n, stride);
      default:
        return RunHippo<FourierPairs<T, planes, own, vectors>, T, own, vectors>(s, state, u, y, n, stride);
    }
  };
  if (s.form == SweepForm::nplr) {
    if (s.rank == 1) return RunNplr<T, 1, own, vectors>(s, state, u, y, n, stride);
    return RunNplr<T, 2, own, vectors>(s, state, u, y, n, stride);
  }
  if (s.planes == 1) return hippo.template operator()<1>();
  hippo.template operator()<2>();
}

template <class T>
void Run(const Sweep<T>& s, T* state, size_t vectors, const T* u, T* y, size_t n, size_t stride) {
  if (s.own) return RunForm<T, true, 1>(s, state, u, y, n, stride);
  if (vectors == 1) return RunForm<T, false, 1>(s, state, u, y, n, stride);
  if (vectors == 2) return RunForm<T, false, 2>(s, state, u, y, n, stride);
  RunForm<T, false, most_vectors>(s, state, u, y, n, stride);
}

// ---- one channel, entries in the lanes

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

template <class T>
const SweepLoops<T>* All() {
  static constexpr SweepLoops<T> all{most_vectors, Run<T>, RunScan<T>};
  return &all;
}
}  // namespace

const SweepLoops<float>* SweepFloat() { return All<float>(); }
const SweepLoops<double>* SweepDouble() { return All<double>(); }

}  // namespace longstate::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace longstate::simd {

HWY_EXPORT(SweepFloat);
HWY_EXPORT(SweepDouble);

template <>
const SweepLoops<float>& sweep_loops() {
  return *HWY_DYNAMIC_DISPATCH(SweepFloat)();
}
template <>
const SweepLoops<double>& sweep_loops() {
  return *HWY_DYNAMIC_DISPATCH(SweepDouble)();
}

}  // namespace longstate::simd
#endif
