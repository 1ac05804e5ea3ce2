import { listOf, objectOf } from './document.js';
import { isLicense } from './spdx-license.js';

type Json = Record<string, unknown>;

const contextPattern = /^https:\/\/spdx\.(?:org|github\.io)\/rdf\/3\./;

/** Whether a document is SPDX 3 in its JSON serialization: a graph of elements. */
export function isSpdx3(document: Json): boolean {
  const context = document['@context'];
  return [context, ...listOf(context)].some((each) => typeof each === 'string' && contextPattern.test(each));
}

/** Elements of an SPDX 3 document. */
export function spdx3Elements(document: Json): Json[] {
  return listOf(document['@graph']).map(objectOf);
}

/** Purls of an element: its own, or those among its identifiers. */
export function spdx3Purls(element: Json): unknown[] {
  const identifiers = listOf(element['externalIdentifier']).map(objectOf);
  const others = identifiers.filter(({ externalIdentifierType: type }) => type === 'packageUrl' || type === 'purl');
  return [element['software_packageUrl'], ...others.map(({ identifier }) => identifier)].filter(
    (purl) => purl !== undefined,
  );
}

/**
 * Packages of an SPDX 3 document by purl, with their licenses: declared, else concluded.
 * @see https://spdx.github.io/spdx-spec/v3.0.1/model/Software/Classes/Package/
 */
export function spdx3Packages(document: Json): { purl: unknown; license: string }[] {
  const elements = spdx3Elements(document);
  const licenses = licensesOf(elements);
  return elements
    .filter(({ type }) => type === 'software_Package')
    .flatMap((element) => {
      const license = licenses.get(element['spdxId']) ?? '';
      const [purl] = spdx3Purls(element);
      return purl === undefined ? [] : [{ purl, license }];
    });
}

const libraryPurposes = new Set<unknown>([undefined, 'framework', 'library']);

/** Libraries of an SPDX 3 document, without its subjects. */
export function spdx3Libraries(document: Json): Json[] {
  const elements = spdx3Elements(document);
  const subjects = new Set(elements.flatMap(({ rootElement }) => listOf(rootElement)));
  return elements.filter(
    ({ type, spdxId, software_primaryPurpose: purpose }) =>
      type === 'software_Package' && libraryPurposes.has(purpose) && !subjects.has(spdxId),
  );
}

function licensesOf(elements: readonly Json[]): Map<unknown, string> {
  const texts = new Map(elements.map((each) => [each['spdxId'], each['simplelicensing_licenseExpression']]));
  const found = new Map<unknown, string>();
  for (const type of ['hasConcludedLicense', 'hasDeclaredLicense'])
    for (const { relationshipType, from, to } of elements) {
      const text = texts.get(listOf(to)[0]);
      if (relationshipType === type && isLicense(text)) found.set(from, text);
    }
  return found;
}
