// Jest runs CommonJS, and NestJS 12 and most of our dependencies are ESM only. Turning every ES module into CommonJS on
// the way in starts the suites three times faster than Node's experimental VM modules and keeps `jest.mock` working.
const { existsSync, readFileSync } = require('node:fs');
const { createHash } = require('node:crypto');
const { dirname, join } = require('node:path');
const { transformSync } = require('@swc/core');

const packageTypes = new Map();

/** `module` or `commonjs`, from the nearest package.json, as Node decides it. */
function packageType(folder) {
  const known = packageTypes.get(folder);
  if (known) return known;
  const manifest = join(folder, 'package.json');
  const parent = dirname(folder);
  const own = existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')).type ?? 'commonjs') : undefined;
  const type = own ?? (parent === folder ? 'commonjs' : packageType(parent));
  packageTypes.set(folder, type);
  return type;
}

function isEsModule(path) {
  if (/\.(ts|mts|mjs)$/.test(path)) return true;
  return path.endsWith('.js') && packageType(dirname(path)) === 'module';
}

/** Specifiers of the modules behind a front door, each of which is loaded at its first use. */
const lazyIn = (source, path) =>
  /\/libs\/[^/]+\/src\/index\.ts$/.test(path) &&
  [...source.matchAll(/\bfrom '([^']+)'/g)].map(([, specifier]) => specifier);

// Saves the resolver a look for the `.js` file, and then for one with each extension.
const withOwnExtensions = (code) => code.replaceAll(/(\brequire\("\.{1,2}\/[^"]+\.)js"\)/g, '$1ts")');

// Our code takes the default export of CommonJS packages, which is their `module.exports`, as Node does it. ES modules in
// node_modules take each other's, and those are CommonJS by now.
const interopOf = (path) => (path.includes('/node_modules/') ? 'swc' : 'node');

module.exports = {
  process(source, path) {
    if (!isEsModule(path)) return { code: source };
    const isOurs = path.endsWith('.ts');
    const { code } = transformSync(source, {
      filename: path,
      swcrc: false,
      // No test steps through a package, and its map is larger than the code.
      sourceMaps: isOurs && 'inline',
      module: { type: 'commonjs', importInterop: interopOf(path), lazy: lazyIn(source, path) },
      jsc: {
        target: 'es2023',
        parser: /ts$/.test(path) ? { syntax: 'typescript', decorators: true } : { syntax: 'ecmascript' },
        transform: { legacyDecorator: true, decoratorMetadata: true },
        keepClassNames: true,
      },
    });
    return { code: isOurs ? withOwnExtensions(code) : code };
  },
  getCacheKey(source, path, options) {
    return createHash('sha256')
      .update([__filename, process.version, path, packageType(dirname(path)), String(options.instrument)].join('\0'))
      .update(source)
      .update(readFileSync(__filename))
      .digest('hex');
  },
};
