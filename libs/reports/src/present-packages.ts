import type { Report, ReportPackage } from './report.js';

/** A package with a name of its own within one document. */
export interface ReferredPackage {
  /** The purl, numbered where the image has it several times. */
  reference: string;
  package: ReportPackage;
}

/** What a bill of materials lists: the packages that the image shows, not those that a later layer hides. */
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

/** The parts of a name that many ecosystems keep apart: `@babel` and `core`, `org.slf4j` and `slf4j-api`. */
export function splitName({ type, name }: ReportPackage): { group?: string; name: string } {
  const separator = type === 'maven' ? ':' : '/';
  const end = ['maven', 'npm', 'composer'].includes(type) ? name.indexOf(separator) : -1;
  return end < 1 || end === name.length - 1 ? { name } : { group: name.slice(0, end), name: name.slice(end + 1) };
}
