import type { Report, ReportPackage } from './report.js';

/** Package with a unique reference within one document. */
export interface ReferredPackage {
  /** Purl, numbered if the image has the package several times. */
  reference: string;
  package: ReportPackage;
}

/** Packages for a bill of materials: the present ones, not those that a later layer hides. */
export function presentPackages({ packages }: Report): ReferredPackage[] {
  const seen = new Map<string, number>();
  return packages
    .filter(({ state }) => state === 'present')
    .map((each) => {
      const count = (seen.get(each.purl) ?? 0) + 1;
      seen.set(each.purl, count);
      return { reference: count === 1 ? each.purl : `${each.purl}#${count}`, package: each };
    });
}

/**
 * Splits a package name into group and name, as in many ecosystems: `@babel` and `core`,
 * `org.slf4j` and `slf4j-api`.
 */
export function splitName({ type, name }: ReportPackage): { group?: string; name: string } {
  const separator = type === 'maven' ? ':' : '/';
  const end = ['maven', 'npm', 'composer'].includes(type) ? name.indexOf(separator) : -1;
  return end < 1 || end === name.length - 1 ? { name } : { group: name.slice(0, end), name: name.slice(end + 1) };
}
