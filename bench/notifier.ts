/**
 * The notifier as a process on real servers: latency from an incident to its channel, cost of a
 * delivery, memory of open groups; and, with `--chaos`, whether every alert arrives once while
 * everything is killed. See README.md.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';

import { chaosBench } from './notifier-chaos.ts';
import { groupsBench, latencyBench, throughputBench } from './notifier-parts.ts';

const parts = { latency: latencyBench, throughput: throughputBench, groups: groupsBench };

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    incidents: { type: 'string', default: '3000' },
    groups: { type: 'string', default: '100000' },
    chaos: { type: 'string' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string' },
  },
});
console.log(`load average of the machine before ${loadavg()[0]?.toFixed(1)}`);
const sizes = { incidents: Number(values.incidents), groups: Number(values.groups) };

let isWhole = true;
if (values.chaos === undefined) {
  for (const [name, part] of Object.entries(parts)) {
    if ((values.only ?? name) === name) isWhole = (await part(sizes)) && isWhole;
  }
} else {
  isWhole = await chaosBench(Number(values.chaos), Number(values.seed), values.log);
}
if (!isWhole) process.exitCode = 1;
console.log(`load average of the machine after ${loadavg()[0]?.toFixed(1)}`);
