#!/usr/bin/env python3
"""Makes the reference data of the tests: reference.json (an index) and reference.bin (little-endian doubles).

Two sources, independent of the library:
  60 digits   matrices, their discretisations, kernels and bases, by gmpy2 at 300 bits: the textbook formulas, a Taylor
              exponential with squarings, Gaussian elimination; rounded to double at the end
  scipy       cont2discrete and dlsim on random, singular, stiff, MIMO and HiPPO systems

Debian: apt-get install python3-numpy python3-scipy python3-gmpy2 python3-mpmath
Run:    python3 tests/reference/make_reference.py          (about five minutes; the files are committed)
"""

import json
import pathlib

import gmpy2
import mpmath
import numpy as np
import scipy.signal
from gmpy2 import mpfr

gmpy2.get_context().precision = 300
mpmath.mp.dps = 80
HERE = pathlib.Path(__file__).parent
ORDERS = [1, 2, 5, 16, 64]
STEPS = ["0.001", "0.1"]
STEP_ORDERS = [4, 16, 64]  # of single steps
STEP_STEPS = ["1e-06", "0.001", "0.1", "10"]
LAGUERRE = ("0.5", "0.75")  # alpha, beta of the general lagt

sqrt = gmpy2.sqrt
pi = gmpy2.const_pi()


def matrix(rows, cols, f):
    M = np.empty((rows, cols), dtype=object)
    for i in range(rows):
        for j in range(cols):
            M[i, j] = mpfr(f(i, j))
    return M


def eye(n):
    return matrix(n, n, lambda i, j: int(i == j))


# --- matrices, from the definitions --------------------------------------------------------------------------------


def legs(N):
    root = [sqrt(mpfr(2 * n + 1)) for n in range(N)]
    A = matrix(N, N, lambda n, k: -root[n] * root[k] if n > k else (-(n + 1) if n == k else 0))
    return A, matrix(N, 1, lambda n, _: root[n])


def legt(N):
    root = [sqrt(mpfr(2 * n + 1)) for n in range(N)]
    A = matrix(N, N, lambda n, k: -root[n] * root[k] * (1 if n >= k else (-1) ** (k - n)))
    return A, matrix(N, 1, lambda n, _: root[n])


def lmu(N):
    A = matrix(N, N, lambda i, j: (2 * i + 1) * (-1 if i < j else (-1) ** (i - j + 1)))
    return A, matrix(N, 1, lambda i, _: (2 * i + 1) * (-1) ** i)


def lagt(N, alpha="0", beta="0"):
    a, b = mpfr(alpha), mpfr(beta)
    l = [sqrt(gmpy2.gamma(n + a + 1) / gmpy2.factorial(n)) for n in range(N)]
    A = matrix(N, N, lambda n, k: -l[k] / l[n] if n > k else (-(1 + b) / 2 if n == k else 0))
    binomial = [gmpy2.gamma(n + a + 1) / gmpy2.gamma(a + 1) / gmpy2.factorial(n) for n in range(N)]
    return A, matrix(N, 1, lambda n, _: binomial[n] / l[n])


def fourier(N):
    e = [mpfr(1)] + [sqrt(mpfr(2)) if n % 2 else mpfr(0) for n in range(1, N)]
    A = matrix(N, N, lambda n, k: -2 * e[n] * e[k])
    for s in range(2, N, 2):
        A[s - 1, s] -= pi * s
        A[s, s - 1] += pi * s
    return A, matrix(N, 1, lambda n, _: 2 * e[n])


def chebt(N):
    """Moments against Chebyshev polynomials; the end of the window from the polynomial with those moments.

    In monomials of y = 1 - 2 age, to be independent of the quadrature in the library: with M the Gram matrix
    int_{-1}^{1} T_j T_k dy / 2, the polynomial sum_j a_j T_j of moments m has a = M^-1 m, and its value at y = -1 is
    sum_j (-1)^j a_j.
    """
    half = lambda n: mpfr(1) / (1 - mpfr(n) ** 2) if n % 2 == 0 else mpfr(0)  # int T_n dy / 2
    gram = matrix(N, N, lambda j, k: (half(j + k) + half(abs(j - k))) / 2)
    c = pi / sqrt(mpfr(8))
    norm = [mpfr(1) if n == 0 else sqrt(mpfr(2)) for n in range(N)]  # g_n = norm T_n / c
    end = solve(gram, matrix(N, 1, lambda j, _: (-1) ** j))  # gram is symmetric: value = end . m
    read = [end[n, 0] * c / norm[n] for n in range(N)]
    A = matrix(N, N, lambda n, k: -((-1) ** n) * norm[n] / c * read[k])
    for n in range(N):
        for k in range(n - 1, -1, -2):  # T_n' = 2n (T_{n-1} + T_{n-3} + ...), T_0 halved; d/dage = -2 d/dy
            A[n, k] -= 4 * n * (norm[n] / norm[k]) / (2 if k == 0 else 1)
    return A, matrix(N, 1, lambda n, _: norm[n] / c)


MEASURES = {
    "legs": legs, "legs-exp": legs, "legt": legt, "lmu": lmu, "lagt": lagt, "fourier": fourier, "chebt": chebt,
    "lagt-general": lambda N: lagt(N, *LAGUERRE),
}

# --- linear algebra in 300 bits ------------------------------------------------------------------------------------


def solve(A, B):
    A, B, n = A.copy(), B.copy(), len(A)
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(A[r, i]))
        A[[i, pivot]], B[[i, pivot]] = A[[pivot, i]], B[[pivot, i]]
        for r in range(n):
            if r != i and A[r, i] != 0:
                f = A[r, i] / A[i, i]
                A[r, i:] = A[r, i:] - f * A[i, i:]
                B[r] = B[r] - f * B[i]
    return np.array([B[i] / A[i, i] for i in range(n)], dtype=object)


def exponential(X):
    norm = max(abs(X).sum(axis=0))
    s = max(0, int(gmpy2.ceil(gmpy2.log2(norm))) + 10) if norm > 0 else 0
    X = X / mpfr(2) ** s
    result = term = eye(len(X))
    for k in range(1, 30):
        term = term.dot(X) / k
        result = result + term
    for _ in range(s):
        result = result.dot(result)
    return result


def zoh(A, B, dt):
    n, p = B.shape
    M = matrix(n + p, n + p, lambda i, j: 0)
    M[:n, :n], M[:n, n:] = A * dt, B * dt
    E = exponential(M)
    return E[:n, :n], E[:n, n:]


def foh(A, B, dt):
    """A, B and the shift of the state h phi_2 B (scipy's realisation)."""
    n, p = B.shape
    M = matrix(n + 2 * p, n + 2 * p, lambda i, j: 0)
    M[:n, :n], M[:n, n : n + p], M[n : n + p, n + p :] = A * dt, B * dt, eye(p)
    E = exponential(M)
    shift = E[:n, n + p :]
    return E[:n, :n], E[:n, n : n + p] - shift + E[:n, :n].dot(shift), shift


def gbt(A, B, dt, alpha):
    implicit = eye(len(A)) - alpha * dt * A
    both = solve(implicit, np.hstack([eye(len(A)) + (1 - alpha) * dt * A, dt * B]))
    return both[:, : len(A)], both[:, len(A) :]


# --- output --------------------------------------------------------------------------------------------------------


class Store:
    def __init__(self):
        self.index, self.values = {}, []
        self.size = 0

    def add(self, key, M):
        M = np.atleast_2d(np.array([[float(v) for v in row] for row in np.atleast_2d(M)], dtype="<f8"))
        self.index[key] = {"rows": M.shape[0], "cols": M.shape[1], "offset": self.size}
        self.values.append(M.flatten(order="F"))
        self.size += M.size

    def write(self):
        (HERE / "reference.bin").write_bytes(np.concatenate(self.values).tobytes())
        (HERE / "reference.json").write_text(json.dumps(self.index, indent=0, sort_keys=True) + "\n")


def add_measures(store):
    for name, make in MEASURES.items():
        for N in ORDERS:
            A, B = make(N)
            store.add(f"{name}/{N}/A", A)
            store.add(f"{name}/{N}/B", B)
            if name == "legs":
                continue
            for step in STEPS:
                dt, key = mpfr(step), f"{name}/{N}/{step}"
                Ad, Bd = zoh(A, B, dt)
                store.add(f"{key}/zoh/A", Ad)
                store.add(f"{key}/zoh/B", Bd)
                state, kernel = Bd, []
                for _ in range(12):  # a read-out that meets every state: C_n = 1 / (n + 1)
                    kernel.append(sum(state[n, 0] / (n + 1) for n in range(N)))
                    state = Ad.dot(state)
                store.add(f"{key}/zoh/kernel", [kernel])
                _, Bd, shift = foh(A, B, dt)
                store.add(f"{key}/foh/B", Bd)
                store.add(f"{key}/foh/D", shift)
                store.add(f"{key}/impulse/B", dt * Ad.dot(B))
                for method, alpha in [("backward-euler", "1"), ("bilinear", "0.5"), ("gbt", "0.3")]:
                    Ad_gbt, Bd = gbt(A, B, dt, mpfr(alpha))
                    store.add(f"{key}/{method}/A", Ad_gbt)
                    store.add(f"{key}/{method}/B", Bd)
            print(name, N, flush=True)


def step_state(N):
    """A state that doubles hold exactly."""
    return matrix(N, 1, lambda n, _: mpfr((7 * n + 3) % 11 - 5) / 8)


def add_steps(store):
    """One step from step_state, the input going from 3/4 to -1/2 (held at -1/2 but for foh)."""
    first, last = mpfr("0.75"), mpfr("-0.5")
    for name, make in MEASURES.items():
        if name in ("legs", "chebt"):
            continue
        for N in STEP_ORDERS:
            A, B = make(N)
            x = step_state(N)
            for step in STEP_STEPS:
                dt, key = mpfr(float(step)), f"step/{name}/{N}/{step}"
                M = matrix(N + 2, N + 2, lambda i, j: 0)
                M[:N, :N], M[:N, N : N + 1], M[N, N + 1] = A * dt, B * dt, mpfr(1)
                E = exponential(M)
                held, rise = E[:N, N : N + 1], E[:N, N + 1 :]
                store.add(f"{key}/zoh", E[:N, :N].dot(x) + held * last)
                store.add(f"{key}/foh", E[:N, :N].dot(x) + held * first + rise * (last - first))
                for method, alpha in [("forward-euler", "0"), ("backward-euler", "1"), ("bilinear", "0.5"), ("gbt", "0.3")]:
                    a = mpfr(float(alpha))
                    store.add(f"{key}/{method}", solve(eye(N) - a * dt * A, x + (1 - a) * dt * A.dot(x) + dt * B * last))
            print("steps", name, N, flush=True)


def add_kernels(store):
    """Kernels of a read-out C_n = 1 / (n + 1) in the sequence convention: the first 2^10 values, and places up to 2^20."""
    N, places = 64, [0, 1, 17, 1000, 4097, 65535, 131071, 300000, 700000, 2**20 - 1]
    store.add("kernel/places", [places])
    C = matrix(1, N, lambda _, n: mpfr(1) / (n + 1))
    for name in ("legs-exp", "legt", "lagt", "fourier"):
        A, B = MEASURES[name](N)
        for method in ("bilinear", "zoh"):
            for length, dt in (("full", mpfr(2) ** -8), ("places", mpfr(2) ** -18)):
                Ad, x = gbt(A, B, dt, mpfr("0.5")) if method == "bilinear" else zoh(A, B, dt)
                if length == "full":
                    values = []
                    for _ in range(1024):
                        values.append(C.dot(x)[0, 0])
                        x = Ad.dot(x)
                else:
                    squares = [Ad]
                    for _ in range(19):
                        squares.append(squares[-1].dot(squares[-1]))
                    values = []
                    for place in places:
                        y = x
                        for bit in range(20):
                            if place >> bit & 1:
                                y = squares[bit].dot(y)
                        values.append(C.dot(y)[0, 0])
                store.add(f"kernel/{name}/{method}/{length}", [values])
            print("kernel", name, method, flush=True)


def add_bases(store):
    ages = {"window": ["0", "0.001", "0.2", "0.5", "0.77", "0.999", "1"],
            "inner": ["0.001", "0.2", "0.5", "0.77", "0.999"],
            "fading": ["0", "0.01", "1", "7.5", "40", "900", "4000"]}
    for kind, values in ages.items():
        store.add(f"basis/ages/{kind}", [[mpfr(v) for v in values]])
    root = [mpmath.sqrt(2 * n + 1) for n in range(1024)]
    patient = {"maxprec": 10**5, "maxterms": 10**6, "zeroprec": 3000}  # the hypergeometric sums cancel thousands of digits
    legendre = lambda n, y: mpmath.legendre(n, y, **patient)
    laguerre = lambda n, alpha, a: mpmath.laguerre(n, alpha, a, **patient)

    def table(values, f):
        return [[f(n, mpmath.mpf(float(v))) for v in values] for n in [0, 1, 2, 7, 63, 255, 1023]]

    store.add("basis/degrees", [[0, 1, 2, 7, 63, 255, 1023]])
    store.add("basis/legt", table(ages["window"], lambda n, a: root[n] * legendre(n, 1 - 2 * a)))
    store.add("basis/lmu", table(ages["window"], lambda n, a: legendre(n, 2 * a - 1)))
    store.add("basis/legs-exp", table(ages["fading"], lambda n, a: root[n] * legendre(n, 2 * mpmath.exp(-a) - 1)))
    store.add("basis/lagt", table(ages["fading"], lambda n, a: laguerre(n, 0, a) * mpmath.exp(-a / 2)))
    alpha, beta = (mpmath.mpf(v) for v in LAGUERRE)
    store.add("basis/lagt-general", table(ages["fading"], lambda n, a: laguerre(n, alpha, a) * mpmath.sqrt(
        mpmath.factorial(n) / mpmath.gamma(n + alpha + 1)) * a**alpha * mpmath.exp(-(1 - beta) * a / 2)))
    store.add("basis/fourier", table(ages["window"], lambda n, a: 1 if n == 0 else mpmath.sqrt(2) * (
        mpmath.cos if n % 2 else mpmath.sin)(2 * mpmath.pi * ((n + 1) // 2) * a)))
    store.add("basis/chebt", table(ages["inner"], lambda n, a: (1 if n == 0 else mpmath.sqrt(2)) * mpmath.chebyt(
        n, 1 - 2 * a) / mpmath.sqrt(8 * a * (1 - a))))


def add_scipy(store):
    rng = np.random.default_rng(7)
    random = lambda n, p, q: (rng.standard_normal((n, n)) - n**0.5 * np.eye(n), rng.standard_normal((n, p)),
                              rng.standard_normal((q, n)), rng.standard_normal((q, p)))
    double_integrator = (np.array([[0.0, 1], [0, 0]]), np.array([[0.0], [1]]), np.array([[1.0, 0]]), np.zeros((1, 1)))
    stiff = (np.diag([-1.0, -1e3, -1e5]) + np.triu(np.ones((3, 3)), 1), np.ones((3, 1)), np.ones((1, 3)), np.ones((1, 1)))
    def measure_system(name, N):
        A, B = MEASURES[name](N)
        return A.astype(float), B.astype(float), np.ones((1, N)) / np.arange(1, N + 1), np.zeros((1, 1))
    systems = {"random": random(6, 1, 1), "mimo": random(5, 3, 2), "integrator": double_integrator, "stiff": stiff,
               "legt": measure_system("legt", 16), "fourier": measure_system("fourier", 8)}
    methods = {"forward-euler": ("euler", None), "backward-euler": ("backward_diff", None), "bilinear": ("bilinear", None),
               "gbt": ("gbt", 0.3), "zoh": ("zoh", None), "foh": ("foh", None), "impulse": ("impulse", None)}
    dt = 0.05
    store.add("scipy/dt", [[dt]])
    for name, (A, B, C, D) in systems.items():
        for part, M in zip("ABCD", (A, B, C, D)):
            store.add(f"scipy/{name}/{part}", M)
        u = rng.standard_normal((40, B.shape[1]))
        store.add(f"scipy/{name}/u", u.T)
        for method, (theirs, alpha) in methods.items():
            direct = np.zeros_like(D) if method == "impulse" else D
            discrete = scipy.signal.cont2discrete((A, B, C, direct), dt, theirs, alpha)
            for part, M in zip("ABCD", discrete):
                store.add(f"scipy/{name}/{method}/{part}", M)
            _, y, x = scipy.signal.dlsim(discrete, u)
            if np.abs(y).max() < 1e6:
                store.add(f"scipy/{name}/{method}/y", y.T)


if __name__ == "__main__":
    store = Store()
    add_scipy(store)
    add_bases(store)
    add_measures(store)
    add_steps(store)
    add_kernels(store)
    store.write()
    print(f"{len(store.index)} matrices, {8 * store.size / 2**20:.1f} MiB")
