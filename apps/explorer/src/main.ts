// The page: choices in, a step of the library's trace out, drawn.

import 'uplot/dist/uPlot.min.css';
import './style.css';
import uPlot from 'uplot';
import {Chart, Line, colours, picture} from './charts';
import {Choice, MeasureOf, Session, TwoWays, startEngine} from './engine';
import {Signal, builtIn, parseCsv, parseWav, record} from './signals';
import {stops, typeset} from './tour';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const input = (id: string) => element<HTMLInputElement>(id);
const grey = '#8d8d96';

// What is said of the library's choices, in the order of the lists; one of which nothing is said comes by its name, last.
const measureTexts: Record<string, string> = {
  legt: 'legt: a sliding window', legs: 'legs: all of the past', 'legs-exp': 'legs-exp: fading', lagt: 'lagt: fading, Laguerre',
  lmu: 'lmu: legt as the LMU scales it', fourier: 'fourier: a window, by waves', chebt: 'chebt: a window, its ends above all',
};
const methodTexts: Record<string, string> = {
  foh: 'foh: straight lines, exact', zoh: 'zoh: held samples, exact', bilinear: 'bilinear', 'backward-euler': 'backward Euler', 'forward-euler': 'forward Euler',
};
const mostOrder = 256;

const engine = await startEngine();
const {measures, methods} = engine.choices();
const signals: Signal[] = await builtIn();
const state = {signal: signals[0], session: undefined as Session | undefined, choice: undefined as Choice | undefined, at: 0, playing: false};

const charts = {
  signal: new Chart(element('plot-signal'), 'The signal over time', x => go(Math.round(x / state.signal.dt))),
  past: new Chart(element('plot-past'), 'The past'),
  error: new Chart(element('plot-error'), 'The error over the past'),
  apart: new Chart(element('plot-apart'), 'Recurrence less convolution'),
  x: new Chart(element('plot-x'), 'Coefficients'),
  weight: new Chart(element('plot-weight'), 'Weight over age'),
  basis: new Chart(element('plot-basis'), 'Basis functions over age'),
  kernel: new Chart(element('plot-kernel'), 'Impulse response'),
  ways: new Chart(element('plot-ways'), 'Recurrence and convolution'),
};

function complain(error: unknown) {
  const message = element('message');
  message.textContent = error instanceof Error ? error.message : String(error);
  message.hidden = false;
  play(false);
}
const content = () => { element('message').hidden = true; };

/// What the controls say, checked.
function choose(): Choice {
  const number = (id: string, what: string) => {
    const value = input(id).valueAsNumber;
    if (!(value > 0) || !Number.isFinite(value)) throw new Error(`${what} must be a number above 0`);
    return value;
  };
  const order = number('order', 'N');
  if (!Number.isInteger(order) || order > mostOrder) throw new Error(`N must be a whole number from 1 to ${mostOrder} here, got ${order}`);
  return {measure: input('measure').value, method: input('method').value, order, window: number('window', 'The window'), dt: state.signal.dt};
}

/// Everything that a changed choice changes. What cannot be had leaves the page as it was, with a message.
function change(): boolean {
  try {
    const choice = choose();
    const session = engine.open(choice, state.signal.samples);
    state.session?.delete();
    state.session = session;
    drawMeasure(choice);
    drawWays(choice);
    state.choice = choice;
    content();
    input('scrub').max = String(state.signal.samples.length - 1);
    go(state.at);
    return true;
  } catch (error) {
    complain(error);
    const good = state.choice;
    if (good) for (const id of ['measure', 'method', 'order', 'window'] as const) input(id).value = String(good[id]);
    return false;
  }
}

const measureOf = (name: string) => measures.find(each => each.name === name);
const fading = (measure: string) => measureOf(measure)?.fades ?? false;

function drawMeasure(choice: Choice) {
  const span = fading(choice.measure) ? 3 : 1, edge = measureOf(choice.measure)?.infinite ? 0.004 : 0;
  const ages = Float64Array.from({length: 241}, (_, i) => Math.min(Math.max(span * i / 240, edge), span - edge));
  const of: MeasureOf = engine.measureOf(choice, ages);
  charts.weight.draw(ages, [{label: 'weight', stroke: colours[1], width: 2}], [of.weight], {range: [0, 1.1 * Math.min(of.weight.reduce((a, b) => Math.max(a, b), 0), 5)]});
  const shown = Math.min(choice.order, 6);
  const lines: Line[] = Array.from({length: shown}, (_, n) => ({label: `h${n}`, stroke: colours[n]}));
  charts.basis.draw(ages, lines, lines.map((_, n) => of.basis.subarray(n * ages.length, (n + 1) * ages.length)));
  picture(element<HTMLCanvasElement>('A'), of.A, 'The matrix A');
  const step = element<HTMLCanvasElement>('Ad');
  step.hidden = !of.step;
  if (of.step) picture(step, of.step, 'The matrix of one step');
  element('step-note').textContent = of.step ? 'Left A, right the matrix of a step; red above zero, blue below.' : 'A alone: every step of legs has a matrix of its own, exp(A ln(t′/t)).';
}

function drawWays(choice: Choice) {
  const invariant = choice.measure !== 'legs';
  document.querySelectorAll<HTMLElement>('.invariant').forEach(figure => { figure.hidden = !invariant; });
  if (!invariant) return;
  const delay = input('delay').valueAsNumber;
  if (!(delay >= 0)) throw new Error('The read-out delay must be a number of at least 0');
  // a window holds nothing older than itself
  const samples = state.signal.samples, ways: TwoWays = engine.twoWays(choice, fading(choice.measure) ? delay : Math.min(delay, choice.window), samples);
  const time = Float64Array.from(samples, (_, k) => k * choice.dt);
  charts.kernel.draw(time, [{label: 'K', stroke: colours[1]}], [ways.kernel], {x: [0, Math.min(2 * choice.window, time[time.length - 1])]});
  charts.ways.draw(time, [{label: 'signal', stroke: grey}, {label: 'recurrence', stroke: colours[0], width: 3}, {label: 'convolution', stroke: colours[1], dash: [6, 6]}],
                   [samples, ways.recurrence, ways.convolution]);
  const largest = ways.recurrence.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-300);
  const apart = ways.recurrence.reduce((most, value, k) => Math.max(most, Math.abs(value - ways.convolution[k])), 0);
  charts.apart.draw(time, [{label: 'recurrence less convolution', stroke: colours[2]}], [ways.recurrence.map((value, k) => value - ways.convolution[k])]);
  element('held').textContent = choice.method === 'foh' ? 'Where foh is chosen, samples are held here (zoh).' : '';
  element('difference').textContent = `they differ by at most ${(apart / largest).toExponential(1)} of the largest value`;
}

/// To sample k.
function go(k: number) {
  if (!state.session || !state.choice) return;
  const signal = state.signal, n = signal.samples.length;
  state.at = Math.min(Math.max(k, 0), n - 1);
  try {
    const step = state.session.at(state.at), last = (n - 1) * signal.dt;
    if (!step.after.every(Number.isFinite)) throw new Error(`${state.choice.method} with ${state.choice.measure}: the coefficients have grown beyond any bound; take foh, zoh or bilinear`);
    charts.signal.draw(times(signal), [{label: 'signal', stroke: grey}], [signal.samples], {now: state.at * signal.dt, x: [0, last]});
    const back = (values: Float64Array) => values.slice().reverse();
    const ago = (values: Float64Array) => back(values).map(value => -value);
    const [x, ...values] = uPlot.join([[ago(step.sampleDelays), back(step.samples)], [ago(step.delays), back(step.reconstruction), back(step.best)]] as unknown as uPlot.AlignedData[]);
    charts.past.draw(x, [{label: 'signal', stroke: grey, width: 3}, {label: 'best fit', stroke: colours[1], width: 2.5, dash: [7, 5]}, {label: 'remembered', stroke: colours[0]}],
                     [values[0], values[2], values[1]] as ArrayLike<number | null>[], {range: extent(signal)});
    charts.error.draw(ago(step.sampleDelays), [{label: 'best fit less signal', stroke: colours[1], width: 2.5, dash: [7, 5]}, {label: 'remembered less signal', stroke: colours[0]}],
                      [step.bestSamples, step.remembered].map(values => back(values.map((value, i) => value - step.samples[i]))));
    charts.x.draw(Float64Array.from(step.after, (_, i) => i), [{label: 'x', stroke: colours[1], bars: true}], [step.after], {x: [-0.7, step.after.length - 0.3]});
    input('scrub').value = String(state.at);
    element('now').textContent = `${(state.at * signal.dt).toPrecision(4)} ${signal.unit}, sample ${state.at}`;
    element('summary').textContent = `Sample ${state.at}: ${step.input.toPrecision(4)} came in; it is remembered as ${step.reconstruction[0].toPrecision(4)}. ` +
      `Error over the window ${step.error_.toExponential(1)}, of the best fit ${step.bestError.toExponential(1)}.`;
  } catch (error) {
    complain(error);
  }
}

const timesOf = new WeakMap<Signal, Float64Array>();
function times(signal: Signal) {
  const known = timesOf.get(signal) ?? Float64Array.from(signal.samples, (_, k) => k * signal.dt);
  timesOf.set(signal, known);
  return known;
}
function extent(signal: Signal): [number, number] {
  const low = signal.samples.reduce((a, b) => Math.min(a, b)), high = signal.samples.reduce((a, b) => Math.max(a, b));
  const room = 0.15 * (high - low || 1);
  return [low - room, high + room];
}

function play(on: boolean) {
  state.playing = on;
  element('summary').setAttribute('aria-live', on ? 'off' : 'polite');  // sixty lines a second are not for reading aloud
  element('play').innerHTML = on ? '&#x23F8;' : '&#x25B6;';
  element('play').setAttribute('aria-label', on ? 'Pause' : 'Play');
  if (on) requestAnimationFrame(frame);
}
function frame() {
  if (!state.playing) return;
  if (state.at >= state.signal.samples.length - 1) return play(false);
  go(state.at + Number(input('speed').value));
  requestAnimationFrame(frame);
}

/// Another signal, with a window that suits it.
function take(signal: Signal, isNew = true) {
  if (signal.samples.length < 2) throw new Error(`${signal.name}: a signal needs at least two samples`);
  if (isNew) {
    signals.push(signal);
    list();
  }
  const before = state.signal;
  state.signal = signal;
  input('signal').value = String(signals.indexOf(signal));
  const window = Number((signal.samples.length * signal.dt / 3).toPrecision(2));
  input('window').value = String(window);
  input('delay').value = String(window / 2);
  state.at = Math.floor(signal.samples.length / 2);
  if (change()) return;
  state.signal = before;
  input('signal').value = String(signals.indexOf(before));
}

function list() {
  element('signal').innerHTML = '';
  signals.forEach((signal, i) => element('signal').append(new Option(signal.name, String(i))));
}

async function openFile(file: File) {
  try {
    const name = file.name.toLowerCase();
    take(name.endsWith('.wav') ? parseWav(file.name, await file.arrayBuffer()) : parseCsv(file.name, await file.text()));
  } catch (error) {
    complain(error);
  }
}

function drawing() {
  const pad = element<HTMLCanvasElement>('pad'), button = element('draw');
  const n = 1000, drawn = new Float64Array(n);
  let last = -1;
  const point = (event: PointerEvent) => {
    const box = pad.getBoundingClientRect();
    const k = Math.min(Math.max(Math.round((event.clientX - box.left) / box.width * (n - 1)), 0), n - 1);
    const value = 1 - 2 * (event.clientY - box.top) / box.height;
    const from = last < 0 ? k : last;
    for (let i = Math.min(from, k); i <= Math.max(from, k); ++i) drawn[i] = value;
    last = k;
    const ink = pad.getContext('2d')!;
    ink.fillStyle = colours[0];
    ink.fillRect(k / n * pad.width - 2, (event.clientY - box.top) / box.height * pad.height - 2, 4, 4);
  };
  button.addEventListener('click', () => {
    pad.hidden = !pad.hidden;
    button.setAttribute('aria-pressed', String(!pad.hidden));
    [pad.width, pad.height] = [pad.clientWidth, pad.clientHeight];
    drawn.fill(0);
    last = -1;
  });
  pad.addEventListener('pointerdown', event => { pad.setPointerCapture(event.pointerId); point(event); });
  pad.addEventListener('pointermove', event => { if (event.buttons) point(event); });
  pad.addEventListener('pointerup', () => {
    pad.hidden = true;
    button.setAttribute('aria-pressed', 'false');
    take({name: 'Drawn', samples: drawn.slice(), dt: 0.004, unit: 's'});
  });
}

function tour() {
  const dialog = element<HTMLDialogElement>('tour');
  let place = 0;
  const look = (id?: string) => {
    document.querySelector('.looked-at')?.classList.remove('looked-at');
    const figure = id === undefined ? undefined : element(id).closest('figure');
    figure?.classList.add('looked-at');
    figure?.scrollIntoView({block: 'start'});
  };
  dialog.addEventListener('close', () => look());
  const show = () => {
    const stop = stops[place];
    element('tour-count').textContent = `${place + 1} of ${stops.length}`;
    element('tour-title').textContent = stop.title;
    element('tour-text').innerHTML = `<p>${stop.text}</p><div class="formula">${typeset(stop.formula)}</div>`;
    input('tour-back').disabled = place === 0;
    element('tour-next').textContent = place + 1 === stops.length ? 'Done' : 'Next';
    for (const [id, value] of Object.entries(stop.set ?? {})) input(id).value = value;
    if (stop.to !== undefined) state.at = Math.floor(stop.to * (state.signal.samples.length - 1));
    change();
    look(stop.look);
  };
  element('tour-start').addEventListener('click', () => { play(false); place = 0; take(signals[0], false); show(); dialog.show(); element('tour-next').focus(); });
  element('tour-back').addEventListener('click', () => { --place; show(); });
  element('tour-next').addEventListener('click', () => { if (++place === stops.length) dialog.close(); else show(); });
  element('tour-end').addEventListener('click', () => dialog.close());
  dialog.addEventListener('keydown', event => { if (event.key === 'Escape') dialog.close(); });
}

function offer(id: string, names: string[], texts: Record<string, string>) {
  const said = Object.keys(texts).filter(name => names.includes(name)), others = names.filter(name => !(name in texts));
  for (const name of [...said, ...others]) element(id).append(new Option(texts[name] ?? name, name));
}
offer('measure', measures.map(each => each.name), measureTexts);
offer('method', methods, methodTexts);
list();
for (const id of ['measure', 'method', 'order', 'window', 'delay']) element(id).addEventListener('change', change);
element('signal').addEventListener('change', () => take(signals[Number(input('signal').value)], false));
element('play').addEventListener('click', () => play(!state.playing));
element('forward').addEventListener('click', () => { play(false); go(state.at + 1); });
element('back').addEventListener('click', () => { play(false); go(state.at - 1); });
input('scrub').addEventListener('input', () => { play(false); go(Number(input('scrub').value)); });
input('file').addEventListener('change', () => { const file = input('file').files?.[0]; if (file) void openFile(file); });
element('microphone').addEventListener('click', () => { record().then(signal => take(signal), complain); });
document.addEventListener('dragover', event => event.preventDefault());
document.addEventListener('drop', event => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) void openFile(file);
});
document.addEventListener('keydown', event => {
  if (event.target instanceof HTMLInputElement && event.target.type !== 'range' || event.target instanceof HTMLSelectElement || event.target instanceof HTMLButtonElement && event.key === ' ') return;
  if (event.key === ' ') { event.preventDefault(); play(!state.playing); }
  if (event.key === 'ArrowRight') { event.preventDefault(); play(false); go(state.at + 1); }
  if (event.key === 'ArrowLeft') { event.preventDefault(); play(false); go(state.at - 1); }
});
drawing();
tour();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', change);
take(signals[0], false);
document.documentElement.dataset.ready = 'true';
