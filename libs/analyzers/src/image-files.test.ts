import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { imageFiles } from './image-files.js';
import { analyzeLayer } from './index.js';

const file = (path: string, content = path): TarEntry => ({ path, content });
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

async function filesOf(...layers: TarEntry[][]) {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar';
  const read = await Promise.all(
    layers.map((entries) => analyzeLayer(() => Readable.from([tarArchive(entries)]), { mediaType, isInspected: true })),
  );
  const files = imageFiles(read, overlay(read.map(({ entries }) => entries)));
  return Object.fromEntries(Array.from(files, ({ path, ...rest }) => [path, rest]));
}

describe('imageFiles', () => {
  it('lists visible files with digest and owning package', async () => {
    const files = await filesOf(
      [
        file('var/lib/dpkg/status', 'Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n'),
        file('var/lib/dpkg/info/curl.list', '/.\n/usr\n/usr/bin\n/usr/bin/curl\n/bin/alias\n'),
        { path: 'bin', type: 'symlink', linkTarget: 'usr/bin' },
        file('usr/bin/curl'),
        file('usr/bin/alias'),
        file('usr/bin/own'),
        file('tmp/gone'),
      ],
      [
        file('tmp/.wh.gone', ''),
        { path: 'usr/bin/again', type: 'hardlink', linkTarget: 'usr/bin/curl' },
        file('app/node_modules/@a/b/package.json', '{"name":"@a/b","version":"1.0.0"}'),
        file('app/node_modules/@a/b/bin/run.js'),
        file('app/node_modules/unknown/run.js'),
      ],
    );
    expect(files).toMatchObject({
      '/bin': { sha256: null, linkTarget: 'usr/bin' },
      '/usr/bin/curl': { sha256: sha256('usr/bin/curl'), package: 'curl' },
      '/usr/bin/alias': { package: 'curl' },
      '/usr/bin/own': { sha256: sha256('usr/bin/own'), package: null },
      '/usr/bin/again': { sha256: sha256('usr/bin/curl'), package: null },
      '/app/node_modules/@a/b/bin/run.js': { package: '@a/b' },
      '/app/node_modules/unknown/run.js': { package: null },
      '/var/lib/dpkg/status': { package: null },
    });
    expect(Object.keys(files)).not.toContain('/tmp/gone');
  });
});
