// One HTML file with everything in it, the WebAssembly too. BUILD: where make left longstate.mjs, and where the page goes.
import {defineConfig} from 'vite';
import {viteSingleFile} from 'vite-plugin-singlefile';
import path from 'node:path';

const build = path.resolve(process.env.BUILD ?? '../../build/explorer');

export default defineConfig({
  resolve: {alias: {'longstate-wasm': path.join(build, 'longstate.mjs')}},
  plugins: [viteSingleFile()],
  build: {target: 'es2022', outDir: path.join(build, 'page'), emptyOutDir: true, chunkSizeWarningLimit: 4096},
});
