import { observation, type ObservationSketch } from '@tidewaiter/testkit';

import { ProcessTree } from './process-tree.js';

const container = { id: 'c3795de7cf22aabbccdd' };
const startMs = Date.parse('2026-03-03T01:12:00Z');

function start(execId: string, executable: string, parentExecId: string | null, more: ObservationSketch = {}) {
  const { process, ...rest } = more;
  return observation({
    id: `start-${execId}`,
    container,
    ...rest,
    process: { execId, executable, parentExecId, ...process },
  });
}

describe('ProcessTree', () => {
  it('returns the ancestors of a process', () => {
    const tree = new ProcessTree();
    tree.note(start('1', '/usr/bin/java', null));
    tree.note(start('2', '/bin/sh', '1'));
    const process = tree.note(start('3', '/usr/bin/curl', '2'))!;
    expect(tree.ancestors(process).map(({ executable }) => executable)).toEqual(['/bin/sh', '/usr/bin/java']);
  });

  it('creates a parent that started before the sensor from the fields of its child', () => {
    const tree = new ProcessTree();
    const process = tree.note(start('3', '/bin/sh', '2', { process: { parentExecutable: '/usr/sbin/nginx' } }))!;
    expect(tree.ancestors(process).map(({ executable }) => executable)).toEqual(['/usr/sbin/nginx']);
  });

  it('keeps processes that ended, as parents of those they started', () => {
    const tree = new ProcessTree();
    tree.note(start('1', '/usr/bin/curl', null));
    tree.note(observation({ activity: 'exit', timeMs: startMs + 5, container, process: { execId: '1' } }));
    const process = tree.note(start('2', '/tmp/x', '1'))!;
    expect(tree.ancestors(process).map(({ executable, exitedMs }) => [executable, exitedMs])).toEqual([
      ['/usr/bin/curl', startMs + 5],
    ]);
  });

  it('stops at cycles and at a maximum depth', () => {
    const tree = new ProcessTree();
    tree.note(start('1', '/a', '2'));
    const circle = tree.note(start('2', '/b', '1'))!;
    expect(tree.ancestors(circle)).toHaveLength(2);
    for (let depth = 100; depth < 200; depth += 1) tree.note(start(`${depth}`, `/${depth}`, `${depth - 1}`));
    expect(tree.ancestors(tree.find(start('199', '/199', '198'))!)).toHaveLength(32);
  });

  it('separates processes of different clusters and nodes', () => {
    const tree = new ProcessTree();
    tree.note(start('1', '/a', null));
    expect(tree.find(start('1', '/a', null, { node: 'node-2' }))).toBeNull();
    expect(tree.find(start('1', '/a', null, { cluster: 'us1' }))).toBeNull();
  });

  describe('with a sensor that reports only pids', () => {
    const falco = (pid: number, executable: string, more: ObservationSketch = {}) =>
      observation({ source: 'falco', container, ...more, process: { pid, executable, ...more.process } });

    it('resolves a pid to the process that has it now', () => {
      const tree = new ProcessTree();
      tree.note(start('1', '/bin/sh', null, { process: { pid: 7 } }));
      tree.note(start('2', '/usr/bin/curl', '1', { process: { pid: 8 } }));
      expect(tree.find(falco(8, '/usr/bin/curl', { activity: 'alert' }))?.executable).toBe('/usr/bin/curl');
      tree.note(start('3', '/usr/bin/id', '1', { process: { pid: 8 } }));
      expect(tree.find(falco(8, '/usr/bin/id', { activity: 'alert' }))?.executable).toBe('/usr/bin/id');
    });

    it('finds a process by a truncated container id without a node', () => {
      const tree = new ProcessTree();
      tree.note(start('1', '/bin/sh', null, { process: { pid: 7 } }));
      const alert = falco(7, '/bin/sh', { activity: 'alert', node: null, container: { id: 'c3795de7cf22' } });
      expect(tree.find(alert)?.executable).toBe('/bin/sh');
    });

    it('resolves ancestors by the pids of parents', () => {
      const tree = new ProcessTree();
      tree.note(falco(7, '/usr/bin/java'));
      tree.note(falco(8, '/bin/sh', { process: { parentPid: 7 } }));
      const process = tree.note(falco(9, '/usr/bin/id', { process: { parentPid: 8 } }))!;
      expect(tree.ancestors(process).map(({ executable }) => executable)).toEqual(['/bin/sh', '/usr/bin/java']);
    });

    it('merges a start that another sensor reported', () => {
      const tree = new ProcessTree();
      const process = tree.note(start('1', '/bin/sh', null, { process: { pid: 7 } }));
      expect(tree.note(falco(7, '/bin/sh', { timeMs: startMs + 300 }))).toBe(process);
      expect(tree.note(falco(7, '/bin/sh', { timeMs: startMs + 60_000 }))).not.toBe(process);
    });
  });

  it('inherits suspicion from a parent for a limited time', () => {
    const tree = new ProcessTree();
    const shell = tree.note(start('1', '/bin/sh', null))!;
    tree.suspect(shell, 'reverse-shell', startMs);
    const child = tree.note(start('2', '/usr/bin/id', '1'))!;
    expect(tree.suspicions(child, startMs + 60_000)).toEqual(['reverse-shell']);
    expect(tree.suspicions(child, startMs + 31 * 60_000)).toEqual([]);
    expect(tree.suspicions(tree.note(start('3', '/usr/bin/id', null))!, startMs)).toEqual([]);
  });

  it('continues from a snapshot', () => {
    const tree = new ProcessTree();
    const java = tree.note(start('1', '/usr/bin/java', null, { process: { pid: 7 } }))!;
    tree.suspect(java, 'reverse-shell', startMs);
    // A process whose sensor reports another node than that of its parent.
    tree.note(start('9', '/bin/sh', null, { node: null, process: { pid: 8, parentPid: 7 } }));
    const other = new ProcessTree();
    other.restore(JSON.parse(JSON.stringify(tree.snapshot())) as ReturnType<ProcessTree['snapshot']>);
    expect(other.snapshot()).toEqual(tree.snapshot());
    for (const each of [tree, other]) {
      const process = each.note(start('2', '/bin/sh', '1'))!;
      expect(each.ancestors(process).map(({ executable }) => executable)).toEqual(['/usr/bin/java']);
      expect(each.suspicions(process, startMs)).toEqual(['reverse-shell']);
      const nodeless = each.find(start('9', '/bin/sh', null, { node: null }))!;
      expect(each.ancestors(nodeless).map(({ executable }) => executable)).toEqual(['/usr/bin/java']);
      expect(each.find(observation({ source: 'falco', container, process: { pid: 7 } }))?.executable).toBe(
        '/usr/bin/java',
      );
    }
  });
});
