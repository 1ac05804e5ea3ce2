import { relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/**
 * The program without services and without the client of their database, as the npm package and
 * the single executable file have it: chunks that need no package, and the packages in them.
 * @throws Error if a command cannot even be defined with these
 */
export function clientOf(output, entries) {
  const chunks = new Map(output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
  const client = new Set();
  const visit = (name, from) => {
    const closure = closureOf(name, chunks);
    const foreign = [...closure].find((each) => !chunks.has(each) && !each.startsWith('node:'));
    if (foreign !== undefined) {
      // All definitions of commands are loaded for help.
      if (from === undefined || from === 'main.js') throw new Error(`${name} loads ${foreign}: import it on demand`);
      return;
    }
    for (const each of closure) {
      if (client.has(each) || !chunks.has(each)) continue;
      client.add(each);
      for (const next of chunks.get(each).dynamicImports) visit(next, each);
    }
  };
  for (const name of entries) visit(`${name}.js`);
  const packages = [...client].flatMap((name) => chunks.get(name).moduleIds.flatMap(packageOf));
  return { chunks: [...client].toSorted(), packages: [...new Set(packages)].toSorted() };
}

/** A chunk and all that is loaded with it. The list of the bundler still has imports that were dropped. */
function closureOf(name, chunks, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const code = chunks.get(name)?.code ?? '';
  for (const [, next] of code.matchAll(/^(?:import|export) .*?"(?:\.\/)?([^"]+)";$/gm)) closureOf(next, chunks, found);
  return found;
}

/** Folder of the package of a module, as the lock file names it. */
function packageOf(id) {
  const [, path] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(relative(root, id)) ?? [];
  return path ?? [];
}
