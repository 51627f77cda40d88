#include "sweep.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/sweep.cpp"  // this file, compiled again for each instruction set
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "sweep_inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace longstate::simd::HWY_NAMESPACE {
namespace {

inline constexpr size_t most_vectors = HWY_TARGET <= HWY_AVX3 ? 4 : 2;  // of 32 or 16 registers

/// The steps of one form, called by RunHippo: Start() reads the state, Factor() makes one factor of A.
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
  // x <- Lambda x - U V^T x + B u; `give_back`: and what T leaves of Lambda, over `together` samples.
  const auto step = [&]<bool give_back>(T together, const V<T>(&in)[vectors], V<T>(&out)[vectors]) {
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
        // What is small goes first: beside x itself it would round the same way every time.
        if constexpr (give_back) {
          const V<T> many_re = hn::Mul(hn::Set(d, together), re), many_im = hn::Mul(hn::Set(d, together), im);
          to_re = hn::NegMulAdd(At<T, own>(c, 3), many_im, hn::MulAdd(At<T, own>(c, 2), many_re, to_re));
          to_im = hn::MulAdd(At<T, own>(c, 3), many_re, hn::MulAdd(At<T, own>(c, 2), many_im, to_im));
        }
        to_re = hn::MulAdd(At<T, own>(c, 0), re, hn::NegMulAdd(At<T, own>(c, 1), im, to_re));
        to_im = hn::MulAdd(At<T, own>(c, 0), im, hn::MulAdd(At<T, own>(c, 1), re, to_im));
        hn::Store(to_re, d, x);
        hn::Store(to_im, d, x + vectors * W);
        look(m, v, to_re, to_im, out, next);
      }
    }
    for (size_t v = 0; v < vectors; ++v) {
      for (size_t j = 0; j < rank; ++j) along[v][j] = next[v][j];
    }
  };
  size_t left = n;
  Samples<own>(s, u, y, n, stride, read, [&](const V<T>(&in)[vectors], V<T>(&out)[vectors]) {
    const bool first = (n - left) % rest_every == 0;
    if (keeps_rest<T> && first) {
      step.template operator()<true>(static_cast<T>(std::min(left, rest_every)), in, out);
    } else {
      step.template operator()<false>(T(0), in, out);
    }
    --left;
  });
}

template <class T, bool own, size_t vectors>
void RunForm(const Sweep<T>& s, T* state, const T* u, T* y, size_t n, size_t stride) {
  const auto hippo = [&]<size_t planes>() {
    switch (s.form) {
      case SweepForm::triangular:
        return RunHippo<Semiseparable<T, planes, true, own, vectors>, T, own, vectors>(s, state, u, y, n, stride);
      case SweepForm::semiseparable:
        return RunHippo<Semiseparable<T, planes, false, own, vectors>, T, own, vectors>(s, state, u, y, n, stride);
      case SweepForm::fourier:
        return RunHippo<FourierPairs<T, planes, own, vectors>, T, own, vectors>(s, state, u, y, n, stride);
      case SweepForm::nplr:
        return;  // below
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

template <class T>
const SweepLoops<T>* All() {
  static constexpr SweepLoops<T> all{most_vectors, Run<T>};
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
