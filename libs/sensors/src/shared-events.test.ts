import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { InvalidInput, type JsonObject, type Observation, type RuntimeRecord } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { readImageName, withoutScheme } from './image-names.js';
import { isObject, list, object, text } from './json.js';
import { parseJson } from './parse-json.js';
import { observe, sensorOf } from './sensors.js';
import { timeOfNanos } from './times.js';

const events = sharedData('fixtures/runtime');
const folder = events.path;
const connection = {
  sensor: 'main',
  cluster: null,
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};

type Expected = Record<string, unknown> & { request: 'accept' | 'reject' };

/** Kind of sensor that a file is from. */
function kindOf(path: string): string {
  const [first = ''] = path.split('/', 1);
  if (first === 'aws') return path.includes('guardduty') ? 'guardduty' : 'cloudtrail';
  return { 'k8s-audit': 'kubernetes-audit', 'k8s-pods': 'kubernetes-watch' }[first] ?? first;
}

/** The body as it was sent: a number with 19 digits would not survive JSON.parse. */
function bodyOf(path: string): string {
  const file = parseJson(readFileSync(join(folder, path), 'utf8'));
  const body = isObject(file) ? file['body'] : null;
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function read(path: string, body = bodyOf(path)) {
  const sensor = sensorOf(kindOf(path));
  if (sensor === undefined) throw new Error(`nobody reads ${path}`);
  return sensor.read(Buffer.from(body), connection);
}

describeWith(events)('the shared runtime events', () => {
  const { files: expectations } = JSON.parse(readFileSync(join(folder, 'EXPECTED.json'), 'utf8')) as {
    files: Record<string, Expected>;
  };
  const folders = readdirSync(folder).filter((name) => !name.includes('.'));
  const files = folders.flatMap((name) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.json'))
      .map((file) => `${name}/${file}`),
  );

  it('are all there', () => {
    expect(files).toHaveLength(213);
  });

  it.each(files)('%s', (path) => {
    const expected = expectations[path];
    if (expected?.request === 'reject') {
      expect(() => read(path)).toThrow(InvalidInput);
      return;
    }
    const { records, ignored } = read(path);
    const reason = reasonOf(path, expected);
    if (reason !== null) {
      expect({ records, ignored }).toEqual({ records: [], ignored: { [reason]: 1 } });
      return;
    }
    expect(ignored).toEqual({});
    const [record] = records;
    if (record === undefined) throw new Error('nothing was read');
    expect(records).toHaveLength(countOf(path, expected));
    expect(JSON.stringify(observe(record))).not.toMatch(/\\u0000|\\ud[89a-f]/);
    if (expected !== undefined) expect(factsOf(record, observe(record))).toMatchObject(normalized(path, expected));
  });

  it.each(['falco', 'tetragon', 'tracee', 'k8s-audit', 'k8s-pods'])('%s/stream.jsonl, as one batch', (name) => {
    const lines = readFileSync(join(folder, name, 'stream.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const { records, ignored } = read(`${name}/`, lines.join('\n'));
    const left = Object.values(ignored).reduce((sum, count) => sum + count, 0);
    const batched = lines.filter((line) => line.includes('"EventList"')).length * 2;
    expect(records.length + left).toBe(lines.length + batched);
    expect(ignored['malformed']).toBeUndefined();
    // Stages of one request have one id; any other event has its own.
    const different = new Set(records.map(({ event }) => requestOf(event) ?? JSON.stringify(event)));
    expect(new Set(records.map(({ id }) => id)).size).toBe(different.size);
    records.forEach(observe);
  });
});

function requestOf({ auditID, verb, requestURI, requestReceivedTimestamp, user }: JsonObject): string | null {
  return (
    text(auditID) && JSON.stringify([auditID, verb, requestURI, requestReceivedTimestamp, object(user)['username']])
  );
}

/** Why a file contains no event of something that happened; null where it does. */
function reasonOf(path: string, expected: Expected | undefined): string | null {
  const { detection, rule, stage, type, code } = expected ?? ({} as Record<string, unknown>);
  if (path.startsWith('falco/') && detection === false && rule !== 'Falco internal: syscall event drop') {
    return rule === 'Test rule' ? 'test' : 'internal';
  }
  if (stage === 'RequestReceived' || (stage === 'ResponseStarted' && code !== 101)) return 'stage';
  return type === 'BOOKMARK' ? 'bookmark' : null;
}

function countOf(path: string, expected: Expected | undefined): number {
  if (typeof expected?.['events'] === 'number') return expected['events'];
  return { 'cri/containerd-events.json': 3, 'cri/crictl-images.json': 2 }[path] ?? 1;
}

/** Observed values of a record, in the form of EXPECTED.json. */
function factsOf(record: RuntimeRecord, observation: Observation): Record<string, unknown> {
  const { process, container, pod, request, alert } = observation;
  const common = {
    namespace: pod?.namespace ?? null,
    pod: pod?.name ?? null,
    imageDigest: container?.imageDigest ?? null,
  };
  const [resource, subresource = null] = request?.resource?.split('/') ?? [null];
  switch (record.source) {
    case 'falco':
      return {
        ...common,
        time: record.at,
        host: record.node,
        rule: alert?.rule,
        priority: alert?.priority,
        detection: observation.activity !== 'health',
        containerId: container?.id ?? null,
        imageRepository: container?.imageRepository ?? null,
        imageTag: container?.imageTag ?? null,
        user: process?.user ?? null,
        process: process?.name ?? null,
      };
    case 'tetragon':
      return {
        ...common,
        type: Object.keys(record.event).find((key) => key.startsWith('process_')),
        time: record.at,
        node: record.node,
        execId: process?.execId ?? null,
        binary: process?.executable ?? null,
        arguments: process?.arguments ?? null,
        containerId: container?.id ?? null,
        imageName: container?.imageRepository ? `${container.imageRepository}:${container.imageTag}` : null,
      };
    case 'tracee':
      return {
        ...common,
        time: record.at,
        containerId: container?.id ?? null,
        image: container?.imageRepository ? `${container.imageRepository}:${container.imageTag}` : null,
        detection: observation.alert !== null,
      };
    case 'kubernetes-audit':
      return {
        auditID: record.event['auditID'] ?? null,
        verb: request?.verb ?? null,
        user: request?.user ?? null,
        resource,
        subresource,
        namespace: request?.namespace ?? null,
        name: request?.name ?? null,
        code: request?.status ?? null,
        succeeded: request?.succeeded,
      };
    case 'kubernetes-watch':
      return {
        ...common,
        type: record.event['type'],
        node: record.node,
        containers: containersOf(object(record.event['object'])),
      };
    default:
      return {};
  }
}

/** Containers of a pod as the container ledger reads them, in the form of EXPECTED.json. */
function containersOf(pod: ReturnType<typeof object>): unknown[] {
  const status = object(pod['status']);
  const lists = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'];
  return lists.flatMap((name) =>
    list(status[name]).map((each) => {
      const container = object(each);
      const image = readImageName(text(container['imageID']));
      const { running, terminated } = object(container['state']);
      const id = text(container['containerID']) ?? text(object(terminated)['containerID']);
      return {
        name: container['name'],
        list: name,
        repoDigest: image.repository === null ? null : image.digest,
        configDigest: image.repository === null ? image.digest : null,
        containerId: withoutScheme(id),
        running: isObject(running),
      };
    }),
  );
}

/** Expected values of EXPECTED.json, adjusted where Tidewaiter deliberately differs. */
function normalized(path: string, expected: Expected): Record<string, unknown> {
  const { request: _, stage: _stage, impersonated: _as, policy: _policy, function: _hook, ...rest } = expected;
  const { source: _source, onHost: _host, format: _format, event: _event, timeNs, events, ...fields } = rest;
  if (events !== undefined) return {};
  if (timeNs !== undefined) fields['time'] = timeOfNanos(timeNs);
  for (const [name, value] of Object.entries(fields)) {
    // An empty text is an unknown value.
    if (value === '') fields[name] = null;
    // PostgreSQL cannot store U+0000.
    if (typeof value === 'string') fields[name] = value.replaceAll('\0', '\uFFFD') || null;
  }
  // An event without id or time gets one; a request without answer was not refused.
  for (const name of ['auditID', 'time', 'succeeded']) if (fields[name] === null) delete fields[name];
  // `Z+2` is no time zone of ISO 8601.
  if (typeof fields['time'] === 'string') fields['time'] = fields['time'].replace(/Z\+2$/, 'Z');
  if (path.startsWith('falco/')) {
    if (fields['detection'] === false) return { detection: false };
    // Without a container id an event cannot identify its container.
    if (fields['containerId'] === null) Object.assign(fields, { imageRepository: null, imageTag: null });
    // A user without a name is given by number.
    if (fields['user'] === null) delete fields['user'];
  }
  // Outside Kubernetes there is only a truncated id, which is better than none.
  if (path.startsWith('tetragon/') && fields['containerId'] === null) delete fields['containerId'];
  if (Array.isArray(fields['containers'])) {
    fields['containers'] = fields['containers'].map(({ image: _image, ...each }: Record<string, unknown>) => each);
  }
  return fields;
}
