import { appendFileSync } from 'node:fs';
import { loadavg } from 'node:os';

import type { Cell, Outage } from './cells.js';

export interface OutageTimes {
  /** The lost servers. */
  name: string;
  /** Time until every service that uses the servers named the loss; null if others took over. */
  namedMs: number | null;
  /** Time from the loss, or from its end if it lasted, until both messages were sent. */
  notifiedMs: number;
  /** The same until every service was ready for good. */
  recoveredMs: number;
}

interface CellOutcome {
  cell: Cell;
  outages: readonly Outage[];
  times: readonly OutageTimes[];
  /** Number of messages about each push and event. */
  messages: readonly number[];
  /** Requests that repeated a message under its id, since its answer was lost. */
  repeated: number;
}

/** Appends the row of a cell to the table in the file `INFRASTRUCTURE_REPORT`, if that is set. */
export function reportCell({ cell, outages, times, messages, repeated }: CellOutcome): void {
  const file = process.env['INFRASTRUCTURE_REPORT'];
  if (file === undefined) return;
  const { postgres, nats, redis, tls, signIn } = cell;
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const of = (kind: (times: OutageTimes) => number | null) =>
    times.flatMap((each) => {
      const ms = kind(each);
      return ms === null ? [] : [`${each.name} ${seconds(ms)}`];
    });
  const columns: (string | number)[] = [
    ...[postgres, nats, signIn, redis, tls ? 'mTLS' : 'plain'],
    ...[messages.length, messages.filter((count) => count === 0).length],
    messages.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    repeated,
    of(({ namedMs }) => namedMs).join(', '),
    of(({ notifiedMs }) => notifiedMs).join(', '),
    of(({ recoveredMs }) => recoveredMs).join(', '),
    ...(times.length === outages.length ? ['yes'] : [`failed in: ${outages[times.length]!.name}`]),
    loadavg()[0]!.toFixed(0),
  ];
  appendFileSync(file, `| ${columns.join(' | ')} |\n`);
}
