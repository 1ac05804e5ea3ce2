import { observation } from '@tidewaiter/testkit';

import { FileWriters } from './file-writers.js';

const write = (path: string, id = 'c1') =>
  observation({ activity: 'file', container: { id }, file: { path, access: 'write', to: null } });
const move = (path: string, to: string) =>
  observation({ activity: 'file', container: { id: 'c1' }, file: { path, access: 'rename', to } });

describe('FileWriters', () => {
  it('returns the last writer of a file and its container', () => {
    const writers = new FileWriters();
    writers.note(write('/tmp/x'), ['/usr/bin/curl', '/bin/sh']);
    expect(writers.writerOf(write('/tmp/x'), '/tmp/x')).toMatchObject({
      executables: ['/usr/bin/curl', '/bin/sh'],
      inContainer: true,
    });
    expect(writers.writerOf(write('/tmp/x', 'c2'), '/tmp/x')).toBeNull();
    expect(writers.writerOf(observation({}), '/tmp/x')).toBeNull();
  });

  it('follows a file that is renamed', () => {
    const writers = new FileWriters();
    writers.note(write('/tmp/x'), ['/usr/bin/curl']);
    writers.note(move('/tmp/x', '/usr/bin/x'), ['/bin/mv']);
    writers.note(move('/opt/y', '/usr/bin/y'), ['/bin/mv']);
    expect(writers.writerOf(write(''), '/usr/bin/x')?.executables).toEqual(['/usr/bin/curl']);
    expect(writers.writerOf(write(''), '/usr/bin/y')?.executables).toEqual(['/bin/mv']);
  });

  it('returns the container of the node that wrote a path', () => {
    const writers = new FileWriters();
    writers.note(write('/cmd'), ['/bin/bash']);
    expect(writers.containerOf(observation({}), '/cmd')).toBe('eu1/c1');
    expect(writers.containerOf(observation({ node: 'node-2' }), '/cmd')).toBeNull();
  });
});
