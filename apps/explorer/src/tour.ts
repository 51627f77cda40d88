// The story in seven steps: words, a formula, and settings that show it.

import katex from 'katex';

export interface Stop { title: string; text: string; formula: string; set?: Record<string, string>; to?: number; look: string }

export const stops: Stop[] = [
  {
    title: 'Keeping a past in a few numbers',
    text: 'The grey line is a signal. Everything left of now has happened; a memory may keep only N numbers of it. They are the coefficients of a curve, the red line, that comes as close to the past as N basis functions can: a projection.',
    formula: 'u(t - a\\theta) \\approx \\sum_{n<N} x_n\\, h_n(a)',
    set: {measure: 'legt', order: '12', window: '1'}, to: 0.6, look: 'plot-past',
  },
  {
    title: 'The measure: what counts',
    text: 'How close, and where? The measure weighs each age. A sliding window (legt) weighs its last seconds evenly and nothing before. A fading one (legs-exp) weighs the newest most. Look at the weight, and how sharp the red line is at each age.',
    formula: '\\min_x \\int \\Big( u(t - a\\theta) - \\sum_n x_n h_n(a) \\Big)^2 \\omega(a)\\, da',
    set: {measure: 'legs-exp', order: '12', window: '0.5'}, to: 0.6, look: 'plot-weight',
  },
  {
    title: 'The numbers obey an equation of their own',
    text: 'No one keeps the past to fit it anew at every moment. When time moves on, the best coefficients change by a linear differential equation, and its matrix A is known in closed form: here is its picture.',
    formula: '\\dot x = \\frac{1}{\\theta}\\,( A x + B u )',
    set: {measure: 'legt', order: '16', window: '1'}, to: 0.6, look: 'A',
  },
  {
    title: 'From time to samples',
    text: 'Samples come one at a time. Over one step the old memory fades by a fixed matrix, the picture beside A, and the sample fills what became free. With straight lines between samples (foh) this is exact; forward Euler, for a large N, explodes. Try it.',
    formula: 'x_k = \\bar A\\, x_{k-1} + \\bar B\\, u_k, \\qquad \\bar A = e^{A\\,\\Delta/\\theta}',
    set: {method: 'foh', order: '16'}, to: 0.5, look: 'Ad',
  },
  {
    title: 'One model, two ways to run it',
    text: 'Read the memory at one delay and you have a filter. Step by step it is a recurrence, in constant memory; all at once it is a convolution with its impulse response. The two lines lie on each other: the difference is rounding.',
    formula: 'y_k = C \\bar A^{\\,k}\\bar B\\, u_0 + \\dots + C\\bar B\\, u_k = (K * u)_k',
    set: {measure: 'legt', order: '24', window: '1', delay: '0.5'}, to: 0.7, look: 'plot-ways',
  },
  {
    title: 'A memory without a window',
    text: 'legs needs no window: it keeps all of the past since the start, evenly, and its basis stretches as time goes on. The step shrinks as 1/t. Early details blur slowly, but nothing falls off an edge.',
    formula: '\\dot x = \\frac{1}{t}\\,( A x + B u )',
    set: {measure: 'legs', order: '32'}, to: 0.9, look: 'plot-past',
  },
  {
    title: 'And attention?',
    text: 'Attention keeps every sample: after n of them n keys and n values, and each answer reads them all. It forgets nothing, and grows for ever. These N numbers do not grow, and pay for it with what they let go. Now play, and see what is let go.',
    formula: '\\text{state: } \\underbrace{N}_{\\text{here}} \\quad\\text{beside}\\quad \\underbrace{2\\,n\\,d}_{\\text{attention after } n}',
    set: {measure: 'legs', order: '32'}, to: 0.2, look: 'plot-signal',
  },
];

/// As MathML, which needs no fonts of its own.
export const typeset = (formula: string) => katex.renderToString(formula, {output: 'mathml', displayMode: true, throwOnError: true});
