import * as fc from 'fast-check';

import { partitionOf, runtimeChannel, runtimePartitions } from './runtime-stream.js';

const place = { cluster: 'eu1', node: 'worker-1', sensor: 'tetragon-eu1' };

describe('partitionOf', () => {
  // Must never change: a node that changes its partition loses its process tree.
  it.each([
    [place, 10],
    [{ ...place, sensor: 'falco-eu1' }, 10],
    [{ ...place, node: 'worker-2' }, 7],
    [{ ...place, cluster: null }, 10],
    [{ ...place, node: null }, 4],
    [{ cluster: null, node: null, sensor: 'cloudtrail-main' }, 30],
  ])('assigns the events of %j to one partition', (from, partition) => {
    expect(partitionOf(from)).toBe(partition);
  });

  it('distinguishes equal node names of two clusters, and a node from a cluster', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (cluster, node) => {
        const partition = partitionOf({ ...place, cluster, node });
        expect(partition).toBe(partitionOf({ cluster, node, sensor: 'another' }));
        expect(Number.isInteger(partition) && partition >= 0 && partition < runtimePartitions).toBe(true);
      }),
    );
  });

  it('distributes the nodes of a cluster', () => {
    const counts = new Array<number>(runtimePartitions).fill(0);
    for (let node = 0; node < 1_000; node += 1) counts[partitionOf({ ...place, node: `worker-${node}` })]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(10);
    expect(Math.max(...counts)).toBeLessThan(63);
  });

  it('has a subject for each partition', () => {
    expect(runtimeChannel(7)).toBe('tidewaiter.runtime.observed.7');
  });
});
