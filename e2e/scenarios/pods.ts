import { createHash, randomUUID } from 'node:crypto';

import type { Tidewaiter } from '../tidewaiter.js';

/** A pod of a workload that runs an image, and its one container. */
export interface TestPod {
  namespace: string;
  kind: 'Deployment' | 'DaemonSet' | 'Job';
  workload: string;
  pod: string;
  containerId: string;
  /** `127.0.0.1:5000/shop/app`, without tag. */
  repository: string;
  tag: string;
  digest: string;
}

/** Creates a pod with a name like its controller's. */
export function testPod(pod: Omit<TestPod, 'pod' | 'containerId'>): TestPod {
  const owner = pod.kind === 'Deployment' ? `${pod.workload}-7d4c9f6b5` : pod.workload;
  const name = `${owner}-x2x9k`;
  return { ...pod, pod: name, containerId: createHash('sha256').update(`${pod.namespace}/${name}`).digest('hex') };
}

/** Sends events to a sensor's hook, with the token of all sensors of these tests. */
export async function report(tidewaiter: Tidewaiter, sensor: string, ...events: object[]): Promise<void> {
  const answer = await fetch(`${tidewaiter.ingestUrl}/hooks/runtime/${sensor}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sensorToken}`, 'content-type': 'application/json' },
    body: events.map((event) => JSON.stringify(event)).join('\n'),
  });
  expect([answer.status, await answer.text()]).toEqual([202, expect.any(String)]);
}

export const sensorToken = 'sensor-token-of-the-test';

/** A watch event of the API server about a pod. */
export function watched(type: 'ADDED' | 'DELETED', pod: TestPod): object {
  const image = `${pod.repository}:${pod.tag}`;
  const kind = pod.kind === 'Deployment' ? 'ReplicaSet' : pod.kind;
  return {
    type,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: pod.pod,
        namespace: pod.namespace,
        uid: randomUUID(),
        resourceVersion: '7',
        creationTimestamp: new Date(Date.now() - 600_000).toISOString(),
        labels: { app: pod.workload, ...(kind === 'ReplicaSet' && { 'pod-template-hash': '7d4c9f6b5' }) },
        ownerReferences: [{ kind, name: pod.pod.replace(/-x2x9k$/, ''), controller: true }],
      },
      spec: { nodeName: 'node-1', serviceAccountName: 'default', containers: [{ name: pod.workload, image }] },
      status: {
        phase: 'Running',
        containerStatuses: [
          {
            name: pod.workload,
            containerID: `containerd://${pod.containerId}`,
            image,
            imageID: `${pod.repository}@${pod.digest}`,
            state: { running: { startedAt: new Date(Date.now() - 600_000).toISOString() } },
          },
        ],
      },
    },
  };
}

export interface FalcoProcess {
  executable: string;
  commandLine: string;
  parentExecutable: string;
  parentCommandLine: string;
}

let clockMs = 0;

/** Strictly increasing times, as on one node. */
export function nextTime(): string {
  clockMs = Math.max(clockMs + 5, Date.now());
  return new Date(clockMs).toISOString();
}

/** An alert of Falco with the fields that `deploy/sensors/falco/falco.yaml` adds. */
export function falcoAlert(
  rule: string,
  priority: string,
  pod: TestPod,
  process: FalcoProcess,
  fields: Record<string, unknown> = {},
  tags: string[] = ['container', 'maturity_stable'],
): object {
  const time = nextTime();
  return {
    hostname: 'node-1',
    output: `${time}: ${priority} ${rule} (command=${process.commandLine} parent=${process.parentExecutable})`,
    priority,
    rule,
    source: 'syscall',
    tags,
    time,
    output_fields: {
      'evt.type': 'execve',
      'container.id': pod.containerId.slice(0, 12),
      'container.name': pod.workload,
      'container.image.repository': pod.repository,
      'container.image.tag': pod.tag,
      'container.image.digest': pod.digest,
      'k8s.ns.name': pod.namespace,
      'k8s.pod.name': pod.pod,
      'proc.name': process.executable.split('/').at(-1),
      'proc.exepath': process.executable,
      'proc.cmdline': process.commandLine,
      'proc.cwd': '/',
      'proc.pexepath': process.parentExecutable,
      'proc.pname': process.parentExecutable.split('/').at(-1),
      'proc.pcmdline': process.parentCommandLine,
      'user.name': 'root',
      'user.uid': 0,
      'user.loginuid': -1,
      ...fields,
    },
  };
}

/** An event of the rule `Tidewaiter feed of processes`, which evaluates nothing. */
export function falcoExec(pod: TestPod, process: FalcoProcess): object {
  return falcoAlert('Tidewaiter feed of processes', 'Debug', pod, process, {}, ['tidewaiter_feed']);
}

let serial = 0;

/** A process of a pod as Tetragon reports it. */
export function tetragonProcess(pod: TestPod, binary: string, args: string, parent: object | null = null): object {
  serial += 1;
  return {
    exec_id: Buffer.from(`node-1:${serial}`).toString('base64'),
    pid: 4_000 + serial,
    uid: 0,
    cwd: '/',
    binary,
    arguments: args,
    flags: 'execve clone',
    start_time: nextTime(),
    auid: 4_294_967_295,
    pod: {
      namespace: pod.namespace,
      name: pod.pod,
      workload: pod.workload,
      workload_kind: pod.kind,
      container: {
        id: `containerd://${pod.containerId}`,
        name: pod.workload,
        image: { id: `${pod.repository}@${pod.digest}`, name: `${pod.repository}:${pod.tag}` },
        start_time: new Date(Date.now() - 60_000).toISOString(),
        pid: serial,
      },
    },
    docker: pod.containerId.slice(0, 31),
    in_init_tree: true,
    ...(parent && { parent_exec_id: (parent as { exec_id: string }).exec_id }),
  };
}

export function tetragonExec(process: object, parent: object | null = null): object {
  return { node_name: 'node-1', time: nextTime(), process_exec: { process, ...(parent && { parent }) } };
}

export function tetragonConnect(process: object, daddr: string, dport: number): object {
  const ends = { saddr: '10.42.0.17', daddr, sport: 59_182, dport };
  return hook(process, 'tcp_connect', 'egress-connect', [
    { sock_arg: { family: 'AF_INET', type: 'SOCK_STREAM', protocol: 'IPPROTO_TCP', ...ends } },
  ]);
}

/** A file that a process opens for writing. */
export function tetragonWrite(process: object, path: string): object {
  return hook(process, 'security_file_permission', 'file-monitoring', [{ file_arg: { path } }, { int_arg: 2 }]);
}

function hook(process: object, name: string, policy: string, args: object[]): object {
  const call = { process, function_name: name, args, action: 'KPROBE_ACTION_POST', policy_name: policy };
  return { node_name: 'node-1', time: nextTime(), process_kprobe: call };
}
