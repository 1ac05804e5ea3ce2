import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { severities } from '@tidewaiter/domain';
import type { ImageConfig } from '@tidewaiter/oci';

import { runChecks } from './check.js';
import { dockerfileChecks } from './dockerfile/dockerfile-checks.js';
import { imageConfigChecks, imageFileChecks } from './image/image-checks.js';
import { imageFacts, type ImageExample, type ImageFiles } from './image/image-facts.js';
import { checkDockerfile, checkKubernetes, checks, checksMarkdown } from './index.js';
import { kubernetesChecks } from './kubernetes/kubernetes-checks.js';
import { notChecked } from './kubernetes/running-object.js';

const now = new Date('2026-11-28T12:00:00Z');

const emptyConfig: ImageConfig = {
  platform: 'linux/amd64',
  diffIds: [],
  history: [],
  env: [],
  entrypoint: [],
  cmd: [],
  labels: {},
  exposedPorts: [],
};

const idsOfImage = ({ config }: ImageExample) =>
  runChecks(imageConfigChecks, [imageFacts({ ...emptyConfig, ...config })], null).map(({ id }) => id);
const idsOfFiles = (files: Partial<ImageFiles>) =>
  runChecks(imageFileChecks, [{ setuidFiles: [], hasSudo: false, ...files }], null).map(({ id }) => id);
const idsOfDockerfile = (text: string) => checkDockerfile(text, 'Dockerfile', now).findings.map(({ id }) => id);
const idsOfManifest = (text: string) => checkKubernetes(text, 'app.yaml').findings.map(({ id }) => id);

const rows = <Example>(list: readonly { id: string; passes: readonly Example[]; fails: readonly Example[] }[]) => ({
  passes: list.flatMap(({ id, passes }) => passes.map((example) => ({ id, example }))),
  fails: list.flatMap(({ id, fails }) => fails.map((example) => ({ id, example }))),
});

const families = {
  image: rows(imageConfigChecks),
  files: rows(imageFileChecks),
  dockerfile: rows(dockerfileChecks),
  kubernetes: rows(kubernetesChecks),
};

describe('checks', () => {
  it.each(families.image.fails)('$id finds $example', ({ id, example }) => {
    expect(idsOfImage(example)).toContain(id);
  });

  it.each(families.image.passes)('$id ignores $example', ({ id, example }) => {
    expect(idsOfImage(example)).not.toContain(id);
  });

  it.each(families.files.fails)('$id finds $example', ({ id, example }) => {
    expect(idsOfFiles(example)).toContain(id);
  });

  it.each(families.files.passes)('$id ignores $example', ({ id, example }) => {
    expect(idsOfFiles(example)).not.toContain(id);
  });

  it.each(families.dockerfile.fails)('$id finds $example', ({ id, example }) => {
    expect(idsOfDockerfile(example)).toContain(id);
  });

  it.each(families.dockerfile.passes)('$id ignores $example', ({ id, example }) => {
    expect(idsOfDockerfile(example)).not.toContain(id);
  });

  it.each(families.kubernetes.fails)('$id finds $example', ({ id, example }) => {
    expect(idsOfManifest(example)).toContain(id);
  });

  it.each(families.kubernetes.passes)('$id ignores $example', ({ id, example }) => {
    expect(idsOfManifest(example)).not.toContain(id);
  });

  it.each([...imageConfigChecks, ...imageFileChecks, ...dockerfileChecks, ...kubernetesChecks])(
    '$id has examples that fail and examples that pass',
    ({ passes, fails }) => {
      expect(passes.length).toBeGreaterThan(0);
      expect(fails.length).toBeGreaterThan(0);
    },
  );

  it('are listed once, by id, with all fields of the documentation', () => {
    const ids = checks.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    const endsOfSupport = ids.filter((id) => id.startsWith('end-of-life-'));
    expect(ids).toHaveLength(
      imageConfigChecks.length +
        imageFileChecks.length +
        dockerfileChecks.length +
        kubernetesChecks.length +
        endsOfSupport.length +
        [notChecked].length,
    );
    expect(ids.length).toBeGreaterThanOrEqual(66);
    for (const { id, title, severity, reason, fix, reference } of checks) {
      expect(id).toMatch(/^(?:image|dockerfile|k8s|end-of-life)-[a-z]+(?:-[a-z]+)*$/);
      expect(severities).toContain(severity);
      expect(reference).toMatch(/^(?:https:\/\/|CIS |NSA)/);
      for (const text of [title, reason, fix]) expect(text).toMatch(/^\S.{4,}\S$/);
    }
  });

  it('are documented on an up-to-date page', () => {
    expect(checksMarkdown(checks)).toBe(readFileSync(join(__dirname, '../../../docs/checks.md'), 'utf8'));
  });
});
