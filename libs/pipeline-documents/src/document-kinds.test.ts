import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';
import { hostileJson, replaceValue } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { documentFormats } from './document-kind.js';
import { documentKinds, readDocument } from './document-kinds.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: 'ab'.repeat(32) } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      externalParameters: { workflow: { repository: 'https://git.example.com/acme/app' } },
      resolvedDependencies: [
        { uri: 'git+https://git.example.com/acme/app@refs/heads/main', digest: { gitCommit: 'c0ffee' } },
      ],
    },
    runDetails: { builder: { id: 'https://ci.example.com' }, metadata: { invocationId: 'build-7' } },
  },
};
const purl = `pkg:oci/app@sha256%3A${'ab'.repeat(32)}?repository_url=registry.example.com/shop/app&tag=1.0`;
const samples: Record<string, Record<string, unknown>> = {
  cyclonedx: {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    metadata: { component: { type: 'container', name: 'app', purl } },
    components: [
      { type: 'library', name: 'a', purl: 'pkg:npm/a@1', hashes: [{ alg: 'SHA-1', content: 'a'.repeat(40) }] },
    ],
    dependencies: [{ ref: 'a', dependsOn: ['b'] }],
  },
  spdx: {
    spdxVersion: 'SPDX-2.3',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'app',
    documentNamespace: 'https://example.com/app',
    packages: [
      { name: 'app', SPDXID: 'SPDXRef-app', externalRefs: [{ referenceType: 'purl', referenceLocator: purl }] },
      { name: 'a', SPDXID: 'SPDXRef-a', externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:npm/a@1' }] },
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-app' },
    ],
  },
  'in-toto': statement,
  run: {
    image: 'registry.example.com/shop/app:1.0',
    digest,
    run: { url: 'https://ci.example.com/7', id: 7, revision: 'c0ffee', startedAt: '2026-01-02T03:04:05+01:00' },
  },
};

const read = (document: unknown) => readDocument(Buffer.from(JSON.stringify(document)));
const codeOf = (text: string) => {
  try {
    readDocument(Buffer.from(text));
  } catch (error) {
    if (error instanceof InvalidInput) return error.code;
    throw error;
  }
  return 'read';
};

describe('the list', () => {
  it('has every folder, a sample and a row in the documentation', () => {
    const folders = readdirSync(__dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(documentKinds.map(({ format }) => format).toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
    expect([...documentFormats].toSorted()).toEqual(documentKinds.map(({ format }) => format).toSorted());
    expect(Object.keys(samples).toSorted()).toEqual([...documentFormats].toSorted());
    const page = readFileSync(resolve(__dirname, '../../../docs/pipelines.md'), 'utf8');
    for (const { title } of documentKinds) expect(page).toContain(`| ${title} |`);
  });

  it.each(documentKinds)('has one that reads $format alone', ({ format }) => {
    const sample = samples[format] ?? {};
    expect(documentKinds.filter((kind) => kind.recognizes(sample)).map((kind) => kind.format)[0]).toBe(format);
    expect(read(sample)).toMatchObject({ format, subjects: [digest] });
  });
});

it('reads SBOMs with the image that they are about', () => {
  for (const format of ['cyclonedx', 'spdx'])
    expect(read(samples[format])).toMatchObject({
      kind: 'sbom',
      isBound: false,
      packages: 1,
      image: { registry: 'registry.example.com', repository: 'shop/app', tag: '1.0' },
    });
});

const spdx3 = {
  '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
  '@graph': [
    { type: 'CreationInfo', '@id': '_:made', specVersion: '3.0.1' },
    { type: 'SpdxDocument', spdxId: 'urn:doc', name: 'app', rootElement: ['urn:sbom'] },
    { type: 'software_Sbom', spdxId: 'urn:sbom', rootElement: ['urn:app'] },
    { type: 'software_Package', spdxId: 'urn:app', name: 'app', software_packageUrl: purl },
    { type: 'software_Package', spdxId: 'urn:a', name: 'a', software_packageUrl: 'pkg:npm/a@1' },
  ],
};
const graphOf = (replaced: unknown) => ({ ...spdx3, '@graph': replaced });

it('reads SPDX 3, a graph of elements', () => {
  expect(read(spdx3)).toMatchObject({
    ...{ kind: 'sbom', format: 'spdx', version: '3.0.1', subjects: [digest], packages: 1 },
    image: { registry: 'registry.example.com', repository: 'shop/app', tag: '1.0' },
  });
});

it('finds the image if SPDX 3 has its digest as the version of a container', () => {
  const app = { type: 'software_Package', spdxId: 'urn:app', name: 'app', software_packageVersion: digest };
  const graph = (purpose: string) => [...spdx3['@graph'].slice(0, 3), { ...app, software_primaryPurpose: purpose }];
  expect(read(graphOf(graph('container'))).subjects).toEqual([digest]);
  expect(read(graphOf(graph('library'))).subjects).toEqual([]);
});

it.each([
  ['no graph', graphOf('x')],
  ['no document', graphOf(spdx3['@graph'].filter(({ type }) => type !== 'SpdxDocument'))],
  ['no version', graphOf(spdx3['@graph'].slice(1))],
  ['a package without a name', graphOf([...spdx3['@graph'], { type: 'software_Package', spdxId: 'urn:b' }])],
])('refuses SPDX 3 with %s', (_, document) => {
  expect(codeOf(JSON.stringify(document))).toBe('DOCUMENT_INVALID');
});

it.each([
  ['Syft', { type: 'container', name: 'app', version: digest }],
  [
    'Trivy',
    { type: 'container', name: 'app', properties: [{ name: 'aquasecurity:trivy:RepoDigest', value: `app@${digest}` }] },
  ],
])('finds the image in the form of %s', (_, component) => {
  expect(read({ ...samples['cyclonedx'], metadata: { component } }).subjects).toEqual([digest]);
});

it('reads no package, file or configuration as the image', () => {
  for (const component of [
    { type: 'file', name: 'go.mod', version: digest },
    { type: 'library', name: 'a', purl: `pkg:npm/a@${digest}` },
    { type: 'container', name: 'a', properties: [{ name: 'aquasecurity:trivy:ImageID', value: digest }] },
  ])
    expect(read({ ...samples['cyclonedx'], metadata: { component } }).subjects).toEqual([]);
});

it('accepts a byte order mark', () => {
  for (const format of ['cyclonedx', 'spdx'])
    expect(readDocument(Buffer.from(`\uFEFF${JSON.stringify(samples[format])}`))).toMatchObject({ packages: 1 });
});

it('reads the claims of a build', () => {
  expect(read(statement)).toMatchObject({
    kind: 'provenance',
    version: 'https://slsa.dev/provenance/v1',
    builder: 'https://ci.example.com',
    run: { id: 'build-7', url: null, source: 'https://git.example.com/acme/app', revision: 'c0ffee' },
  });
});

it('reads the run of a pipeline', () => {
  expect(read(samples['run'])).toMatchObject({
    kind: 'run',
    isBound: true,
    run: { url: 'https://ci.example.com/7', id: '7', actor: null, startedAt: '2026-01-02T02:04:05Z' },
  });
});

it.each([
  ['', 'BODY_NOT_JSON'],
  ['[]', 'BODY_UNRECOGNIZED'],
  ['null', 'BODY_UNRECOGNIZED'],
  ['{}', 'BODY_UNRECOGNIZED'],
  ['{"__proto__":{"digest":"x"}}', 'BODY_UNRECOGNIZED'],
  [`${'{"run":'.repeat(70)}1${'}'.repeat(70)}`, 'BODY_TOO_DEEP'],
  ['{"bomFormat":"CycloneDX","specVersion":"2.0"}', 'DOCUMENT_INVALID'],
  ['{"bomFormat":"CycloneDX","specVersion":"1.6","version":0}', 'DOCUMENT_INVALID'],
  ['{"bomFormat":"CycloneDX","specVersion":"1.6","components":[1]}', 'DOCUMENT_INVALID'],
  ['{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library"}]}', 'DOCUMENT_INVALID'],
  [
    '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"container","name":"a","components":[{}]}]}',
    'DOCUMENT_INVALID',
  ],
  ['{"spdxVersion":"SPDX-2.3"}', 'DOCUMENT_INVALID'],
  ['{"spdxVersion":3}', 'DOCUMENT_INVALID'],
  ['{"payloadType":"a","signatures":[]}', 'DOCUMENT_INVALID'],
  ['{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[]}', 'DOCUMENT_INVALID'],
  [
    '{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://sigstore.dev/cosign/sign/v1","subject":[]}',
    'DOCUMENT_INVALID',
  ],
  ['{"digest":"sha256:1"}', 'DOCUMENT_INVALID'],
  ['{"run":{"id":{}}}', 'DOCUMENT_INVALID'],
  ['{"run":{"pipeline":"7"}}', 'DOCUMENT_INVALID'],
  ['{"run":{"url":"javascript:alert(1)"}}', 'DOCUMENT_INVALID'],
  ['{"run":{"startedAt":"yesterday"}}', 'DOCUMENT_INVALID'],
  ['{"image":"Shop/../app","run":{}}', 'DOCUMENT_INVALID'],
])('refuses %.80s', (text, code) => {
  expect(codeOf(text)).toBe(code);
});

it('survives any document', () => {
  fc.assert(
    fc.property(fc.constantFrom(...documentFormats), fc.infiniteStream(hostileJson), fc.nat(), (format, values, at) => {
      const changed = replaceValue(samples[format] ?? {}, at % 40, values.next().value);
      try {
        expect(JSON.stringify({ ...readDocument(Buffer.from(changed)), content: 0 })).not.toContain('\\u0000');
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput);
      }
    }),
  );
  expect('polluted' in {}).toBe(false);
});
