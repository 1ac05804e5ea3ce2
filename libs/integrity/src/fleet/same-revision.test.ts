import { createHash } from 'node:crypto';

import type { ImagePackage, PackageType } from '@tidewaiter/domain';
import type { ImageConfig, LayerEntry } from '@tidewaiter/oci';
import * as fc from 'fast-check';

import { diffImages } from '../changes/image-diff.js';
import type { ImageState } from '../changes/image-state.js';
import { redactConfig } from '../changes/stored-config.js';
import { sameRevisionFinding } from '../index.js';
import type { SameRevision } from './same-revision.js';

const file = (path: string, sha256: string, more: Partial<LayerEntry> = {}): LayerEntry => {
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, size: 1, sha256, ...more };
};
const config: ImageConfig = {
  ...{ platform: 'linux/amd64', diffIds: [], history: [], user: 'app', env: ['PATH=/bin', 'BUILD_DATE=1', 'API=a'] },
  ...{ entrypoint: ['/app'], cmd: [], labels: { 'org.opencontainers.image.created': '1' }, exposedPorts: [] },
};
const of = (value: string) => createHash('sha256').update(value).digest('hex');
const kept = (changes: Partial<ImageConfig> = {}) =>
  redactConfig({ ...config, ...changes }, { mask: (text) => text, fingerprint: { by: 'test', of } });
const pkg = (type: PackageType, name: string, version: string) =>
  ({ type, name, version, state: 'present' }) as ImagePackage;

function state(entries: LayerEntry[], more: Partial<ImageState> = {}): ImageState {
  const layers = [
    { diffId: 'sha256:base', entries: [], hosts: [] },
    { diffId: null, entries, hosts: [] },
  ];
  return { os: null, createdAt: null, packages: [], findings: [], config: kept(), layers, ...more };
}

const earlier = { digest: 'sha256:a', repository: 'shop/app', tag: '7.1', pushedAt: '2026-01-01T00:00:00Z' };
const about: SameRevision = { repository: 'shop/app', revision: 'abcdef0', provenBy: null, earlier };
const evaluate = (before: ImageState, after: ImageState, more: Partial<SameRevision> = {}) =>
  sameRevisionFinding(diffImages(before, after), { ...about, ...more });
const clean = [file('opt/app/lib/libcore.so', 'a1'), file('opt/app/run', 'b1', { mode: 0o755 })];

describe('sameRevisionFinding', () => {
  it('names the altered library with both hashes', () => {
    const altered = [file('opt/app/lib/libcore.so', 'a2'), clean[1]!];
    expect(evaluate(state(clean), state(altered))).toMatchObject({
      kind: 'supply-chain',
      id: 'same-revision-different-content',
      severity: 'high',
      path: 'opt/app/lib/libcore.so',
      evidence: {
        ...{ repository: 'shop/app', revision: 'abcdef0', revisionProvenBy: null, previousDigest: 'sha256:a' },
        changes: [
          {
            path: 'opt/app/lib/libcore.so',
            change: 'content',
            kind: 'library',
            before: 'sha256:a1',
            after: 'sha256:a2',
          },
        ],
        changesTotal: 1,
      },
    });
  });

  it.each(['signature', 'provenance', 'pipeline'] as const)('is critical if a %s proves the revision', (provenBy) => {
    const altered = [file('opt/app/lib/libcore.so', 'a2'), clean[1]!];
    expect(evaluate(state(clean), state(altered), { provenBy })).toMatchObject({
      severity: 'critical',
      evidence: { revisionProvenBy: provenBy },
    });
  });

  describe('beside an unread layer', () => {
    const partial = (entries: LayerEntry[]) => {
      const whole = state(entries);
      return { ...whole, layers: [...whole.layers, { diffId: 'sha256:unread', entries: null }] };
    };

    it('names the altered library', () => {
      const altered = partial([file('opt/app/lib/libcore.so', 'a2'), clean[1]!]);
      expect(evaluate(state(clean), altered)).toMatchObject({ severity: 'high', path: 'opt/app/lib/libcore.so' });
    });

    it('is unknown instead of null', () => {
      expect(evaluate(state(clean), partial(clean))).toMatchObject({
        severity: 'unknown',
        title: 'Same revision, content not comparable',
      });
    });
  });

  const after = (...entries: LayerEntry[]) => state([...clean, ...entries]);
  it.each<[string, string, ImageState, ImageState]>([
    ['a program that was added', 'high', after(), after(file('usr/local/bin/tool', '1', { mode: 0o755 }))],
    ['a program that was removed', 'high', after(file('usr/local/bin/tool', '1', { mode: 0o755 })), after()],
    ['a script without the execute bit', 'high', after(file('app/main.py', '1')), after(file('app/main.py', '2'))],
    ['a jar', 'high', after(file('app/core.jar', '1')), after(file('app/core.jar', '2'))],
    ['a cron job', 'high', after(), after(file('etc/cron.d/x', '1'))],
    ['a setting', 'high', after(file('etc/app.conf', '1')), after(file('etc/app.conf', '2'))],
    ['a library in a cache', 'high', after(), after(file('var/cache/x.so', '1'))],
    ['a program among the manuals', 'high', after(), after(file('usr/share/doc/x/run', '1', { mode: 0o755 }))],
    ['a link to another program', 'high', after(link('bin/sh', 'dash')), after(link('bin/sh', '/opt/sh'))],
    ['a set-uid bit', 'high', after(), state([clean[0]!, file('opt/app/run', 'b1', { mode: 0o4755 })])],
    ['another entrypoint', 'high', after(), state(clean, { config: kept({ entrypoint: ['/evil'] }) })],
    ['another variable', 'high', after(), state(clean, { config: kept({ env: ['PATH=/bin', 'API=b'] }) })],
    ['bytecode without a source', 'high', after(), after(file('app/x.pyc', '1'))],
    ['a bytecode cache without a source', 'high', after(), after(file('app/__pycache__/x.cpython-312.pyc', '1'))],
    [
      'bytecode of another length beside the same source',
      'high',
      after(file('app/x.py', 's'), file('app/__pycache__/x.cpython-312.pyc', '1')),
      after(file('app/x.py', 's'), file('app/__pycache__/x.cpython-312.pyc', '2', { size: 9 })),
    ],
    ['data', 'medium', after(file('app/model.bin', '1')), after(file('app/model.bin', '2'))],
    [
      'a dependency of another version',
      'medium',
      owned([file('app/node_modules/a/index.js', '1')], pkg('npm', 'a', '1'), 'a'),
      owned([file('app/node_modules/a/index.js', '2')], pkg('npm', 'a', '2'), 'a'),
    ],
    [
      'a package of the distribution of another version',
      'low',
      owned([file('usr/lib/libssl.so.3', '1')], pkg('deb', 'libssl3', '1'), 'libssl3'),
      owned([file('usr/lib/libssl.so.3', '2')], pkg('deb', 'libssl3', '2'), 'libssl3'),
    ],
    [
      "a file of the image's own that a package claims",
      'high',
      owned([file('opt/app/lib/x.so', '1')], pkg('deb', 'x', '1'), 'x'),
      owned([file('opt/app/lib/x.so', '2')], pkg('deb', 'x', '2'), 'x'),
    ],
    [
      'a file of a package of the same version',
      'high',
      owned([file('usr/lib/libssl.so.3', '1')], pkg('deb', 'libssl3', '1'), 'libssl3'),
      owned([file('usr/lib/libssl.so.3', '2')], pkg('deb', 'libssl3', '1'), 'libssl3'),
    ],
    [
      'caches, logs and build stamps',
      'negligible',
      after(file('var/log/apt/history.log', '1'), file('var/cache/apt/x.bin', '1'), file('app/build-info.json', '1')),
      after(file('var/log/apt/history.log', '2'), file('var/cache/apt/x.bin', '2'), file('app/build-info.json', '2')),
    ],
    [
      'the time in bytecode',
      'negligible',
      after(file('app/x.py', 's'), file('app/__pycache__/x.cpython-312.pyc', '1')),
      after(file('app/x.py', 's'), file('app/__pycache__/x.cpython-312.pyc', '2')),
    ],
  ])('rates %s as %s', (_, severity, before, current) => {
    expect(evaluate(before, current)?.severity).toBe(severity);
  });

  it('returns null if only times, labels and build stamps differ', () => {
    const labels = { 'org.opencontainers.image.created': '2' };
    const env = ['PATH=/bin', 'BUILD_DATE=2', 'API=a'];
    const rebuilt = state(clean, { config: kept({ labels, env }), createdAt: new Date('2026-02-01') });
    expect(evaluate(state(clean), rebuilt)).toBeNull();
  });

  it('is unknown if one image cannot be compared', () => {
    expect(sameRevisionFinding(null, about)?.severity).toBe('unknown');
    const unread = state([], { layers: [{ diffId: null, entries: null }] });
    expect(evaluate(unread, state(clean))?.severity).toBe('unknown');
  });

  it('lists a bounded number of changes and counts the rest', () => {
    const many = Array.from({ length: 3_000 }, (_, index) => file(`opt/lib${index}.so`, '1'));
    const found = evaluate(state(clean), after(...many));
    expect(found?.evidence['changesTotal']).toBe(3_000);
    expect(JSON.stringify(found).length).toBeLessThan(50_000);
  });

  it('has one fingerprint for each alteration', () => {
    const print = (...entries: LayerEntry[]) => evaluate(state(clean), after(...entries))?.fingerprint;
    const altered = file('opt/x.so', '1');
    expect(print(altered)).toBe(print(file('opt/x.so', '2')));
    expect(print(altered)).not.toBe(print(altered, file('opt/y.so', '1')));
  });

  it('rates changed code as high in any path', () => {
    const folder = fc.constantFrom(
      'var/log',
      'var/cache',
      'tmp',
      'usr/share/doc/a',
      'app/__pycache__',
      'x/.cache',
      'root',
    );
    fc.assert(
      fc.property(folder, fc.constantFrom('x.so', 'run'), (path, name) => {
        const mode = name === 'run' ? 0o755 : 0o644;
        expect(evaluate(state(clean), after(file(`${path}/${name}`, '1', { mode })))?.severity).toBe('high');
      }),
    );
  });
});

function link(path: string, linkTarget: string): LayerEntry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, size: 0, linkTarget };
}

function owned(entries: LayerEntry[], one: ImagePackage, owner: string): ImageState {
  return state([...clean, ...entries], {
    packages: [one],
    ownerOf: (path) => (clean.some((each) => each.path === path) ? undefined : owner),
  });
}
