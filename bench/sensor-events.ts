/** Events of sensors, one line each, all different. */

const hex = (index: number, length: number) => index.toString(16).padStart(length, 'c0ffee');
const at = (index: number) =>
  `2026-01-02T03:04:${String(index % 60).padStart(2, '0')}.${String(index).padStart(9, '0')}Z`;
const digest = `sha256:${'5a'.repeat(32)}`;

function pod(index: number) {
  return {
    namespace: 'shop',
    name: `checkout-7c9d8f6b5d-${hex(index % 50, 5)}`,
    uid: `5b1c2d3e-4f50-4617-8a9b-${hex(index % 50, 12)}`,
    container: {
      id: `containerd://${hex(index % 50, 64)}`,
      name: 'checkout',
      image: {
        id: `registry.example.com/shop/checkout@${digest}`,
        name: 'registry.example.com/shop/checkout:1.4.0',
      },
      start_time: '2026-01-02T01:00:00Z',
      pid: 17,
      security_context: {},
    },
    pod_labels: { app: 'checkout', 'pod-template-hash': '7c9d8f6b5d', 'app.kubernetes.io/part-of': 'shop' },
    workload: 'checkout',
    workload_kind: 'Deployment',
  };
}

function processOf(index: number) {
  return {
    exec_id: Buffer.from(`node-1:${index}:4711`).toString('base64'),
    pid: 10_000 + index,
    uid: 1000,
    cwd: '/srv/app',
    binary: '/usr/local/bin/node',
    arguments: `/srv/app/worker.js --queue payments --shard ${index} --log-level info`,
    flags: 'execve clone',
    start_time: at(index),
    auid: 4_294_967_295,
    pod: pod(index),
    docker: hex(index % 50, 31),
    in_init_tree: true,
    parent_exec_id: Buffer.from('node-1:1:42').toString('base64'),
    tid: 10_000 + index,
  };
}

export function exec(index: number): string {
  const process = processOf(index);
  const parent = { ...processOf(1), arguments: '/srv/app/main.js' };
  return JSON.stringify({ process_exec: { process, parent }, node_name: 'node-1', time: at(index) });
}

export function write(index: number): string {
  const args = [{ file_arg: { path: `/srv/data/${index}`, permission: '-rw-r--r--' } }, { int_arg: 2 }];
  const hook = {
    function_name: 'security_file_permission',
    args,
    return: { int_arg: 0 },
    policy_name: 'file-monitoring',
  };
  const kprobe = { process: processOf(index), ...hook, action: 'KPROBE_ACTION_POST' };
  return JSON.stringify({ process_kprobe: kprobe, node_name: 'node-1', time: at(index) });
}

export function falcoAlert(index: number): string {
  const fields = {
    'container.id': hex(index % 50, 12),
    'container.image.repository': 'registry.example.com/shop/checkout',
    'container.image.tag': '1.4.0',
    'container.image.digest': digest,
    'k8s.ns.name': 'shop',
    'k8s.pod.name': `checkout-7c9d8f6b5d-${hex(index % 50, 5)}`,
    'proc.name': 'sh',
    'proc.exepath': '/bin/sh',
    'proc.cmdline': `sh -c "id; echo ${index}"`,
    'proc.pcmdline': 'node /srv/app/main.js',
    'user.name': 'root',
    'user.loginuid': -1,
  };
  const body = {
    hostname: 'node-1',
    output: `A shell was spawned (${index})`,
    output_fields: fields,
    priority: 'Notice',
  };
  const alert = {
    ...body,
    rule: 'Terminal shell in container',
    source: 'syscall',
    tags: ['T1059', 'shell'],
    time: at(index),
  };
  // A number beyond JavaScript's range.
  return JSON.stringify(alert).replace(
    '"user.loginuid"',
    `"evt.time":1767323045000000${String(index % 1000).padStart(3, '0')},"user.loginuid"`,
  );
}

export function audit(index: number): string {
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: `8b76a388-f689-4d70-9f69-${hex(index, 12)}`,
    stage: 'ResponseComplete',
    requestURI: `/api/v1/namespaces/shop/pods/checkout-${index}/exec?command=sh&container=checkout&stdin=true&tty=true`,
    verb: 'create',
    user: { username: 'jane', groups: ['system:authenticated'] },
    sourceIPs: ['203.0.113.24'],
    userAgent: 'kubectl/v1.30.2 (linux/amd64) kubernetes/3968350',
    objectRef: {
      resource: 'pods',
      apiVersion: 'v1',
      namespace: 'shop',
      name: `checkout-${index}`,
      subresource: 'exec',
    },
    responseStatus: { metadata: {}, code: 101 },
    requestReceivedTimestamp: at(index),
    stageTimestamp: at(index),
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  });
}

export function dropped(index: number): string {
  const event = {
    processId: 17,
    hostProcessId: 24_177 + index,
    userId: 0,
    mountNamespace: 4_026_533_021,
    processName: 'curl',
    executable: { path: '/usr/bin/curl' },
    hostName: 'checkout',
    containerId: hex(index % 50, 64),
    container: {
      id: hex(index % 50, 64),
      name: 'checkout',
      image: 'registry.example.com/shop/checkout:1.4.0',
      imageDigest: digest,
    },
    kubernetes: {
      podName: 'checkout-7c9d8f6b5d-x2x8k',
      podNamespace: 'shop',
      podUID: '5b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b',
    },
    eventName: 'dropped_executable',
    processEntityId: 2_147_839_422,
    parentEntityId: 1_975_426_032,
    args: [{ name: 'path', type: 'string', value: `/tmp/.x/${index}` }],
    metadata: {
      Description: 'An executable was dropped.',
      Properties: { Severity: 2, external_id: 'T1036', signatureName: 'New executable dropped' },
    },
  };
  const nanos = `${1_767_323_045_000_000 + Math.trunc(index / 1000)}${String(index % 1000).padStart(3, '0')}`;
  return `{"timestamp":${nanos},"threadStartTime":${nanos},${JSON.stringify(event).slice(1)}`;
}
