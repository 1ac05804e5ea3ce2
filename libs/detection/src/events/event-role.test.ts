import type { JsonObject, RuntimeRecord } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';

import { Detector } from '../detector.js';

const roles = ['builder', 'debug', 'agent', 'dev', 'app'];

/** One rule for each role, which names it. */
const rules = loadRules([
  {
    path: 'test.yml',
    text: roles
      .map(
        (role) => `
title: ${role}
logsource: { product: tidewaiter, category: exec }
detection:
  selection: { Image.Role: ${role}, Process.CommandLine|endswith: probe }
  condition: selection
level: low
tidewaiter: { scope: [container, build], weight: context }
`,
      )
      .join('---'),
  },
]);

const digest = `sha256:${'a'.repeat(64)}`;
const startMs = Date.parse('2026-03-03T01:12:00Z');
const file = {};

interface Setup {
  files?: string[];
  policy?: JsonObject;
  workload?: JsonObject;
  kind?: string;
  /** Requests before, as `[verb, resource, user, agent, address, body]`. */
  requests?: [string, string, string, string, string, JsonObject?][];
  container?: string;
  /** Whether the commands descend from the first process of the container. */
  inInitTree?: boolean;
}

/** Role of the last of a chain of commands in one container, the first below the runtime. */
function roleOf(commands: string[], setup: Setup = {}): string | undefined {
  const {
    files = [],
    policy = {},
    workload = {},
    kind = 'Deployment',
    requests = [],
    container = 'main',
    inInitTree,
  } = setup;
  const facts = {
    images: { [digest]: { files: Object.fromEntries(files.map((path) => [path, file])) } },
    workloads: { [`work/${kind}/job`]: { image_digest: digest, ...workload } },
    policy,
  };
  const pod = {
    namespace: 'work',
    name: 'job-x',
    uid: 'u',
    workload: 'job',
    workload_kind: kind,
    container: {
      id: `containerd://${'b1'.repeat(32)}`,
      name: container,
      image: { id: `registry.example/job@${digest}`, name: 'registry.example/job:1' },
    },
  };
  const asked = requests.map(([verb, resource, username, userAgent, address, requestObject], index) => {
    const [name, subresource] = resource.split('/');
    const object = name === 'daemonsets' ? 'job' : 'job-x';
    return record(index, 'kubernetes-audit', {
      kind: 'Event',
      stage: 'ResponseComplete',
      verb,
      user: { username },
      sourceIPs: [address],
      userAgent,
      objectRef: { resource: name!, namespace: 'work', name: object, ...(subresource ? { subresource } : {}) },
      responseStatus: { code: 201 },
      ...(requestObject ? { requestObject } : {}),
    });
  });
  const started = commands.map((command, index) => {
    const [binary = '', ...rest] = command.split(' ');
    const process: JsonObject = {
      exec_id: `e${index}`,
      parent_exec_id: index === 0 ? 'runtime' : `e${index - 1}`,
      pid: 100 + index,
      uid: 0,
      binary,
      arguments: rest.join(' '),
      pod,
      ...(inInitTree === undefined ? {} : { in_init_tree: inInitTree }),
    };
    return record(100 + index, 'tetragon', { process_exec: { process }, node_name: 'node-1' });
  });
  const detector = new Detector({ ...rules, facts: factContext(factsFromFile(facts)), allowedLatenessMs: 0 });
  const alerts = [
    ...[...asked, ...started].flatMap((each) => detector.observe(each)),
    ...detector.advance(startMs + 999_000),
  ];
  return alerts.at(-1)?.title;
}

function record(second: number, source: RuntimeRecord['source'], event: JsonObject): RuntimeRecord {
  const at = new Date(startMs + second * 1000).toISOString();
  return { id: `${source}${second}`, source, sensor: 'test', cluster: 'eu1', node: 'node-1', at, event };
}

const admin = { policy: { admins: ['ops@example.com'], internal_ranges: ['10.0.0.0/8'] } };
const daemonSet = 'system:serviceaccount:kube-system:daemon-set-controller';
const manager = 'kube-controller-manager/v1.33.4';

describe('roleOfEvent', () => {
  it.each([
    [
      'buildkitd',
      ['/usr/bin/rootlesskit buildkitd', '/usr/bin/buildkitd', '/usr/bin/buildkit-runc run x', '/bin/sh probe'],
      ['/usr/bin/buildkitd'],
    ],
    ['kaniko', ['/kaniko/executor --x', '/usr/bin/apt-get probe'], ['/kaniko/executor']],
    [
      'docker-in-docker, after the runtime’s copy',
      [
        '/memfd:runc_cloned:/proc/self/exe init',
        '/bin/sh /usr/local/bin/dockerd-entrypoint.sh',
        '/usr/local/bin/dockerd',
        '/usr/local/bin/containerd',
        '/bin/sh probe',
      ],
      ['/usr/local/bin/dockerd'],
    ],
    [
      'a runner',
      [
        '/bin/bash /home/runner/run.sh',
        '/home/runner/bin/Runner.Listener run',
        '/home/runner/bin/Runner.Worker',
        '/usr/bin/npm probe',
      ],
      ['/home/runner/bin/Runner.Worker', '/home/runner/bin/Runner.Listener'],
    ],
    ['buildah in a job', ['/bin/sh -c x', '/usr/bin/buildah bud .', '/bin/sh probe'], ['/usr/bin/buildah']],
    [
      'an agent in Java with a tool chain',
      ['/usr/bin/tini --', '/opt/java/bin/java -jar /usr/share/jenkins/agent.jar', '/bin/sh probe'],
      ['/usr/bin/git', '/usr/bin/make', '/usr/bin/npm'],
    ],
    ['Bazel’s executor', ['/app/bb_worker /config', '/usr/bin/gcc probe'], ['/app/bb_worker']],
  ])('recognizes %s without a declaration', (_, commands, files) => {
    expect(roleOf(commands, { files })).toBe('builder');
  });

  it('recognizes a job that the controller of a build system created, in an image of the user', () => {
    const by = (user: string, agent: string, address: string) =>
      roleOf(['/bin/sh -c x', '/usr/bin/npm probe'], {
        files: ['/usr/bin/git', '/usr/bin/npm', '/usr/bin/make'],
        kind: 'Pod',
        requests: [['create', 'pods', user, agent, address]],
      });
    const runner = 'system:serviceaccount:ci:gitlab-runner';
    expect(by(runner, 'gitlab-runner 18.2.0 linux/amd64', '10.1.2.3')).toBe('builder');
    // Its token in other hands: another program, another place.
    expect(by(runner, 'curl/8.1', '10.1.2.3')).toBe('app');
    expect(by(runner, 'gitlab-runner 18.2.0 linux/amd64', '203.0.113.7')).toBe('app');
    expect(by('system:serviceaccount:shop:web', 'gitlab-runner 18.2.0 linux/amd64', '10.1.2.3')).toBe('app');
  });

  it('recognizes what such a job declares in an image without any tool, and not what a user runs there', () => {
    const created = (agent: string): Required<Setup>['requests'][number] => [
      'create',
      'pods',
      `system:serviceaccount:ci:${agent.split('/')[0]}`,
      agent,
      '10.1.2.3',
    ];
    const job = { files: ['/usr/bin/apt-get'], kind: 'Pod', requests: [created('gitlab-runner/18.2.0')] };
    expect(roleOf(['/bin/sh -c x', '/usr/bin/apt-get probe'], { ...job, inInitTree: true })).toBe('builder');
    expect(roleOf(['/bin/sh -c x', '/usr/bin/apt-get probe'], { ...job, inInitTree: false })).toBe('app');
    // The controller of GitHub's runners has the name that any controller has by default.
    const byManager = (account: string): Required<Setup>['requests'][number] => [
      'create',
      'pods',
      `system:serviceaccount:${account}`,
      'manager/v0.0.0',
      '10.1.2.3',
    ];
    const runner = { ...job, requests: [byManager('arc:arc-gha-rs-controller')], inInitTree: true };
    expect(roleOf(['/bin/sh -c x', '/usr/bin/apt-get probe'], runner)).toBe('builder');
    const other = { ...runner, requests: [byManager('db:redis-controller')] };
    expect(roleOf(['/bin/sh -c x', '/usr/bin/apt-get probe'], other)).toBe('app');
    // Operators that are no build system use the library of Jenkins, too.
    const broker = { ...job, requests: [created('fabric8-kubernetes-client/7.3.1')], inInitTree: true };
    expect(roleOf(['/bin/sh -c x', '/usr/bin/apt-get probe'], broker)).toBe('app');
  });

  it.each([
    [
      'a build program that is neither in the image nor started with the container',
      ['/app/server', '/tmp/dockerd', '/bin/sh probe'],
      [],
    ],
    [
      'a build program of the image below a server',
      ['/app/server', '/bin/sh -c x', '/usr/bin/podman run x', '/bin/sh probe'],
      ['/usr/bin/podman'],
    ],
    ['what kubectl exec starts beside the build', ['/bin/bash', '/usr/bin/curl probe'], ['/usr/bin/buildkitd']],
    [
      'an application in an image with a tool chain',
      ['/usr/bin/node /app/server.js', '/bin/sh probe'],
      ['/usr/bin/git', '/usr/bin/npm', '/usr/bin/make'],
    ],
    [
      'a program of that name in an unknown image',
      ['/bin/sh -c x', '/tmp/x', '/usr/bin/buildkitd', '/bin/sh probe'],
      [],
    ],
  ])('does not take %s for a build', (_, commands, files) => {
    expect(roleOf(commands, { files })).toBe('app');
  });

  it('is debug in what an administrator creates by hand, from inside', () => {
    const by = (user: string, address: string, container = 'main') =>
      roleOf(['/bin/zsh', '/usr/bin/tcpdump probe'], {
        ...admin,
        container,
        requests: [['create', 'pods', user, 'kubectl/v1.33.4', address]],
      });
    expect(by('ops@example.com', '10.9.0.4')).toBe('debug');
    expect(by('ops@example.com', '203.0.113.4')).toBe('app');
    expect(by('dev@example.com', '10.9.0.4')).toBe('app');
  });

  it('is debug in an ephemeral container only, not in the pod that it was added to', () => {
    const request: NonNullable<Setup['requests']>[number] = [
      'patch',
      'pods/ephemeralcontainers',
      'ops@example.com',
      'kubectl/v1.33.4',
      '10.9.0.4',
      { spec: { ephemeralContainers: [{ name: 'debugger-x' }] } },
    ];
    const inContainer = (container: string) => roleOf(['/bin/sh probe'], { ...admin, container, requests: [request] });
    expect(inContainer('debugger-x')).toBe('debug');
    expect(inContainer('main')).toBe('app');
  });

  it('is debug in what an administrator runs by kubectl exec, until another user does', () => {
    const by = (inInitTree: boolean, ...users: string[]) =>
      roleOf(['/bin/bash', '/usr/bin/cat probe'], {
        ...admin,
        inInitTree,
        requests: users.map((user) => ['create', 'pods/exec', user, 'kubectl/v1.33.4', '10.9.0.4']),
      });
    expect(by(false, 'ops@example.com')).toBe('debug');
    // The server of the pod, and another who joined.
    expect(by(true, 'ops@example.com')).toBe('app');
    expect(by(false, 'ops@example.com', 'dev@example.com')).toBe('app');
    expect(by(false, 'dev@example.com')).toBe('app');
  });

  describe('of a node agent', () => {
    const files = ['/usr/bin/agent', '/usr/bin/nsenter'];
    const created: NonNullable<Setup['requests']> = [['create', 'pods', daemonSet, manager, '10.0.0.2']];
    const work = ['/usr/bin/agent', '/usr/bin/nsenter -t 1 -m reboot', '/usr/sbin/reboot probe'];

    it.each<[string, string, string]>([
      ['is agent for the pod of a job to which an operator gives them', 'agent', 'volume-operator/v2'],
      ['is app for that of a job that a tool created with the token', 'app', 'kubectl/v1.33'],
    ])('%s', (_, role, agent) => {
      const template = { spec: { template: rights } };
      const requests: Setup['requests'] = [
        ['create', 'jobs', operator, agent, '10.0.0.9', template],
        ['create', 'pods', 'system:serviceaccount:kube-system:job-controller', manager, '10.0.0.2', rights],
      ];
      expect(roleOf(work, { ...admin, files, kind: 'Job', requests })).toBe(role);
    });

    const operator = 'system:serviceaccount:storage:volume-operator';
    const rights = { spec: { containers: [{ name: 'main', securityContext: { privileged: true } }] } };

    it.each<[string, string | undefined, string, JsonObject]>([
      ['is agent for a pod that an operator gives rights on the node', 'agent', 'volume-operator/v2', rights],
      ['is agent for one in its process namespace', 'agent', 'volume-operator/v2', { spec: { hostPID: true } }],
      ['is app for a pod of an operator without such rights', 'app', 'volume-operator/v2', { spec: {} }],
      ['is app for a pod that a tool created with the token', 'app', 'kubectl/v1.33', rights],
    ])('%s', (_, role, agent, body) => {
      const requests: Setup['requests'] = [['create', 'pods', operator, agent, '10.0.0.9', body]];
      expect(roleOf(work, { ...admin, files, kind: 'Pod', requests })).toBe(role);
    });

    it('is agent for its own work, in the namespaces of the host too', () => {
      expect(roleOf(work, { files, kind: 'DaemonSet', requests: created })).toBe('agent');
    });

    it.each<[string, string[], Setup]>([
      ['that the audit log did not show', work, { requests: [] }],
      ['with a program that is not in its image', ['/usr/bin/agent', '/tmp/x', '/usr/bin/nsenter -t 1 probe'], {}],
      [
        'that an application created',
        work,
        { requests: [['create', 'daemonsets', 'system:serviceaccount:shop:web', 'curl/8.1', '10.1.2.3'], ...created] },
      ],
      [
        'that a controller’s token made with a tool',
        work,
        { requests: [['create', 'pods', daemonSet, 'kubectl/v1.33', '10.1.2.3']] },
      ],
      [
        'that was changed from the internet',
        work,
        {
          ...admin,
          requests: [['patch', 'daemonsets', 'ops@example.com', 'kubectl/v1.33', '203.0.113.9'], ...created],
        },
      ],
    ])('is app for one %s', (_, commands, setup) => {
      expect(roleOf(commands, { files, kind: 'DaemonSet', requests: created, ...setup })).toBe('app');
    });
  });

  it('is dev where the policy or a label of the namespace says so', () => {
    expect(roleOf(['/app/api probe'], { policy: { environments: { work: 'dev' } } })).toBe('dev');
    expect(roleOf(['/app/api probe'], { workload: { namespace_labels: { env: 'Development' } } })).toBe('dev');
    expect(
      roleOf(['/app/api probe'], {
        policy: { environments: { work: 'production' } },
        workload: { namespace_labels: { env: 'dev' } },
      }),
    ).toBe('app');
  });
});
