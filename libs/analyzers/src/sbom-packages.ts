import { isDistributionType, LimitExceeded, MalformedFile, type PackageRecord } from '@tidewaiter/domain';

import type { FileFacts } from './analyzer.js';
import { listOf, objectOf, readJson } from './document.js';
import { collectPackages, oneLine } from './package-database.js';
import { recordOfPurl } from './purl-record.js';
import { isLicense } from './spdx-license.js';
import { isSpdx3, spdx3Libraries, spdx3Packages, spdx3Purls } from './spdx3.js';

/** SBOMs of whole operating systems have some 20 MB. */
const maxSbomBytes = 64 << 20;
const maxLicenses = 32;

type Json = Record<string, unknown>;

/**
 * Packages of an SBOM in JSON, CycloneDX or SPDX, by their purls, and those that they were forked
 * from. Libraries without a purl are named as unread; images and repositories are left out.
 * @see https://cyclonedx.org/docs/1.6/json/ https://spdx.github.io/spdx-spec/v2.3/
 * @throws LimitExceeded `maxSbomBytes` or `maxPackages`
 * @throws MalformedFile for any other document
 */
export function readSbom(content: Buffer, foundIn: string): FileFacts {
  if (content.length > maxSbomBytes) throw new LimitExceeded('maxSbomBytes', `SBOM of more than ${maxSbomBytes} bytes`);
  const json = readJson(content, maxSbomBytes);
  return { ...packagesOfSbom(json, foundIn, eachOrAncestor), ...unreadIn(objectOf(json)) };
}

/**
 * Packages of a parsed SBOM that have a purl, as {@link readSbom} reads them, without ancestors.
 * @throws LimitExceeded `maxPackages`
 * @throws MalformedFile for any other document
 */
export function packagesOfSbom(json: unknown, foundIn: string, components = eachComponent): FileFacts {
  const document = objectOf(json);
  if (document['bomFormat'] === 'CycloneDX') return collectPackages(recordsOf(components(document), foundIn));
  if (typeof document['spdxVersion'] === 'string') return collectPackages(spdxPackagesOf(document, foundIn));
  if (isSpdx3(document))
    return collectPackages(spdx3Packages(document).map(({ purl, license }) => recordOf(purl, [license], foundIn)));
  throw new MalformedFile(`${foundIn} is neither CycloneDX nor SPDX`);
}

/** Purl of what is no package: an image, a repository. */
const ofOther = /^pkg:(?:oci|docker|github|bitbucket|gitlab)\//i;
/** A library may be known by its repository and version alone, as one in C or a submodule is. */
const ofRepository = /^pkg:(?:github|bitbucket|gitlab)\/[^?#@]{1,512}@[^?#]/i;

/** Limit on names in a description. */
const maxNames = 5;

/** Description of the libraries of an SBOM that cannot be evaluated. */
function unreadIn(document: Json): Pick<FileFacts, 'unread'> {
  const unknown = unknownLibraries(document);
  if (unknown.length === 0) return {};
  const names = unknown.slice(0, maxNames).join(', ');
  const count = unknown.length === 1 ? '1 library has' : `${unknown.length} libraries have`;
  return { unread: `${count} no package URL with a version, of a known kind: ${names}` };
}

/**
 * Libraries in an SBOM without a purl, with one that has no version, or of an unknown kind. Its
 * subject is none of them.
 */
function unknownLibraries(document: Json): string[] {
  const isKnown = (purl: unknown, purpose?: unknown) =>
    typeof purl === 'string' &&
    (recordOfPurl(purl, '') !== undefined ||
      (ofOther.test(purl) && !(libraries.has(purpose) && ofRepository.test(purl))));
  const components = listOf(document['components'])
    .flatMap((component) => [...eachOrAncestor(objectOf(component))])
    .filter((each) => isEvaluated(each) && !isKnown(each['purl'], each['type']));
  const described = describedBy(document);
  const packages = listOf(document['packages'])
    .map(objectOf)
    .filter((each) => isLibrary(each) && !described.has(each['SPDXID']))
    .filter(
      ({ externalRefs, primaryPackagePurpose: purpose }) =>
        !purlsOf(externalRefs).some((purl) => isKnown(purl, purpose)),
    );
  const elements = isSpdx3(document)
    ? spdx3Libraries(document).filter((each) => !spdx3Purls(each).some((purl) => isKnown(purl)))
    : [];
  const unknown = [...components, ...packages, ...elements];
  return unknown.map(({ name }) => (typeof name === 'string' ? oneLine(name) : '(no name)')).toSorted();
}

const libraries = new Set<unknown>(['library', 'framework', 'LIBRARY', 'FRAMEWORK']);
const programs = new Set<unknown>(['application', 'firmware', 'platform', undefined]);
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** Whether a component may have advisories; a program without a version stands for a lock file. */
function isEvaluated({ type, version }: Json): boolean {
  return libraries.has(type) || (programs.has(type) && isText(version));
}

/** Ids of Trivy for the system and for groups of packages, where it states no purpose. */
const ofGroup = /^SPDXRef-(?:OperatingSystem|Application)-/;

function isLibrary({ SPDXID: id, primaryPackagePurpose: purpose, versionInfo: version }: Json): boolean {
  if (purpose === undefined) return !ofGroup.test(String(id));
  return purpose === 'LIBRARY' || purpose === 'FRAMEWORK' || (purpose === 'APPLICATION' && isText(version));
}

/** Elements that an SPDX document is about. */
function describedBy(document: Json): Set<unknown> {
  const relationships = listOf(document['relationships']).map(objectOf);
  const described = relationships.filter(({ relationshipType }) => relationshipType === 'DESCRIBES');
  return new Set([...listOf(document['documentDescribes']), ...described.map((each) => each['relatedSpdxElement'])]);
}

/**
 * Names of the components of a parsed SBOM, in lower case; also of those without a purl, or with
 * one that has no version.
 */
export function namesInSbom(json: unknown): Set<string> {
  const document = objectOf(json);
  const components = [...eachComponent(document), ...listOf(document['packages']).map(objectOf)];
  const names = components.flatMap(({ group, name }) => {
    if (typeof name !== 'string') return [];
    return typeof group === 'string' && group !== '' ? [name, `${group}/${name}`] : [name];
  });
  return new Set(names.map((name) => name.toLowerCase()));
}

function* recordsOf(components: Iterable<Json>, foundIn: string): Generator<PackageRecord | undefined> {
  for (const component of components) yield recordOf(component['purl'], licensesOf(component['licenses']), foundIn);
}

/** Yields nested components; the subject of the document is in its metadata. */
function* eachComponent(
  document: Json,
  ancestors: (component: Json) => readonly unknown[] = () => [],
): Generator<Json> {
  const waiting: unknown[] = [document, objectOf(document['metadata'])['component']];
  while (waiting.length > 0) {
    const component = objectOf(waiting.pop());
    yield component;
    for (const part of [...listOf(component['components']), ...ancestors(component)]) waiting.push(part);
  }
}

/** Yields also what a component was forked from: its advisories are about the same code. */
function eachOrAncestor(document: Json): Generator<Json> {
  return eachComponent(document, ancestorsOf);
}

/**
 * A distribution's advisories know its patches, so the upstream project of its package is left out.
 * @see https://cyclonedx.org/docs/1.6/json/#components_items_pedigree_ancestors
 */
function ancestorsOf({ purl, pedigree }: Json): readonly unknown[] {
  const own = typeof purl === 'string' ? recordOfPurl(purl, '') : undefined;
  return own && isDistributionType(own.type) ? [] : listOf(objectOf(pedigree)['ancestors']);
}

function licensesOf(choices: unknown): string[] {
  return listOf(choices).map((choice) => {
    const { expression, license } = objectOf(choice);
    const { id, name } = objectOf(license);
    return [expression, id, name].find((text) => typeof text === 'string') ?? '';
  });
}

function* spdxPackagesOf(document: Json, foundIn: string): Generator<PackageRecord | undefined> {
  for (const each of listOf(document['packages']).map(objectOf)) {
    const licenses = [each['licenseDeclared'], each['licenseConcluded']].find(isLicense) ?? '';
    for (const purl of purlsOf(each['externalRefs'])) yield recordOf(purl, [licenses], foundIn);
  }
}

function purlsOf(references: unknown): unknown[] {
  const purls = listOf(references)
    .map(objectOf)
    .filter(({ referenceType }) => referenceType === 'purl');
  return purls.map(({ referenceLocator }) => referenceLocator);
}

function recordOf(purl: unknown, licenses: readonly string[], foundIn: string): PackageRecord | undefined {
  const record = typeof purl === 'string' ? recordOfPurl(purl, foundIn) : undefined;
  if (!record) return undefined;
  return {
    ...record,
    licenses: licenses
      .slice(0, maxLicenses)
      .map(oneLine)
      .filter((license) => license !== ''),
  };
}
