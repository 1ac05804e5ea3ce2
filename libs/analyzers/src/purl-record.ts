import { packageTypes, type PackageRecord, type PackageType } from '@tidewaiter/domain';

import { isToken, readArch } from './package-database.js';
import { readSourceRpm } from './rpm/source-rpm.js';

const maxPurlLength = 4096;
const maxQualifiers = 32;
const types: ReadonlySet<string> = new Set(packageTypes);
const qualifierKey = /^[a-z][a-z0-9._-]{0,63}$/;

/** Qualifiers that become fields of the record, or that depend on the whole image. */
const readQualifiers = new Set(['arch', 'distro', 'epoch', 'upstream']);

interface Purl {
  type: PackageType;
  namespace: string;
  name: string;
  version: string;
  qualifiers: ReadonlyMap<string, string>;
}

/**
 * Parses the package of a purl; undefined for text that is no purl, has no version or is of an
 * unsupported type (`oci`, `github`). The record belongs to no distribution: the purl's
 * distribution is dropped.
 * @see https://github.com/package-url/purl-spec/blob/main/purl-specification.md "How to parse a
 * purl"
 */
export function recordOfPurl(purl: string, foundIn: string): PackageRecord | undefined {
  const parsed = parsePurl(purl);
  if (!parsed) return undefined;
  const { type, qualifiers } = parsed;
  const name = fullName(parsed);
  const epoch = (type === 'rpm' && qualifiers.get('epoch')) || '0';
  const version = epoch === '0' ? parsed.version : `${epoch}:${parsed.version}`;
  if (!isToken(name) || !isToken(version)) return undefined;
  const upstream = qualifiers.get('upstream') ?? '';
  const source = type === 'rpm' ? readSourceRpm(upstream, epoch) : readUpstream(upstream, version);
  const others = [...qualifiers].filter(([key]) => !readQualifiers.has(key));
  return {
    type,
    name,
    version,
    ...readArch(qualifiers.get('arch')),
    ...(others.length > 0 && { qualifiers: Object.fromEntries(others) }),
    source: source ?? { name, version },
    licenses: [],
    foundIn,
  };
}

/** `glibc` or, if the binary has a version of its own, `glibc@2.36-9`. */
function readUpstream(upstream: string, version: string): PackageRecord['source'] | undefined {
  const [name, ownVersion] = cutAtLast(upstream, '@');
  return name === '' ? undefined : { name, version: ownVersion || version };
}

/** Types with the distribution or vendor as their namespace. */
const vendored: ReadonlySet<PackageType> = new Set<PackageType>(['alpm', 'apk', 'bitnami', 'deb', 'opkg', 'rpm']);

/**
 * Name as in advisories, undefined where its namespace is missing; that of a distribution's package
 * is the distribution.
 */
function fullName({ type, namespace, name }: Purl): string | undefined {
  if (vendored.has(type)) return name;
  // Some tools encode the slash between them, as for npm's scopes.
  const full = namespace === '' ? name : `${namespace}/${name}`;
  if (type === 'maven') return /^[^/:]+[/:][^/:]+$/.test(full) ? full.replace('/', ':') : undefined;
  return type === 'composer' && !full.includes('/') ? undefined : full;
}

function parsePurl(text: string): Purl | undefined {
  if (text.length > maxPurlLength || !/^pkg:/i.test(text)) return undefined;
  const [body = ''] = text.slice(4).split('#', 1);
  const [path, query] = cutAtLast(body, '?');
  const [, scheme = '', rest = ''] = /^\/{0,2}([a-z][a-z0-9.-]{0,63})\/(.{1,4096})$/i.exec(path) ?? [];
  const type = scheme.toLowerCase();
  const at = rest.lastIndexOf('@');
  // An @ at the start of a segment is an unencoded scope.
  if (!isPackageType(type) || at < 1 || rest.charAt(at - 1) === '/') return undefined;
  const segments = rest.slice(0, at).split('/').filter(Boolean).map(decode);
  const version = decode(rest.slice(at + 1));
  const name = segments.pop();
  if (name === undefined || version === undefined || segments.includes(undefined)) return undefined;
  return { type, namespace: segments.join('/'), name, version, qualifiers: parseQuery(query) };
}

function isPackageType(type: string): type is PackageType {
  return types.has(type);
}

function parseQuery(query: string): ReadonlyMap<string, string> {
  const qualifiers = new Map<string, string>();
  for (const pair of query.split('&', maxQualifiers)) {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, Math.max(equals, 0)).toLowerCase();
    const value = decode(pair.slice(equals + 1));
    if (qualifierKey.test(key) && isToken(value)) qualifiers.set(key, value);
  }
  return qualifiers;
}

function cutAtLast(text: string, separator: string): [before: string, after: string] {
  const at = text.lastIndexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
