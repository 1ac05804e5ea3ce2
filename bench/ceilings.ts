import { performance } from 'node:perf_hooks';

import { Bus } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { connect } from '@tidewaiter/store';

const ceilingMs = 3_000;

/** Repeats `work` in `loops` loops at once; returns its rate per second. */
export async function rateOf(loops: number, forMs: number, work: (turn: number) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  let turns = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() - began < forMs) await work((turns += 1));
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return turns / ((performance.now() - began) / 1_000);
}

/** Prints the limits of the disk under PostgreSQL and JetStream. */
export async function measureCeilings(databaseUrl: string, natsUrl: string): Promise<void> {
  const database = await connect({ url: new Secret(databaseUrl), poolSize: 16, name: 'bench' });
  await database.query('CREATE TABLE bench (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)');
  const body = 'x'.repeat(700);
  const commit = async () => database.query('INSERT INTO bench (body) VALUES ($1)', [body]);
  for (const loops of [1, 16])
    report(`PostgreSQL, single-row commits, ${loops} at once`, await rateOf(loops, ceilingMs, commit), '/s');
  await database.destroy();

  const bus = await Bus.connect('bench', { natsUrl: new Secret(natsUrl) });
  const channel = 'tidewaiter.registry.pushed';
  const event = { specversion: '1.0', id: '', source: '/bench', type: 'bench', subject: 'bench', time: '' } as const;
  const publish = async (turn: number) =>
    bus.publish(
      channel,
      { ...event, datacontenttype: 'application/json', data: { body } },
      `bench-${performance.now()}-${turn}`,
    );
  for (const loops of [1, 64])
    report(`JetStream, acked publishes, ${loops} at once`, await rateOf(loops, ceilingMs, publish), '/s');
  await bus.onApplicationShutdown();
}

export function report(what: string, value: number, unit: string): void {
  const digits = value < 100 ? 1 : 0;
  process.stdout.write(`${what.padEnd(48)} ${value.toFixed(digits).padStart(9)}${unit}\n`);
}
