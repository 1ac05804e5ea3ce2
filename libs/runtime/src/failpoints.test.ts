import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { armFailpoints, failpoint, failpointCatalog } from './failpoints.js';

const root = join(import.meta.dirname, '../../..');

/** Names in `failpoint('…')` of all sources, once for each use. */
function usedNames(): string[] {
  return ['libs', 'services', 'cli'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /(?:^|\/)src\/.*\.ts$/.test(path) && !/node_modules|\.test\.ts$/.test(path))
      .flatMap((path) =>
        readFileSync(join(root, folder, path), 'utf8')
          .matchAll(/\bfailpoint\(([^)]*)\)/g)
          .toArray(),
      )
      .map(([, argument = '']) => argument)
      .filter((argument) => argument.startsWith("'"))
      .map((argument) => argument.slice(1, -1)),
  );
}

describe('failpointCatalog', () => {
  it('names each place of the sources exactly once', () => {
    expect(usedNames().toSorted()).toEqual(Object.keys(failpointCatalog).toSorted());
  });
});

describe('failpoint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-failpoints-'));
  const log = join(folder, 'visited');

  afterEach(() => armFailpoints({}));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('does nothing unless the environment names it', () => {
    armFailpoints({});
    expect(() => failpoint('store.committed')).not.toThrow();
  });

  it('acts at the visit that is asked for, once', () => {
    armFailpoints({ TIDEWAITER_FAILPOINT: 'store.committed:2:throw,bus.handled:throw' });
    expect(() => failpoint('store.committed')).not.toThrow();
    expect(() => failpoint('store.committed')).toThrow('failpoint store.committed');
    expect(() => failpoint('store.committed')).not.toThrow();
    expect(() => failpoint('bus.handled')).toThrow('failpoint bus.handled');
  });

  it('stops the process for the time of a delay', () => {
    armFailpoints({ TIDEWAITER_FAILPOINT: 'store.committed:delay-50' });
    const began = performance.now();
    failpoint('store.committed');
    expect(performance.now() - began).toBeGreaterThan(45);
  });

  it('logs each name once when it is first visited', () => {
    armFailpoints({ TIDEWAITER_FAILPOINT_LOG: log });
    for (const name of ['bus.handled', 'bus.acked', 'bus.handled'] as const) failpoint(name);
    expect(readFileSync(log, 'utf8')).toBe('bus.handled\nbus.acked\n');
  });

  it('kills the process as a crash does, without its exit handlers', () => {
    const script = `
      import { armFailpoints, failpoint } from ${JSON.stringify(join(import.meta.dirname, '../dist/failpoints.js'))};
      process.on('exit', () => console.log('ended'));
      armFailpoints({ TIDEWAITER_FAILPOINT: 'bus.handled:kill' });
      failpoint('bus.handled');
      console.log('went on');`;
    const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect({ signal, stdout }).toEqual({ signal: 'SIGKILL', stdout: '' });
  });

  it.each([
    'nowhere:kill',
    'bus.handled',
    'bus.handled:explode',
    'bus.handled:0:kill',
    'bus.handled:1:2:kill',
    ':kill',
  ])('refuses %s', (text) => {
    expect(() => armFailpoints({ TIDEWAITER_FAILPOINT: text })).toThrow('no such failpoint or action');
  });
});
