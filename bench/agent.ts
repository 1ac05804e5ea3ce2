// The agent of a cluster: time to list 10,000 pods, and a steady stream of events through it, with
// its memory. The hub is a sink that answers at once, the API server a stand-in.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

import { kubernetesStandIn, startHttpServer } from '@tidewaiter/testkit';

const podCount = 10_000;
const eventsPerSecond = 5_000;
const seconds = 20;
const eventsPerRequest = 100;

const received = { watch: 0, falco: 0 };
const hub = await startHttpServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const key = request.url?.endsWith('falco') ? 'falco' : 'watch';
    if (request.url?.includes('/events/'))
      for (const byte of gunzipSync(Buffer.concat(parts))) if (byte === 10) received[key] += 1;
    const until = new Date(Date.now() + 3_600_000).toISOString();
    response.end(JSON.stringify({ cluster: 'bench', credential: 'c', expiresAt: until, rotateAt: until }));
  });
});
const api = await kubernetesStandIn();
for (let index = 0; index < podCount; index += 1) api.put('/api/v1/pods', podOf(index));

const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-bench-agent-'));
const began = performance.now();
/** As in the image. */
const flags = ['--max-semi-space-size=8'];
const agent = spawn(
  process.execPath,
  [...flags, resolve(import.meta.dirname, '../cli/dist/main.js'), 'service', 'agent'],
  {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      TIDEWAITER_HUB_URL: `http://127.0.0.1:${hub.port}`,
      TIDEWAITER_JOIN_TOKEN: 'token',
      TIDEWAITER_AGENT_DIR: folder,
      TIDEWAITER_SENSOR_TOKEN: 'token',
      TIDEWAITER_KUBERNETES_URL: api.url,
      TIDEWAITER_HTTP_PORT: '0',
      TIDEWAITER_LOG_LEVEL: 'warn',
    },
  },
);
const url = await new Promise<string>((found) => {
  agent.stderr.on('data', (text: Buffer) => {
    const [, at] = /listens on (\S+)/.exec(text.toString()) ?? [];
    if (at !== undefined) found(at);
  });
});
while (received.watch < podCount) await sleep(20);
const listMs = performance.now() - began;

const event = { rule: 'Shell in a container', priority: 'Warning', output: 'x'.repeat(400), output_fields: { a: 1 } };
let sent = 0;
let refused = 0;
const start = performance.now();
const pending = new Set<Promise<void>>();
while (performance.now() - start < seconds * 1_000) {
  const due = Math.floor(((performance.now() - start) / 1_000) * eventsPerSecond);
  for (; sent + eventsPerRequest <= due; sent += eventsPerRequest) {
    const request = send(sent).finally(() => pending.delete(request));
    pending.add(request);
  }
  await sleep(5);
}
await Promise.all(pending);
while (received.falco < sent - refused && performance.now() - start < seconds * 4_000) await sleep(20);
const streamMs = performance.now() - start;
const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;

console.log('| measure | value | wanted |');
console.log('| --- | --- | --- |');
console.log(`| ${podCount} pods listed, start included | ${(listMs / 1_000).toFixed(1)} s | <= 30 s |`);
console.log(`| events at the hub | ${received.falco} of ${sent} | all |`);
console.log(`| events a second | ${Math.round((received.falco / streamMs) * 1_000)} | ${eventsPerSecond} |`);
console.log(`| peak memory | ${Math.round(peakMiB)} MiB | <= 300 MB |`);

agent.kill();
await new Promise((ended) => agent.once('exit', ended));
await Promise.all([hub.stop(), api.stop()]);
rmSync(folder, { recursive: true });

async function send(from: number): Promise<void> {
  const lines = Array.from({ length: eventsPerRequest }, (_, index) => JSON.stringify({ ...event, id: from + index }));
  const headers = { authorization: 'Bearer token' };
  const answer = await fetch(`${url}/events/falco`, { method: 'POST', headers, body: lines.join('\n') });
  if (answer.status !== 202) refused += eventsPerRequest;
  await answer.text();
}

/** A pod of the size that a small real one has. */
function podOf(index: number) {
  return {
    metadata: {
      ...{ uid: `uid-${index}`, name: `web-7c9d8f6b5d-${index}`, namespace: `team-${index % 50}` },
      labels: { app: 'web', 'pod-template-hash': '7c9d8f6b5d' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7c9d8f6b5d', controller: true }],
      managedFields: [{ manager: 'kubelet', fieldsV1: { fields: 'f:status '.repeat(300) } }],
    },
    spec: {
      nodeName: `node-${index % 100}`,
      containers: [{ name: 'web', image: 'registry.example.com/shop/web:1', env: [{ name: 'A', value: 'b' }] }],
    },
    status: { phase: 'Running', conditions: 'x'.repeat(2_000) },
  };
}
