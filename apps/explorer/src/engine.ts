// The library, typed. Every number on the page comes from here.

import load from 'longstate-wasm';

export interface Choice { measure: string; method: string; order: number; window: number; dt: number }

export interface Step {
  sample: number; time: number; input: number;
  before: Float64Array; faded: Float64Array; added: Float64Array; after: Float64Array;
  delays: Float64Array; reconstruction: Float64Array; best: Float64Array;
  sampleDelays: Float64Array; samples: Float64Array; remembered: Float64Array; bestSamples: Float64Array; error_: number; bestError: number;
}
export interface MeasureOf { A: Float64Array; B: Float64Array; basis: Float64Array; weight: Float64Array; step?: Float64Array }
export interface TwoWays { kernel: Float64Array; recurrence: Float64Array; convolution: Float64Array }
export interface Choices { measures: {name: string; fades: boolean; infinite: boolean}[]; methods: string[] }
export interface Session { at(k: number): Step; delete(): void }

type Result<T> = T & {error?: string};

function value<T>(result: Result<T>): T {
  if (result.error !== undefined) throw new Error(result.error);
  return result;
}

export async function startEngine() {
  const wasm = await load();
  return {
    choices: (): Choices => wasm.choices(),
    open(choice: Choice, samples: Float64Array): Session {
      const session = value<{session: {at(k: number): Result<Step>; delete(): void}}>(wasm.open(choice, samples)).session;
      return {at: k => value(session.at(k)), delete: () => session.delete()};
    },
    measureOf: (choice: Choice, ages: Float64Array) => value<MeasureOf>(wasm.measureOf(choice, ages)),
    twoWays: (choice: Choice, delay: number, samples: Float64Array) => value<TwoWays>(wasm.twoWays(choice, delay, samples)),
  };
}
export type Engine = Awaited<ReturnType<typeof startEngine>>;
