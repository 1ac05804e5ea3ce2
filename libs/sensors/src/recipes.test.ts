import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

import type { JsonObject, JsonValue } from '@tidewaiter/domain';
import { parseAllDocuments } from 'yaml';

import { falco } from './falco/falco.js';
import { genericFields } from './generic/fields.js';
import { list, object, text, texts } from './json.js';
import { sensors } from './sensors.js';
import { tetragon } from './tetragon/tetragon.js';
import { tracee } from './tracee/tracee.js';

const root = resolve(__dirname, '../../../deploy/sensors');
const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(root, join(entry.parentPath, entry.name)));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Every document of a file; a YAML error fails the test. */
function documents(path: string): JsonObject[] {
  return parseAllDocuments(read(path)).map((document) => {
    expect(document.errors).toEqual([]);
    return object(document.toJS() as JsonValue);
  });
}

const connection = {
  sensor: 'main',
  cluster: null,
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};

it.each(files.filter((file) => file.endsWith('.yaml')))('%s is YAML', (file) => {
  expect(documents(file).length).toBeGreaterThan(0);
});

it.each(sensors)('the recipe of $source says how its connection is called, and where it sends to', ({ source }) => {
  const page = read(`${source}/README.md`);
  expect(page).toContain(`kind: ${source}`);
  expect(page).toContain('/hooks/runtime/');
  for (const [, target = ''] of page.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
    expect(() => readFileSync(join(root, source, target))).not.toThrow(/ENOENT/);
  }
});

it('every recipe sends to a connection that its page names', () => {
  for (const file of files) {
    for (const [, name = ''] of read(file).matchAll(/tidewaiter\.example\.com\/hooks\/runtime\/([a-z0-9-]+)/g)) {
      const page = read(`${file.split('/', 1)[0]}/README.md`);
      expect({ file, isNamed: new RegExp(`name: ${name}\\b`).test(page) }).toEqual({ file, isNamed: true });
    }
  }
});

describe('the policies of Tetragon', () => {
  /**
   * The member in which Tetragon exports an argument of each type that a policy may declare.
   * @see https://tetragon.io/docs/concepts/tracing-policy/argument_types/ and
   * https://tetragon.io/docs/reference/grpc-api/#kprobeargument
   */
  const exportedAs: Record<string, (value: string) => JsonObject> = {
    sock: () => ({
      sock_arg: { family: 'AF_INET', protocol: 'IPPROTO_TCP', saddr: '10.0.0.1', daddr: '192.0.2.1', dport: 443 },
    }),
    file: (path) => ({ file_arg: { path, permission: '-rwxr-xr-x' } }),
    linux_binprm: (path) => ({ linux_binprm_arg: { path, permission: '-rwxr-xr-x' } }),
    string: (value) => ({ string_arg: value }),
    int: (value) => ({ int_arg: Number(value) }),
    uint32: (value) => ({ uint_arg: Number(value) }),
    int64: (value) => ({ long_arg: value }),
    size_t: (value) => ({ size_arg: value }),
    cred: () => ({ process_credentials_arg: { uid: 0 } }),
  };

  interface SelectedHook {
    kind: string;
    name: string;
    isSyscall: boolean;
    args: { index: number; type: string }[];
    /** By the index of the argument: a value that the selector lets pass. */
    passes: Map<number, string>;
    asksForHash: boolean;
  }

  const hooks = files
    .filter((file) => file.startsWith('tetragon/policies/'))
    .flatMap((file) => {
      const spec = object(documents(file)[0]?.['spec']);
      return [
        ...list(spec['kprobes']).flatMap((hook) => selected('process_kprobe', object(hook))),
        ...list(spec['lsmhooks']).flatMap((hook) => selected('process_lsm', object(hook))),
      ];
    });

  function selected(kind: string, hook: JsonObject): SelectedHook[] {
    const selectors = list(hook['selectors']).map(object);
    return (selectors.length > 0 ? selectors : [{}]).map((selector) => ({
      kind,
      name: text(hook['call']) ?? text(hook['hook']) ?? '',
      isSyscall: hook['syscall'] === true,
      args: list(hook['args']).map((arg) => ({
        index: Number(object(arg)['index']),
        type: text(object(arg)['type']) ?? '',
      })),
      passes: new Map(
        list(selector['matchArgs']).map((match) => [Number(object(match)['index']), valueFor(object(match))]),
      ),
      asksForHash: JSON.stringify(selector).includes('"imaHash":true'),
    }));
  }

  function valueFor({ operator, values }: JsonObject): string {
    const [value = ''] = texts(values);
    if (operator === 'Prefix') return `${value}x`;
    if (operator === 'Postfix') return `/sys/fs${value}`;
    return operator === 'NotPrefix' ? '/app/native/x.so' : value;
  }

  /** Event that Tetragon exports for a hit of the hook that its selector passes. */
  function exported({ kind, name, isSyscall, args, passes, asksForHash }: SelectedHook): JsonObject {
    return {
      [kind]: {
        process: { exec_id: 'bjE6MTox', pid: 7, uid: 0, binary: '/bin/sh', docker: 'ab'.repeat(15) },
        function_name: isSyscall ? `__x64_${name}` : name,
        args: args.map(({ index, type }) => exportedAs[type]?.(passes.get(index) ?? '2') ?? { unknown: type }),
        action: 'KPROBE_ACTION_POST',
        ...(asksForHash && { ima_hash: `sha256:${'5a'.repeat(32)}` }),
      },
      node_name: 'n',
      time: '2026-01-02T03:04:05Z',
    };
  }

  const expected: Record<string, (hook: SelectedHook) => object> = {
    tcp_connect: () => ({ activity: 'connect', network: { destinationIp: '192.0.2.1', destinationPort: 443 } }),
    inet_csk_listen_start: () => ({ activity: 'listen' }),
    udp_sendmsg: () => ({ activity: 'send', network: { bytes: 2 } }),
    security_file_permission: ({ passes }) => ({
      activity: 'file',
      file: { path: passes.get(0), access: passes.get(1) === '2' ? 'write' : 'read' },
    }),
    security_mmap_file: ({ passes }) => ({ activity: 'load', file: { path: passes.get(0) } }),
    sys_unlinkat: ({ passes }) => ({ activity: 'file', file: { path: passes.get(1), access: 'delete' } }),
    bprm_check_security: () => ({ activity: 'load', process: { sha256: '5a'.repeat(32) } }),
    sys_setns: () => ({ activity: 'privilege' }),
    sys_unshare: () => ({ activity: 'privilege' }),
    commit_creds: () => ({ activity: 'privilege' }),
    // Rules read these in Tetragon's own words.
    sys_mount: () => ({ activity: 'other' }),
    security_kernel_module_request: () => ({ activity: 'other' }),
  };

  it.each(hooks.map((hook) => [hook.name, [...hook.passes.values()].join(' '), hook] as const))(
    'hook %s, and what it exports of %j is read',
    (name, _, hook) => {
      const [record] = tetragon.read(Buffer.from(JSON.stringify(exported(hook))), connection).records;
      expect(record && tetragon.observe(record)).toMatchObject(expected[name]?.(hook) ?? { isExpected: true });
    },
  );

  it('send everything that the detection needs beside exec', () => {
    const activities = hooks.map((hook) => {
      const [record] = tetragon.read(Buffer.from(JSON.stringify(exported(hook))), connection).records;
      return record && tetragon.observe(record).activity;
    });
    expect(activities).toEqual(expect.arrayContaining(['connect', 'listen', 'send', 'file', 'load', 'privilege']));
  });
});

describe('the feed of Falco', () => {
  const feed = documents('falco/tidewaiter_feed.yaml')[0];
  const rules = list(parseAllDocuments(read('falco/tidewaiter_feed.yaml'))[0]?.toJS() as JsonValue)
    .map(object)
    .filter((rule) => 'rule' in rule);

  it.each(rules.map((rule) => [text(rule['rule']), rule] as const))('%s is read as what happened', (_, rule) => {
    expect(feed).toBeDefined();
    expect(rule).toMatchObject({ priority: 'DEBUG', tags: ['tidewaiter_feed'] });
    const condition = text(rule['condition']) ?? '';
    const types = /evt\.type (?:in \(([^)]+)\)|= (\w+))/.exec(condition);
    for (const type of (types?.[1] ?? types?.[2] ?? '').split(/, */)) {
      const output_fields = { 'evt.type': type, 'fd.name': '/etc/x', 'fd.rip': '192.0.2.1' };
      const alert = { rule: 'x', tags: rule['tags'] ?? null, output_fields, time: '2026-01-02T03:04:05Z' };
      const [record] = falco.read(Buffer.from(JSON.stringify(alert)), connection).records;
      expect(record && falco.observe(record)).toMatchObject({
        alert: null,
        activity: expect.stringMatching(/^(?!other)/),
      });
    }
  });

  it('asks for no field in vain', () => {
    const reader = readFileSync(join(__dirname, 'falco/falco.ts'), 'utf8');
    const asked = ['falco/falco.yaml', 'falco/values.yaml'].flatMap((file) => {
      const [settings = {}] = documents(file);
      const appended = list(settings['append_output'] ?? object(settings['falco'])['append_output']);
      return appended.flatMap((each) => texts(object(each)['extra_fields']));
    });
    const printed = rules.flatMap((rule) =>
      [...(text(rule['output']) ?? '').matchAll(/%([a-z0-9._]+)/g)].map(([, name]) => name),
    );
    for (const name of [...asked, ...printed])
      expect({ name, isRead: reader.includes(`'${name}'`) }).toEqual({ name, isRead: true });
  });
});

describe('the policy of Tracee', () => {
  const rules = list(object(documents('tracee/policy.yaml')[0]?.['spec'])['rules']);
  const asked = rules.map((rule) => text(object(rule)['event']) ?? '');
  const address = { sa_family: 'AF_INET', sin_addr: '192.0.2.1', sin_port: '443' };

  /**
   * Arguments as Tracee documents them.
   * @see https://aquasecurity.github.io/tracee/latest/docs/events/builtin/extra/
   */
  const events: Record<string, [args: JsonObject, activity: string]> = {
    sched_process_exec: [{ cmdpath: '/bin/sh', pathname: '/bin/dash', argv: ['sh', '-c', 'id'] }, 'exec'],
    sched_process_exit: [{ exit_code: 0 }, 'exit'],
    security_socket_connect: [{ sockfd: 3, type: 'SOCK_STREAM', remote_addr: address }, 'connect'],
    security_socket_listen: [{ sockfd: 3, local_addr: address, backlog: 5 }, 'listen'],
    net_packet_dns: [{ src: '10.0.0.1', dst: '10.0.0.2', proto_dns: { questions: [{ name: 'a.example' }] } }, 'dns'],
    security_file_open: [{ pathname: '/etc/shadow', flags: 'O_RDONLY' }, 'file'],
    security_inode_unlink: [{ pathname: '/var/log/auth.log' }, 'file'],
    security_inode_rename: [{ old_path: '/a', new_path: '/b' }, 'file'],
    magic_write: [{ pathname: '/tmp/x', bytes: 'f0VMRg==' }, 'file'],
    shared_object_loaded: [{ pathname: '/usr/lib/libssl.so.3', flags: 'O_RDONLY', inode: 7 }, 'load'],
    commit_creds: [{ old_cred: {}, new_cred: {} }, 'privilege'],
    switch_task_ns: [{ pid: 7, new_mnt: 1 }, 'privilege'],
  };

  it.each(Object.entries(events))('asks for %s, and what it exports is read', (eventName, [args, activity]) => {
    expect(asked).toContain(eventName);
    const event = {
      timestamp: 1767323045123456000,
      processName: 'sh',
      containerId: 'ab'.repeat(32),
      eventName,
      args: Object.entries(args).map(([name, value]) => ({ name, value })),
    };
    const [record] = tracee.read(Buffer.from(JSON.stringify(event)), connection).records;
    expect(record && tracee.observe(record).activity).toBe(activity);
  });

  it('asks for signatures', () => {
    expect(asked.filter((event) => !(event in events))).toEqual(
      expect.arrayContaining(['fileless_execution', 'stdio_over_socket', 'dropped_executable']),
    );
    expect(tracee.about.reports).toContain('alert');
  });
});

it('the audit policy never logs what is in a Secret, and each request once', () => {
  const [policy = {}] = documents('kubernetes-audit/policy.yaml');
  expect(policy).toMatchObject({ kind: 'Policy', omitStages: ['RequestReceived'] });
  const rules = list(policy['rules']).map(object);
  const withBodies = rules.filter(({ level }) => level === 'Request' || level === 'RequestResponse');
  const named = withBodies.flatMap((rule) =>
    list(rule['resources']).flatMap((each) => texts(object(each)['resources'])),
  );
  expect(named).toContain('pods');
  expect(named.filter((name) => /secret|configmap|token/.test(name))).toEqual([]);
  const first = rules.findIndex((rule) => JSON.stringify(rule).includes('"secrets"'));
  expect(first).toBeLessThan(rules.indexOf(withBodies[0] ?? {}));
});

it('the watch may read no secrets', () => {
  const role = documents('kubernetes-watch/watch.yaml').find(({ kind }) => kind === 'ClusterRole');
  const rules = list(role?.['rules']).map(object);
  expect(rules.flatMap(({ verbs }) => texts(verbs)).every((verb) => verb === 'list' || verb === 'watch')).toBe(true);
  expect(rules.flatMap(({ resources }) => texts(resources))).not.toContain('secrets');
});

it('the generic recipe maps fields that there are', () => {
  const [, block = ''] = /fields:\n((?: {6}.+\n)+)/.exec(read('generic/README.md')) ?? [];
  const names = [...block.matchAll(/^ {6}([\w.]+):/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(5);
  expect(genericFields).toEqual(expect.arrayContaining(names));
});
