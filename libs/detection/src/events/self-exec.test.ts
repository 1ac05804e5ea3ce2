import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { ProcessTree } from './process-tree.js';
import { nameSelfExec } from './self-exec.js';

/** Executable and parent's executable of the last event of a chain of starts in one container. */
function named(chain: string[]): [string | null, string | null] {
  const tree = new ProcessTree();
  const at = '2026-04-01T10:00:00Z';
  const start = (binary: string, id: number) => ({ exec_id: `${id}`, pid: id + 9, uid: 0, binary, start_time: at });
  const docker = 'c'.repeat(31);
  const last = chain.map((binary, index) => {
    const process = { ...start(binary, index + 1), docker, parent_exec_id: `${index}` };
    const parent = { ...start(chain[index - 1] ?? '/usr/bin/containerd-shim-runc-v2', index) };
    const event = { process_exec: { process, parent }, node_name: 'n', time: at };
    const observation = observe(recordOf({ id: `${index}`, at, source: 'tetragon', event }, 'c'));
    nameSelfExec(observation, tree.note(observation), tree);
    return observation;
  });
  const { executable = null, parentExecutable = null } = last.at(-1)!.process ?? {};
  return [executable, parentExecutable];
}

const self = '/proc/self/exe';

describe('nameSelfExec', () => {
  it.each<[string, string[], [string, string]]>([
    ['names the program that starts itself again', ['/opt/chrome', self], ['/opt/chrome', '/opt/chrome']],
    ['names it in every generation', ['/opt/chrome', self, self, self], ['/opt/chrome', '/opt/chrome']],
    ['names the parent of what it starts', ['/opt/chrome', self, '/bin/sh'], ['/bin/sh', '/opt/chrome']],
    ['keeps a program in memory one', ['memfd:x', self], ['memfd:x', 'memfd:x']],
    ['keeps the copy of a runtime', ['/usr/bin/runc', self], [self, '/usr/bin/runc']],
    ['keeps the link where the runtime started it', [self], [self, '/usr/bin/containerd-shim-runc-v2']],
  ])('%s', (_, chain, expected) => {
    expect(named(chain)).toEqual(expected);
  });
});
