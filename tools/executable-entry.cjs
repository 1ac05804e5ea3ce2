// Start of the single executable file. All modules come from the file itself, and none from disk: it
// writes nothing, and whatever lies beside it or in a folder for temporary files is not looked at.
'use strict';

const { isBuiltin, registerHooks } = require('node:module');
const { getAssetKeys, getRawAsset } = require('node:sea');
const { setFlagsFromString } = require('node:v8');

/** Place of the modules for what asks for it: no file can lie there, as /dev/null is no folder. */
const bundle = 'file:///dev/null/cli/dist/bundle/';
const names = new Set(getAssetKeys());

registerHooks({
  resolve(specifier, context, next) {
    const isOurs = specifier.startsWith(bundle) || context.parentURL?.startsWith(bundle);
    if (!isOurs || isBuiltin(specifier)) return next(specifier, context);
    const url = URL.parse(specifier, bundle)?.href;
    if (!names.has(url?.slice(bundle.length)))
      throw Object.assign(new Error(`there is no ${specifier} in this file`), { code: 'ERR_MODULE_NOT_FOUND' });
    return { url, format: 'module', shortCircuit: true };
  },
  load(url, context, next) {
    if (!url.startsWith(bundle)) return next(url, context);
    const source = new Uint8Array(getRawAsset(url.slice(bundle.length)));
    return { format: 'module', source, shortCircuit: true };
  },
});

const [, , name, ...flags] = process.argv;
// Only `startConfined` starts it so; for all others it is the name of a command that does not exist.
if (name === 'layer-process.js' && process.permission) {
  for (const flag of flags) setFlagsFromString(flag);
  import(`${bundle}layer-process.js`);
} else {
  import(`${bundle}main.js`);
}
