/** Requests of people and pipelines in a schedule, beside registries and sensors. */
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { hexOf } from './images.ts';
import type { FaultyPlatform } from './platform.ts';
import { secret, slackSecret } from './rig-files.ts';

const triesMs = 180_000;

/**
 * Does everything once, and repeats what fails, as people do: silences, decisions about an incident
 * in the console and in Slack, another message of a delivery, a report of a pipeline.
 * @param since beginning of the schedules that are checked together
 * @returns what never succeeded
 */
export async function actAsPeople(platform: FaultyPlatform, prefix: string, since: Date): Promise<string[]> {
  // Acts on an earlier look only: another message about a fact of this one counts as doubled.
  const [incident] = await platform.query<{ id: string }>(
    `SELECT id FROM incident WHERE state = 'open' AND merged_into IS NULL AND first_seen < $1 ORDER BY number DESC LIMIT 1`,
    [since],
  );
  const [delivery] = await platform.query<{ id: string }>(
    `SELECT id FROM delivery WHERE state = 'sent' AND created_at < $1 ORDER BY number LIMIT 1`,
    [since],
  );
  const matchers = [`namespace="nowhere-${prefix}"`];
  const deeds: Record<string, () => Promise<boolean>> = {
    'report of a pipeline': async () => report(platform, prefix),
    'silence in Slack': async () =>
      press(platform, { action_id: 'tidewaiter_silence', value: JSON.stringify({ incident: null, matchers }) }),
    'silence in the console': async () => silence(platform, [`namespace="nobody-${prefix}"`]),
    'redrive of failed deliveries': async () =>
      inConsole(platform, 'POST', '/deliveries/redrive', { receiver: 'nobody' }),
  };
  if (incident) {
    deeds['acknowledgement in Slack'] = async () =>
      press(platform, { action_id: 'tidewaiter_acknowledge', value: incident.id });
    deeds['acknowledgement in the console'] = async () =>
      inConsole(platform, 'POST', `/incidents/${incident.id}/acknowledge`);
    deeds['snooze in the console'] = async () =>
      inConsole(platform, 'POST', `/incidents/${incident.id}/snooze`, { until: new Date(Date.now() + 86_400_000) });
    deeds['resolution in the console'] = async () => inConsole(platform, 'POST', `/incidents/${incident.id}/resolve`);
  }
  if (delivery) {
    deeds['redrive of a delivery'] = async () => inConsole(platform, 'POST', `/deliveries/${delivery.id}/redrive`, {});
  }
  const failed: string[] = [];
  await Promise.all(
    Object.entries(deeds).map(async ([name, deed]) => {
      if (!(await untilDone(deed))) failed.push(name);
    }),
  );
  return failed;
}

/** Sends failed messages of the channel that refuses each once again. */
export async function redriveRefused(platform: FaultyPlatform): Promise<void> {
  await inConsole(platform, 'POST', '/deliveries/redrive', { receiver: 'refusing' }).catch(() => false);
}

/** The same, by the dead letters of its messages. */
export async function redriveLetters(platform: FaultyPlatform): Promise<void> {
  await inConsole(platform, 'POST', '/dead-letters/redrive', { q: 'worker=delivery' }).catch(() => false);
}

/** Ends the reminders of incidents by acknowledging them. */
export async function acknowledge(platform: FaultyPlatform, prefix: string): Promise<void> {
  const incidents = await platform.query<{ id: string }>(
    `SELECT id FROM incident WHERE state = 'open' AND merged_into IS NULL AND starts_with(namespace, $1)`,
    [prefix],
  );
  for (const { id } of incidents)
    await untilDone(async () => inConsole(platform, 'POST', `/incidents/${id}/acknowledge`));
}

async function untilDone(deed: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + triesMs;
  while (Date.now() < deadline) {
    if (await deed().catch(() => false)) return true;
    await sleep(300);
  }
  return false;
}

async function silence(platform: FaultyPlatform, matchers: string[]): Promise<boolean> {
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const answer = await ask(platform, 'POST', '/silences', { matchers, endsAt, comment: 'rig' });
  const { id } = (await answer.json()) as { id?: string };
  return answer.ok && inConsole(platform, 'DELETE', `/silences/${id}`);
}

async function inConsole(platform: FaultyPlatform, method: string, path: string, body?: object): Promise<boolean> {
  const answer = await ask(platform, method, path, body);
  await answer.text();
  return answer.ok;
}

async function ask(platform: FaultyPlatform, method: string, path: string, body?: object): Promise<Response> {
  const { port } = platform.instances.get('console-1')!;
  return fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${platform.apiToken}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
}

async function press(platform: FaultyPlatform, action: object): Promise<boolean> {
  const payload = { type: 'block_actions', user: { id: 'U1', username: 'jane' }, actions: [action] };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const at = String(Math.floor(Date.now() / 1_000));
  const answer = await fetch(`${platform.ingestUrl}/hooks/slack/interactions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': at,
      'x-slack-signature': `v0=${createHmac('sha256', slackSecret).update(`v0:${at}:${body}`).digest('hex')}`,
    },
    body,
    signal: AbortSignal.timeout(10_000),
  });
  await answer.text();
  return answer.ok;
}

/** Sends an SBOM of an image without a push. */
async function report({ ingestUrl }: FaultyPlatform, prefix: string): Promise<boolean> {
  const sbom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    components: [{ type: 'library', name: 'left-pad', version: '1.0.0', purl: 'pkg:npm/left-pad@1.0.0' }],
  };
  const answer = await fetch(`${ingestUrl}/hooks/pipeline/ci?digest=sha256:${hexOf(prefix)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify(sbom),
    signal: AbortSignal.timeout(10_000),
  });
  await answer.text();
  return answer.ok;
}
