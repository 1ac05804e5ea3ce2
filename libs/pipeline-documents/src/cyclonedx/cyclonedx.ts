import { type Digest, unknownRun } from '@tidewaiter/domain';
import { field, isObject, type HookObject } from '@tidewaiter/webhooks';

import { type DocumentKind, invalidDocument, listOf } from '../document-kind.js';
import { digestIn, digestOfPurl, imageOfPurl } from '../image-purl.js';
import { countPackages } from '../sbom-packages.js';

const title = 'CycloneDX SBOM';
const versionPattern = /^1\.[2-7]$/;
const serialNumber = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Hex of 128, 160, 256, 384 or 512 bits. */
const hashContent = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i;
const componentTypes: ReadonlySet<unknown> = new Set([
  ...['application', 'framework', 'library', 'container', 'platform', 'operating-system', 'device', 'device-driver'],
  ...['firmware', 'file', 'machine-learning-model', 'data', 'cryptographic-asset'],
]);

/** @see https://cyclonedx.org/docs/1.6/json/ */
export const cyclonedx: DocumentKind = {
  format: 'cyclonedx',
  title,
  recognizes: (document) => field(document, 'bomFormat') !== undefined,
  read(document, content) {
    const problem = problemOf(document);
    if (problem !== null) throw invalidDocument(title, problem);
    const subject = field(document, 'metadata', 'component');
    return {
      kind: 'sbom',
      mediaType: 'application/vnd.cyclonedx+json',
      version: String(document['specVersion']),
      subjects: subjectsOf(subject),
      isBound: false,
      image: imageOfPurl(field(subject, 'purl')),
      run: unknownRun,
      packages: countPackages(content, title),
      builder: null,
    };
  },
};

/**
 * First violation of the schema, in the parts that describe an image's content; null without one.
 */
function problemOf(document: HookObject): string | null {
  const { bomFormat, specVersion, version = 1, serialNumber: serial } = document;
  if (bomFormat !== 'CycloneDX') return 'bomFormat is not CycloneDX';
  if (typeof specVersion !== 'string' || !versionPattern.test(specVersion))
    return 'specVersion is none from 1.2 to 1.7';
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) return 'version is no number from 1';
  if (serial !== undefined && (typeof serial !== 'string' || !serialNumber.test(serial)))
    return 'serialNumber is no urn:uuid';
  // Components may be left out of an SBOM, but not of one that has vulnerabilities instead.
  if (listOf(document['vulnerabilities']).length > 0 && document['components'] === undefined)
    return 'it is a VEX document, which lists no components';
  return componentProblem(document) ?? dependencyProblem(document['dependencies']);
}

function componentProblem(document: HookObject): string | null {
  const waiting: unknown[] = [field(document, 'metadata', 'component'), document['components']];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (next === undefined) continue;
    if (Array.isArray(next)) {
      for (const each of next) waiting.push(each);
      continue;
    }
    if (!isObject(next)) return 'a component is no object';
    const { type, name, hashes, components } = next;
    if (!componentTypes.has(type)) return 'a component is of no known type';
    if (typeof name !== 'string') return 'a component has no name';
    if (listOf(hashes).some((hash) => !isHash(hash))) return 'a component has a hash that is none';
    waiting.push(components);
  }
  return null;
}

function isHash(hash: unknown): boolean {
  const content = field(hash, 'content');
  return typeof field(hash, 'alg') === 'string' && typeof content === 'string' && hashContent.test(content);
}

function dependencyProblem(dependencies: unknown): string | null {
  for (const each of listOf(dependencies)) {
    const [ref, dependsOn] = [field(each, 'ref'), field(each, 'dependsOn')];
    if (typeof ref !== 'string' || ref === '') return 'a dependency has no ref';
    if (listOf(dependsOn).some((other) => typeof other !== 'string')) return 'a dependency depends on what is no ref';
  }
  return null;
}

/**
 * Digests of the image that the SBOM is about: in its purl, as its version (Syft), or in a property
 * of Trivy's.
 */
function subjectsOf(component: unknown): Digest[] {
  const named = [digestOfPurl(field(component, 'purl'))];
  if (field(component, 'type') === 'container') {
    named.push(digestIn(field(component, 'version')));
    for (const property of listOf(field(component, 'properties')))
      if (field(property, 'name') === 'aquasecurity:trivy:RepoDigest') named.push(digestIn(field(property, 'value')));
  }
  return [...new Set(named.filter((digest) => digest !== null))];
}
