// npm run bench:message [RUNS]: time from the end of a push to its message in Slack, on a whole
// `up` with a real registry that sends its own webhook, and with the default waits of routing. Each
// image has a private key of its own, and is announced in one of several channels, since one that
// got five messages within a minute gets the next ones together. See README.md.
import { generateKeyPairSync } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '@tidewaiter/servers';
import { slackSink, startRegistry, tarArchive } from '@tidewaiter/testkit';

import { pushImage, uniqueLayer } from './images.ts';
import { secret } from './stopwatch.ts';
import { makeHome, startUp } from './up.ts';

const runs = Number(process.argv[2] ?? 50);
const channels = Array.from({ length: 12 }, (_, number) => `channel-${number}`);
const patienceMs = 60_000;

await using closing = new AsyncDisposableStack();
const slack = await slackSink();
closing.defer(async () => slack.stop());
const ingestPort = await freePort();
const registry = await startRegistry({
  notify: {
    url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
    headers: { Authorization: `Bearer ${secret}` },
  },
});
closing.defer(async () => registry.stop());
const home = await makeHome();
closing.defer(async () => rm(home, { recursive: true, force: true }));
await writeFile(
  join(home, 'tidewaiter.yaml'),
  `registries: [{ name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${secret}, allowPrivate: true }]\n`,
);
await writeFile(
  join(home, 'routing.yaml'),
  JSON.stringify({
    route: {
      receiver: channels[0],
      routes: channels.map((receiver) => ({ receiver, matchers: [`repository=~"${receiver}/.*"`] })),
    },
    receivers: channels.map((name) => ({ name, slack_configs: [{ api_url: `${slack.webhookUrl}/${name}` }] })),
  }),
);
const up = await startUp(home, ingestPort);
closing.defer(up.stop);

const base = uniqueLayer('base');
await timeOf(-1);
const times: number[] = [];
for (let run = 0; run < runs; run += 1) times.push(await timeOf(run));
times.sort((a, b) => a - b);
const at = (share: number) => `${(times[Math.min(runs - 1, Math.floor(share * runs))]! / 1_000).toFixed(1)} s`;
console.log(
  `${runs} pushes of an image on known layers with a key of its own, load ${loadavg()[0]!.toFixed(1)}: ` +
    `push to message p50 ${at(0.5)}, p95 ${at(0.95)}, longest ${at(1)}; ${slack.received.length - 1} messages`,
);

/** Pushes an image to a repository of its own, and waits for the message that names it. */
async function timeOf(run: number): Promise<number> {
  const repository = `${channels[(run + 1) % channels.length]}/app-${run + 1}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await pushImage(registry.url, repository, '1', base, tarArchive([{ path: 'app/key.pem', content: key }]));
  const pushedAt = performance.now();
  while (!slack.received.some(({ text }) => text.includes(`${repository}:1`))) {
    if (performance.now() - pushedAt > patienceMs) throw new Error(`no message about ${repository} within a minute`);
    await sleep(10);
  }
  return performance.now() - pushedAt;
}
