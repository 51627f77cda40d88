#!/usr/bin/env python3
"""Sliding windows by Gegenbauer's weights (1 - x^2)^(alpha - 1/2), of which legt (alpha = 1/2) and Chebyshev's (0) are cases: docs/hippo.md.

The memory is a polynomial p(age) of degree < N on a window of 1. It moves with time, and its end at age 0 is drawn to the input,

    dp/dt = -dp/dage - (p(0) - u) g(age),

where g is the reproducing kernel of the weight at age 0, the Jacobi polynomial P_(N-1)^(alpha - 1/2, alpha + 1/2), with legt's g(0) = N^2.
To e^(i w t) it answers in closed form. Printed for each alpha: the largest real part of A's eigenvalues, and the frequencies w / N up to
which the root mean square over the window of p(age) - e^(-i w age) stays below a bound.

Needs python3-numpy, python3-scipy.
"""

import numpy as np
from numpy.polynomial import legendre
from scipy.special import eval_jacobi

BOUNDS = [1e-6, 1e-3, 1e-2, 1e-1]


def system(N, alpha):
    """A and B in Legendre coefficients."""
    x, w = legendre.leggauss(2 * N + 2)
    of_kernel = lambda at: eval_jacobi(N - 1, alpha - 0.5, alpha + 0.5, at)
    g = (2 * np.arange(N) + 1) / 2 * (legendre.legvander(x, N - 1).T @ (w * of_kernel(x))) * N**2 / of_kernel(-1.0)
    derivative = np.zeros((N, N))
    for n in range(1, N):
        column = 2 * legendre.legder(np.eye(N)[n])
        derivative[: len(column), n] = column
    return -derivative - np.outer(g, (-1.0) ** np.arange(N)), g


for N in (8, 32, 64):
    x, w = legendre.leggauss(400)
    basis, age = legendre.legvander(x, N - 1), (x + 1) / 2
    frequencies = np.linspace(0.25, 4 * N, 1500)
    for alpha in (0, 0.25, 0.375, 0.5, 0.625, 0.75, 1, 2):
        A, B = system(N, alpha)
        answers = [basis @ np.linalg.solve(1j * f * np.eye(N) - A, B) - np.exp(-1j * f * age) for f in frequencies]
        errors = np.array([np.sqrt(w @ abs(e) ** 2 / 2) for e in answers])
        up_to = "  ".join(f"{bound:g}: {frequencies[np.argmax(errors > bound)] / N:.3f}" for bound in BOUNDS)
        print(f"N {N:2}  alpha {alpha:5.3f}  real part {np.linalg.eigvals(A).real.max():8.3g}  w/N up to  {up_to}")
