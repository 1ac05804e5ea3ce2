import type { ObjectEvaluation, RuntimeRecord } from '@tidewaiter/domain';

import { ObservedMessage } from './observed-message.js';

const record = (id: string): RuntimeRecord => ({
  id,
  source: 'tetragon',
  sensor: 'nodes',
  cluster: null,
  node: 'worker-1',
  at: '2026-11-25T10:42:07Z',
  event: { said: id },
});

const message = (change: object, ...ids: string[]) =>
  new ObservedMessage(
    Buffer.from(
      JSON.stringify({
        specversion: '1.0',
        id: '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12',
        source: '/tidewaiter/ingest',
        type: 'dev.tidewaiter.runtime.observed.v1',
        subject: 'nodes',
        time: '2026-11-25T10:42:07Z',
        datacontenttype: 'application/json',
        data: { sensor: 'nodes', records: ids.map(record) },
        ...change,
      }),
    ),
  );

const evaluation: ObjectEvaluation = {
  ...{ kind: 'Pod', namespace: 'shop', name: 'web-1', workload: { kind: 'Deployment', name: 'web' } },
  ...{ version: '7', changedAt: '2026-11-25T10:42:07Z', isGone: false },
  findings: [
    {
      ...{ check: 'k8s-privileged', severity: 'critical', title: 'is privileged', container: 'app', field: null },
      fingerprint: 'f',
    },
  ],
};

const evaluated = (change: object) =>
  message({ data: { sensor: 'nodes', records: [{ ...record('a'), evaluations: [{ ...evaluation, ...change }] }] } });
const found = (change: object) => evaluated({ findings: [{ ...evaluation.findings[0], ...change }] });

describe('ObservedMessage', () => {
  it('reads findings of a Kubernetes object', () => {
    expect(evaluated({}).records()).toEqual([{ ...record('a'), evaluations: [evaluation] }]);
  });

  it('reads the records of a message, and their events again', () => {
    const [first, second] = [message({}, 'a', 'b'), message({}, 'c')];
    expect(first.records()).toEqual([record('a'), record('b')]);
    const again = [first.eventAt(1), first.eventAt(0), second.eventAt(0), first.eventAt(1)];
    expect(again).toEqual([{ said: 'b' }, { said: 'a' }, { said: 'c' }, { said: 'b' }]);
  });

  it.each<[string, ObservedMessage]>([
    ['other type', message({ type: 'dev.tidewaiter.tag.moved.v1', data: {} }, 'a')],
    ['no records', message({})],
    ['no sensor', message({ data: { records: [record('a')] } })],
    ['no time', message({ time: 'now' }, 'a')],
    [
      'record of an unknown source',
      message({ data: { sensor: 'nodes', records: [{ ...record('a'), source: 'unknown' }] } }),
    ],
    ['record without id', message({ data: { sensor: 'nodes', records: [{ ...record('a'), id: '' }] } })],
    ['record without node', message({ data: { sensor: 'nodes', records: [{ ...record('a'), node: undefined }] } })],
    ['cluster that is a number', message({ data: { sensor: 'nodes', records: [{ ...record('a'), cluster: 1 }] } })],
    ['event that is a list', message({ data: { sensor: 'nodes', records: [{ ...record('a'), event: [] }] } })],
    [
      'evaluations that are no list',
      message({ data: { sensor: 'nodes', records: [{ ...record('a'), evaluations: {} }] } }),
    ],
    ['version that is a number', evaluated({ version: 7 })],
    ['object without workload', evaluated({ workload: null })],
    ['object that is there or not', evaluated({ isGone: 'no' })],
    ['finding of an unknown severity', found({ severity: 'fatal' })],
    ['finding without title', found({ title: undefined })],
    ['record that is null', message({ data: { sensor: 'nodes', records: [null] } })],
  ])('rejects a message with %s', (_, broken) => {
    expect(() => broken.records()).toThrow(expect.objectContaining({ code: 'EVENT_MALFORMED' }));
  });
});
