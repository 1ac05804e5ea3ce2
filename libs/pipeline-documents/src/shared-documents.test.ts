import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { readDocument } from './document-kinds.js';
import { splitDocuments } from './split-documents.js';

const shared = sharedData('fixtures/ci');
const ci = shared.path;
const read = (path: string) => splitDocuments(readFileSync(join(ci, path))).map(readDocument);
const codeOf = (path: string): string => {
  try {
    read(path);
  } catch (error) {
    if (error instanceof InvalidInput) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'read';
};
const files = (folder: string) =>
  readdirSync(join(ci, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => `${folder}/${name}`);

// Documents of other tools.
describeWith(shared)('documents of others', () => {
  it.each(files('cyclonedx'))('reads %s', (path) => {
    expect(read(path)).toMatchObject([{ kind: 'sbom', format: 'cyclonedx' }]);
  });

  it.each(files('cyclonedx/invalid'))('refuses %s', (path) => {
    expect(codeOf(path)).toMatch(/^DOCUMENT_INVALID /);
  });

  it.each(files('cyclonedx-vex'))('calls %s no SBOM', (path) => {
    expect(codeOf(path)).toMatch(/^DOCUMENT_INVALID .* VEX/);
  });

  it.each(files('spdx'))('reads %s, or rejects it with a code', (path) => {
    if (path.includes('invalid-json')) return expect(codeOf(path)).toMatch(/^(BODY_NOT_JSON|BODY_UNRECOGNIZED)/);
    expect(read(path)).toMatchObject([{ kind: 'sbom', format: 'spdx' }]);
  });

  it.each([...files('csaf'), ...files('openvex'), ...files('sarif'), ...files('admission')])(
    'rejects %s as no known kind',
    (path) => {
      expect(codeOf(path)).toMatch(/^BODY_UNRECOGNIZED /);
    },
  );

  const github = 'https://github.com/slsa-framework/example-package';
  it.each([
    ['slsa-v0.2-github-generic.intoto.jsonl', 'provenance', { source: github }],
    ['slsa-v1-github-container-based.sigstore-bundle.json', 'provenance', { source: github }],
    ['slsa-v1-github-delegator.sigstore-bundle.json', 'provenance', { source: github }],
    ['negative-tampered-payload.sigstore-bundle.json', 'provenance', {}],
    ['slsa-v0.2-expired-certificate.intoto.jsonl', 'provenance', {}],
    ['slsa-v0.2-untrusted-builder.intoto.jsonl', 'provenance', {}],
    ['slsa-v1-bcr.intoto.jsonl', 'provenance', {}],
    ['slsa-v0.2-google-cloud-build.json', 'provenance', {}],
    ['cyclonedx-attestation.intoto.jsonl', 'sbom', { revision: null }],
    ['custom-predicate.json', 'other', { revision: null }],
  ])('reads %s as what it claims', (name, kind, run) => {
    const [document, ...more] = read(`intoto/${name}`);
    expect(more).toEqual([]);
    expect(document).toMatchObject({ kind, format: 'in-toto', isBound: true, run });
    expect(document?.subjects.length).toBeGreaterThan(0);
    if (kind === 'provenance') expect(document?.builder).toMatch(/^https:/);
  });

  it('reads all subjects of a statement', () => {
    expect(read('intoto/slsa-v0.2-multi-subject.intoto.jsonl')[0]?.subjects.length).toBeGreaterThan(1);
  });

  it('reads the run and the revision of a build', () => {
    expect(read('intoto/slsa-v1-github-container-based.sigstore-bundle.json')[0]?.run).toMatchObject({
      url: expect.stringMatching(/^https:\/\/github\.com\/slsa-framework\/example-package\/actions\/runs\/\d+/),
      revision: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  });

  it('keeps documents byte for byte', () => {
    for (const path of ['cyclonedx/trivy-npm.json', 'intoto/slsa-v0.2-github-generic.intoto.jsonl'])
      expect(read(path)[0]?.content).toEqual(readFileSync(join(ci, path)));
  });

  it('counts the packages that have a purl, and keeps the rest of one with a bad purl', () => {
    expect(read('cyclonedx/edge-invalid-purl.json')[0]?.packages).toBe(1);
    expect(read('cyclonedx/dropwizard-1.3.15.json')[0]?.packages).toBeGreaterThan(100);
    expect(read('cyclonedx/edge-nested-components.json')[0]?.packages).toBeGreaterThan(1);
    expect(read('spdx/trivy-centos-7-image.json')[0]?.packages).toBeGreaterThan(1);
  });

  it('finds the subject image of an SBOM if it names one', () => {
    expect(read('cyclonedx/edge-dependency-cycle.json')[0]).toMatchObject({
      subjects: ['sha256:67211c14fa74f070d27cc59d69a7fa9aeff8e28ea118ef3babc295a0428a6d21'],
      image: { registry: 'index.docker.io', repository: 'library/ubuntu', tag: null },
    });
    expect(read('cyclonedx/syft-minimal-1.6.json')[0]?.subjects).toEqual([]);
  });
});
