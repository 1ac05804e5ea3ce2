import type { ProductTree } from '../csaf-vex.js';

/** Package that a statement is about. */
export interface Component {
  name: string;
  /** With the epoch; undefined if the statement is about all versions. */
  version: string | undefined;
  arch: string | undefined;
  /** `name:stream` of its module. */
  module: string | undefined;
  isSource: boolean;
  /** Whether the version is that of a build of the module, and not of a package. */
  isModuleBuild: boolean;
}

/** Package in the repositories of a CPE. */
export interface RepositoryPackage {
  component: Component;
  cpe: string;
}

const maxReferences = 5;

/**
 * RPM packages of a product tree by their product ids; containers and other components, and
 * products without a CPE, are left out.
 */
export function readProducts({ identifiers, relations }: ProductTree): ReadonlyMap<string, RepositoryPackage> {
  const components = new Map<string, Component>();
  for (const [id, { purl }] of identifiers) {
    const component = purl === undefined ? undefined : componentOf(purl, id);
    if (component) components.set(id, component);
  }
  const products = new Map<string, RepositoryPackage>();
  for (const [id, { of, to }] of relations) {
    const component = components.get(of) ?? components.get(relations.get(of)?.of ?? '');
    const cpe = cpeOf(to, { identifiers, relations });
    if (component && cpe !== undefined) products.set(id, { component, cpe });
  }
  return products;
}

/** CPE of a product, which may itself be a component of another, as a module of a repository. */
function cpeOf(id: string, { identifiers, relations }: ProductTree): string | undefined {
  let at = id;
  for (let step = 0; step < maxReferences; step += 1) {
    const found = identifiers.get(at)?.cpe;
    if (found !== undefined) return found;
    const next = relations.get(at);
    if (!next) return undefined;
    at = next.to;
  }
  return undefined;
}

/**
 * Package of a purl such as `pkg:rpm/redhat/redis@6.2.17-1.el9?arch=x86_64&rpmmod=redis:6:8100`.
 * The product id has the epoch where the purl has none: `curl-1:7.76.1-26.el9.x86_64`.
 */
function componentOf(purl: string, productId: string): Component | undefined {
  const [, path, query = ''] = /^pkg:rpm\/redhat\/([^?#]{1,1000})(?:\?([^#]{0,1000}))?/.exec(purl) ?? [];
  if (path === undefined) return undefined;
  const [rawName = '', rawVersion] = path.split('@', 2);
  const [name, bare] = [decode(rawName), rawVersion === undefined ? undefined : decode(rawVersion)];
  const qualifiers = new URLSearchParams(query.replaceAll('+', '%2B'));
  const arch = qualifiers.get('arch') ?? undefined;
  const module = moduleOf(qualifiers.get('rpmmod'));
  if (name === undefined || name === '' || (rawVersion !== undefined && bare === undefined)) return undefined;
  const epoch = qualifiers.get('epoch') ?? epochIn(productId, name) ?? '0';
  const version = bare === undefined || bare === '' ? undefined : epoch === '0' ? bare : `${epoch}:${bare}`;
  return {
    ...{ name, version, arch, module },
    isSource: arch === 'src' || (arch === undefined && version !== undefined),
    isModuleBuild: module !== undefined && version !== undefined && !/\.module[+_]/.test(version),
  };
}

function epochIn(productId: string, name: string): string | undefined {
  const at = productId.indexOf(`${name}-`);
  return at === -1 ? undefined : /^(\d{1,9}):/.exec(productId.slice(at + name.length + 1))?.[1];
}

/** `redis:6` of `redis:6:8100020250113083959:489197e6`. */
function moduleOf(text: string | null): string | undefined {
  if (text === null) return undefined;
  const [name = '', stream = ''] = text.split(':');
  return `${name}:${stream}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
