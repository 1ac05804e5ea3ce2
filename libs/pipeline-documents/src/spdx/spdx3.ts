import { isSpdx3, spdx3Elements, spdx3Purls } from '@tidewaiter/analyzers';
import type { HookObject } from '@tidewaiter/webhooks';

import { listOf } from '../document-kind.js';
import { digestIn, digestOfPurl } from '../image-purl.js';
import type { SpdxEdition } from './spdx-edition.js';

const versionPattern = /^3\.\d+\.\d+$/;

/** @see https://spdx.github.io/spdx-spec/v3.0.1/ */
export const spdx3: SpdxEdition = {
  recognizes: isSpdx3,
  problemOf(document) {
    if (!Array.isArray(document['@graph'])) return '@graph is no list';
    if (!versionPattern.test(versionOf(document))) return 'no CreationInfo has a specVersion of 3';
    const elements = spdx3Elements(document);
    if (!elements.some(({ type }) => type === 'SpdxDocument')) return 'SpdxDocument is missing';
    const isNamed = ({ name, spdxId }: HookObject) => typeof name === 'string' && typeof spdxId === 'string';
    const packages = elements.filter(({ type }) => type === 'software_Package');
    return packages.every(isNamed) ? null : 'a package has no name or no spdxId';
  },
  versionOf,
  purlsOf: (document) => described(document).flatMap(spdx3Purls),
  subjectsOf(document) {
    const named = described(document).flatMap((each) => {
      const version = each['software_primaryPurpose'] === 'container' ? [each['software_packageVersion']] : [];
      return [...spdx3Purls(each).map(digestOfPurl), ...version.map(digestIn)];
    });
    return [...new Set(named.filter((digest) => digest !== null))];
  },
};

function versionOf(document: HookObject): string {
  const { specVersion } = spdx3Elements(document).find(({ type }) => type === 'CreationInfo') ?? {};
  return typeof specVersion === 'string' ? specVersion : '';
}

/**
 * The packages that the document is about: its root elements, or those of the SBOMs that are its
 * roots.
 */
function described(document: HookObject): HookObject[] {
  const elements = spdx3Elements(document);
  const rootsOf = (kind: string, among?: ReadonlySet<unknown>) =>
    new Set(
      elements
        .filter(({ type, spdxId }) => type === kind && (among?.has(spdxId) ?? true))
        .flatMap(({ rootElement }) => listOf(rootElement)),
    );
  const roots = rootsOf('SpdxDocument');
  const all = roots.union(rootsOf('software_Sbom', roots));
  return elements.filter(({ type, spdxId }) => type === 'software_Package' && all.has(spdxId));
}
