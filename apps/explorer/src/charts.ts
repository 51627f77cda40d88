// Lines and bars by uPlot, matrices as pictures, in the colours of the page.

import uPlot from 'uplot';

// Colours that differ for colour-blind readers, too (Okabe & Ito 2008).
export const colours = ['#D55E00', '#0072B2', '#009E73', '#CC79A7', '#E69F00', '#56B4E9'];

export interface Line { label: string; stroke: string; width?: number; dash?: number[]; points?: boolean; bars?: boolean }

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/// At most five digits, powers of ten where it is small.
const short = (value: number) => value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(5)));

export class Chart {
  private plot: uPlot | undefined;
  private key = '';

  constructor(private place: HTMLElement, private label: string, private onPick?: (x: number) => void) {
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { this.key = ''; });
  }

  /// Lines over a common, rising x; `now` marks a place, `range` fixes y.
  draw(x: ArrayLike<number>, lines: Line[], values: ArrayLike<number | null>[], options: {now?: number; range?: [number, number]; x?: [number, number]} = {}) {
    const key = lines.map(line => line.label).join('|');
    this.marks = options;
    if (!this.plot || key !== this.key) {
      this.plot?.destroy();
      this.plot = this.make(lines);
      this.key = key;
    }
    this.plot.setData([x, ...values] as unknown as uPlot.AlignedData);
  }

  private marks: {now?: number; range?: [number, number]; x?: [number, number]} = {};

  private size() {
    return {width: Math.max(this.place.clientWidth, 100), height: this.place.clientHeight};
  }

  private make(lines: Line[]): uPlot {
    const axis = {stroke: css('--soft'), grid: {stroke: css('--line'), width: 1}, ticks: {stroke: css('--line')}};
    const plot = new uPlot({
      ...this.size(),
      legend: {show: false},
      cursor: {drag: {x: false, y: false}},
      scales: {
        x: {time: false, range: (_, low, high) => this.marks.x ?? [low, high > low ? high : low + 1]},
        y: {range: (_, low, high) => this.marks.range ?? uPlot.rangeNum(low ?? 0, high ?? 1, 0.1, true)},
      },
      axes: [axis, {...axis, size: 56}].map(a => ({...a, values: (_: uPlot, places: number[]) => places.map(short)})),
      series: [{}, ...lines.map(line => ({
        label: line.label, stroke: line.stroke, width: line.width ?? 1.5, dash: line.dash, spanGaps: true,
        points: {show: line.points ?? false, size: 3, fill: line.stroke},
        ...(line.points ? {paths: () => null} : {}),
        ...(line.bars ? {paths: uPlot.paths.bars!({size: [0.8, 40]}), fill: line.stroke} : {}),
      }))],
      hooks: {draw: [plot => this.mark(plot)]},
    }, [[0], ...lines.map(() => [0])] as uPlot.AlignedData, this.place);
    plot.root.setAttribute('role', 'img');
    plot.root.setAttribute('aria-label', `${this.label}: ${lines.map(line => line.label).join(', ')}`);
    if (this.onPick) plot.over.addEventListener('pointerdown', event => this.onPick!(plot.posToVal(event.offsetX, 'x')));
    this.legend(lines);
    return plot;
  }

  private mark(plot: uPlot) {
    if (this.marks.now === undefined) return;
    const x = plot.valToPos(this.marks.now, 'x', true), {top, height} = plot.bbox;
    plot.ctx.fillStyle = css('--strong');
    plot.ctx.fillRect(x - 1, top, 2, height);
  }

  private legend(lines: Line[]) {
    if (this.place.nextElementSibling?.className === 'legend') this.place.nextElementSibling.remove();
    if (lines.length < 2) return;
    const legend = document.createElement('div');
    legend.className = 'legend';
    for (const line of lines) {
      const item = document.createElement('span');
      item.textContent = line.label;
      item.style.setProperty('--colour', line.stroke);
      legend.append(item);
    }
    this.place.after(legend);
  }
}

/// Rows of numbers as a picture: red above zero, blue below, by the fourth root, so that small entries show.
export function picture(canvas: HTMLCanvasElement, values: Float64Array, label: string) {
  const n = Math.round(Math.sqrt(values.length));
  canvas.width = canvas.height = n;
  canvas.setAttribute('aria-label', `${label}, ${n} by ${n}`);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-300);
  const image = new ImageData(n, n);
  for (let i = 0; i < values.length; ++i) {
    const depth = Math.abs(values[i] / largest) ** 0.25, [r, g, b] = values[i] > 0 ? [213, 94, 0] : [0, 114, 178];
    image.data.set([r, g, b].map(c => 255 + depth * (c - 255)).concat(255), 4 * i);
  }
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}
