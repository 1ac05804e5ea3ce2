import { relative, resolve } from 'node:path';

import { platformPackages } from './bundle-platform.mjs';

const root = resolve(import.meta.dirname, '..');

/**
 * The program without services and without the client of their database, as the npm package and
 * the single executable file have it: its chunks, and the packages in them.
 * @throws Error if a command cannot even be defined with these
 */
export function clientOf(output, entries) {
  const chunks = new Map(output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
  const client = new Set();
  const visit = (name, from) => {
    const closure = closureOf(name, chunks);
    const module = [...closure].flatMap((each) => chunks.get(each)?.moduleIds ?? []).find(isOfPlatform);
    if (module !== undefined) {
      // All definitions of commands are loaded for help.
      if (from === undefined || from === 'main.js') throw new Error(`${name} loads ${module}: import it on demand`);
      return;
    }
    for (const each of closure) {
      if (client.has(each) || !chunks.has(each)) continue;
      client.add(each);
      for (const next of chunks.get(each).dynamicImports) visit(next, each);
    }
  };
  for (const name of entries) visit(`${name}.js`);
  return { chunks: [...client].toSorted(), packages: packagesOf([...client].map((name) => chunks.get(name))) };
}

/** Folders of the packages in chunks, as the lock file names them. */
export function packagesOf(output) {
  return [...new Set(output.flatMap(({ moduleIds = [] }) => moduleIds.flatMap(packageOf)))].toSorted();
}

function isOfPlatform(id) {
  return platformPackages.test(id);
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
