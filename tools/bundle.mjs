import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Programs that are started by file name: they lie beside the chunks, where `new URL('./name.js', import.meta.url)` finds them. */
const PROGRAMS = ['cli/main.js', 'gateway/workers/worker-entry.js', 'stores/database/sqlite-worker.js'];

/** Bundled CommonJS packages ask for modules of Node in their own way. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

rmSync(`${root}dist/bundle`, { recursive: true, force: true });
// A start reads a handful of files instead of a thousand; what is imported only when needed stays in files of its own.
await build({
  absWorkingDir: root,
  entryPoints: PROGRAMS.map((program) => `dist/${program}`),
  entryNames: '[name]',
  chunkNames: 'chunk-[hash]',
  outdir: 'dist/bundle',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Names stay, for stack traces and profiles.
  minifySyntax: true,
  minifyWhitespace: true,
  // Native code, and what is used only where somebody has installed it.
  external: ['libsql', 'pg-native'],
  banner: { js: REQUIRE },
  logLevel: 'warning',
});
