import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, inventory } from './index.js';
import { rpmQualifiers } from './rpm-qualifiers.js';

const content = gunzipSync(readFileSync(join(__dirname, 'rpm/fixtures/rpmdb.sqlite.gz')));
const database: TarEntry = { path: 'var/lib/rpm/rpmdb.sqlite', content };
const release = (id: string, version: string): TarEntry => ({
  path: 'etc/os-release',
  content: `ID=${id}\nVERSION_ID=${version}\n`,
});
const manifest = (name: string, ...sets: string[]): TarEntry => ({
  path: `root/buildinfo/content_manifests/${name}.json`,
  content: JSON.stringify({ content_sets: sets }),
});
const origin = (repository: string): TarEntry => ({
  path: `var/lib/yum/yumdb/f/${'0a'.repeat(20)}-fixture-libs-1.4-3.el9-noarch/from_repo`,
  content: repository,
});

async function qualifiersOf(...layers: TarEntry[][]): Promise<Record<string, unknown>> {
  const analyzed = await Promise.all(
    layers.map(async (entries) => {
      async function* blob(): AsyncGenerator<Uint8Array> {
        yield tarArchive(entries);
      }
      return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    }),
  );
  const { packages } = inventory(analyzed, overlay(analyzed.map(({ entries }) => entries)));
  return Object.fromEntries(packages.map(({ name, qualifiers }) => [name, qualifiers]));
}

const web = { modularity: 'fixture:18' };

describe('rpmQualifiers', () => {
  it('adds the repository of a package of Amazon Linux, with epochs left out', async () => {
    expect(await qualifiersOf([release('amzn', '2'), database, origin('amzn2extra-docker')])).toEqual({
      'fixture-web': web,
      'fixture-libs': { ...web, repository_id: 'amzn2extra-docker' },
    });
    expect(await qualifiersOf([release('fedora', '41'), database, origin('fedora')])).toMatchObject({
      'fixture-libs': web,
    });
  });

  it('adds the repositories of an image of Red Hat, unless they are the usual ones', async () => {
    const usual = [manifest('base', 'rhel-9-for-x86_64-baseos-rpms', 'rhel-9-for-x86_64-appstream-rpms')];
    expect(await qualifiersOf([release('rhel', '9.2'), database], usual)).toEqual({
      'fixture-web': web,
      'fixture-libs': web,
    });
    const eus = 'rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2';
    expect(
      await qualifiersOf([release('rhel', '9.2'), database], [manifest('a', eus)], [manifest('b', 'x')]),
    ).toMatchObject({
      'fixture-web': { ...web, repository_id: `${eus},x` },
    });
  });

  it('adds enabled modules to packages of Oracle Linux without their own', () => {
    const facts = { files: [{ path: 'a', analyzer: 'a', rpm: { modules: ['nginx:1.18'] } }] };
    const layers = [{ facts }] as unknown as Parameters<typeof rpmQualifiers>[0];
    const qualify = rpmQualifiers(layers, { id: 'ol', versionId: '8.10', name: 'Oracle', idLike: [] });
    const record = {
      type: 'rpm' as const,
      name: 'nginx',
      source: { name: 'nginx', version: '1' },
      licenses: [],
      foundIn: '',
    };
    expect(qualify({ ...record, version: '1.18-1.module+el8+1+2' }).qualifiers).toEqual({ modularity: 'nginx:1.18' });
    expect(qualify({ ...record, version: '1.14-1.el8' }).qualifiers).toBeUndefined();
    expect(qualify({ ...record, version: '1.18-1.module+el8+1+2', qualifiers: web }).qualifiers).toEqual(web);
  });
});
