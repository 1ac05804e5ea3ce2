import { type Finding, findingOf, type ImagePackage } from '@tidewaiter/domain';
import type { ImageConfig, LayerEntry } from '@tidewaiter/oci';

import { diffImages, type ImageState } from './image-diff.js';

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
const nothing: ImageState = { packages: [], findings: [], layers: [], config: null };

it('finds no difference between an image and itself', () => {
  const state = { packages: [deb('a', '1')], findings: [hole('x')], layers: [[file('a', '1')]], config };
  expect(diffImages(state, state)).toEqual({
    packages: [],
    files: [],
    config: [],
    findings: { introduced: [], newlyPublished: [], resolved: [], unchanged: state.findings },
  });
});

it('compares packages by name, and each version of those with several', () => {
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

it('compares the files that the images show, however they are layered', () => {
  const before = [[file('same', '1'), file('edited', '1'), file('removed', '1'), file('bits', '1')]];
  const after = [
    [file('same', '2'), file('edited', '1'), file('removed', '1'), file('bits', '1')],
    [file('same', '1'), file('edited', '2'), file('bits', '1', { mode: 0o4755 }), file('added', '1')],
    [file('removed', '', { whiteout: 'file' })],
  ];
  expect(diffImages({ ...nothing, layers: before }, { ...nothing, layers: after }).files).toEqual([
    { path: 'added', change: 'added', sizeBytes: 1 },
    { path: 'bits', change: 'mode', sizeBytes: 1 },
    { path: 'edited', change: 'content', sizeBytes: 1 },
    { path: 'removed', change: 'removed', sizeBytes: 1 },
  ]);
});

it('never tells the values of variables and labels', () => {
  const after = {
    ...config,
    user: 'root',
    cmd: ['serve', '--token=new-value'],
    env: ['TOKEN=new-value', 'EXTRA=x'],
    labels: { version: '2' },
    exposedPorts: ['80/tcp', '22/tcp'],
  };
  const { config: changes } = diffImages({ ...nothing, config }, { ...nothing, config: after });
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

it('compares findings by fingerprint; a shadowed hole does not count, a shadowed secret does', () => {
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
