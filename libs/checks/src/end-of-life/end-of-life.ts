import { createHash } from 'node:crypto';

import {
  findingOf,
  type Finding,
  type ImagePackage,
  type OsRelease,
  type PackageType,
  type Severity,
} from '@tidewaiter/domain';

import type { CheckInfo } from '../check.js';
import { builtInLifecycles, type Lifecycles, type Product, type ReleaseLine } from './lifecycles.js';
import { dayOf, endOfRelease, releaseOf, supportedReleases } from './releases.js';

/** Fields of a package that determine its end of support. */
export type DatedPackage = Pick<ImagePackage, 'type' | 'name' | 'version' | 'foundIn' | 'layer' | 'state'> &
  Pick<ImagePackage, 'isDeclared'>;

const reference = 'https://endoflife.date/';

export const endOfLifeDistribution: CheckInfo = {
  id: 'end-of-life-distribution',
  title: 'Distribution past end of life',
  severity: 'high',
  reason: 'New vulnerabilities are not fixed, and advisories often do not list old releases.',
  fix: 'Rebuild on a supported release. Medium during extended support: check that you have a subscription.',
  reference,
};

export const endOfLifeRuntime: CheckInfo = {
  id: 'end-of-life-runtime',
  title: 'Runtime, server or framework past end of life',
  severity: 'high',
  reason:
    'New vulnerabilities are not fixed. Packages of the distribution follow its own support and are not reported.',
  fix: 'Upgrade to a supported release. Medium for a program built with an old Go release: rebuild it.',
  reference,
};

/**
 * By `ID` of os-release. Rolling distributions are missing, since they have no release that ends.
 */
const distributions: ReadonlyMap<string, Product> = new Map<string, Product>([
  ['alma', 'almalinux'],
  ['almalinux', 'almalinux'],
  ['alpine', 'alpine'],
  ['amzn', 'amazon'],
  ['amazon', 'amazon'],
  ['azurelinux', 'azure-linux'],
  ['cbl-mariner', 'azure-linux'],
  ['centos', 'centos'],
  ['debian', 'debian'],
  ['fedora', 'fedora'],
  ['mariner', 'azure-linux'],
  ['ol', 'oracle'],
  ['opensuse', 'opensuse-leap'],
  ['opensuse-leap', 'opensuse-leap'],
  ['opensuse.leap', 'opensuse-leap'],
  ['oracle', 'oracle'],
  ['photon', 'photon'],
  ['redhat', 'rhel'],
  ['rhel', 'rhel'],
  ['rocky', 'rocky'],
  ['sled', 'sles'],
  ['sles', 'sles'],
  ['sles_sap', 'sles'],
  ['ubuntu', 'ubuntu'],
]);

/**
 * Programs as their own project released them, by the names in binaries and Bitnami's inventories.
 * Programs that are not built in are products of endoflife.date.
 */
const programs: ReadonlyMap<string, Product> = new Map<string, Product>([
  ['apache', 'httpd'],
  ['argo-cd', 'argo-cd'],
  ['bun', 'bun'],
  ['caddy', 'caddy'],
  ['chrome', 'chrome'],
  ['cilium', 'cilium'],
  ['consul', 'consul'],
  ['containerd', 'containerd'],
  ['deno', 'deno'],
  ['dotnet', 'dotnet'],
  ['elasticsearch', 'elasticsearch'],
  ['elixir', 'elixir'],
  ['envoy', 'envoy'],
  ['erlang', 'erlang'],
  ['etcd', 'etcd'],
  ['exim', 'exim'],
  ['ffmpeg', 'ffmpeg'],
  ['fluent-bit', 'fluent-bit'],
  ['grafana', 'grafana'],
  ['haproxy', 'haproxy'],
  ['httpd', 'httpd'],
  ['influxdb', 'influxdb'],
  ['java', 'java'],
  ['julia', 'julia'],
  ['kubernetes', 'kubernetes'],
  ['loki', 'grafana-loki'],
  ['lua', 'lua'],
  ['mariadb', 'mariadb'],
  ['memcached', 'memcached'],
  ['moby', 'docker-engine'],
  ['mongodb', 'mongodb'],
  ['mysql', 'mysql'],
  ['nginx', 'nginx'],
  ['node', 'node'],
  ['nomad', 'nomad'],
  ['openjdk', 'java'],
  ['openssl', 'openssl'],
  ['packer', 'hashicorp-packer'],
  ['perl', 'perl'],
  ['php', 'php'],
  ['podman', 'podman'],
  ['postgresql', 'postgresql'],
  ['proftpd', 'proftpd'],
  ['prometheus', 'prometheus'],
  ['python', 'python'],
  ['rabbitmq', 'rabbitmq'],
  ['redis', 'redis'],
  ['ruby', 'ruby'],
  ['rust', 'rust'],
  ['sqlite', 'sqlite'],
  ['squid', 'squid'],
  ['telegraf', 'telegraf'],
  ['terraform', 'terraform'],
  ['traefik', 'traefik'],
  ['valkey', 'valkey'],
  ['vault', 'vault'],
]);

/** Language packages that are a runtime or framework of their own, by `type:name`. */
const libraries: ReadonlyMap<string, Product> = new Map<string, Product>([
  ['gem:rails', 'rails'],
  ['golang:stdlib', 'go'],
  ['golang:toolchain', 'go'],
  ['nuget:Microsoft.NETCore.App', 'dotnet'],
  ['pypi:django', 'django'],
]);

/** All products that {@link endOfLife} evaluates. */
export const knownProducts: readonly Product[] = [
  ...new Set([...distributions.values(), ...programs.values(), ...libraries.values(), 'centos-stream']),
];

/**
 * `linux-x64`, `linux-musl-arm64`: a self-contained application names its bundled runtime by
 * platform.
 */
const ownDotnetRuntime = /^Microsoft\.NETCore\.App\.Runtime\.[a-z0-9-]{1,40}$/;
const elasticsearchServer = /(?:^|\/)elasticsearch[^/]*\/lib\/elasticsearch-[^/]+\.jar$/;

/**
 * Packages that {@link endOfLife} needs, for a query: all of these types, and of other types those
 * with these names or prefix.
 */
export const datedPackages = {
  types: ['bitnami', 'generic'],
  names: [
    ...[...libraries.keys()].map((key) => key.slice(key.indexOf(':') + 1)),
    'Django',
    'org.elasticsearch:elasticsearch',
  ],
  namePrefix: 'Microsoft.NETCore.App.Runtime.',
} as const satisfies { types: PackageType[]; names: string[]; namePrefix: string };

/**
 * Findings about the distribution and the runtimes of an image whose support has ended. An unknown
 * release gives none.
 */
export function endOfLife(
  os: OsRelease | null,
  packages: readonly DatedPackage[],
  now: Date,
  lifecycles: Lifecycles = builtInLifecycles,
): Finding[] {
  const ofSystem = os && distributionFinding(os, now, lifecycles);
  return [...(ofSystem ? [ofSystem] : []), ...runtimeFindings(packages, now, lifecycles)];
}

/** Products of an image whose support may end. */
export function datedProducts(os: OsRelease | null, packages: readonly DatedPackage[]): Product[] {
  const ofSystem = os ? distributionProduct(os) : undefined;
  const products = new Set(packages.map(productOf));
  return [...products.add(ofSystem)].filter((product) => product !== undefined);
}

function distributionFinding(os: OsRelease, now: Date, lifecycles: Lifecycles): Finding | null {
  const product = distributionProduct(os);
  const version = distributionVersion(os);
  const lifecycle = product === undefined ? undefined : lifecycles.of(product);
  const release = lifecycle && version !== null ? releaseOf(lifecycle, version) : undefined;
  const isKnown = product !== undefined && release;
  return isKnown ? finding(endOfLifeDistribution, { product, release, places: [] }, now, lifecycles) : null;
}

function distributionProduct({ id, name }: OsRelease): Product | undefined {
  // One ID and one VERSION_ID for two distributions with different ends.
  if (id === 'centos' && /\bstream\b/i.test(name)) return 'centos-stream';
  return distributions.get(id);
}

function distributionVersion({ id, versionId }: OsRelease): string | null {
  // Edge and development branches have the version of an alpha of their next release.
  if (versionId === undefined || !/^\d+(?:\.\d+)*$/.test(versionId)) return null;
  return id.startsWith('sle') && !versionId.includes('.') ? `${versionId}.0` : versionId;
}

/** Release of a product in the image, with its places. */
interface ReleaseInImage {
  product: Product;
  release: ReleaseLine;
  places: DatedPackage[];
}

function runtimeFindings(packages: readonly DatedPackage[], now: Date, lifecycles: Lifecycles): Finding[] {
  const dated = new Map<string, ReleaseInImage>();
  for (const each of packages.toSorted(byPlace)) {
    const product = productOf(each);
    const lifecycle = product === undefined ? undefined : lifecycles.of(product);
    const release = product && lifecycle && releaseOf(lifecycle, plainVersion(each, product));
    if (!release) continue;
    // A compiler in the image and programs built by another one need two remedies.
    const key = [product, release.version, isBuiltWithGo(each)].join(' ');
    const known = dated.get(key) ?? { product, release, places: [] };
    known.places.push(each);
    dated.set(key, known);
  }
  return [...dated.values()].flatMap((each) => finding(endOfLifeRuntime, each, now, lifecycles) ?? []);
}

/**
 * Lowest layer first, so that the place in a finding does not depend on the order in which packages
 * were found.
 */
function byPlace(a: DatedPackage, b: DatedPackage): number {
  const [left, right] = [a, b].map(({ foundIn, name, version }) => [foundIn, name, version].join('\n'));
  return a.layer - b.layer || (left! < right! ? -1 : Number(left! > right!));
}

function productOf({ type, name, foundIn, state, isDeclared }: DatedPackage): Product | undefined {
  if (state !== 'present' || isDeclared) return undefined;
  if (type === 'generic' || type === 'bitnami') return programs.get(name.toLowerCase());
  if (type === 'nuget' && ownDotnetRuntime.test(name)) return 'dotnet';
  if (type === 'maven' && name === 'org.elasticsearch:elasticsearch')
    return elasticsearchServer.test(foundIn) ? 'elasticsearch' : undefined;
  return libraries.get(`${type}:${type === 'pypi' ? name.toLowerCase() : name}`);
}

/** Java 8 and older report version 1.8. */
function plainVersion({ version }: DatedPackage, product: Product): string {
  return product === 'java' ? version.replace(/^1\.(?=[5-8]\b)/, '') : version;
}

function isBuiltWithGo({ type, name }: DatedPackage): boolean {
  return type === 'golang' && name === 'stdlib';
}

const maxPaths = 20;
const maxNamedReleases = 4;

function finding(
  check: CheckInfo,
  { product, release, places }: ReleaseInImage,
  now: Date,
  lifecycles: Lifecycles,
): Finding | null {
  const about = lifecycles.of(product)!;
  const { lifecycle, text } = endOfRelease(about, release, now);
  if (lifecycle === 'supported') return null;
  const [first] = places;
  const isBuilt = first !== undefined && isBuiltWithGo(first);
  const severity: Severity = lifecycle === 'extended' || isBuilt ? 'medium' : check.severity;
  const supported = supportedReleases(about, now).slice(0, maxNamedReleases);
  return findingOf({
    kind: 'supply-chain',
    id: check.id,
    severity,
    title: isBuilt ? `Programs built with an unsupported Go release: ${text}` : text,
    fingerprint: fingerprintOf(check.id, product, release.version, isBuilt ? 'built' : ''),
    packageName: first?.name ?? null,
    installedVersion: first?.version ?? null,
    path: first?.foundIn ?? null,
    layer: first?.layer ?? null,
    state: 'present',
    evidence: {
      product: about.name,
      release: release.version,
      supportEnded: dayOf(release.supportEnds),
      ...(release.extendedEnds !== null && {
        extendedSupport: about.extended,
        extendedSupportEnds: dayOf(release.extendedEnds),
      }),
      supportedReleases: supported,
      ...(places.length > 0 && {
        paths: places.slice(0, maxPaths).map(({ foundIn }) => foundIn),
        places: places.length,
      }),
      reason: check.reason,
      fix: fixOf(about.name, supported, isBuilt),
      reference,
      datesFrom: lifecycles.isPublished ? 'endoflife.date' : 'built-in data',
      datesAsOf: lifecycles.asOf,
    },
  });
}

function fixOf(product: string, supported: readonly string[], isBuilt: boolean): string {
  if (supported.length === 0) return `No release of ${product} is supported: move to another product.`;
  const releases = `${product} ${supported.join(', ')}`;
  return isBuilt
    ? `Build the programs again with a supported release: ${releases}.`
    : `Supported releases: ${releases}.`;
}

function fingerprintOf(...parts: readonly string[]): string {
  return createHash('sha256')
    .update(['supply-chain', ...parts].join('\n'))
    .digest('hex');
}
