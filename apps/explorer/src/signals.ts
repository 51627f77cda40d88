// Signals for the page: those of data/, made ones, dropped files, the microphone.

import sunspots from '../../../data/sunspots.csv?raw';
import speech from '../../../data/speech.wav?inline';

export interface Signal { name: string; samples: Float64Array; dt: number; unit: string }

const most = 4000;  // samples that the page steps through

/// The first numbers of a text, one a line, after at most one line of names.
export function parseCsv(name: string, text: string, dt = 1): Signal {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '');
  const first = (line: string) => Number(line.split(/[,;\t ]+/)[0]);
  if (lines.length > 0 && Number.isNaN(first(lines[0]))) lines.shift();
  if (lines.length === 0) throw new Error(`${name}: there is no number in it`);
  const samples = Float64Array.from(lines.slice(0, most), first);
  const bad = samples.findIndex(value => !Number.isFinite(value));
  if (bad >= 0) throw new Error(`${name}: line ${bad + 1} of the numbers is not a finite number: ${lines[bad].slice(0, 40)}`);
  return {name, samples, dt, unit: dt === 1 ? 'samples' : 's'};
}

/// PCM of 8, 16, 24 or 32 bits or float, the first channel.
export function parseWav(name: string, bytes: ArrayBuffer): Signal {
  const view = new DataView(bytes);
  const tag = (at: number) => at + 4 <= view.byteLength ? String.fromCharCode(...new Uint8Array(bytes, at, 4)) : '';
  if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw new Error(`${name}: this is not a WAV file`);
  let format = 0, channels = 0, rate = 0, bits = 0;
  for (let at = 12; at + 8 <= view.byteLength;) {
    const size = view.getUint32(at + 4, true), body = at + 8;
    if (tag(at) === 'fmt ' && body + 16 <= view.byteLength) {
      format = view.getUint16(body, true);
      channels = view.getUint16(body + 2, true);
      rate = view.getUint32(body + 4, true);
      bits = view.getUint16(body + 14, true);
      if (format === 0xfffe && body + 26 <= view.byteLength) format = view.getUint16(body + 24, true);
    } else if (tag(at) === 'data') {
      const width = bits / 8, whole = ![1, 3].includes(format) || channels < 1 || rate < 1 || ![1, 2, 3, 4].includes(width) || (format === 3 && width !== 4);
      if (whole) throw new Error(`${name}: only PCM or float samples of up to 32 bits are read here`);
      const count = Math.floor(Math.min(size, view.byteLength - body) / (width * channels));
      if (count < 2) throw new Error(`${name}: there are no samples in it`);
      const read = (k: number) => {
        const place = body + k * width * channels;
        if (format === 3) return view.getFloat32(place, true);
        if (width === 1) return (view.getUint8(place) - 128) / 128;
        if (width === 2) return view.getInt16(place, true) / 32768;
        if (width === 3) return ((view.getInt8(place + 2) << 16) | view.getUint16(place, true)) / 8388608;
        return view.getInt32(place, true) / 2147483648;
      };
      // the loudest stretch that the page can step through
      const from = loudest(count, read);
      return {name, samples: Float64Array.from({length: Math.min(most, count)}, (_, k) => read(from + k)), dt: 1 / rate, unit: 's'};
    }
    at = body + size + (size % 2);
  }
  throw new Error(`${name}: there is no sound in it`);
}

function loudest(count: number, read: (k: number) => number): number {
  const part = Math.max(1, most / 8);
  let best = 0, energy = -1;
  for (let from = 0; from + most <= count; from += part) {
    let sum = 0;
    for (let k = from; k < from + most; k += 16) sum += read(k) ** 2;
    if (sum > energy) [best, energy] = [from, sum];
  }
  return best;
}

/// A sum of cosines below 3 Hz with fixed phases.
function noise(): Signal {
  const n = 1500, dt = 0.002;
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const parts = Array.from({length: 18}, (_, i) => ({f: (i + 1) / 6, a: random() + 0.2, p: 2 * Math.PI * random()}));
  const samples = Float64Array.from({length: n}, (_, k) => parts.reduce((sum, c) => sum + c.a * Math.cos(2 * Math.PI * c.f * k * dt + c.p), 0) / 4);
  return {name: 'Noise below 3 Hz', samples, dt, unit: 's'};
}

function jump(): Signal {
  return {name: 'A jump and a ramp', samples: Float64Array.from({length: 1000}, (_, k) => k < 250 ? 0 : k < 600 ? 1 : 1 - (k - 600) / 200), dt: 0.004, unit: 's'};
}

function spike(): Signal {
  return {name: 'One spike', samples: Float64Array.from({length: 800}, (_, k) => Math.exp(-(((k - 120) / 8) ** 2))), dt: 0.005, unit: 's'};
}

export async function builtIn(): Promise<Signal[]> {
  const bytes = Uint8Array.from(atob(speech.slice(speech.indexOf(',') + 1)), c => c.charCodeAt(0)).buffer;
  const months = parseCsv('Sunspots, monthly', sunspots, 1 / 12);
  months.unit = 'years';
  return [noise(), months, {...parseWav('Speech', bytes), name: 'Speech'}, jump(), spike()];
}

/// Two seconds, at no more samples than the page steps through.
export async function record(): Promise<Signal> {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true});
  const recorder = new MediaRecorder(stream), parts: Blob[] = [];
  recorder.ondataavailable = event => parts.push(event.data);
  const stopped = new Promise(done => { recorder.onstop = done; });
  recorder.start();
  setTimeout(() => recorder.stop(), 2000);
  await stopped;
  stream.getTracks().forEach(track => track.stop());
  const context = new AudioContext();
  const sound = await context.decodeAudioData(await new Blob(parts).arrayBuffer());
  await context.close();
  const all = sound.getChannelData(0), rate = sound.sampleRate;
  const by = Math.max(1, Math.ceil(all.length / most));
  return {name: 'Microphone', samples: Float64Array.from({length: Math.floor(all.length / by)}, (_, k) => all[k * by]), dt: by / rate, unit: 's'};
}
