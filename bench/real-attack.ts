// npm run bench:real-attack [RUNS]: Debian's xmrig starts in a container of containerd and runc,
// with --dry-run and without a network, so that it mines nothing. execsnoop of libbpf-tools sees it
// in the kernel (sensor `generic`), `ctr events` reports the container (sensor `cri`). Measures the
// time from exec to the message, and stops the container then. Root; needs
// `apt-get install containerd runc libbpf-tools xmrig`, and tracefs at /sys/kernel/tracing.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { currentRun, freePort } from '@tidewaiter/servers';
import { webhookSink } from '@tidewaiter/testkit';

const runs = Number(process.argv[2] ?? 100);
const token = 'token-of-the-bench';
const missing = ['containerd', 'runc', 'ctr', 'xmrig', 'execsnoop-libbpf'].filter((name) => pathOf(name) === null);
if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}`);
if (!existsSync('/sys/kernel/tracing/events/syscalls/sys_enter_execve'))
  throw new Error('execsnoop needs the tracepoints of system calls: mount -t tracefs tracefs /sys/kernel/tracing');

const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-attack-'));
const socket = join(folder, 'containerd.sock');
const children: ChildProcess[] = [];
const sink = await webhookSink();
const ingestUrl = `http://127.0.0.1:${await freePort()}`;

try {
  startContainerd();
  makeRoot();
  await startPlatform();
  const containers = followContainers();
  const execs = followExecs(containers);
  // Its programs are in the kernel a moment after its start, and its heading may come late.
  await sleep(5_000);
  const times: number[] = [];
  let messages = 0;
  for (let run = 0; run < runs; run += 1) {
    const id = `attack-${run}`;
    const before = sink.received.length;
    const started = execs.waitFor(id, run);
    const container = spawn('ctr', ['-a', socket, 'run', '--rootfs', join(folder, 'root'), id, ...attack(run)]);
    const execAt = await started;
    const messageAt = await messageAbout(run);
    times.push(messageAt - execAt);
    // The response to the incident: the container ends at once, not after its minute.
    execFileSync('ctr', ['-a', socket, 'task', 'kill', '-s', 'SIGKILL', id]);
    await new Promise((ended) => container.once('exit', ended));
    execFileSync('ctr', ['-a', socket, 'container', 'rm', id]);
    await sleep(500);
    messages += sink.received.length - before;
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.min(times.length - 1, Math.floor(share * times.length))]!);
  process.stdout.write(
    `${runs} runs, ${messages} messages; exec to message: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ` +
      `p99 ${at(0.99)} ms, longest ${at(1)} ms; load ${loadavg()[0]!.toFixed(1)}\n`,
  );
} finally {
  for (const child of children.toReversed()) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await new Promise((ended) => child.once('exit', ended));
  }
  await sink.stop();
  rmSync(folder, { recursive: true, force: true });
}

function pathOf(program: string): string | null {
  const folders = `${process.env['PATH']}:/usr/sbin`.split(':');
  return folders.map((each) => join(each, program)).find((path) => existsSync(path)) ?? null;
}

/** Another pool for each run: the same one would be one campaign, and one incident. */
function attack(run: number): string[] {
  const pool = `192.0.2.${(run % 250) + 1}:${3_333 + Math.floor(run / 250)}`;
  const miner = `/usr/bin/xmrig --dry-run --no-color -o ${pool} -u bench`;
  return ['/bin/sh', '-c', `${miner}; sleep 60`];
}

function startContainerd(): void {
  const config = join(folder, 'containerd.toml');
  writeFileSync(
    config,
    `version = 2\nroot = "${folder}/lib"\nstate = "${folder}/run"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "${socket}"\n`,
  );
  children.push(spawn('containerd', ['--config', config], { stdio: 'ignore' }));
}

/** Files of the container: the miner, a shell, and what they are linked with. */
function makeRoot(): void {
  const root = join(folder, 'root');
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'etc', 'run']) mkdirSync(join(root, name), { recursive: true });
  for (const program of ['/usr/bin/xmrig', '/bin/sh', '/bin/sleep']) {
    const linked = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+(?= \()/g) ?? [];
    for (const file of [program, ...linked]) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      copyFileSync(file, join(root, file));
    }
  }
}

async function startPlatform(): Promise<void> {
  const home = join(folder, 'home');
  mkdirSync(home, { mode: 0o711 });
  execFileSync('chmod', ['711', folder]);
  writeFileSync(
    join(home, 'tidewaiter.yaml'),
    `registries: []
sensors:
  - { name: runtimes, kind: cri, token: ${token} }
  - name: kernel
    kind: generic
    token: ${token}
    fields: { at: at, id: id, node: node, cluster: cluster, process.executable: executable, process.commandLine: commandLine, process.pid: pid, process.parentPid: parentPid, container.id: container }
`,
  );
  writeFileSync(
    join(home, 'routing.yaml'),
    `route: { receiver: sink, group_by: ['...'], group_wait: 0s }\nreceivers: [ { name: sink, webhook_configs: [ { url: "${sink.url}" } ] } ]\n`,
  );
  const launcher = resolve(import.meta.dirname, '../tidewaiter');
  const up = spawn(launcher, ['up', '--port-ingest', new URL(ingestUrl).port, '--port-console', '0'], {
    env: { ...process.env, TIDEWAITER_HOME: home, TIDEWAITER_LOG_LEVEL: 'warn' },
    stdio: 'ignore',
  });
  children.push(up);
  while ((await currentRun(join(home, '.tidewaiter')))?.ready !== true) {
    if (up.exitCode !== null) throw new Error('up ended');
    await sleep(200);
  }
}

async function send(sensor: string, event: object): Promise<void> {
  const answer = await fetch(`${ingestUrl}/hooks/runtime/${sensor}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  if (answer.status !== 202) throw new Error(`${sensor}: ${answer.status} ${await answer.text()}`);
}

/** Ships the events of containerd; returns the containers by their first process. */
function followContainers(): Map<number, string> {
  const byPid = new Map<number, string>();
  const events = spawn('ctr', ['-a', socket, 'events'], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(events);
  createInterface(events.stdout).on('line', (line) => {
    const [, timestamp, topic, body] = /^(\S+ \S+ \S+ \S+) \S+ (\/\S+) (\{.*\})$/.exec(line) ?? [];
    if (topic === undefined || body === undefined) return;
    const event = JSON.parse(body) as { container_id?: string; pid?: number };
    if (topic === '/tasks/create' && event.pid !== undefined) byPid.set(event.pid, event.container_id ?? '');
    const at = new Date(
      Date.parse(timestamp!.replace(/ UTC$/, '').replace(' +0000', 'Z').replace(' ', 'T')) || Date.now(),
    );
    void send('runtimes', { topic, timestamp: at.toISOString(), node: 'bench', event });
  });
  return byPid;
}

/** Ships what execsnoop prints: a line for each exec, with arguments in quotation marks. */
function followExecs(containers: ReadonlyMap<number, string>) {
  const waiting = new Map<string, { run: number; started: (at: number) => void }>();
  // A line at a time, though it prints into a pipe.
  const args = ['-oL', pathOf('execsnoop-libbpf')!, '-q', '-l', 'xmrig'];
  const snoop = spawn('stdbuf', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(snoop);
  createInterface(snoop.stdout).on('line', (line) => {
    const seenAt = Date.now();
    const [, pid, parentPid, quoted] = /^\S+ +(\d+) +(\d+) +0 (".*)$/.exec(line) ?? [];
    const [executable, ...words] = quoted?.match(/"[^"]*"/g)?.map((word) => word.slice(1, -1)) ?? [];
    if (executable === undefined || !executable.endsWith('/xmrig')) return;
    const container = containers.get(Number(parentPid)) ?? containers.get(Number(pid));
    const known = container === undefined ? undefined : waiting.get(container);
    if (known === undefined) return;
    known.started(seenAt);
    void send('kernel', {
      ...{ id: randomUUID(), at: new Date(seenAt).toISOString(), node: 'bench', cluster: `bench-${known.run}` },
      ...{ executable, commandLine: [executable, ...words].join(' '), pid, parentPid, container },
    });
  });
  return {
    waitFor: async (id: string, run: number) =>
      new Promise<number>((started) => {
        waiting.set(id, { run, started });
      }),
  };
}

/** Time at which the message about the incident of a run has arrived. */
async function messageAbout(run: number): Promise<number> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(2)) {
    const found = sink.received.find(({ body }) => JSON.stringify(body).includes(`bench-${run}"`));
    if (found) return Date.now();
  }
  throw new Error(`no message about run ${run}: ${readFileSync('/proc/loadavg', 'utf8')}`);
}
