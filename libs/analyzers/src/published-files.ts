import { type OwnedFiles, isDistributionType, type PackageRecord } from '@tidewaiter/domain';
import type { Overlay, StackedEntry } from '@tidewaiter/oci';

import { installTimes, type InstallTimes, judgeTime, type LayerTimes } from './install-times.js';
import type { AnalyzedLayer, FileRecord } from './layer-facts.js';
import { isNeverPublished, type PackageFolder, packageFoldersOf } from './package-layouts.js';
import { purlOf } from './purl.js';

/** Origin of the bytes of a file that a package may have brought. */
export interface FileOrigin {
  /**
   * `published`: as in the package. `changed`: the user changed or added it. `unknown`: no evidence
   * for either.
   */
  state: 'published' | 'changed' | 'unknown';
  /** Purl of the package; absent for a file of none. */
  package?: string;
  /** Evidence for the state. */
  reason: string;
  /** Published by the distribution. */
  isDistributed?: true;
  /** In a folder of the distribution's packages, of which none owns it. */
  isDisowned?: true;
}

/** Package that owns a folder, and the layer that installed it. */
interface Installed {
  folder: PackageFolder;
  purl: string;
  layer: number;
  /** Path of the package manager's own file for this package. */
  manifest?: string;
  /** Whether the package is only assumed by the name of its folder. */
  isAssumed: boolean;
}

/** Files by layer. */
type Places = ReadonlyMap<number, ReadonlySet<string>>;

/** Decides for files of layers whether they are as a package of a language published them. */
export function fileOrigins(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
  places: Places,
): (path: string, layer: number) => FileOrigin | undefined {
  const wanted = Array.from(places, ([layer, paths]) => [layer, foldersOf(paths)] as const);
  const records = new Records(layers, new Set(wanted.flatMap(([, folders]) => [...folders])));
  const times = new Map(
    wanted
      .filter(([, folders]) => folders.size > 0)
      .map(([layer, folders]) => [layer, installTimes(layers[layer]!.entries, folders)]),
  );
  return (path, layer) => {
    const installed = installedAt(path, layer, records, view);
    if (installed === undefined) return undefined;
    const stack = view.stackAt(path.split('!/', 1)[0]!);
    const found = originalOf(stack, layer, installed.layer);
    const layerTimes = found && times.get(found.layer);
    const installTime = layerTimes && timesOf(installed, layerTimes, records);
    const evidence = judge(path, found, installed, records, view, installTime);
    return { ...evidence, package: installed.purl };
  };
}

function foldersOf(paths: ReadonlySet<string>): Set<string> {
  return new Set([...paths].flatMap((path) => packageFoldersOf(path).map(({ folder }) => folder)));
}

/**
 * Times that show whether a file was installed with its package. Those of Python packages that a
 * distribution built, which leaves out RECORD, are all those of the build.
 */
function timesOf(
  { folder: { type, folder }, layer, isAssumed }: Installed,
  { byFolder, kind }: LayerTimes,
  records: Records,
): InstallTimes | undefined {
  const isDistributed = type === 'pypi' && !isAssumed && records.isUnlisted(folder, layer);
  return kind === 'separate' || (kind === 'packaged' && isDistributed) ? byFolder.get(folder) : undefined;
}

type Evidence = Pick<FileOrigin, 'state' | 'reason'>;

function judge(
  path: string,
  found: StackedEntry | undefined,
  installed: Installed,
  records: Records,
  view: Overlay,
  times: InstallTimes | undefined,
): Evidence {
  const { folder, layer } = installed;
  if (found === undefined) return { state: 'unknown', reason: 'its content could not be compared' };
  const listed = folder.type === 'pypi' ? listing(path, found, records) : undefined;
  if (listed) return listed;
  if (isNeverPublished(folder, path)) return { state: 'changed', reason: 'the package manager publishes no such file' };
  if (found.layer > layer) return { state: 'changed', reason: 'a layer above the package brought it' };
  const manifest = view
    .stackAt(installed.manifest ?? '')
    .find((each) => each.layer === layer && each.entry.path !== path)?.entry;
  const isExtracted = folder.type === 'npm' && !path.includes('/.pnpm/') && hasHiddenLock(path, view);
  const time = judgeTime(found.entry, times, manifest, isExtracted);
  if (time === 'after') return { state: 'changed', reason: 'written after the package was installed' };
  if (time === 'before') return { state: 'changed', reason: 'written before the package was installed' };
  if (time === 'unknown') return { state: 'unknown', reason: 'no times to compare' };
  if (installed.isAssumed) return { state: 'unknown', reason: 'no package lists its folder' };
  return { state: 'published', reason: 'written when the package was installed' };
}

/** RECORD of a wheel has the digest of every file. */
function listing(path: string, { entry, layer }: StackedEntry, records: Records): Evidence | undefined {
  const listed = records.listed(path, layer);
  if (listed === undefined) {
    if (!records.isListedFolder(path, layer)) return undefined;
    return { state: 'changed', reason: 'the package does not list it' };
  }
  if (listed.digest === undefined || entry.sha256 === undefined) return undefined;
  if (listed.digest === `sha256:${entry.sha256}`) return { state: 'published', reason: 'digest in RECORD' };
  return { state: 'changed', reason: 'other digest than in RECORD' };
}

/** Entry of a layer; the one in the package's layer if a later `chown` copied it up. */
function originalOf(stack: readonly StackedEntry[], layer: number, packageLayer: number): StackedEntry | undefined {
  const found = stack.find((each) => each.layer === layer);
  const digest = found?.entry.sha256;
  const original = stack.find((each) => each.layer === packageLayer && each.entry.sha256 === digest);
  return digest === undefined ? found : (original ?? found);
}

/** npm ends an installation with this file, and gives all files the time of unpacking. */
function hasHiddenLock(path: string, view: Overlay): boolean {
  const root = path.slice(0, path.indexOf('node_modules/') + 'node_modules/'.length);
  return view.stackAt(`${root}.package-lock.json`).length > 0;
}

/** Innermost package that contains the file in its folder, as of its layer. */
function installedAt(path: string, layer: number, records: Records, view: Overlay): Installed | undefined {
  for (const folder of packageFoldersOf(path)) {
    const installed =
      folder.type === 'pypi'
        ? distribution(folder, path, layer, records, view)
        : inFolder(folder, layer, records, view);
    if (installed) return installed;
  }
  return undefined;
}

function inFolder(folder: PackageFolder, layer: number, records: Records, view: Overlay): Installed | undefined {
  for (const manifest of folder.manifests) {
    const found = view.stackAt(manifest).find((each) => each.layer <= layer && each.entry.whiteout === undefined);
    if (found === undefined) continue;
    const record = records.of(manifest, found.layer);
    // npm refuses to publish a private package: it is the user's own.
    if (folder.type === 'npm' && (!record?.packages?.length || record.isUnpublished === true)) continue;
    const own = record?.packages?.find(({ name }) => folder.type !== 'composer' || name === folder.name.toLowerCase());
    if (folder.type === 'composer' && own === undefined) continue;
    return {
      folder,
      manifest,
      layer: found.layer,
      purl: own ? purlOf(own, null) : purlOfFolder(folder),
      isAssumed: false,
    };
  }
  return undefined;
}

/** `rake-13.0.6`, `github.com/gorilla/mux@v1.8.0`, `newtonsoft.json/13.0.1`, `serde-1.0.0`. */
function purlOfFolder({ type, name }: PackageFolder): string {
  if (type === 'maven') {
    const [version = '', artifact = '', ...group] = name.split('/').slice(0, -1).toReversed();
    return `pkg:maven/${group.toReversed().join('.')}/${artifact}@${version}`;
  }
  const [, base = name, version] = /^(.*?)(?:[@/]v?|-(?=\d))(\d[^/]*)$/.exec(name) ?? [];
  return `pkg:${type}/${base}${version === undefined ? '' : `@${type === 'golang' ? 'v' : ''}${version}`}`;
}

/** Distribution that lists a file, or has the name of its top-level folder in `site-packages`. */
function distribution(
  folder: PackageFolder,
  path: string,
  layer: number,
  records: Records,
  view: Overlay,
): Installed | undefined {
  const site = folder.folder.slice(0, folder.folder.lastIndexOf(folder.name));
  const all = records.distributions(site, layer);
  const list = records.listed(path, layer)?.list;
  const own =
    all.find(({ record }) => list !== undefined && parentOf(record.foundIn) === parentOf(list)) ??
    all.find(({ record }) => owns(record, folder.name));
  if (own && isFromElsewhere(own.record, view)) return undefined;
  if (own && records.of(own.record.foundIn, own.layer)?.isUnpublished) return undefined;
  if (own) {
    const { foundIn } = own.record;
    return { folder, manifest: foundIn, layer: own.layer, purl: purlOf(own.record, null), isAssumed: false };
  }
  if (all.length === 0) return undefined;
  return { folder, layer, purl: `pkg:pypi/${folder.name.toLowerCase()}`, isAssumed: true };
}

/**
 * Whether pip installed a folder, an archive or a repository instead of a package of an index: the
 * user's own program. @see https://peps.python.org/pep-0610/
 */
function isFromElsewhere({ foundIn }: PackageRecord, view: Overlay): boolean {
  return view.stackAt(`${parentOf(foundIn)}/direct_url.json`).length > 0;
}

/** `google` of google-auth, `yaml` of PyYAML, `ansible_collections` of ansible. */
function owns({ name, foundIn }: PackageRecord, folder: string): boolean {
  if (foundIn.includes(`/${folder}/`)) return true;
  const names = [name, folder].map((each) => each.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
  const [distributed = '', top = ''] = names;
  if (top.length < 2 || distributed.length < 2) return false;
  return distributed.startsWith(top) || distributed.endsWith(top) || top.startsWith(distributed);
}

/** File in a list of a package. */
interface ListedFile {
  layer: number;
  /** Path of the list. */
  list: string;
  digest: string | undefined;
}

/** Records of the layers by path, as far as they name packages and files of languages. */
class Records {
  readonly #byPlace = new Map<string, FileRecord>();
  readonly #sites = new Map<string, { record: PackageRecord; layer: number }[]>();
  /** Places of a file in lists, with the path of the list. */
  readonly #listed = new Map<string, ListedFile[]>();
  readonly #listedFolders = new Map<string, number>();
  /** Sites with a distribution without RECORD, so that an unlisted file may be its. */
  readonly #unlistedSites = new Map<string, number>();

  /** @param folders top-level folders of sites to know the files of */
  constructor(
    layers: readonly AnalyzedLayer[],
    private readonly folders: ReadonlySet<string>,
  ) {
    for (const [layer, { facts }] of layers.entries()) {
      const withRecord = new Set(facts.files.filter(({ owned }) => owned?.length).map(({ path }) => parentOf(path)));
      for (const record of facts.files) this.#add(record, layer, withRecord);
    }
  }

  of(path: string, layer: number): FileRecord | undefined {
    return this.#byPlace.get(`${layer} ${path}`);
  }

  distributions(site: string, layer: number): { record: PackageRecord; layer: number }[] {
    return (this.#sites.get(site) ?? []).filter((each) => each.layer <= layer);
  }

  listed(path: string, layer: number): ListedFile | undefined {
    return this.#listed.get(path)?.findLast((each) => each.layer <= layer);
  }

  /** Whether a folder's files are listed, and no other distribution could have installed one. */
  isListedFolder(path: string, layer: number): boolean {
    const site = siteOf(path);
    if (site === undefined || this.isUnlisted(path, layer)) return false;
    const top = path.slice(0, path.indexOf('/', site.length) + 1);
    const first = this.#listedFolders.get(top);
    return first !== undefined && first <= layer;
  }

  /** Whether a distribution without RECORD is installed beside a file. */
  isUnlisted(path: string, layer: number): boolean {
    const unlisted = this.#unlistedSites.get(siteOf(path) ?? '');
    return unlisted !== undefined && unlisted <= layer;
  }

  #add(record: FileRecord, layer: number, withRecord: ReadonlySet<string>): void {
    const { path, packages, owned } = record;
    if (packages?.length) this.#byPlace.set(`${layer} ${path}`, record);
    const own = packages?.[0];
    const site = own?.type === 'pypi' && !own.isDeclared ? siteOf(path) : undefined;
    if (own && site !== undefined) {
      this.#sites.set(site, [...(this.#sites.get(site) ?? []), { record: own, layer }]);
      if (!withRecord.has(parentOf(path)))
        this.#unlistedSites.set(site, Math.min(layer, this.#unlistedSites.get(site) ?? layer));
    }
    for (const each of owned ?? []) if (!isDistributionType(each.type)) this.#list(each, path, layer);
  }

  #list({ files }: OwnedFiles, list: string, layer: number): void {
    for (const { path, digest } of files) {
      const site = siteOf(path);
      const top = site === undefined ? '' : path.slice(0, path.indexOf('/', site.length) + 1);
      if (!this.folders.has(top)) continue;
      const known = this.#listed.get(path);
      if (known) known.push({ layer, list, digest });
      else this.#listed.set(path, [{ layer, list, digest }]);
      if (!this.#listedFolders.has(top)) this.#listedFolders.set(top, layer);
    }
  }
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** `…/site-packages/` of a path. */
function siteOf(path: string): string | undefined {
  return /^.*\/(?:site|dist)-packages\//.exec(`/${path}`)?.[0].slice(1);
}
