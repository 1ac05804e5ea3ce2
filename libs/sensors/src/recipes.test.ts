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

const connection = { sensor: 'main', cluster: null, receivedAt: '2026-01-02T03:04:06Z' };

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
  /** Hooks that rules read in Tetragon's own words. */
  const native = new Set(['sys_mount', 'security_kernel_module_request']);
  const argument: Record<string, JsonObject> = {
    sock: { sock_arg: { daddr: '192.0.2.1', dport: 443 } },
    file: { file_arg: { path: '/etc/x' } },
    linux_binprm: { linux_binprm_arg: { path: '/bin/x' } },
    string: { string_arg: '/x' },
    int: { int_arg: 2 },
    uint32: { uint_arg: 4 },
    size_t: { size_arg: '44' },
    cred: { process_credentials_arg: {} },
  };
  const policies = files.filter((file) => file.startsWith('tetragon/policies/'));
  const hooks = policies.flatMap((file) => {
    const spec = object(documents(file)[0]?.['spec']);
    return [
      ...list(spec['kprobes']).map((hook) => ({ kind: 'process_kprobe', hook: object(hook) })),
      ...list(spec['lsmhooks']).map((hook) => ({ kind: 'process_lsm', hook: object(hook) })),
    ];
  });

  it('hook what we read, with arguments that we know', () => {
    expect(hooks.length).toBeGreaterThan(10);
    for (const { kind, hook } of hooks) {
      const name = text(hook['call']) ?? text(hook['hook']) ?? '';
      const args = list(hook['args']).map((arg) => argument[text(object(arg)['type']) ?? '']);
      expect({ name, args }).toEqual({ name, args: args.filter((arg) => arg !== undefined) });
      const function_name = hook['syscall'] === true ? `__x64_${name}` : name;
      const event = {
        [kind]: { process: { binary: '/bin/sh' }, function_name, args },
        node_name: 'n',
        time: '2026-01-02T03:04:05Z',
      };
      const [record] = tetragon.read(Buffer.from(JSON.stringify(event)), connection).records;
      const activity = record && tetragon.observe(record).activity;
      expect({ name, isRead: activity !== 'other' }).toEqual({ name, isRead: !native.has(name) });
    }
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

it('the policy of Tracee asks for what we read, and for signatures', () => {
  const rules = list(object(documents('tracee/policy.yaml')[0]?.['spec'])['rules']);
  const readers = readFileSync(join(__dirname, 'tracee/events.ts'), 'utf8');
  const signatures = rules
    .map((rule) => text(object(rule)['event']) ?? '')
    .filter((event) => !readers.includes(`'${event}'`));
  expect(signatures).toEqual(expect.arrayContaining(['fileless_execution', 'stdio_over_socket']));
  expect(signatures.length).toBeLessThan(rules.length / 2);
  expect(tracee.about.tells).toContain('alert');
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
