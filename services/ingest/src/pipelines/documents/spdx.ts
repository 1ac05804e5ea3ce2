import { type Digest, unknownRun } from '@tidewaiter/domain';

import { field, isObject, type JsonObject } from '../../hook-request.js';
import type { ImageName } from '../image-name.js';
import { digestIn, digestOfPurl, imageOfPurl } from '../image-purl.js';
import { countPackages } from '../sbom-packages.js';
import { type DocumentKind, invalidDocument, listOf } from './document-kind.js';

const title = 'SPDX SBOM';
const versionPattern = /^SPDX-2\.[0-3]$/;
const texts = ['name', 'documentNamespace', 'SPDXID'];
const lists = ['packages', 'files', 'relationships', 'documentDescribes'];

/** @see https://spdx.github.io/spdx-spec/v2.3/ */
export const spdx: DocumentKind = {
  format: 'spdx',
  title,
  recognises: (document) => field(document, 'spdxVersion') !== undefined || isSpdx3(document),
  read(document, content) {
    const problem = problemOf(document);
    if (problem !== null) throw invalidDocument(title, problem);
    const purls = described(document).flatMap(purlsOf);
    return {
      kind: 'sbom',
      mediaType: 'application/spdx+json',
      version: String(document['spdxVersion']).slice('SPDX-'.length),
      subjects: subjectsOf(document),
      isBound: false,
      image: purls.map(imageOfPurl).find((image): image is ImageName => image !== null) ?? null,
      run: unknownRun,
      packages: countPackages(content, title),
      builder: null,
    };
  },
};

function isSpdx3(document: JsonObject): boolean {
  const context = field(document, '@context');
  return typeof context === 'string' && /^https:\/\/spdx\.(?:org|github\.io)\//.test(context);
}

function problemOf(document: JsonObject): string | null {
  if (isSpdx3(document)) return 'version 3 is not read, write it as SPDX 2.3';
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
}

/** The packages that the document is about. */
function described(document: JsonObject): JsonObject[] {
  const ids = new Set(listOf(document['documentDescribes']));
  for (const { spdxElementId, relationshipType, relatedSpdxElement } of listOf(document['relationships']).filter(
    isObject,
  ))
    if (relationshipType === 'DESCRIBES' && spdxElementId === document['SPDXID']) ids.add(relatedSpdxElement);
  return listOf(document['packages'])
    .filter(isObject)
    .filter((each) => ids.has(each['SPDXID']));
}

/** Of the image that the SBOM is about: in its purl, as its version (Syft), or in a text of Trivy's. */
function subjectsOf(document: JsonObject): Digest[] {
  const named = described(document).flatMap((each) => {
    const ofTrivy = listOf(each['attributionTexts']).filter((text) => String(text).startsWith('RepoDigest: '));
    const others = each['primaryPackagePurpose'] === 'CONTAINER' ? [...ofTrivy, each['versionInfo']] : ofTrivy;
    return [...purlsOf(each).map(digestOfPurl), ...others.map(digestIn)];
  });
  return [...new Set(named.filter((digest) => digest !== null))];
}

function purlsOf(each: JsonObject): unknown[] {
  return listOf(each['externalRefs'])
    .filter((reference) => field(reference, 'referenceType') === 'purl')
    .map((reference) => field(reference, 'referenceLocator'));
}
