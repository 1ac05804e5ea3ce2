import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { analyzeLayer, evaluateFiles } from '@tidewaiter/analyzers';
import { mediaTypes, overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');
const program = (path: string, content: string): TarEntry => ({ path, content, mode: 0o755 });
const file = (path: string, content: string): TarEntry => ({ path, content, mode: 0o644 });

const stanza = (name: string) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1-1\n`;
const status = (...names: string[]) => file('var/lib/dpkg/status', names.map(stanza).join('\n'));
const lists = (name: string, ...paths: string[]): TarEntry[] => [
  file(`var/lib/dpkg/info/${name}.list`, paths.map((path) => `/${path}\n`).join('')),
  file(`var/lib/dpkg/info/${name}.md5sums`, paths.map((path) => `${'0'.repeat(32)}  ${path}\n`).join('')),
];

async function contentsOf(...layers: TarEntry[][]) {
  const read = await Promise.all(
    layers.map((entries) =>
      analyzeLayer(() => Readable.from([tarArchive(entries)]), { mediaType: mediaTypes.ociLayer, isInspected: true }),
    ),
  );
  return evaluateFiles(read, overlay(read.map(({ entries }) => entries)), { isInspected: true }).programs;
}

describe('packageContents', () => {
  it('lists visible programs and libraries of packages', async () => {
    const base = [
      status('tool'),
      ...lists('tool', 'usr/bin/tool', 'usr/lib/libtool.so.1', 'usr/share/doc/tool', 'etc/tool.conf'),
      program('usr/bin/tool', 'old'),
      file('usr/lib/libtool.so.1', 'library'),
      file('usr/share/doc/tool', 'text'),
      file('etc/tool.conf', 'text'),
      program('usr/bin/unowned', 'x'),
    ];
    const contents = await contentsOf(base, [program('usr/bin/tool', 'new')]);
    const tool = { type: 'deb', package: 'tool', version: '1-1' };
    expect(contents.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { ...tool, path: 'usr/bin/tool', layer: 1, sha256: sha256('new') },
      { ...tool, path: 'usr/lib/libtool.so.1', layer: 0, sha256: sha256('library') },
    ]);
  });

  it('skips files of two packages, links, and deleted files', async () => {
    const contents = await contentsOf([
      status('a', 'b'),
      ...lists('a', 'usr/bin/both', 'usr/bin/link', 'usr/bin/gone'),
      ...lists('b', 'usr/bin/both'),
      program('usr/bin/both', 'x'),
      { path: 'usr/bin/link', type: 'symlink', linkTarget: 'both' },
    ]);
    expect(contents).toEqual([]);
  });
});
