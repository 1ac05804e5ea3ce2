import { posix } from 'node:path';

import { familyOf, hardenedId, hardenedRepository, proSuites } from '@tidewaiter/advisories';
import { isDistributionType, type OsRelease, type PackageRecord, type PackageType } from '@tidewaiter/domain';
import type { ImageConfig, Overlay, Warning } from '@tidewaiter/oci';

import { hardenedLayers } from './hardened-base.js';
import type { AnalyzedLayer, FileRecord } from './layer-facts.js';
import { identityOf, packageSuites } from './package-suites.js';
import { cpeOfLabels } from './rpm-repositories/rpm-repositories.js';

/** Limit on the repositories of an image, which each of its packages names. */
const maxRepositories = 400;

/** Facts about an image on which the advisories of its packages depend, as qualifiers. */
export interface PackageQualifiers {
  qualified: (record: PackageRecord) => PackageRecord;
  /** Warnings about repositories that do not decide as they should. */
  warnings: Warning[];
}

/** Labels and layers of an image, by its configuration. */
export type LabelledLayers = Pick<ImageConfig, 'labels' | 'diffIds'>;

const noConfig: LabelledLayers = { labels: {}, diffIds: [] };

type Qualifiers = (files: ImageFiles, os: OsRelease) => PackageQualifiers;

/** Layers with their files that have facts. */
interface ImageFiles {
  layers: readonly AnalyzedLayer[];
  view: Pick<Overlay, 'hiddenBy'>;
  config: LabelledLayers;
  /** All layers: records of an installation stay true. */
  all: FileRecord[];
  /** Visible files: a configuration that a later layer deletes has no effect. */
  shown: FileRecord[];
}

/** Qualifiers of an image's packages by its distribution and repositories. */
export function packageQualifiers(
  layers: readonly AnalyzedLayer[],
  view: Pick<Overlay, 'hiddenBy'>,
  os: OsRelease | null,
  config = noConfig,
): PackageQualifiers {
  const all = layers.flatMap(({ facts }) => facts.files);
  const shown = layers.flatMap(({ facts }, index) =>
    facts.files.filter((file) => decides(file) && view.hiddenBy(file.path, index) === undefined),
  );
  const own = os && byDistribution.get(os.id);
  const commits = commitsOf(layers, view);
  const { qualified, warnings } =
    os && own ? own({ layers, view, config, all, shown }, os) : qualifying((record) => record);
  return {
    qualified: (record) =>
      withQualifier(qualified(record), 'pypi', 'vcs_url', commits.get(posix.dirname(record.foundIn))),
    warnings,
  };
}

/** Repository and commit of Python distributions by their folder. */
function commitsOf(layers: readonly AnalyzedLayer[], view: Pick<Overlay, 'hiddenBy'>): Map<string, string> {
  return new Map(
    layers.flatMap(({ facts }, index) =>
      facts.files.flatMap(({ path, takenFrom }): [string, string][] =>
        takenFrom === undefined || view.hiddenBy(path, index) !== undefined ? [] : [[posix.dirname(path), takenFrom]],
      ),
    ),
  );
}

function decides({ rpm, suites }: FileRecord): boolean {
  return rpm !== undefined || suites !== undefined;
}

const byDistribution: ReadonlyMap<string, Qualifiers> = new Map<string, Qualifiers>([
  ['alpine', ofSuites('apk')],
  ['amzn', ofOrigins],
  ['centos', ofRepositories],
  ['debian', ofSuites('deb')],
  [hardenedId, ofHardened],
  ['ol', ofModules],
  ['rhel', ofRepositories],
  ['ubuntu', ofSuites('deb')],
]);

/** The repository of each package of Amazon Linux. */
function ofOrigins({ all }: ImageFiles): PackageQualifiers {
  const origins = new Map(all.flatMap(({ rpm }) => rpm?.origins ?? []));
  return qualifying((record) => withQualifier(record, 'rpm', 'repository_id', origins.get(nevraOf(record))));
}

/** Repositories of a release itself, which its images have without naming them. */
const usual =
  /^(?:rhel-\d{1,2}-for-\w{1,20}-(?:baseos|appstream)-rpms|rhel-[67]-server-rpms|ubi-\d{1,2}-[a-z-]{1,40}|cpe:\/[ao]:redhat:enterprise_linux:\d{1,2}(?:::(?:baseos|appstream))?)$/;

/** The repositories of an image of Red Hat, unless they are the usual ones. */
function ofRepositories({ shown, config }: ImageFiles): PackageQualifiers {
  const named = shown.flatMap(({ rpm }) => rpm?.repositories ?? []);
  const ids = [...new Set([...named, ...cpeOfLabels(config.labels)])].toSorted();
  const counted = ids.slice(0, maxRepositories);
  const repositories = counted.every((id) => usual.test(id)) ? undefined : counted.join(',');
  const left = ids.length - counted.length;
  const message = `fixes of ${left} repositories were not evaluated: maxRepositories is ${maxRepositories}`;
  return qualifying(
    (record) => withQualifier(record, 'rpm', 'repository_id', repositories),
    left > 0 ? [{ code: 'LIMIT_EXCEEDED', path: null, message }] : [],
  );
}

/** The enabled modules of Oracle Linux, whose packages do not name theirs. */
function ofModules({ shown }: ImageFiles): PackageQualifiers {
  const modules = [...new Set(shown.flatMap(({ rpm }) => rpm?.modules ?? []))].toSorted().join(',');
  return qualifying((record) =>
    /\.module[+_]/.test(record.version) ? withQualifier(record, 'rpm', 'modularity', modules || undefined) : record,
  );
}

/** The suites of apt or branches of apk that a package may be from, and those of Ubuntu Pro. */
function ofSuites(type: PackageType): Qualifiers {
  return ({ layers, view, shown }, os) => {
    const suitesOf = packageSuites(layers, view, os, type);
    const pro = proSuites(
      os,
      shown.flatMap(({ suites = [] }) => suites.map(({ suite }) => suite)),
    );
    return qualifying((record) => {
      const suites = record.type === type ? [...suitesOf(record), ...pro] : [];
      return withQualifier(record, type, 'repository_id', suites.join(',') || undefined);
    });
  };
}

/** The packages of a Docker Hardened Image; those that an image adds are their distribution's. */
function ofHardened(files: ImageFiles, os: OsRelease): PackageQualifiers {
  const inBase = new Set(
    files.layers
      .slice(0, hardenedLayers(files.config))
      .flatMap(({ facts }) => facts.files.flatMap(({ packages = [] }) => packages.map(identityOf))),
  );
  const { id } = familyOf(os);
  const own = id === hardenedId ? undefined : byDistribution.get(id)?.(files, familyOf(os));
  return qualifying((record) => {
    const isOfBase = isDistributionType(record.type) && inBase.has(identityOf(record));
    if (isOfBase) return withQualifier(record, record.type, 'repository_id', hardenedRepository);
    return own?.qualified(record) ?? record;
  }, own?.warnings);
}

function qualifying(qualified: PackageQualifiers['qualified'], warnings: Warning[] = []): PackageQualifiers {
  return { qualified, warnings };
}

/** Adds a qualifier unless the package has its own. */
function withQualifier(
  record: PackageRecord,
  type: PackageType,
  name: string,
  value: string | undefined,
): PackageRecord {
  if (record.type !== type || value === undefined || record.qualifiers?.[name] !== undefined) return record;
  return { ...record, qualifiers: { ...record.qualifiers, [name]: value } };
}

function nevraOf({ name, version, arch = 'noarch' }: PackageRecord): string {
  return `${name}-${version.slice(version.indexOf(':') + 1)}.${arch}`;
}
