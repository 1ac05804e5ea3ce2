import { generic } from './generic.js';

const receivedAt = '2026-01-02T03:04:06Z';
const read = (fields: Record<string, string>, ...events: object[]) =>
  generic.read(Buffer.from(events.map((event) => JSON.stringify(event)).join('\n')), {
    sensor: 'own',
    cluster: null,
    receivedAt,
    fingerprintKey: Buffer.alloc(32),
    fields,
  });
const see = (fields: Record<string, string>, event: object) => read(fields, event).records.map(generic.observe)[0];

describe('generic', () => {
  it('reads what is mapped, and hands on what is not', () => {
    const fields = {
      id: 'event.id',
      at: 'ts',
      node: 'host.name',
      'process.executable': 'proc.exe',
      'process.commandLine': 'proc.args',
      'process.pid': 'proc.pid',
      'container.image': 'image',
      'container.id': 'cid',
      'pod.namespace': 'ns',
    };
    const event = {
      event: { id: 7 },
      ts: '2026-01-02T03:04:05.123456789Z',
      'host.name': 'node-1',
      proc: { exe: '/bin/sh', args: 'sh -c id', pid: '4711' },
      image: `localhost:5000/shop/app:1@sha256:${'5a'.repeat(32)}`,
      cid: 'docker://c0ffee',
      ns: 'shop',
      more: true,
    };
    expect(read(fields, event).records).toMatchObject([
      { id: '7', node: 'node-1', at: '2026-01-02T03:04:05.123456789Z' },
    ]);
    expect(see(fields, event)).toMatchObject({
      activity: 'exec',
      process: { executable: '/bin/sh', name: 'sh', commandLine: 'sh -c id', pid: 4711 },
      container: {
        id: 'c0ffee',
        imageRepository: 'localhost:5000/shop/app',
        imageTag: '1',
        imageDigest: `sha256:${'5a'.repeat(32)}`,
      },
      pod: { namespace: 'shop', name: null },
      file: null,
      native: event,
    });
  });

  it.each([
    [1767323045, '2026-01-02T03:04:05.000Z'],
    ['1767323045', '2026-01-02T03:04:05.000Z'],
    [1767323045.5, '2026-01-02T03:04:05.500Z'],
    [1767323045123, '2026-01-02T03:04:05.123Z'],
    ['1767323045123456789', '2026-01-02T03:04:05.123456789Z'],
    ['2026-01-02 03:04:05', '2026-01-02T03:04:05Z'],
    ['soon', receivedAt],
    [-5, receivedAt],
    [{}, receivedAt],
  ])('reads the time %j', (ts, at) => {
    expect(read({ at: 'ts', id: 'id' }, { ts, id: 'x' }).records[0]?.at).toBe(at);
  });

  it.each([
    [{ activity: 'what' }, { what: 'privilege' }, { activity: 'privilege' }],
    [{ activity: 'what', 'process.name': 'p' }, { what: 'nonsense', p: 'x' }, { activity: 'other' }],
    [
      { 'file.path': 'f', 'file.access': 'a' },
      { f: '/etc/x', a: 'write' },
      { activity: 'file', file: { path: '/etc/x', access: 'write' } },
    ],
    [{ 'file.path': 'f', 'file.access': 'a' }, { f: '/etc/x', a: 'nonsense' }, { file: { access: 'read' } }],
    [
      { 'network.destinationIp': 'd', 'network.destinationPort': 'p' },
      { d: '192.0.2.1', p: 443 },
      { activity: 'connect' },
    ],
    [{ 'network.hostname': 'h' }, { h: 'A.Example.' }, { activity: 'dns', network: { hostname: 'a.example' } }],
    [
      { 'alert.rule': 'r', 'alert.priority': 'p', 'alert.tags': 't' },
      { r: 'Bad', p: 'HIGH', t: ['T1059'] },
      { activity: 'alert', alert: { rule: 'Bad', priority: 'critical', tags: ['T1059'] } },
    ],
  ])('makes of %j and %j what it is', (fields, event, expected) => {
    expect(see(fields as unknown as Record<string, string>, event)).toMatchObject(expected);
  });

  it('counts what has none of the fields', () => {
    expect(read({ id: 'id' }, { id: 'a' }, { other: 1 })).toMatchObject({
      records: [{ id: 'a' }],
      ignored: { malformed: 1 },
    });
  });
});
