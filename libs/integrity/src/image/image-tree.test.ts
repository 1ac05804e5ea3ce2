import { type LayerEntry, overlay } from '@tidewaiter/oci';
import * as fc from 'fast-check';

import { imageTree } from './image-tree.js';

const entry = (path: string, more: Partial<LayerEntry> = {}): LayerEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  ...more,
});
const link = (path: string, linkTarget: string) => entry(path, { type: 'symlink', linkTarget });
const treeOf = (...layers: LayerEntry[][]) => imageTree(overlay(layers));

const anyEntry = fc
  .record({
    path: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }).map((parts) => parts.join('/')),
    type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink'),
    whiteout: fc.option(fc.constantFrom('file', 'opaque'), { nil: undefined }),
  })
  .filter(({ path, whiteout }) => path !== '' || whiteout === 'opaque')
  .map(({ path, type, whiteout }) => entry(path, { type, ...(whiteout && { whiteout }) }));
const anyLayer = fc.uniqueArray(anyEntry, { selector: ({ path, whiteout }) => `${path} ${whiteout}`, maxLength: 8 });

describe('imageTree', () => {
  it('shows what the overlay shows', () => {
    fc.assert(
      fc.property(fc.array(anyLayer, { minLength: 1, maxLength: 4 }), (layers) => {
        const view = overlay(layers);
        const tree = treeOf(...layers);
        for (const [layer, entries] of layers.entries()) {
          for (const { path, whiteout } of entries) {
            if (!whiteout)
              expect([path, layer, tree.isShown(path, layer)]).toEqual([path, layer, view.isVisible(path, layer)]);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['lib/x/libc.so', 'usr/lib/x/libc.so'],
    ['usr/lib/libc.so', 'usr/lib/libc.so'],
    ['loop/a', 'loop/a'],
    ['up/etc/passwd', 'etc/passwd'],
    ['abs/sh', 'bin/sh'],
    ['top', 'top'],
  ])('resolves %s to %s', (path, real) => {
    const tree = treeOf([link('lib', 'usr/lib'), link('loop', 'loop'), link('up', '../../..'), link('abs', '/bin')]);
    expect(tree.realPath(path)).toBe(real);
  });

  it('resolves paths of thousands of directories in time', () => {
    const deep = Array.from({ length: 2000 }, (_, depth) => 'd/'.repeat(depth));
    const layer = deep.map((path) => entry(`${path}f`));
    const tree = treeOf(layer, layer);
    expect(tree.isShown(`${deep.at(-1)}f`, 1)).toBe(true);
    expect(tree.isShown(`${deep.at(-1)}f`, 0)).toBe(false);
    expect(tree.realPath(`${deep.at(-1)}f`)).toBe(`${deep.at(-1)}f`);
  });

  it('returns the digests of hard links to files of lower layers', () => {
    const tree = treeOf(
      [entry('bin/busybox', { sha256: 'abc' })],
      [entry('bin/w', { type: 'hardlink', linkTarget: 'bin/busybox' })],
    );
    expect(tree.digestOf(tree.shown.get('bin/w')!, 'sha256')).toBe('abc');
  });
});
