import { NameSet } from '@tidewaiter/collections';
import { linkedCode } from '@tidewaiter/domain';

/** Function of a Go program, without the parts that the compiler adds. */
interface GoFunction {
  importPath: string;
  symbol: string;
}

/** Module of a Go program. */
export interface LinkedModule {
  path: string;
  version: string;
  /** Whether its code has the import paths of another module. */
  isReplacement?: boolean;
}

/**
 * Names of the code in a Go program as {@link linkedCode} forms them: a {@link NameSet}, encoded in
 * base64.
 * @param functions names in its function table; undefined without one
 * @param modules text of its build information
 */
export function linkedNames(
  functions: ReadonlySet<string> | undefined,
  modules: string,
  linked: Iterable<LinkedModule>,
): string {
  const names = new Set<string>();
  for (const { path, version, isReplacement } of linked) {
    const isOpaque = functions === undefined || isReplacement === true;
    names.add((isOpaque ? linkedCode.opaqueModule : linkedCode.module)(path, version));
  }
  for (const name of ['GOOS', 'GOARCH'] as const) names.add(linkedCode.setting(name, settingIn(modules, name)));
  const mainPath = /^path\t([^\t\n]{1,1024})$/m.exec(modules)?.[1] ?? 'main';
  for (const text of functions ?? []) {
    const { importPath, symbol } = readFunction(text) ?? {};
    if (importPath === undefined || !symbol) continue;
    const path = importPath === 'main' ? mainPath : importPath;
    names.add(linkedCode.package(path));
    names.add(linkedCode.function(path, symbol));
  }
  return Buffer.from(NameSet.encode(names)).toString('base64');
}

const settings = { GOOS: /^build\tGOOS=([a-z0-9]{1,32})$/m, GOARCH: /^build\tGOARCH=([a-z0-9]{1,32})$/m };

function settingIn(modules: string, name: keyof typeof settings): string {
  return settings[name].exec(modules)?.[1] ?? '';
}

/**
 * Splits the name of the linker: `gopkg.in/yaml%2ev3.(*Node).Decode.func1` is `Node.Decode` of
 * `gopkg.in/yaml.v3`. Undefined for what is no function of a package, such as `type:.eq.…`.
 */
export function readFunction(name: string): GoFunction | undefined {
  const bare = withoutTypeArguments(name);
  const dot = bare.indexOf('.', bare.lastIndexOf('/') + 1);
  if (dot < 1 || bare.includes(':')) return undefined;
  return { importPath: unescaped(bare.slice(0, dot)), symbol: symbolOf(bare.slice(dot + 1)) };
}

/** A closure counts as its function, whose code it is. */
function symbolOf(text: string): string {
  const [outer = ''] = text.split(/\.(?:func|gowrap|deferwrap)\d/, 1);
  return outer
    .replace(/^\(\*([^()]{1,1024})\)/, '$1')
    .replace(/-(?:fm|range\d{1,9})$/, '')
    .replace(/^init\.\d{1,9}$/, 'init');
}

function withoutTypeArguments(name: string): string {
  if (!name.includes('[')) return name;
  let depth = 0;
  let bare = '';
  for (const unit of name) {
    if (unit === '[') depth += 1;
    if (depth === 0) bare += unit;
    if (unit === ']') depth -= 1;
  }
  return bare;
}

/** The linker escapes dots of the last element, quotes and bytes beyond ASCII as `%2e`. */
function unescaped(importPath: string): string {
  return importPath.includes('%')
    ? importPath.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    : importPath;
}
