import * as fc from 'fast-check';

import type { EntryType, LayerEntry } from './layer-entry.js';
import { overlay } from './overlay.js';

function at(path: string, type: EntryType = 'file', more: Partial<LayerEntry> = {}): LayerEntry {
  return { path, type, mode: 0o644, uid: 0, gid: 0, size: 0, ...more };
}
const dir = (path: string) => at(path, 'directory');
const link = (path: string, linkTarget: string) => at(path, 'symlink', { linkTarget });
const gone = (path: string) => at(path, 'file', { whiteout: 'file' });
const opaque = (path: string) => at(path, 'directory', { whiteout: 'opaque' });

describe('overlay', () => {
  describe('hidden entries', () => {
    it.each<[string, LayerEntry[][], string, number, number | undefined]>([
      ['nothing above', [[at('a')], [at('b')]], 'a', 0, undefined],
      ['a newer file', [[at('a')], [at('b')], [at('a')], [at('a')]], 'a', 0, 2],
      ['a whiteout', [[at('d/a')], [gone('d/a')]], 'd/a', 0, 1],
      ['a whiteout of a directory above', [[at('d/e/a')], [gone('d')]], 'd/e/a', 0, 1],
      ['an opaque directory', [[at('d/e/a')], [opaque('d')]], 'd/e/a', 0, 1],
      ['an opaque root', [[at('a')], [opaque('')]], 'a', 0, 1],
      ['a file in the place of the directory', [[dir('d'), at('d/a')], [at('d')]], 'd/a', 0, 1],
      ['a link in the place of the directory', [[dir('d'), at('d/a')], [link('d', '/e')]], 'd/a', 0, 1],
      ['a file in the place of the directory, same layer', [[at('d/a'), at('d')]], 'd/a', 0, 0],
      ['a whiteout lower than the file', [[at('a')], [gone('a')], [at('a')]], 'a', 2, undefined],
      ['a whiteout beside the new file', [[at('a')], [at('a'), gone('a')]], 'a', 1, undefined],
      ['an opaque marker beside the new file', [[at('d/old')], [at('d/new'), opaque('d')]], 'd/new', 1, undefined],
      ['an opaque directory itself', [[dir('d')], [opaque('d')]], 'd', 0, undefined],
      ['a directory that only changes its mode', [[dir('d'), at('d/a')], [dir('d')]], 'd/a', 0, undefined],
      [
        'a whiteout of a name that starts alike',
        [[at('usr/bin/somewh.ere')], [gone('usr/bin/some')]],
        'usr/bin/somewh.ere',
        0,
        undefined,
      ],
      ['the lowest of several', [[at('d/a')], [opaque('d')], [gone('d')], [at('d/a')]], 'd/a', 0, 1],
    ])('follow whiteouts: %s', (_, layers, path, layer, hider) => {
      const view = overlay(layers);
      expect(view.hiddenBy(path, layer)).toBe(hider);
      expect(view.isVisible(path, layer)).toBe(hider === undefined);
    });

    it('are none for an empty layer', () => {
      expect(overlay([[at('a')], [gone('a')]]).isVisible('a', 1)).toBe(false);
      expect(overlay([[at('a')]]).isVisible('b', 0)).toBe(false);
    });
  });

  describe('lookup', () => {
    it.each<[string, LayerEntry[][], string, [number, string] | undefined]>([
      ['finds a file', [[at('a')]], '/a', [0, 'a']],
      ['finds the highest', [[at('a')], [at('a')]], 'a', [1, 'a']],
      ['finds nothing behind a whiteout', [[at('a')], [gone('a')]], 'a', undefined],
      ['follows a link into a higher layer', [[link('etc/r', '../usr/r')], [at('usr/r')]], 'etc/r', [1, 'usr/r']],
      ['follows an absolute link inside the image', [[link('a', '/b'), at('b')]], 'a', [0, 'b']],
      ['follows a link on the way', [[link('lib', 'usr/lib'), at('usr/lib/x')]], 'lib/x', [0, 'usr/lib/x']],
      ['stays in the root', [[link('a', '../../../../b'), at('b')]], 'a', [0, 'b']],
      [
        'leaves a linked directory as the kernel does',
        [[link('l', 'd/e'), link('up', 'l/../f'), at('d/f'), at('f')]],
        'up',
        [0, 'd/f'],
      ],
      ['finds what is written through a link', [[link('l', 'd')], [at('l/x')]], 'l/x', [1, 'l/x']],
      ['finds nothing at a dangling link', [[link('a', 'b')]], 'a', undefined],
      ['ends in a loop', [[link('a', 'b'), link('b', 'a')]], 'a', undefined],
      ['ends in a loop on itself', [[link('a', 'a/x')]], 'a/b', undefined],
      ['finds nothing below a file', [[at('a'), at('a/b')]], 'a/b', undefined],
      ['does not follow a link that a whiteout removed', [[link('l', 'd'), at('d/x')], [gone('l')]], 'l/x', undefined],
    ])('resolves %s', (_, layers, path, expected) => {
      const found = overlay(layers).lookup(path);
      expect(found && [found.layer, found.entry.path]).toEqual(expected);
    });

    it('stops after forty links', () => {
      const chain = (length: number) => [
        at('end'),
        ...Array.from({ length }, (_, position) => link(`l${position}`, position === 0 ? 'end' : `l${position - 1}`)),
      ];
      expect(overlay([chain(40)]).lookup('l39')?.entry.path).toBe('end');
      expect(overlay([chain(41)]).lookup('l40')).toBeUndefined();
    });
  });

  /** A file system that applies layers one after the other, the slow and obvious way. */
  function apply(layers: readonly LayerEntry[][]): Map<string, number> {
    const tree = new Map<string, { layer: number; entry: LayerEntry }>();
    const removeBelow = (path: string) => {
      for (const known of tree.keys()) if (path === '' || known.startsWith(`${path}/`)) tree.delete(known);
    };
    for (const [layer, entries] of layers.entries()) {
      for (const { path, whiteout } of entries) {
        if (whiteout) removeBelow(path);
        if (whiteout === 'file') tree.delete(path);
      }
      for (const entry of entries) {
        if (entry.whiteout) continue;
        const isMerge = entry.type === 'directory' && tree.get(entry.path)?.entry.type === 'directory';
        if (!isMerge && entry.type !== 'directory') removeBelow(entry.path);
        tree.set(entry.path, { layer, entry });
      }
    }
    return new Map(Array.from(tree, ([path, { layer }]) => [path, layer]));
  }

  it('agrees with applying the layers one by one', () => {
    const name = fc.constantFrom('a', 'b', 'a/a', 'a/b', 'b/a', 'a/a/a', 'a/b/a');
    // Directories first, as in a real layer; a file with children in its own layer is a case of the
    // table above.
    const layer = fc
      .uniqueArray(fc.tuple(name, fc.constantFrom('file', 'directory', 'gone', 'opaque')), {
        selector: ([path]) => path,
        maxLength: 4,
      })
      .map((drawn) => {
        const files = new Set(drawn.filter(([, kind]) => kind === 'file').map(([path]) => path));
        const below = (path: string) => [...files].some((file) => path.startsWith(`${file}/`));
        return drawn
          .filter(([path]) => !below(path))
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([path, kind]) => ({ file: at, directory: dir, gone, opaque })[kind](path));
      });
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 4 }), (layers) => {
        const view = overlay(layers);
        const expected = apply(layers);
        for (const [index, entries] of layers.entries()) {
          for (const { path, whiteout } of entries) {
            if (!whiteout)
              expect([path, index, view.isVisible(path, index)]).toEqual([path, index, expected.get(path) === index]);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
