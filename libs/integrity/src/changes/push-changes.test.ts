import { findingOf } from '@tidewaiter/domain';
import type { LayerEntry } from '@tidewaiter/oci';

import { summaryOf } from './change-summary.js';
import { diffImages } from './image-diff.js';
import type { ImageState } from './image-state.js';
import { type ComparedPlatform, keptFindings, maxListed, pairPlatforms, pushChanges } from './push-changes.js';
import { redactConfig } from './stored-config.js';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const image = (platform: string, letter: string) => ({ platform, digest: digest(letter) });

const file = (path: string, mode = 0o644, sha256 = path): LayerEntry => {
  return { path, type: 'file', mode, uid: 0, gid: 0, size: 1, sha256 };
};

function state(
  entries: LayerEntry[],
  { user = 'app', diffId = 'base', more = {} }: { user?: string; diffId?: string; more?: Partial<ImageState> } = {},
): ImageState {
  const empty = { platform: 'linux/amd64', diffIds: [], history: [], env: [], cmd: [], labels: {}, exposedPorts: [] };
  return {
    os: null,
    createdAt: null,
    packages: [],
    findings: [],
    layers: [
      { diffId, entries: [], hosts: [] },
      { diffId: 'top', entries, hosts: [] },
    ],
    config: redactConfig({ ...empty, entrypoint: ['/app'], user }, { mask: (text) => text, fingerprint: null }),
    ...more,
  };
}

function compared(platform: string, before: ImageState, after: ImageState): ComparedPlatform {
  return { platform, before: digest('a'), after: digest('b'), change: 'compared', diff: diffImages(before, after) };
}

describe('pushChanges', () => {
  it('pairs images by platform', () => {
    const before = [image('linux/amd64', 'a'), image('linux/arm/v7', 'b')];
    const after = [image('linux/amd64', 'c'), image('linux/arm64', 'd'), image('linux/amd64', 'e')];
    expect(pairPlatforms(before, after)).toEqual([
      { platform: 'linux/amd64', before: digest('a'), after: digest('c') },
      { platform: 'linux/amd64', before: null, after: digest('e') },
      { platform: 'linux/arm/v7', before: digest('b'), after: null },
      { platform: 'linux/arm64', before: null, after: digest('d') },
    ]);
  });

  it('merges common changes and names the platforms of the others', () => {
    const both = (more: LayerEntry[], sha256: string) => state([file('app/run', 0o755, sha256), ...more]);
    const changes = pushChanges([
      compared('linux/amd64', both([], '1'), both([], '2')),
      compared('linux/arm64', both([], '3'), both([file('extra')], '4')),
    ]);
    expect(changes.files).toMatchObject({ added: 1, removed: 0, changed: 1, total: 2 });
    expect(changes.files?.items.map(({ path, platforms }) => [path, platforms])).toEqual([
      ['app/run', undefined],
      ['extra', ['linux/arm64']],
    ]);
    expect(changes.base).toHaveLength(1);
  });

  it('counts all changes and lists the most relevant', () => {
    const pages = Array.from({ length: 1_000 }, (_, index) => file(`usr/share/doc/x/${index}.html`));
    const after = [...pages, file('usr/bin/x', 0o755), file('bin/root', 0o4755), file('usr/lib/x.so'), file('a.json')];
    const { files } = pushChanges([compared('linux/amd64', state([]), state(after))]);
    expect(files).toMatchObject({ total: 1_004, added: 1_004, newSetuid: 1 });
    expect(files?.items).toHaveLength(maxListed);
    expect(files?.items.slice(0, 5).map(({ path }) => path)).toEqual([
      'bin/root',
      'usr/bin/x',
      'usr/lib/x.so',
      'a.json',
      'usr/share/doc/x/0.html',
    ]);
  });

  it('is bounded in size for any image', () => {
    const long = 'x'.repeat(4_000);
    const findings = Array.from({ length: 1_000 }, (_, index) =>
      findingOf({
        kind: 'secret',
        id: long,
        severity: 'high',
        title: long,
        fingerprint: `${index}`,
        layer: 0,
        state: 'present',
      }),
    );
    const files = Array.from({ length: 1_000 }, (_, index) => file(`${long}${index}`));
    const changes = pushChanges([compared('linux/amd64', state([]), state(files, { more: { findings } }))]);
    expect(changes.findings.introduced.total).toBe(1_000);
    expect(JSON.stringify(changes).length).toBeLessThan(600_000);
  });

  it('lists what both have, worst first, with its platforms', () => {
    const finding = (fingerprint: string, severity: 'low' | 'high') =>
      findingOf({ kind: 'secret', id: 'x', severity, title: 'x', fingerprint, layer: 0, state: 'present' });
    const having = (...findings: ReturnType<typeof finding>[]) => state([], { more: { findings } });
    const [mild, severe, gone] = [finding('a', 'low'), finding('b', 'high'), finding('c', 'high')];
    const kept = keptFindings([
      compared('linux/amd64', having(mild, severe, gone), having(mild, severe)),
      compared('linux/arm64', having(mild, gone), having(mild)),
    ]);
    expect(kept).toMatchObject({
      total: 2,
      items: [{ fingerprint: 'b', platforms: ['linux/amd64'] }, { fingerprint: 'a' }],
    });
    expect(kept.items[1]).not.toHaveProperty('platforms');
  });

  it('summarizes the changes', () => {
    const after = state([file('bin/root', 0o4755)], { user: 'root', diffId: 'other' });
    const {
      packages: _,
      findings: __,
      ...summary
    } = summaryOf(pushChanges([compared('linux/amd64', state([]), after)]));
    expect(summary).toEqual({
      isComplete: true,
      files: { added: 1, removed: 0, changed: 0, newSetuid: 1 },
      buildSteps: 0,
      newHosts: 0,
      entrypointChanged: false,
      userChanged: true,
      becameRoot: true,
      baseChanged: true,
    });
  });

  it('reports changed origins where both are known', () => {
    const from = (revision: string | null, signers: string[]) =>
      state([], { more: { origin: { revision, builder: null, signers } } });
    const before = from('1', ['release']);
    expect(summaryOf(pushChanges([compared('linux/amd64', before, from('2', ['release']))]))).toMatchObject({
      revisionChanged: true,
      builderChanged: null,
      signersChanged: false,
    });
  });

  it('reports no changes for equal images', () => {
    const same = {
      platform: 'linux/amd64',
      before: digest('a'),
      after: digest('a'),
      change: 'same',
      diff: null,
    } as const;
    expect(summaryOf(pushChanges([same]))).toMatchObject({ isComplete: true, newHosts: 0, baseChanged: false });
  });

  it('reports unknown changes for images that were never analyzed', () => {
    const unread = { ...image('linux/amd64', 'b'), before: digest('a'), after: digest('b') };
    const changes = pushChanges([{ ...unread, change: 'unread', diff: null }]);
    expect(summaryOf(changes)).toMatchObject({ isComplete: false, files: null, newHosts: null, baseChanged: null });
    const unknown = { ...state([]), config: null, layers: [{ diffId: null, entries: null }] };
    expect(summaryOf(pushChanges([compared('linux/amd64', unknown, state([]))]))).toMatchObject({
      isComplete: false,
      files: null,
      buildSteps: null,
      newHosts: null,
      entrypointChanged: null,
      becameRoot: null,
      baseChanged: null,
    });
  });
});
