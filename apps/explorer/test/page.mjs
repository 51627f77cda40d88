// The page in a real browser: node page.mjs PAGE.HTML COMMAND FOLDER. It opens from the disk, plays, steps, takes every choice, files good and
// bad, and the tour, with nothing on the console and nothing asked of a network; FOLDER gets a picture of each main view.
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {chromium} from 'playwright-core';

const [html, command, folder] = process.argv.slice(2);
mkdirSync(folder, {recursive: true});
const root = new URL('../../../', import.meta.url).pathname;
let failures = 0;
function check(what, ok, detail = '') {
  if (ok) return;
  ++failures;
  console.log(`FAILED: ${what} ${detail}`);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
const said = [], asked = [];

async function open(options) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(20000);
  page.on('console', message => said.push(message.text()));
  page.on('pageerror', error => said.push(error.message));
  page.on('request', request => { if (!/^(file|data|blob):/.test(request.url())) asked.push(request.url()); });
  const start = Date.now();
  await page.goto('file://' + path.resolve(html));
  await page.waitForSelector('html[data-ready]');
  return {page, seconds: (Date.now() - start) / 1000};
}
const picture = (page, name) => page.screenshot({path: path.join(folder, `${name}.png`), fullPage: true});

const {page, seconds} = await open({viewport: {width: 1280, height: 900}, colorScheme: 'light'});
console.log(`Opened in ${seconds.toFixed(2)} s.`);
const summary = () => page.locator('#summary').textContent();
const message = async () => await page.locator('#message').isVisible() ? page.locator('#message').textContent() : '';
const at = async () => Number(/^Sample (\d+)/.exec(await summary())[1]);
const set = async (id, value) => {
  const tag = await page.locator(id).evaluate(node => node.tagName);
  if (tag === 'SELECT') return page.selectOption(id, value);
  await page.fill(id, String(value));
  await page.locator(id).dispatchEvent('change');
};

// what the page says is what the command says
await page.selectOption('#signal', {label: 'Sunspots, monthly'});
for (const measure of ['legt', 'legs', 'fourier', 'lagt']) {
  await set('#measure', measure);
  await set('#order', 20);
  await set('#window', 30);
  const k = await at();
  const step = JSON.parse(execFileSync(command, ['step', path.join(root, 'data/sunspots.csv'), '--rate', 12, '--measure', measure, '--order', 20, '--window', 30,
                                                 '--from', k, '--to', k, '--json'].map(String), {encoding: 'utf8'}));
  const expected = `Sample ${k}: ${step.input.toPrecision(4)} came in; it is remembered as ${step.reconstruction[0].toPrecision(4)}. ` +
    `Error over the window ${step.error.toExponential(1)}, of the best fit ${step.best_error.toExponential(1)}.`;
  check(`${measure}: what the page says is not the command's`, await summary() === expected, `${await summary()} | ${expected}`);
}
await picture(page, 'sunspots');

// steps and keys
const before = await at();
await page.click('#forward');
check('a step on', await at() === before + 1);
await page.click('#back');
await page.click('#back');
check('two steps back', await at() === before - 1);
await page.locator('body').press('ArrowRight');
check('by a key', await at() === before);
await page.locator('#scrub').fill('100');
check('scrubbed', await at() === 100, await at());
await page.locator('#plot-signal .u-over').click({position: {x: 200, y: 50}});
check('picked in the picture', await at() !== 100);

// every choice
for (const measure of await page.locator('#measure option').evaluateAll(all => all.map(o => o.value))) {
  for (const method of await page.locator('#method option').evaluateAll(all => all.map(o => o.value))) {
    await set('#measure', measure);
    await set('#order', 6);
    await set('#method', method);
    check(`${measure} ${method}`, await message() === '', await message());
  }
}
await set('#measure', 'legt');
await set('#method', 'foh');
for (const id of await page.locator('#signal option').evaluateAll(all => all.map(o => o.value))) {
  await page.selectOption('#signal', id);
  check(`signal ${id}`, await message() === '', await message());
}
await set('#delay', 0.1);
check('recurrence and convolution agree', Number(/at most ([0-9.e+-]+)/.exec(await page.locator('#difference').textContent())[1]) < 1e-12);

// bad input: a message, and the page goes on
async function refused(what, act, word) {
  await act();
  await page.waitForSelector('#message:not([hidden])');
  check(what, (await message()).includes(word), await message());
  await page.selectOption('#signal', {label: 'Noise below 3 Hz'});
  check(`${what}: goes on`, await message() === '', await message());
  const k = await at();
  await page.click('#forward');
  check(`${what}: and steps`, await at() === k + 1);
}
const file = (name, content) => () => page.setInputFiles('#file', {name, mimeType: 'application/octet-stream', buffer: Buffer.from(content)});
await refused('a text as WAV', file('text.wav', 'This is no sound, whatever its name.'), 'not a WAV');
await refused('a WAV cut short', file('short.wav', readFileSync(path.join(root, 'data/speech.wav')).subarray(0, 30)), 'no sound');
await refused('NaN in a CSV', file('holes.csv', '1\n2\nnan\n4\n'), 'line 3');
await refused('an empty CSV', file('empty.csv', ''), 'no number');
await refused('order 5,000', () => set('#order', 5000), '5000');
await set('#order', 32);
await refused('a window of 0', () => set('#window', 0), 'window');

// files dropped and chosen, a drawing, the microphone
await page.evaluate(async bytes => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(bytes)], 'dropped.wav'));
  document.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
}, [...readFileSync(path.join(root, 'data/speech.wav'))]);
await page.waitForFunction(() => document.querySelector('#signal').selectedOptions[0].text === 'dropped.wav');
check('a dropped WAV', await message() === '', await message());
await file('mine.csv', 'value\n' + Array.from({length: 300}, (_, k) => Math.sin(k / 20)).join('\n'))();
await page.waitForFunction(() => document.querySelector('#signal').selectedOptions[0].text === 'mine.csv');
await page.click('#draw');
const pad = await page.locator('#pad').boundingBox();
await page.mouse.move(pad.x + 20, pad.y + pad.height / 2);
await page.mouse.down();
await page.mouse.move(pad.x + pad.width / 2, pad.y + 20, {steps: 12});
await page.mouse.move(pad.x + pad.width - 20, pad.y + pad.height - 20, {steps: 12});
await page.mouse.up();
check('a drawing', await page.locator('#signal').evaluate(node => node.selectedOptions[0].text) === 'Drawn');
await page.click('#microphone');
await page.waitForFunction(() => document.querySelector('#signal').selectedOptions[0].text === 'Microphone' || !document.querySelector('#message').hidden);
check('the microphone', await message() === '', await message());

// frames while N = 64 plays, from the browser's own trace
await page.selectOption('#signal', {label: 'Noise below 3 Hz'});
await set('#order', 64);
await page.locator('#scrub').fill('300');
await browser.startTracing(page, {categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline']});
await page.click('#play');
await page.waitForTimeout(4000);
await page.click('#play');
const trace = JSON.parse((await browser.stopTracing()).toString());
const named = name => trace.traceEvents.filter(event => event.name === name && event.ph === 'X').map(event => event.dur / 1000);
const frames = trace.traceEvents.filter(event => event.name === 'FireAnimationFrame').map(event => event.ts / 1000).sort((a, b) => a - b);
const gaps = frames.slice(1).map((time, i) => time - frames[i]).sort((a, b) => a - b);
const work = named('FireAnimationFrame').sort((a, b) => a - b);
const middle = list => list[Math.floor(list.length / 2)];
console.log(`N = 64: ${gaps.length} frames, ${middle(gaps).toFixed(1)} ms from one to the next (median), ${gaps.at(-1).toFixed(1)} ms at worst; ` +
            `a step with its drawing ${middle(work).toFixed(1)} ms (median), ${work.at(-1).toFixed(1)} ms at worst.`);
check('it plays', gaps.length > 5, gaps.length);

// the tour
await page.click('#tour-start');
const stops = Number(/of (\d+)/.exec(await page.locator('#tour-count').textContent())[1]);
check('six to eight stops', stops >= 6 && stops <= 8, stops);
for (let i = 1; i <= stops; ++i) {
  check(`stop ${i}`, (await page.locator('#tour-count').textContent()) === `${i} of ${stops}`);
  check(`stop ${i}: a formula`, await page.locator('#tour-text math').count() === 1);
  check(`stop ${i}: no message`, await message() === '', await message());
  if (i === 3) await page.screenshot({path: path.join(folder, 'tour.png')});
  await page.click('#tour-next');
}
check('the tour ends', !await page.locator('#tour').isVisible());
await page.selectOption('#signal', {label: 'Sunspots, monthly'});
await set('#measure', 'legt');
await set('#window', 40);
await page.evaluate(() => scrollTo(0, 0));
await picture(page, 'light');

const dark = await open({viewport: {width: 1280, height: 900}, colorScheme: 'dark'});
await picture(dark.page, 'dark');
const phone = await open({viewport: {width: 390, height: 844}, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: 'light'});
const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth);
check('nothing is wider than a phone', wide <= 390, wide);
await picture(phone.page, 'phone');
const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, input, select, canvas[role=img], .uplot')]
    .filter(node => !(node.textContent?.trim() && node.tagName === 'BUTTON') && !node.getAttribute('aria-label') && !node.closest('label')).map(node => node.id || node.className));
check('every control and picture has a name', unnamed.length === 0, unnamed.join(', '));

check('nothing on the console', said.length === 0, said.join(' | '));
check('nothing asked of a network', asked.length === 0, asked.join(' | '));
await browser.close();
console.log(failures ? `${failures} failed` : 'The page does what it should.');
process.exit(failures ? 1 : 0);
