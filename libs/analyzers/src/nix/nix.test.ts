import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { tarArchive } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { analyzeLayer } from '../index.js';
import { nix } from './nix.js';

// Paths of files in stores of NixOS 20.09 and 23.11.
const paths = readFileSync(join(__dirname, 'fixtures/store.txt'), 'utf8').trim().split('\n');
const hash = '0c7c96gikmzv87i7lv3vq5s1cmfjd6zf';
const at = (path: string) => {
  const found = nix.packageAt?.(path);
  return found && `${found.name} ${found.version}`;
};

describe('nix', () => {
  it('reads packages by the names of their folders, without sources and builds', () => {
    expect(paths.map(at)).toEqual([
      'glibc 2.31-74',
      'libunistring 0.9.10',
      'glibc 2.38-44',
      'python3.11-requests 2.31.0',
      'perl5.38.2-URI 5.21',
      undefined,
      'bash 5.2-p26',
      undefined,
      undefined,
    ]);
  });

  it.each([
    [`nix/store/${hash}-openssl-3.0.13-dev/include/a.h`, 'openssl 3.0.13'],
    [`nix/store/${hash}-gtk+3-3.24.41/lib/a.so`, 'gtk+3 3.24.41'],
    [`nix/store/${hash}-x-1/${'a/'.repeat(2_000)}b`, 'x 1'],
    [`nix/store/${hash}-nginx-1.24.0`, undefined],
    [`nix/store/${hash.toUpperCase()}-nginx-1.24.0/bin/nginx`, undefined],
    [`nix/store/${hash}-nginx/bin/nginx`, undefined],
    [`srv/nix/store/${hash}-nginx-1.24.0/bin/nginx`, undefined],
    [`nix/store/${hash}-${'-1'.repeat(120)}/a`, undefined],
  ])('reads row %#', (path, expected) => {
    expect(at(path)).toBe(expected);
  });

  it('reads any path in time', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w.+?=/-]{0,300}$/), (name) => {
        expect(nix.packageAt?.(`nix/store/${hash}-${name}`)?.name).not.toBe('');
      }),
    );
  });

  it('finds each package of a layer once, in its folder', async () => {
    const files = [...paths, paths[0]!.replace('libc.so.6', 'libm.so.6')];
    const blob = async function* () {
      yield tarArchive(files.map((path) => ({ path })));
    };
    const { facts } = await analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    expect(facts.files.map(({ path }) => path)).toEqual(
      paths.filter((path) => at(path) !== undefined).map((path) => path.split('/', 3).join('/')),
    );
  });
});
