import { type Observation, unknownContainer, unknownNetwork, unknownPod, unknownProcess } from '@tidewaiter/domain';

/** Fields of an observation that a test sets; the others stay unknown. */
export type ObservationSketch = Partial<Omit<Observation, 'process' | 'container' | 'pod' | 'network' | 'request'>> & {
  [Part in 'process' | 'container' | 'pod' | 'network' | 'request']?: Partial<NonNullable<Observation[Part]>> | null;
};

const atMs = Date.parse('2026-03-03T01:12:00Z');

/** An observation on `node-1` of the cluster `eu1`. */
export function observation({ process, container, pod, network, request, ...rest }: ObservationSketch): Observation {
  const timeMs = rest.timeMs ?? atMs;
  return {
    id: 'e1',
    source: 'tetragon',
    sensor: 'test',
    cluster: 'eu1',
    node: 'node-1',
    at: new Date(timeMs).toISOString(),
    activity: 'exec',
    timeMs,
    file: null,
    alert: null,
    dropped: 0,
    native: {},
    ...rest,
    process: process ? { ...unknownProcess(), ...process } : null,
    container: container ? { ...unknownContainer(), ...container } : null,
    pod: pod ? { ...unknownPod(), ...pod } : null,
    network: network ? { ...unknownNetwork(), ...network } : null,
    request: request ? { ...unknownRequest, ...request } : null,
  };
}

const unknownRequest = {
  user: null,
  groups: [],
  accessKeyId: null,
  sourceIps: [],
  userAgent: null,
  verb: null,
  resource: null,
  namespace: null,
  name: null,
  status: null,
  succeeded: true,
};
