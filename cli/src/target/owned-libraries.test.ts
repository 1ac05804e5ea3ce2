import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readOsvZip } from '@tidewaiter/advisories';
import { analyzeLayer, inventory } from '@tidewaiter/analyzers';
import { overlay } from '@tidewaiter/oci';
import { describeWith, rpmDatabase, sharedData, tarArchive, type TarEntry, zipArchive } from '@tidewaiter/testkit';

import { evaluatePackages } from './local-advisories.js';

const labels = sharedData('matching/labels.tsv');
const bucket = sharedData('advisories/osv');

/** A labelled false positive: the version is affected, but the package is another one's. */
interface Case {
  type: string;
  ecosystem: string;
  /** Names of the advisories, of which the first stands for the file. */
  names: string[];
  version: string;
  advisories: string[];
  distribution: string;
  note: string;
}

/** Rows about libraries in images of a distribution; the others are about versions or symbols. */
function cases(): Case[] {
  if (!labels.isThere) return [];
  const rows = readFileSync(labels.path, 'utf8').trim().split('\n').slice(1);
  return rows.flatMap((row) => {
    const fields = row.split('\t');
    const [, , type = '', ecosystem = '', names = '', , version = '', , ids = '', label, range, distribution = ''] =
      fields;
    if (label !== 'FP' || range !== 'affected' || distribution === '' || type === 'deb') return [];
    return [
      {
        type,
        ecosystem,
        names: names.split(';'),
        version,
        advisories: ids.split(','),
        distribution,
        note: fields[12] ?? '',
      },
    ];
  });
}

/** Files of a library where its own package manager, or a user, installs it. */
function installed(type: string, name: string, version: string): TarEntry {
  switch (type) {
    case 'maven':
      return { path: `opt/app/${name}/${fileName(name)}-${version}.jar`, content: jar(name, version) };
    case 'pypi':
      return metadata(`opt/venv/lib/python3/site-packages`, name, version);
    case 'gem':
      return gemspec('usr/local/bundle/specifications', name, version);
    default:
      return packageJson(`srv/node_modules/${name}`, name, version);
  }
}

/** The same library where the distribution's packages, or an editor's, have it. */
function distributed({ type, names: [name = ''], version, note }: Case): TarEntry {
  if (note.includes('vscode extension')) {
    return packageJson(`usr/share/code/resources/app/extensions/${name.split(':').at(-1)}`, name, version);
  }
  switch (type) {
    case 'maven':
      return { path: `usr/share/java/${fileName(name)}.jar`, content: jar(name, version) };
    case 'pypi':
      return metadata('usr/lib/python3/dist-packages', name, version);
    case 'gem':
      return gemspec('usr/share/gems/specifications', name, version);
    default:
      return packageJson(`usr/lib/node_modules/${name}`, name, version);
  }
}

const fileName = (name: string) => name.split(':').at(-1)!;

function jar(name: string, version: string): Buffer {
  const [groupId, artifactId] = name.split(':');
  const content = `groupId=${groupId}\nartifactId=${artifactId}\nversion=${version}\n`;
  return zipArchive([{ name: `META-INF/maven/${groupId}/${artifactId}/pom.properties`, content }]);
}

function metadata(folder: string, name: string, version: string): TarEntry {
  return { path: `${folder}/${name}-${version}.dist-info/METADATA`, content: `Name: ${name}\nVersion: ${version}\n` };
}

function gemspec(folder: string, name: string, version: string): TarEntry {
  const content = `Gem::Specification.new do |s|\n  s.name = "${name}".freeze\n  s.version = "${version}"\nend\n`;
  return { path: `${folder}/${name}-${version}.gemspec`, content };
}

function packageJson(folder: string, name: string, version: string): TarEntry {
  return { path: `${folder}/package.json`, content: JSON.stringify({ name: name.split(':').at(-1), version }) };
}

/** Release file and database of a distribution whose package owns these files. */
function distribution(name: string, owned: readonly string[]): TarEntry[] {
  const [id = '', version = ''] = name
    .toLowerCase()
    .replace(/^el(\d+)/, 'rhel:$1')
    .split(':');
  const release: TarEntry = { path: 'etc/os-release', content: `ID=${id}\nVERSION_ID=${version.replace(/^v/, '')}\n` };
  if (id === 'alpine') {
    const files = owned.map((path) => `F:${path.slice(0, path.lastIndexOf('/'))}\nR:${fileAt(path)}\n`);
    return [release, { path: 'lib/apk/db/installed', content: `P:owner\nV:1.0-r0\n${files.join('')}\n` }];
  }
  if (id === 'rhel') {
    const owner = { name: 'owner', version: '1.0', release: '1.el8', vendor: 'Red Hat, Inc.', files: owned };
    return [release, { path: 'var/lib/rpm/rpmdb.sqlite', content: rpmDatabase([owner]) }];
  }
  const status = 'Package: owner\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: all\n';
  return [
    release,
    { path: 'var/lib/dpkg/status', content: status },
    { path: 'var/lib/dpkg/info/owner.list', content: owned.map((path) => `/${path}\n`).join('') },
  ];
}

const fileAt = (path: string) => path.slice(path.lastIndexOf('/') + 1);

describeWith(labels, bucket)('evaluatePackages of libraries that a distribution owns', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'identities-'));
    for (const [ecosystem, rows] of Map.groupBy(cases(), (each) => each.ecosystem)) {
      await using file = await open(join(bucket.path, ecosystem, 'all.zip'));
      for await (const item of readOsvZip(file, (await file.stat()).size)) {
        if (!('json' in item)) continue;
        const { id } = item.json as { id: string };
        for (const row of rows.filter(({ advisories }) => advisories.includes(id))) {
          mkdirSync(folderOf(row), { recursive: true });
          writeFileSync(join(folderOf(row), `${id}.json`), JSON.stringify(item.json));
        }
      }
    }
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** Folder of the records of a case alone, which load faster than all. */
  const folderOf = ({ advisories }: Case) => join(folder, advisories.join('+'));

  async function advisoriesFor(row: Case, entries: TarEntry[]): Promise<string[]> {
    async function* blob(): AsyncGenerator<Uint8Array> {
      yield tarArchive(entries);
    }
    const layer = await analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    const { packages, os } = inventory([layer], overlay([layer.entries]));
    const { findings } = await evaluatePackages(
      packages,
      os,
      [],
      { path: folderOf(row), maxAges: { usualMs: Infinity, named: {} } },
      new Date(),
    );
    return findings.flatMap(({ evidence }) => (evidence as { advisory?: string }).advisory ?? []);
  }

  it.each(cases())(
    'reports nothing for $type $names.0 $version of $distribution, and the same elsewhere',
    async (each) => {
      const file = distributed(each);
      const owned = file.path.includes('/extensions/') ? [] : [file.path];
      const silent = await advisoriesFor(each, [...distribution(each.distribution, owned), file]);
      expect(silent.filter((id) => each.advisories.includes(id))).toEqual([]);

      const reported = await advisoriesFor(each, [
        ...distribution(each.distribution, []),
        ...each.names.map((name) => installed(each.type, name, each.version)),
      ]);
      expect(each.advisories.some((id) => reported.includes(id))).toBe(true);
    },
  );

  it('covers the labels of libraries in images', () => {
    expect(cases().length).toBeGreaterThan(40);
  });
});
