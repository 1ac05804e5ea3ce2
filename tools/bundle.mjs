// Bundles the compiled modules into the program that users run: a chunk for each command, and for
// what it loads on demand (docs/decisions/0023-bundled-program.md). The launcher, `npm run bundle`
// and the Dockerfile run it after the compiler.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

import { rolldown } from 'rolldown';

import { clientOf, packagesOf } from './bundle-client.mjs';
import { absent } from './bundle-platform.mjs';

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'cli/dist/bundle');

/** Entry points of the command line by the name of their file in the bundle. */
const clientEntries = { main: 'cli/dist/main.js', 'layer-process': 'libs/sandbox/dist/layer-process.js' };
const entries = { ...clientEntries, 'image-thread': 'services/scanner/dist/push/image-thread.js' };

/**
 * Chunks of earlier builds stay for a day: a program that runs loads some of its own only later.
 */
const keepStaleMs = 86_400_000;

const entryOf = new Map(Object.entries(entries).map(([name, path]) => [join(root, path), name]));
const specifier = (path) => (path.startsWith('.') ? path : `./${path}`);

/**
 * Reads our modules with their source maps; files that they find by their own place are found from
 * the chunk.
 */
const workspaces = {
  name: 'workspaces',
  load(id) {
    if (id.includes('/node_modules/') || !id.startsWith(root)) return null;
    const code = readFileSync(id, 'utf8').replace(
      /new URL\('([^']+)', import\.meta\.url\)|import\.meta\.(\w+)/g,
      (whole, path, property) => {
        if (property === 'dirname') return `(import.meta.dirname + '/${relative(out, dirname(id))}')`;
        if (property !== undefined) throw new Error(`${relative(root, id)}: ${whole} is not known in a bundle`);
        const target = resolve(dirname(id), path);
        const place = entryOf.has(target) ? `${entryOf.get(target)}.js` : relative(out, target);
        return `new URL('${specifier(place)}', import.meta.url)`;
      },
    );
    const map = existsSync(`${id}.map`) ? JSON.parse(readFileSync(`${id}.map`, 'utf8')) : null;
    return { code, map };
  },
};

/** Examples by which tests check rules; a scan of the program would report them as secrets. */
const exampleKeys = new Set(['matches', 'ignores', 'fails', 'passes']);
const withExamples = /\/libs\/(secrets|checks)\/dist\//;

const withoutExamples = {
  name: 'without-examples',
  transform(code, id) {
    if (!withExamples.test(id)) return null;
    let left = code;
    // From the end, so that earlier places stay right; lines stay for the source map.
    for (const { start, end, type } of examplesIn(this.parse(code)).toReversed()) {
      const lines = '\n'.repeat(code.slice(start, end).split('\n').length - 1);
      left = left.slice(0, start) + (type === 'ArrayExpression' ? '[' : '() => [') + lines + ']' + left.slice(end);
    }
    return { code: left, map: null };
  },
};

/** Literal examples of objects, in the order of the code; not those that are computed of others. */
function examplesIn(node) {
  if (node === null || typeof node !== 'object') return [];
  if (Array.isArray(node)) return node.flatMap(examplesIn);
  if (node.type === 'Property' && exampleKeys.has(node.key.name)) {
    const { value } = node;
    const isLiteral = value.type === 'ArrayExpression' || value.body?.type === 'ArrayExpression';
    if (isLiteral) return [value];
  }
  return Object.values(node).flatMap(examplesIn);
}

/** Puts the digest of all chunks where the program asks for it, as `cli/src/target/build-digest.ts` does. */
const digestMark = '%digest-of-the-bundle%';

const withDigest = {
  name: 'with-digest',
  generateBundle(options, chunks) {
    const ofCode = Object.values(chunks).filter(({ type }) => type === 'chunk');
    const hash = createHash('sha256');
    for (const { fileName, code } of ofCode.toSorted(byFileName)) hash.update(`${fileName}\n${code}\n`);
    // As long as the mark, for the source maps.
    const digest = hash.digest('hex').slice(0, digestMark.length);
    const marked = ofCode.filter(({ code }) => code.includes(digestMark));
    if (marked.length !== 1) throw new Error(`${marked.length} chunks ask for the digest of the bundle`);
    marked[0].code = marked[0].code.replaceAll(digestMark, digest);
  },
};

function byFileName(a, b) {
  return a.fileName < b.fileName ? -1 : 1;
}

/**
 * The last module of a chunk is the one that needs the others: the front door of a workspace or
 * package gives it that name.
 */
function nameOf({ name, moduleIds, facadeModuleId }) {
  const [, room] =
    /\/(?:libs|services|node_modules)\/(.+?)\/(?:api\/)?(?:dist|build)\/(?:index|main)\.js$/.exec(
      moduleIds.at(-1) ?? facadeModuleId,
    ) ?? [];
  return room?.replace('/', '-') ?? name;
}

const importOfNode = new RegExp(
  String.raw`^import (?:\* as (\w\S*)|(\w\S*?))?(?:, )?(\{.+\})? from ("(?:node:[\w/]+|${builtinModules.join('|')})");$`,
  'gm',
);

/**
 * Takes what a chunk imports of Node from the objects of its modules. For an ES module Node reads
 * every export of them, which loads what is behind the getters: 20 ms of CPU time for a scan.
 */
const builtins = {
  name: 'builtins',
  renderChunk(code) {
    const direct = code.replaceAll(importOfNode, (_, all, main = all, names, module) => {
      const object = `globalThis.process.getBuiltinModule(${module})`;
      const whole = main === undefined ? [] : [`${main} = ${object}`];
      const some = names === undefined ? [] : [`${names.replaceAll(' as ', ': ')} = ${main ?? object}`];
      return `const ${[...whole, ...some].join(', ')};`;
    });
    const [unknown] = /^import [^;]*"(?:node:|fs"|path")[^;]*;/m.exec(direct) ?? [];
    if (unknown !== undefined) throw new Error(`import of Node in an unknown form: ${unknown}`);
    return { code: direct, map: null };
  },
};

/**
 * A front door that is loaded on demand still imports the chunks of exports that were dropped, for
 * their side effects. Libraries have none, but one of these chunks is the store's: NestJS and
 * TypeORM, half a second for `explain`.
 */
const frontDoors = {
  name: 'front-doors',
  renderChunk(code) {
    const [, exported] = /^(?:import \{.+\} from ".+";\s+)+export \{ (.+) \};$/.exec(code) ?? [];
    if (exported === undefined) return null;
    const names = new Set(exported.split(', ').map((name) => name.split(' as ')[0]));
    const left = code.replaceAll(/^import \{ (.+) \} from "\.\/.+";\n/gm, (whole, imported) =>
      imported.split(', ').some((name) => names.has(name.split(' as ').at(-1))) ? whole : '',
    );
    return { code: left, map: null };
  },
};

const began = Date.now();
const bundle = await rolldown({
  cwd: root,
  input: entries,
  platform: 'node',
  external: absent,
  plugins: [workspaces, withoutExamples, builtins, frontDoors, withDigest],
  onLog(level, { code, message }, log) {
    if (code === 'UNRESOLVED_IMPORT') throw new Error(message);
    log(level, message);
  },
});
const { output } = await bundle.write({
  dir: out,
  format: 'esm',
  sourcemap: true,
  sourcemapExcludeSources: true,
  keepNames: true,
  comments: { legal: true, annotation: false, jsdoc: false },
  codeSplitting: { groups: [{ name: 'domain', test: /\/libs\/domain\// }] },
  entryFileNames: '[name].js',
  chunkFileNames: (chunk) => `${nameOf(chunk)}-[hash].js`,
});
await bundle.close();

// V8 keeps a source with a single character beyond Latin 1 in two bytes a character for as long as
// the program runs: 5.4 MB more for all services.
for (const { fileName, code } of output) {
  if (code === undefined || code.search(/[^\x00-\xff]/) === -1) continue;
  if (/String\.raw`[^`]*[^\x00-\xff]|\\[^\x00-\xff]/.test(code))
    throw new Error(`${fileName}: raw or already escaped text cannot be escaped`);
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  writeFileSync(join(out, fileName), code.replaceAll(/[^\x00-\xff]/g, escaped));
}

// The detector and `replay` need not parse the rules that come with the program at every start.
const { readRuleFiles, shippedRules } = await import('../libs/rule-files/dist/index.js');
const { compileRules } = await import('../libs/sigma/dist/index.js');
writeFileSync(join(out, 'rules.json'), compileRules(await readRuleFiles([shippedRules])));

writeFileSync(join(out, 'client.json'), JSON.stringify(clientOf(output, Object.keys(clientEntries))));
writeFileSync(join(out, 'packages.json'), JSON.stringify(packagesOf(output)));

for (const name of readdirSync(out)) {
  const path = join(out, name);
  if (began - statSync(path).mtimeMs > keepStaleMs) rmSync(path);
}
