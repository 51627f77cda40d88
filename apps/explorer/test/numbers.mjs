// The numbers of the page's WebAssembly beside those of the command: node numbers.mjs LONGSTATE.MJS COMMAND
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';

const [module, command] = process.argv.slice(2);
// em++ 3.1.6 takes every node for one with CommonJS
Object.assign(globalThis, {require: createRequire(import.meta.url), __dirname: '.'});
const wasm = await (await import(path.resolve(module))).default();
const file = new URL('../../../data/sunspots.csv', import.meta.url).pathname;
const all = readFileSync(file, 'utf8').trim().split('\n').map(Number).filter(Number.isFinite);
const samples = Float64Array.from(all);
let failures = 0, worst = 0;

function check(what, actual, expected) {
  if (actual === undefined || actual.length !== expected.length) { console.log(`FAILED: ${what}: ${actual?.length} numbers for ${expected.length}`); ++failures; return; }
  const scale = Math.max(...expected.map(Math.abs), 1e-300);
  const apart = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]))) / scale;
  worst = Math.max(worst, apart);
  if (!(apart <= 1e-12)) { console.log(`FAILED: ${what}: ${apart} apart`); ++failures; }
}

const {measures, methods} = wasm.choices();
if (measures.length < 7 || !['foh', 'zoh', 'bilinear'].every(each => methods.includes(each)) || methods.includes('gbt') || methods.includes('impulse')) {
  console.log('FAILED: the choices'); ++failures;
}
for (const {name: measure} of measures) {
  for (const method of ['foh', 'zoh', 'bilinear']) {
    for (const order of [4, 33]) {
      const choice = {measure, method, order, window: 22, dt: 1 / 12};
      const {session, error} = wasm.open(choice, samples);
      if (error) throw new Error(error);
      const text = execFileSync(command, ['step', file, '--rate', 12, '--measure', measure, '--method', method, '--order', order, '--window', 22,
                                          '--from', 300, '--every', 700, '--json'].map(String), {encoding: 'utf8', maxBuffer: 1 << 26});
      // backwards, so that the page's way back is tried, too
      for (const line of text.trim().split('\n').reverse()) {
        const step = JSON.parse(line), page = session.at(step.step), what = `${measure} ${method} ${order} step ${step.step}`;
        for (const part of ['before', 'faded', 'added', 'after', 'delays', 'reconstruction']) check(`${what} ${part}`, page[part], step[part]);
        check(`${what} error`, [page.error_], [step.error]);
      }
      session.delete();
    }
  }
  const at = execFileSync(command, ['hippo', '--measure', measure, '--order', 12, '--json'].map(String), {encoding: 'utf8'});
  const matrices = JSON.parse(at), page = wasm.measureOf({measure, method: 'foh', order: 12, window: 1, dt: 0.1}, Float64Array.of(0.25));
  check(`${measure} A`, page.A, matrices.A.flat());
  if (measure === 'legs') continue;
  const kernel = JSON.parse(execFileSync(command, ['kernel', '--measure', measure, '--order', 12, '--window', 1, '--delay', 0.5, '--method', 'zoh', '--dt', 0.02,
                                                   '--length', 200, '--json'].map(String), {encoding: 'utf8'})).kernel;
  const ways = wasm.twoWays({measure, method: 'zoh', order: 12, window: 1, dt: 0.02}, 0.5, samples.subarray(0, 200));
  check(`${measure} kernel`, ways.kernel, kernel);
  check(`${measure} two ways`, ways.recurrence, Array.from(ways.convolution));
}
for (const [what, choice] of [['an order of 0', {order: 0}], ['an order of 9,000', {order: 9000}], ['a window of 0', {window: 0}], ['an unknown measure', {measure: 'magic'}]]) {
  const {error} = wasm.open({measure: 'legt', method: 'foh', order: 4, window: 1, dt: 1, ...choice}, samples);
  if (!error) { console.log(`FAILED: ${what} is taken`); ++failures; }
}
if (!wasm.open({measure: 'legt', method: 'foh', order: 4, window: 1, dt: 1}, Float64Array.of(1, NaN)).error) { console.log('FAILED: NaN is taken'); ++failures; }
console.log(failures ? `${failures} failed` : `The page's numbers are the command's: at most ${worst.toExponential(1)} apart.`);
process.exit(failures ? 1 : 0);
