import { httpSink } from '@tidewaiter/testkit';

/**
 * Entry of a notification of Distribution. @see
 * https://distribution.github.io/distribution/about/notifications/
 */
export interface DistributionEvent {
  id: string;
  timestamp: string;
  action: string;
  target: { repository: string; digest: string; tag?: string };
  actor?: { name?: string };
}

export interface RegistryRelay {
  /** `notify` of a test registry. */
  notify: { url: string };
  /** All events of the registry, oldest first. */
  events: DistributionEvent[];
  stop(): Promise<void>;
}

/**
 * Receives the notifications of a real registry, so that a test decides about their times and their
 * delivery.
 */
export async function registryRelay(pass: (events: DistributionEvent[]) => Promise<void>): Promise<RegistryRelay> {
  const events: DistributionEvent[] = [];
  let passing = Promise.resolve();
  const sink = await httpSink(({ body }) => {
    const received = (body as { events: DistributionEvent[] }).events;
    events.push(...received);
    passing = passing.then(() => pass(received));
    return { status: 200 };
  });
  return {
    notify: { url: sink.url },
    events,
    async stop() {
      await sink.stop();
      await passing;
    },
  };
}

/** Posts events to a hook like the registry. @throws Error unless ingest accepts them */
export async function postEvents(hook: string, secret: string, events: DistributionEvent[]): Promise<void> {
  const headers = {
    authorization: `Bearer ${secret}`,
    'content-type': 'application/vnd.docker.distribution.events.v1+json',
  };
  const answer = await fetch(hook, { method: 'POST', headers, body: JSON.stringify({ events }) });
  if (answer.status !== 202) throw new Error(`${hook}: ${answer.status} ${await answer.text()}`);
}
