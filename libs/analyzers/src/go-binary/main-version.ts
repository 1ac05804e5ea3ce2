import { linesOf } from '../package-database.js';

/** Version that `go build` writes if it knows none. */
export const unknownVersion = '(devel)';

const setting = 'build\t-ldflags=';
const maxFlagsBytes = 16 << 10;

// `-X main.version=v1.2.3` in any quoting of a shell, make or Go itself.
const assignment =
  /-X[ =]["'\\]{0,4}([\w./~-]{1,256})=["'\\]{0,4}v?(\d{1,9}\.\d{1,9}(?:\.\d{1,9})?(?:[-+~][0-9A-Za-z.+~-]{1,128})?)(?=["'\\\s]|$)/g;
const versionVariable =
  /^(?:app|build|cli|cmd|current|full|git|product|program|release|sem)?_?(?:version|ver|tag)(?:string|number)?$/i;

/**
 * Version that linker flags write into a variable of the program, as releases do that are not
 * installed as modules. Undefined if no variable has the name of a version.
 */
export function linkedVersion(modules: string, mainModule: string): string | undefined {
  const start = modules.indexOf(setting);
  if (start === -1) return undefined;
  const valueAt = start + setting.length;
  const [line = ''] = linesOf(modules.slice(valueAt, valueAt + maxFlagsBytes));
  let best: { version: string; rank: number } | undefined;
  for (const [, name = '', version = ''] of line.matchAll(assignment)) {
    const dot = name.lastIndexOf('.');
    if (!versionVariable.test(name.slice(dot + 1))) continue;
    const rank = rankOf(name.slice(0, dot), mainModule);
    if (best === undefined || rank < best.rank) best = { version: `v${version}`, rank };
  }
  return best?.version;
}

/**
 * Ranks the program's own variables first; shared packages (`prometheus/common/version`) hold its
 * version too.
 */
function rankOf(folder: string, mainModule: string): number {
  if (folder === 'main') return 0;
  return folder === mainModule || folder.startsWith(`${mainModule}/`) ? 1 : 2;
}
