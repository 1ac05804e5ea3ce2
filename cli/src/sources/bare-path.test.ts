import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { tarArchive } from '@tidewaiter/testkit';

import { withScheme } from './bare-path.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-paths-'));
  mkdirSync(join(folder, 'layout'));
  mkdirSync(join(folder, 'tree'));
  for (const name of ['layout/oci-layout', 'Dockerfile', 'app.Dockerfile', 'sbom.json', 'pod.yaml'])
    writeFileSync(join(folder, name), '{}');
  const layout = { path: 'oci-layout', content: '{}' };
  writeFileSync(join(folder, 'oci.tar'), tarArchive([layout]));
  writeFileSync(join(folder, 'docker.tar'), tarArchive([layout, { path: 'manifest.json', content: '[]' }]));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('withScheme', () => {
  it.each([
    ['layout', 'oci'],
    ['tree', 'rootfs'],
    ['Dockerfile', 'dockerfile'],
    ['app.Dockerfile', 'dockerfile'],
    ['sbom.json', 'sbom'],
    ['pod.yaml', 'k8s'],
    ['oci.tar', 'oci-archive'],
    ['docker.tar', 'docker-archive'],
  ])('reads the path %s as %s', async (name, scheme) => {
    const path = join(folder, name);
    expect(await withScheme(path)).toBe(`${scheme}:${path}`);
  });

  it.each([
    ['dir', 'tree', 'rootfs'],
    ['oci-dir', 'layout', 'oci'],
    ['file', 'docker.tar', 'docker-archive'],
  ])('reads %s: of other scanners', async (familiar, name, scheme) => {
    const path = join(folder, name);
    expect(await withScheme(`${familiar}:${path}`)).toBe(`${scheme}:${path}`);
    expect(await withScheme(`${familiar}:${relative('.', path)}`)).toBe(`${scheme}:${relative('.', path)}`);
  });

  it.each(['dir:latest', 'registry:2', 'nginx:1.25', 'localhost:5000/app', 'rootfs:/', '.hidden/app'])(
    'leaves %s alone',
    async (target) => {
      expect(await withScheme(target)).toBe(target);
    },
  );

  it.each(['./nowhere', '../nowhere', '/nowhere', 'dir:./nowhere'])('rejects %s, where nothing is', async (target) => {
    await expect(withScheme(target)).rejects.toMatchObject({ code: 'TARGET_MISSING' });
  });
});
