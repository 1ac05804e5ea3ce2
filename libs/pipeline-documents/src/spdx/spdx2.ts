import type { Digest } from '@tidewaiter/domain';
import { field, isObject, type HookObject } from '@tidewaiter/webhooks';

import { listOf } from '../document-kind.js';
import { digestIn, digestOfPurl } from '../image-purl.js';
import type { SpdxEdition } from './spdx-edition.js';

const versionPattern = /^SPDX-2\.[0-3]$/;
const texts = ['name', 'documentNamespace', 'SPDXID'];
const lists = ['packages', 'files', 'relationships', 'documentDescribes'];

/** @see https://spdx.github.io/spdx-spec/v2.3/ */
export const spdx2: SpdxEdition = {
  recognizes: (document) => field(document, 'spdxVersion') !== undefined,
  problemOf(document) {
    const { spdxVersion } = document;
    if (typeof spdxVersion !== 'string' || !versionPattern.test(spdxVersion))
      return 'spdxVersion is none from 2.0 to 2.3';
    const missing = texts.find((name) => typeof document[name] !== 'string');
    if (missing !== undefined) return `${missing} is missing`;
    const broken = lists.find((name) => document[name] !== undefined && !Array.isArray(document[name]));
    if (broken !== undefined) return `${broken} is no list`;
    const isNamed = (each: unknown) =>
      typeof field(each, 'name') === 'string' && typeof field(each, 'SPDXID') === 'string';
    return listOf(document['packages']).every(isNamed) ? null : 'a package has no name or no SPDXID';
  },
  versionOf: ({ spdxVersion }) => String(spdxVersion).slice('SPDX-'.length),
  purlsOf: (document) => described(document).flatMap(purlsOfPackage),
  subjectsOf,
};

/** The packages that the document is about. */
function described(document: HookObject): HookObject[] {
  const ids = new Set(listOf(document['documentDescribes']));
  for (const { spdxElementId, relationshipType, relatedSpdxElement } of listOf(document['relationships']).filter(
    isObject,
  ))
    if (relationshipType === 'DESCRIBES' && spdxElementId === document['SPDXID']) ids.add(relatedSpdxElement);
  return listOf(document['packages'])
    .filter(isObject)
    .filter((each) => ids.has(each['SPDXID']));
}

/**
 * Digests of the image that the SBOM is about: in its purl, as its version (Syft), or in a text of
 * Trivy's.
 */
function subjectsOf(document: HookObject): Digest[] {
  const named = described(document).flatMap((each) => {
    const ofTrivy = listOf(each['attributionTexts']).filter(
      (text) => typeof text === 'string' && text.startsWith('RepoDigest: '),
    );
    const others = each['primaryPackagePurpose'] === 'CONTAINER' ? [...ofTrivy, each['versionInfo']] : ofTrivy;
    return [...purlsOfPackage(each).map(digestOfPurl), ...others.map(digestIn)];
  });
  return [...new Set(named.filter((digest) => digest !== null))];
}

function purlsOfPackage(each: HookObject): unknown[] {
  return listOf(each['externalRefs'])
    .filter((reference) => field(reference, 'referenceType') === 'purl')
    .map((reference) => field(reference, 'referenceLocator'));
}
