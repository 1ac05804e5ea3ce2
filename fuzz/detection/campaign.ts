/** Turns short scripts of attacks into events as sensors send them. */
import { createHash } from 'node:crypto';

import type { JsonObject, JsonValue } from '@tidewaiter/domain';

/** One act of a campaign: what was done, by which process, in which workload. */
export interface Deed {
  /** `namespace/Kind/name`; absent for a process of the node. */
  in?: string;
  /** Pod of several of the workload. */
  pod?: string;
  node?: string;
  /** Command that starts, or that acts as `by`. */
  exec?: string;
  /** Command line of the acting process; of an `exec` its parent. */
  by?: string;
  cwd?: string;
  /** Started by `kubectl exec`, not by the container. */
  isSession?: true;
  read?: string;
  write?: string;
  /** Mapped as code. */
  load?: string;
  /** `address:port` */
  connect?: string;
  send?: [to: string, bytes: number];
  /** Kernel function that Tetragon watches, with the path of its file. */
  hook?: [name: string, path?: string];
  audit?: AuditDeed;
  cloud?: JsonObject;
  falco?: [rule: string, priority: string];
  /** Seconds since the deed before. */
  after?: number;
  /** Without it and what follows there is no attack; by default the first deed. */
  isDecisive?: true;
  /** Usual act of the workload: may be in the incident or not. */
  isUsual?: true;
  /** Beside the attack: must not be in the incident. */
  isOrdinary?: true;
}

export interface AuditDeed {
  user: string;
  verb: string;
  /** `namespace/resource.subresource/name`; the namespace may be empty. */
  what: string;
  from?: string;
  agent?: string;
  code?: number;
  object?: JsonObject;
}

export interface Campaign {
  family: string;
  /** Any of these is in the title, without regard to case. */
  title: string[];
  severity: 'critical' | 'high' | 'medium';
  workload: string | null;
  findings?: string[];
  techniques?: string[];
  /** Facts of images by workload, beside the files that every image has. */
  images?: Record<string, JsonObject>;
  workloads?: Record<string, JsonObject>;
  policy?: JsonObject;
  deeds: Deed[];
}

/** Sensors of a cluster: which of them reports what processes do. */
export type NodeSensor = 'tetragon' | 'falco' | 'both';

export interface RecordedLine {
  id: string;
  at: string;
  source: string;
  event: JsonObject;
}

const startMs = Date.parse('2026-05-04T03:12:00Z');

/** Returns the events of a campaign; `reporter` is the sensor of the nodes. */
export function eventsOf({ deeds }: Pick<Campaign, 'deeds'>, reporter: NodeSensor = 'tetragon'): RecordedLine[] {
  const script = new Script();
  return deeds.flatMap((deed, index) => script.play(deed, index + 1, reporter));
}

/** Facts of a campaign, in the form of a facts file. */
export function factsOf({ deeds, images = {}, workloads = {}, policy = {} }: Campaign): JsonObject {
  const known = new Set(deeds.flatMap((deed) => deed.in ?? []));
  for (const workload of Object.keys(workloads)) known.add(workload);
  const ofImages: JsonObject = {};
  const ofWorkloads: JsonObject = {};
  for (const workload of known) {
    const digest = digestOf(workload);
    const [namespace, , name] = workload.split('/');
    const { files = {}, ...rest } = images[workload] ?? {};
    ofImages[digest] = {
      repository: `registry.example.com/${namespace}/${name}`,
      tag: '1.0',
      created: '2026-04-01T00:00:00Z',
      config: { entrypoint: ['/docker-entrypoint.sh'], cmd: [], user: '', env: [] },
      signature: { signed: true, verified: true },
      provenance: { present: true },
      files: { ...ordinaryFiles, ...(files as JsonObject) },
      packages: [],
      vulnerabilities: [],
      secrets: [],
      previous_digests: [],
      ...rest,
    };
    ofWorkloads[workload] = {
      image_digest: digest,
      namespace_labels: {},
      exposed: true,
      privileged: false,
      service_account: `${name}-sa`,
      replicas: 1,
      ...workloads[workload],
    };
  }
  return { cluster: 'eu1', images: ofImages, workloads: ofWorkloads, policy };
}

const programs =
  'sh bash dash cat ls cp mv rm mkdir chmod tar grep sed awk find curl wget python3 perl php ruby node java nginx id whoami ps ' +
  'uname hostname base64 tee dd env xargs timeout crontab ssh scp git make gcc go npm pip nsenter mount unshare';

const ordinaryFiles: JsonObject = Object.fromEntries(
  [...programs.split(' ').flatMap((name) => [`/bin/${name}`, `/usr/bin/${name}`, `/usr/local/bin/${name}`])].map(
    (path) => [path, { sha256: hashOf(path), package: path.slice(path.lastIndexOf('/') + 1) }],
  ),
);

export function digestOf(workload: string): string {
  return `sha256:${hashOf(`image of ${workload}`)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface ScriptProcess {
  pid: number;
  execId: string;
  command: string;
  parent: ScriptProcess | null;
}

/** Remembers processes by their command lines, place by place. */
class Script {
  readonly #processes = new Map<string, ScriptProcess>();
  #pid = 20_000;
  #nowMs = startMs;

  play(deed: Deed, number: number, reporter: NodeSensor): RecordedLine[] {
    this.#nowMs += (deed.after ?? 2) * 1000;
    const at = new Date(this.#nowMs).toISOString();
    const id = `e${String(number).padStart(3, '0')}`;
    if (deed.audit !== undefined) return [{ id, at, source: 'k8s_audit', event: auditEvent(deed.audit, number, at) }];
    if (deed.cloud !== undefined) return [{ id, at, source: 'cloudtrail', event: cloudEvent(deed.cloud, id, at) }];
    const place = placeOf(deed);
    const process = this.#processOf(deed, place);
    const isAlert = deed.falco !== undefined;
    const lines: RecordedLine[] = [];
    if (!isAlert && (reporter !== 'falco' || deed.hook !== undefined))
      lines.push({ id, at, source: 'tetragon', event: tetragonEvent(deed, process, place, at) });
    if (isAlert || reporter !== 'tetragon') {
      const event = falcoEvent(deed, process, place, at);
      if (event !== null) lines.push({ id: lines.length > 0 ? `${id}f` : id, at, source: 'falco', event });
    }
    return lines;
  }

  #processOf({ exec, by, in: workload }: Deed, place: Place): ScriptProcess {
    const key = (command: string) => `${place.node}/${place.container ?? ''}/${command}`;
    const add = (command: string, parent: ScriptProcess | null) => {
      this.#pid += 7;
      const made = {
        pid: this.#pid,
        execId: Buffer.from(`${place.node}:${this.#pid}`).toString('base64'),
        command,
        parent,
      };
      this.#processes.set(key(command), made);
      return made;
    };
    const root = workload === undefined ? '/usr/lib/systemd/systemd' : '/usr/bin/containerd-shim-runc-v2';
    const find = (command: string): ScriptProcess =>
      this.#processes.get(key(command)) ?? add(command, command === root ? null : find(root));
    if (exec === undefined) return find(by ?? root);
    return add(exec, find(by ?? root));
  }
}

interface Place {
  node: string;
  container: string | null;
  namespace: string;
  pod: string;
  kind: string;
  name: string;
  digest: string;
}

function placeOf({ in: workload, pod, node }: Deed): Place {
  if (workload === undefined) {
    return { node: node ?? 'node-1', container: null, namespace: '', pod: '', kind: '', name: '', digest: '' };
  }
  const [namespace = '', kind = '', name = ''] = workload.split('/');
  const podName = pod ?? (kind === 'Pod' ? name : kind === 'Deployment' ? `${name}-6c9f7d5b4-x2x7k` : `${name}-x2x7k`);
  return {
    node: node ?? 'node-1',
    container: hashOf(`container of ${namespace}/${podName}`),
    namespace,
    pod: podName,
    kind,
    name,
    digest: digestOf(workload),
  };
}

function tetragonEvent(deed: Deed, process: ScriptProcess, place: Place, at: string): JsonObject {
  const { container, namespace, pod, kind, name, digest } = place;
  const inPod: JsonObject =
    container === null
      ? {}
      : {
          pod: {
            namespace,
            name: pod,
            uid: hashOf(pod).slice(0, 32),
            container: {
              id: `containerd://${container}`,
              name,
              image: {
                id: `registry.example.com/${namespace}/${name}@${digest}`,
                name: `registry.example.com/${namespace}/${name}:1.0`,
              },
              start_time: '2026-05-04T01:00:00Z',
              pid: 1,
            },
            workload: name,
            workload_kind: kind,
          },
          docker: container.slice(0, 31),
        };
  const shown = (each: ScriptProcess, isInside: boolean): JsonObject => ({
    exec_id: each.execId,
    pid: each.pid,
    uid: 0,
    cwd: deed.cwd ?? '/',
    ...split(each.command),
    auid: 4_294_967_295,
    start_time: at,
    ...(each.parent !== null && { parent_exec_id: each.parent.execId }),
    ...(isInside && inPod),
    ...(isInside && container !== null && { in_init_tree: deed.isSession !== true }),
  });
  const { parent } = process;
  const isRoot = parent?.parent === null || parent === null;
  const both: JsonObject = {
    process: shown(process, true),
    ...(parent !== null && { parent: shown(parent, !isRoot) }),
  };
  const hooked = hookOf(deed);
  const body: JsonObject =
    hooked === null
      ? { process_exec: both }
      : { process_kprobe: { ...both, function_name: hooked[0], args: hooked[1] } };
  return { ...body, node_name: place.node, cluster_name: 'eu1', time: at };
}

function hookOf(deed: Deed): [string, JsonValue[]] | null {
  const file = (path: string, access: number): [string, JsonValue[]] => [
    'security_file_permission',
    [{ file_arg: { path } }, { int_arg: access }],
  ];
  if (deed.read !== undefined) return file(deed.read, 4);
  if (deed.write !== undefined) return file(deed.write, 2);
  if (deed.load !== undefined) return ['security_mmap_file', [{ file_arg: { path: deed.load } }, { int_arg: 5 }]];
  if (deed.connect !== undefined) return ['tcp_connect', [socket(deed.connect)]];
  if (deed.send !== undefined) return ['tcp_sendmsg', [socket(deed.send[0]), { int_arg: deed.send[1] }]];
  if (deed.hook !== undefined) {
    const [name, path] = deed.hook;
    return [name, path === undefined ? [] : [{ file_arg: { path } }]];
  }
  return null;
}

function socket(to: string): JsonObject {
  const [daddr = '', dport = ''] = to.split(':');
  return {
    sock_arg: {
      family: 'AF_INET',
      protocol: 'IPPROTO_TCP',
      saddr: '10.42.0.17',
      sport: 40_112,
      daddr,
      dport: Number(dport),
    },
  };
}

function split(command: string): { binary: string; arguments: string } {
  const space = command.indexOf(' ');
  return space < 0
    ? { binary: command, arguments: '' }
    : { binary: command.slice(0, space), arguments: command.slice(space + 1) };
}

/** Alert, or event of the feed in `deploy/sensors/falco`; null for what Falco does not see. */
function falcoEvent(deed: Deed, process: ScriptProcess, place: Place, at: string): JsonObject | null {
  const hooked = hookOf(deed);
  const path = deed.read ?? deed.write;
  const to = deed.connect ?? deed.send?.[0];
  if (deed.falco === undefined && hooked !== null && path === undefined && to === undefined) return null;
  const type = to !== undefined ? 'connect' : path !== undefined ? 'openat' : 'execve';
  const shortName = (command: string) => split(command).binary.split('/').at(-1)!;
  const line = (command: string) => `${shortName(command)} ${split(command).arguments}`.trim();
  const { container, namespace, pod, name, digest } = place;
  const fields: JsonObject = {
    'evt.type': type,
    'container.id': container?.slice(0, 12) ?? 'host',
    ...(container !== null && {
      'container.name': name,
      'container.image.repository': `registry.example.com/${namespace}/${name}`,
      'container.image.tag': '1.0',
      'container.image.digest': digest,
      'k8s.ns.name': namespace,
      'k8s.pod.name': pod,
    }),
    'proc.name': shortName(process.command),
    'proc.exepath': split(process.command).binary,
    'proc.cmdline': line(process.command),
    'proc.pid': process.pid,
    'proc.cwd': deed.cwd ?? '/',
    'user.uid': 0,
    'user.name': 'root',
    ...(process.parent !== null && {
      'proc.ppid': process.parent.pid,
      'proc.pname': shortName(process.parent.command),
      'proc.pexepath': split(process.parent.command).binary,
      'proc.pcmdline': line(process.parent.command),
    }),
    ...(path !== undefined && { 'fd.name': path, 'evt.is_open_write': deed.write !== undefined }),
    ...(to !== undefined && {
      'fd.name': `10.42.0.17:40112->${to}`,
      'fd.rip': to.split(':')[0]!,
      'fd.rport': Number(to.split(':')[1]),
    }),
  };
  const [rule, priority] = deed.falco ?? ['Tidewaiter feed', 'Debug'];
  return {
    rule,
    priority,
    output: rule,
    time: at,
    hostname: place.node,
    source: 'syscall',
    tags:
      deed.falco === undefined ? ['tidewaiter_feed'] : ['maturity_stable', container === null ? 'host' : 'container'],
    output_fields: fields,
  };
}

function auditEvent(deed: AuditDeed, number: number, at: string): JsonObject {
  const {
    user,
    verb,
    what,
    from = '10.9.0.4',
    agent = 'kubectl/v1.31.0',
    code = verb === 'create' ? 201 : 200,
    object,
  } = deed;
  const [namespace = '', kind = '', name] = what.split('/');
  const [resource = '', subresource] = kind.split('.');
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: object === undefined ? 'Metadata' : 'RequestResponse',
    auditID: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    stage: 'ResponseComplete',
    requestURI: `/api/v1/${namespace === '' ? '' : `namespaces/${namespace}/`}${resource}`,
    verb,
    user: { username: user, groups: ['system:authenticated'] },
    sourceIPs: [from],
    userAgent: agent,
    objectRef: {
      resource,
      apiVersion: 'v1',
      ...(namespace !== '' && { namespace }),
      ...(name !== undefined && { name }),
      ...(subresource !== undefined && { subresource }),
    },
    responseStatus: { metadata: {}, code },
    requestReceivedTimestamp: at,
    stageTimestamp: at,
    ...(object !== undefined && { requestObject: object }),
  };
}

function cloudEvent(deed: JsonObject, id: string, at: string): JsonObject {
  return {
    eventVersion: '1.10',
    eventTime: at,
    eventID: id,
    eventSource: 's3.amazonaws.com',
    awsRegion: 'eu-west-1',
    userAgent: 'aws-cli/2.15',
    requestParameters: null,
    responseElements: null,
    ...deed,
  };
}
