import type { OsRelease, PackageRecord } from '@tidewaiter/domain';

import type { AnalyzedLayer } from './layer-facts.js';

/** Repositories of a release itself, which its images have without naming them. */
const usual =
  /^(?:rhel-\d{1,2}-for-\w{1,20}-(?:baseos|appstream)-rpms|rhel-[67]-server-rpms|ubi-\d{1,2}-[a-z-]{1,40}|cpe:\/[ao]:redhat:enterprise_linux:\d{1,2}(?:::(?:baseos|appstream))?)$/;

/** Limit on the repositories of an image, which each of its packages names. */
const maxIds = 400;

/**
 * Qualifies RPM packages by facts about the image on which their advisories depend: the repository
 * of a package of Amazon Linux, the repositories of an image of Red Hat unless they are the usual
 * ones, the enabled modules of Oracle Linux, whose packages do not name theirs.
 */
export function rpmQualifiers(
  layers: readonly AnalyzedLayer[],
  os: OsRelease | null,
): (record: PackageRecord) => PackageRecord {
  const found = layers.flatMap(({ facts }) => facts.files.flatMap(({ rpm }) => rpm ?? []));
  if (os?.id === 'amzn') {
    const origins = new Map(found.flatMap((each) => each.origins ?? []));
    return (record) => withQualifier(record, 'repository_id', origins.get(nevraOf(record)));
  }
  if (os?.id === 'rhel' || os?.id === 'centos') {
    const ids = [...new Set(found.flatMap(({ repositories = [] }) => repositories))].toSorted().slice(0, maxIds);
    const repositories = ids.every((id) => usual.test(id)) ? undefined : ids.join(',');
    return (record) => withQualifier(record, 'repository_id', repositories);
  }
  if (os?.id === 'ol') {
    const modules = [...new Set(found.flatMap(({ modules: own = [] }) => own))].toSorted().join(',');
    return (record) =>
      /\.module[+_]/.test(record.version) ? withQualifier(record, 'modularity', modules || undefined) : record;
  }
  return (record) => record;
}

/** Adds a qualifier unless the package has its own. */
function withQualifier(record: PackageRecord, name: string, value: string | undefined): PackageRecord {
  if (record.type !== 'rpm' || value === undefined || record.qualifiers?.[name] !== undefined) return record;
  return { ...record, qualifiers: { ...record.qualifiers, [name]: value } };
}

function nevraOf({ name, version, arch = 'noarch' }: PackageRecord): string {
  return `${name}-${version.slice(version.indexOf(':') + 1)}.${arch}`;
}
