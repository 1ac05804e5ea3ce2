import type { IncidentEvidence, JsonObject } from '@tidewaiter/domain';

import { processTree } from './process-tree.js';

const evidence = (event: string, source: string, record: JsonObject | null, more: Partial<IncidentEvidence> = {}) => {
  const fields = { event, at: `2026-01-01T10:00:0${event}Z`, source, rule: `rule ${event}`, text: `act ${event}` };
  return { ...fields, where: 'shop/web-1/app', record, ...more };
};

const tetragon = (execId: string, parentExecId: string, binary: string) => ({
  process_exec: {
    process: { exec_id: execId, parent_exec_id: parentExecId, pid: Number(execId), binary, arguments: '-x' },
    parent: { exec_id: parentExecId, pid: Number(parentExecId), binary: `/parent/${parentExecId}` },
  },
});

const falco = (pid: number, ppid: number, commandLine: string, parentLine: string | null = null) => ({
  output_fields: {
    'container.id': 'c0ffeec0ffee',
    'proc.pid': pid,
    'proc.ppid': ppid,
    'proc.cmdline': commandLine,
    'proc.exepath': commandLine.split(' ')[0]!,
    ...(parentLine !== null && { 'proc.pcmdline': parentLine }),
  },
});

/** `parent > child` for each process, by its command line. */
const edges = (items: IncidentEvidence[]) => {
  const processes = processTree(items);
  const nameOf = ({ commandLine, executable }: (typeof processes)[number]) => commandLine ?? executable;
  return processes.map((each) => [each.parent === null ? null : nameOf(processes[each.parent]!), nameOf(each)]);
};

describe('processTree', () => {
  it('joins the processes of a sensor by its ids, with parents that only their children name', () => {
    const processes = processTree([
      evidence('2', 'tetragon', tetragon('30', '20', '/tmp/miner')),
      evidence('1', 'tetragon', tetragon('20', '10', '/bin/sh')),
    ]);
    expect(processes).toMatchObject([
      { id: 0, parent: 1, pid: 20, executable: '/bin/sh', acts: [{ event: '1', rule: 'rule 1', text: 'act 1' }] },
      { id: 1, parent: null, pid: 10, executable: '/parent/10', acts: [], where: 'shop/web-1/app' },
      { id: 2, parent: 0, pid: 30, executable: '/tmp/miner', acts: [{ event: '2' }] },
    ]);
  });

  it('joins by pid and command line where a sensor has no ids', () => {
    expect(
      edges([
        evidence('1', 'falco', falco(20, 10, 'sh -c id', 'node server.js')),
        evidence('2', 'falco', falco(30, 20, 'curl evil', 'sh -c id')),
        // The parent of this one had the same pid before.
        evidence('3', 'falco', falco(40, 20, 'wget evil', 'bash')),
      ]),
    ).toEqual([
      ['node server.js', 'sh -c id'],
      [null, 'node server.js'],
      ['sh -c id', 'curl evil'],
      ['bash', 'wget evil'],
      [null, 'bash'],
    ]);
  });

  it('adds several acts to one process, and takes a parent without a command line by its pid', () => {
    const processes = processTree([
      evidence('1', 'falco', falco(20, 10, 'sh -c id')),
      evidence('2', 'falco', falco(20, 10, 'sh -c id')),
      evidence('3', 'falco', falco(30, 20, 'curl evil')),
    ]);
    expect(processes.map(({ parent, acts }) => [parent, acts.length])).toEqual([
      [1, 2],
      [null, 0],
      [0, 1],
    ]);
  });

  it('keeps the processes of different containers apart', () => {
    const other = { output_fields: { ...falco(20, 10, 'sh').output_fields, 'container.id': 'decafdecaf00' } };
    expect(edges([evidence('1', 'falco', falco(20, 10, 'sh')), evidence('2', 'falco', other)])).toHaveLength(4);
  });

  it('leaves out records without a process, of other sources, and those that were too long', () => {
    const kubernetes = { verb: 'create', user: { username: 'x' }, objectRef: { resource: 'pods' } };
    expect(
      processTree([
        evidence('1', 'registry', { digest: 'x' }),
        evidence('2', 'kubernetes-audit', kubernetes),
        evidence('3', 'falco', null),
        evidence('4', 'falco', {}),
        evidence('5', 'nobody', falco(1, 2, 'x')),
      ]),
    ).toEqual([]);
  });

  it('makes no circle of forged records', () => {
    const processes = processTree([
      evidence('1', 'tetragon', tetragon('20', '30', '/a')),
      evidence('2', 'tetragon', tetragon('30', '20', '/b')),
      evidence('3', 'tetragon', tetragon('40', '40', '/c')),
    ]);
    expect(processes.map(({ parent }) => parent)).toEqual([1, null, null]);
  });

  it('is bounded, and printable', () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      evidence('1', 'falco', falco(index + 1_000, index + 9_000, `x\u202e${index}`)),
    );
    const processes = processTree(many);
    expect(processes).toHaveLength(200);
    expect(processes[0]!.commandLine).toBe('x\uFFFD0');
  });
});
