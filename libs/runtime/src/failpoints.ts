import { appendFileSync } from 'node:fs';

import { InvalidInput, Unavailable } from '@tidewaiter/domain';

import type { Environment } from './environment.js';

/**
 * Every place between two side effects (commit, publish, ack, enqueue, send, record), with what has
 * happened there and what has not. The suite of faults stops a process at each of them.
 */
export const failpointCatalog = {
  'store.before-commit': 'all statements of a transaction have run, and nothing is committed',
  'store.committed': 'rows, events and jobs are committed; neither relay nor queue knows of them',
  'database.beaten': 'the heartbeat of the database is committed; NATS has the one before',
  'relay.one-published': 'the bus has one event of a batch; others of the batch may be missing',
  'relay.batch-published': 'the bus has the events of a batch, and none is marked as published',
  'sweeper.events-redriven': 'events without an inbox row are due again; expired rows are not deleted',
  'group-commit.committed': 'a shared transaction is committed; none of its callers knows',
  'dead-letters.saved': 'a dead letter is a row; its message is still on the bus, or its record unread',
  'dead-letters.redriven': 'a dead letter is due again, and nobody was answered',
  'dead-letters.some-redriven': 'some dead letters of a redrive are due again, others are not',
  'deliveries.some-redriven': 'some deliveries of a redrive are queued, others are not',
  'deliveries.one-redriven': 'a delivery is queued again, and nobody was answered',
  'advisories.put': 'some advisories of an import are committed with their event; others are not',
  'advisories.retired': 'deleted advisories are withdrawn; the feed is not noted as read',
  'advisories.feed-noted': 'a feed is noted as read; the import goes on with others',

  'bus.published': 'JetStream has an event on disk; its publisher does not know',
  'bus.stream-made': 'a stream exists, and its consumers may not',
  'bus.handled': 'the effects of an event are committed, and the bus has no ack',
  'bus.acked': 'the ack of an event is on its way; the next is not taken',

  'queue.claimed': 'a job is leased, and its work has not begun',
  'queue.handled': 'a job is finished in the ledger; Redis still holds it',
  'queue.given-up': 'a job is dead-lettered in the ledger; Redis still holds it',
  'queue.failure-noted': 'a job is due again in the ledger; Redis does not know',
  'queue.swept': 'lost jobs are marked as swept; Redis does not have them',
  'queue.added': 'Redis has jobs; the process that queued them has not gone on',

  'hooks.stored': "a registry's webhook is committed, and its sender has no answer",
  'pipelines.stored': "a pipeline's report is committed, and its sender has no answer",
  'events.one-published': 'one message of a request of a sensor is on disk; others may not be',
  'events.published': 'all messages of a request of a sensor are on disk, and it has no answer',
  'spool.hook-appended': 'a webhook is on the disk of ingest, and its sender has no answer',
  'spool.hooks-stored': 'webhooks of the spool are committed, and it does not note that',
  'spool.event-appended': 'a message of a sensor is on the disk of ingest; the stream does not have it',
  'slack.acknowledged': 'an incident is acknowledged by a button, and Slack has no answer',
  'slack.silenced': 'a silence is added by a button, and Slack has no answer',

  'push.tag-placed': 'the tag of a push is in the ledger, and its content if that can be read',
  'push.resolved': 'a push is resolved, and its layers are queued; nothing is evaluated',
  'push.layers-queued': 'the layers of a push are jobs, and its own job is finished',
  'push.identity-stored': 'signatures and identity of a push are stored; it is not evaluated',
  'push.inventory-stored': 'the packages of an image are stored; they are not matched',
  'push.matched': 'the packages of an image are matched; it is not compared with others',
  'push.signs-noted': 'everything about a push is stored, except its verdict',
  'push.concluded': 'a push has its verdict, and its event is not published',
  'push.refused': 'a push is refused, and its event is not published',
  'push.set-aside': 'an artifact is set aside; the image that it is about is not verified again',
  'push.given-up': 'a push is dead-lettered, and its event is not published',
  'push.corrected': 'a verdict is replaced, and its event is not published',
  'push.reexamined': 'an image is verified again; the job goes on with others',
  'layer.read': 'a layer is read, and nothing about it is stored',
  'layer.stored': 'a layer is stored; the pushes that wait for it are not woken',
  'layer.pushes-woken': 'the pushes that waited for a layer are queued, and its job is finished',
  'layer.refused': 'the failure of a layer is stored; its pushes are queued, not evaluated',
  'layer.given-up': 'a layer is dead-lettered; its pushes are queued, not evaluated',
  'layer.failed-again': 'another failure of a layer is noted; the evaluation goes on without it',
  'config.refreshed': 'a config is checked again; the verdict is still the old one',
  'reconcile.repository-compared': 'the tags of one repository are compared, others are not',
  'reconcile.completed': 'a registry is noted as compared',
  'redeliver.requested': 'GitHub was asked to deliver again, and nothing records it',
  'rematch.applied': 'findings of an advisory are opened; verdicts are not evaluated again',
  'rematch.some-matched': 'some packages are matched again, others are not',
  'rematch.outdated-queued': 'some outdated verdicts are queued, others are not',
  'exploited.announced': 'news about exploitation are taken and their events emitted',
  'advisories.synced': 'all feeds are read; the job is not finished',

  'lease.taken': 'a lease is taken, and its work has not begun',
  'lease.handed-over': 'the work of a lease is stored; the lease is still held',
  'partition.attempt-noted': 'a message is noted as tried; it is not evaluated',
  'partition.alerts-stored': 'alerts are stored; the builder of incidents was not called',
  'partition.objects-stored': 'findings of some Kubernetes objects are stored, others are not',
  'partition.snapshot-stored': 'a snapshot is stored; the stream still holds what it covers',
  'facts.learned-stored': 'learned facts are stored; those of other replicas are not read',
  'incidents.batch-applied': 'a batch of alerts is in incidents; the builder has not gone on',
  'supply-chain.settled': 'pushes are decided on; their alerts are in no incident',

  'groups.flushed': 'held messages are released as deliveries; other groups are not',
  'reminders.sent': 'a reminder is queued; other groups are not looked at',
  'reports.planned': 'reports that are due are ordered; none is made',
  'reports.made': 'a report is made and its messages are queued; others are not looked at',
  'delivery.begun': 'a delivery is noted as being sent, and its channel has nothing',
  'delivery.sent': 'a channel has a message, and nothing records it',
  'delivery.recorded': 'a delivery is recorded as sent; its job in Redis is not finished',
  'delivery.part-noted': 'the recipients that have a message are recorded; the job has not failed',
  'delivery.retry-noted': 'a failed try is recorded; the job is not due again',
  'delivery.given-up': 'a delivery is given up and its fallback queued, and no event is published',

  'console.incident-changed': 'a user has changed an incident, and nobody was answered',
  'console.silence-added': 'a silence is added, and nobody was answered',
  'console.silence-expired': 'a silence is ended, and nobody was answered',

  'up.servers-started': 'the servers run; no service does',
  'up.service-started': 'one service runs; others do not',
  'up.run-recorded': 'everything runs and is recorded; nobody knows',
} as const;

export type FailpointName = keyof typeof failpointCatalog;

type Action = { kind: 'kill' | 'hang' | 'throw' } | { kind: 'delay'; ms: number };

interface Armed {
  action: Action;
  /** Visits until it acts, once. */
  left: number;
}

let isArmed = false;
const armed = new Map<string, Armed>();
const visited = new Set<FailpointName>();
let logFile: string | undefined;

/**
 * Marks a place between two side effects. It does nothing, unless the environment of the process
 * names it.
 */
export function failpoint(name: FailpointName): void {
  if (isArmed) visit(name);
}

/**
 * Arms the failpoints that `TIDEWAITER_FAILPOINT` names, as `NAME[:N]:ACTION`, separated by
 * commas: the action follows at the Nth visit, once. `kill` ends the process as a crash, `hang`
 * stops it for good, `throw` fails with an outage, `delay-MS` stops it for that long. Each name
 * that is visited is appended to the file `TIDEWAITER_FAILPOINT_LOG`, once.
 * @throws InvalidInput `CONFIG_INVALID`
 */
export function armFailpoints(environment: Environment): void {
  armed.clear();
  visited.clear();
  logFile = environment['TIDEWAITER_FAILPOINT_LOG'] || undefined;
  for (const text of (environment['TIDEWAITER_FAILPOINT'] ?? '').split(',').filter(Boolean)) {
    const { name, ...rest } = readFailpoint(text.trim());
    armed.set(name, rest);
  }
  isArmed = armed.size > 0 || logFile !== undefined;
}

function readFailpoint(text: string): Armed & { name: FailpointName } {
  const parts = text.split(':');
  const [name = '', count = '1', act = ''] = parts.length === 2 ? [parts[0], '1', parts[1]] : parts;
  const action = actionOf(act);
  if (parts.length > 3 || !Object.hasOwn(failpointCatalog, name) || action === null || !/^[1-9]\d{0,5}$/.test(count)) {
    throw new InvalidInput('CONFIG_INVALID', `TIDEWAITER_FAILPOINT: no such failpoint or action: ${text}`);
  }
  return { name: name as FailpointName, left: Number(count), action };
}

function actionOf(text: string): Action | null {
  if (text === 'kill' || text === 'hang' || text === 'throw') return { kind: text };
  const ms = /^delay-(\d{1,6})$/.exec(text)?.[1];
  return ms === undefined ? null : { kind: 'delay', ms: Number(ms) };
}

function visit(name: FailpointName): void {
  if (logFile !== undefined && !visited.has(name)) {
    visited.add(name);
    appendFileSync(logFile, `${name}\n`);
  }
  const point = armed.get(name);
  if (point === undefined) return;
  point.left -= 1;
  if (point.left === 0) act(name, point.action);
}

function act(name: FailpointName, action: Action): void {
  if (action.kind === 'throw') throw new Unavailable('STORE_UNAVAILABLE', `failpoint ${name}`);
  if (action.kind === 'delay') return block(action.ms);
  if (action.kind === 'kill') process.kill(process.pid, 'SIGKILL');
  // A signal to ourselves arrives in a moment; nothing may run until then.
  block(Infinity);
}

/** Stops the whole process, as SIGSTOP does. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
