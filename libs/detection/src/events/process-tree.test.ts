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

  describe('after a long time', () => {
    const hourMs = 3_600_000;
    const exit = (execId: string) => observation({ activity: 'exit', container, process: { execId } });

    it('forgets a process an hour after its exit, with its pid', () => {
      const tree = treeAt(startMs);
      tree.note(start('1', '/usr/bin/id', null, { process: { pid: 7 } }));
      tree.note(exit('1'));
      tree.advance(startMs + 0.9 * hourMs);
      expect(tree.find(exit('1'))?.executable).toBe('/usr/bin/id');
      tree.advance(startMs + 1.1 * hourMs);
      expect(tree.find(exit('1'))).toBeNull();
      const { processes, onNodes, inContainers } = tree.snapshot();
      for (const pairs of [processes, onNodes, inContainers]) expect(pairs).toEqual({ older: [], newer: [] });
    });

    it('keeps what ended as long as a process below it is known', () => {
      const tree = treeAt(startMs);
      tree.note(start('1', '/usr/bin/java', null));
      tree.note(start('2', '/bin/sh', '1'));
      const miner = tree.note(start('3', '/tmp/miner', '2'))!;
      for (const execId of ['1', '2']) tree.note(exit(execId));
      for (let hour = 1; hour < 72; hour += 6) {
        tree.advance(startMs + hour * hourMs);
        tree.note(observation({ activity: 'connect', container, process: { execId: '3' } }));
      }
      expect(tree.ancestors(miner).map(({ executable }) => executable)).toEqual(['/bin/sh', '/usr/bin/java']);
    });

    it('forgets a process without an exit when nothing was heard of it for a day', () => {
      const tree = treeAt(startMs);
      tree.note(start('1', '/usr/sbin/nginx', null));
      const sibling = start('2', '/usr/bin/sleep', '1', { timeMs: startMs + 5 });
      tree.note(sibling);
      tree.advance(startMs + 23 * hourMs);
      expect(tree.find(sibling)).not.toBeNull();
      tree.advance(startMs + 25 * hourMs);
      expect(tree.find(sibling)).toBeNull();
    });

    it('keeps the first process of a container that runs, however silent', () => {
      const tree = treeAt(startMs);
      tree.note(start('0', '/usr/bin/containerd-shim', null, { container: null }));
      tree.note(start('1', '/usr/sbin/nginx', '0'));
      tree.note(start('2', '/bin/sh', '1', { timeMs: startMs + 5 }));
      tree.note(exit('2'));
      tree.advance(startMs + 30 * 24 * hourMs);
      const shell = tree.note(start('3', '/bin/sh', '1', { timeMs: startMs + 30 * 24 * hourMs }))!;
      const ancestors = tree.ancestors(shell).map(({ executable, startedMs }) => [executable, startedMs]);
      expect(ancestors).toEqual([
        ['/usr/sbin/nginx', startMs],
        ['/usr/bin/containerd-shim', startMs],
      ]);
    });

    it('keeps a process of the host that starts others now and then', () => {
      const tree = treeAt(startMs);
      tree.note(start('1', '/usr/sbin/cron', null, { container: null, process: { pid: 7 } }));
      for (let hour = 1; hour < 72; hour += 12) {
        tree.advance(startMs + hour * hourMs);
        const of = hour % 24 === 1 ? { parentExecId: '1' } : { parentExecId: null, parentPid: 7 };
        tree.note(start(`job-${hour}`, '/bin/sh', null, { container: null, process: of }));
        tree.note(observation({ activity: 'exit', process: { execId: `job-${hour}` } }));
      }
      const job = tree.note(start('job', '/bin/sh', '1', { container: null }))!;
      expect(tree.parentOf(job)?.startedMs).toBe(startMs);
    });

    it('counts the age of processes of older snapshots from their restore', () => {
      const tree = treeAt(startMs);
      tree.note(start('1', '/usr/bin/id', null));
      tree.note(exit('1'));
      const { processes, onNodes, inContainers } = tree.snapshot();
      const older = JSON.parse(
        JSON.stringify({ processes, onNodes, inContainers }, (_, value: unknown) =>
          Array.isArray(value) && value.length === 11 ? value.slice(0, 10) : value,
        ),
      ) as ReturnType<ProcessTree['snapshot']>;
      const other = new ProcessTree();
      other.restore(older);
      other.advance(startMs + 10 * hourMs);
      expect(other.find(exit('1'))?.executable).toBe('/usr/bin/id');
      other.advance(startMs + 12 * hourMs);
      expect(other.find(exit('1'))).toBeNull();
    });

    it('stays small while processes come and go', () => {
      const tree = new ProcessTree();
      let most = 0;
      for (let minute = 0; minute < 24 * 60; minute += 1) {
        tree.advance(startMs + minute * 60_000);
        for (const number of Array.from({ length: 10 }, (_, index) => minute * 10 + index)) {
          tree.note(start(`${number}`, '/usr/bin/other', 'shell', { process: { pid: number } }));
          tree.note(exit(`${number}`));
        }
        most = Math.max(most, sizeOf(tree.snapshot().processes));
      }
      expect(most).toBeLessThan(10 * 70);
    });

    function treeAt(timeMs: number): ProcessTree {
      const tree = new ProcessTree();
      tree.advance(timeMs);
      return tree;
    }

    function sizeOf({ older, newer }: ReturnType<ProcessTree['snapshot']>['processes']): number {
      return [...older, ...newer].flatMap(([, values]) => values).length;
    }
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
