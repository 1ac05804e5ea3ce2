import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { captureOutput, type CapturedOutput, tarArchive } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { rulesCommand } from './rules.js';

const good = `title: Curl from a shell
id: curl-1
author: Somebody
license: DRL-1.1
logsource: { product: linux, category: process_creation }
detection:
  selection: { Image|endswith: /curl }
  condition: selection
level: high
`;
const bad = good.replace('|endswith', '|endwith').replace('curl-1', 'curl-2');
const foreign = good.replace('process_creation', 'auditd').replace('category', 'service').replace('curl-1', 'curl-3');
const narrowing = `title: only root
logsource: { product: linux, category: process_creation }
filter: { rules: any, selection: { User: root }, condition: selection }
`;

const exec = {
  process_exec: {
    process: {
      exec_id: 'bm9kZTox',
      pid: 7,
      uid: 0,
      cwd: '/',
      binary: '/usr/bin/curl',
      arguments: '-s http://a.example',
    },
  },
  node_name: 'node-1',
  time: '2026-03-03T01:11:56.000000000Z',
};

let folder: string;
let output: CapturedOutput;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-rules-'));
  output = captureOutput();
});

afterEach(async () => {
  output.restore();
  process.exitCode = undefined;
  await rm(folder, { recursive: true });
});

async function rules(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  rulesCommand(program);
  await program.parseAsync(['rules', ...args], { from: 'user' });
}

async function put(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

function archive(files: Record<string, string>): Buffer {
  return tarArchive(Object.entries(files).map(([path, content]) => ({ path, content })));
}

describe('rules check', () => {
  it('says what is there', async () => {
    await put({ 'a.yml': good });
    await rules('check', folder);
    expect([output.stdout, output.stderr]).toEqual(['', '1 rule and 0 correlations can be used, 0 refused\n']);
    expect(process.exitCode).toBeUndefined();
  });

  it('names each refused rule with file, line and reason, and a filter that keeps what it selects', async () => {
    await put({ 'a.yml': good, 'b/bad.yml': bad, 'c.yml': narrowing, 'd.txt': 'no rule' });
    await rules('check', folder);
    expect(output.stdout).toBe(`${folder}/b/bad.yml:7: unknown modifier "endwith" (Curl from a shell)\n`);
    expect(output.stderr).toContain(`${folder}/c.yml:1: the filter keeps only what it selects`);
    expect(output.stderr).toContain('1 rule and 0 correlations can be used, 1 refused');
    expect(process.exitCode).toBe(1);
  });

  it('runs the examples that a rule carries', async () => {
    const examples = ['matches: [{ exec: /usr/bin/nmap }, { exec: /usr/bin/id }]', 'ignores: [{ eats: lunch }]'];
    const rule =
      'title: Scanner\nlogsource: { product: linux, category: process_creation }\ndetection: { s: { Image|endswith: /nmap }, condition: s }\n';
    await put({ 'a.yml': `${rule}tidewaiter:\n  scope: [container]\n  ${examples.join('\n  ')}\n` });
    await rules('check', folder);
    const [found, unreadable] = output.stdout.split('\n');
    expect(found).toBe(`${folder}/a.yml:1: example {"exec":"/usr/bin/id"}: the rule does not find it (Scanner)`);
    expect(unreadable).toContain('{"eats":"lunch"}: an event of an example has one of exec, exit, read');
    expect(output.stderr).toContain('0 refused, 2 examples failed');
    expect(process.exitCode).toBe(1);
  });

  it('refuses a pipeline as a whole', async () => {
    await put({ 'a.yml': good, 'p.txt': 'transformations: [{ type: make_tea }]\n' });
    await expect(rules('check', folder, '--pipeline', join(folder, 'p.txt'))).rejects.toMatchObject({
      code: 'PIPELINE_INVALID',
      message: `${join(folder, 'p.txt')}:1: unknown transformation "make_tea"`,
    });
  });
});

describe('rules test', () => {
  const recorded = `${JSON.stringify({ id: 'e1', at: exec.time, source: 'tetragon', event: exec })}\n`;

  it('shows a match with its reason, and who wrote the rule', async () => {
    await put({ 'a.yml': good, 'events.jsonl': recorded });
    await rules('test', join(folder, 'a.yml'), '--events', join(folder, 'events.jsonl'));
    expect(output.stdout).toBe(
      `e1\thigh\tCurl from a shell (Somebody, DRL-1.1)\t${folder}/a.yml:1\tImage endswith /curl in "/usr/bin/curl"\n`,
    );
    expect(output.stderr).toBe('1 event, 1 rule, 1 match\n');
  });

  it('reads events as their sensor sends them', async () => {
    await put({ 'a.yml': good, 'events.jsonl': `${JSON.stringify(exec)}\n`.repeat(2) });
    const events = join(folder, 'events.jsonl');
    await rules('test', join(folder, 'a.yml'), '--events', events, '--source', 'tetragon', '--format', 'json');
    const { matches } = JSON.parse(output.stdout) as { matches: { rule: object }[] };
    expect(matches).toHaveLength(2);
    expect(matches[0]).toMatchObject({
      at: exec.time,
      rule: { id: 'curl-1', author: 'Somebody', license: 'DRL-1.1' },
      explanation: [{ field: 'Image', value: '/usr/bin/curl', test: 'endswith /curl' }],
    });
  });

  it('shows what correlations make of the matches', async () => {
    const twice = `title: twice
id: twice-1
level: critical
correlation: { type: event_count, rules: [curl-1], group-by: [Image], timespan: 1m, condition: { gte: 2 } }
`;
    await put({ 'a.yml': good, 'b.yml': twice, 'events.jsonl': recorded + recorded.replace('e1', 'e2') });
    await rules('test', join(folder, 'a.yml'), join(folder, 'b.yml'), '--events', join(folder, 'events.jsonl'));
    const lines = output.stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split('\t').slice(0, 2))).toEqual([
      ['e1', 'high (part)'],
      ['e2', 'high (part)'],
      ['e1 e2', 'critical'],
    ]);
  });

  it('says which line is no event', async () => {
    await put({ 'a.yml': good, 'events.jsonl': `${recorded}{}\n` });
    const run = rules('test', join(folder, 'a.yml'), '--events', join(folder, 'events.jsonl'));
    await expect(run).rejects.toMatchObject({ code: 'RECORDING_INVALID', message: expect.stringContaining('line 2') });
  });
});

describe('rules import', () => {
  const checkout = {
    'sigma-1/LICENSE.md': 'Detection Rule License (DRL) 1.1\n',
    'sigma-1/README.yml': 'no: rule\n',
    'sigma-1/rules/linux/a.yml': good.replace('license: DRL-1.1\n', ''),
    'sigma-1/rules/linux/bad.yml': bad,
    'sigma-1/rules/linux/foreign.yml': foreign,
  };

  async function imported(): Promise<string[]> {
    const into = join(folder, 'into');
    const names = await readdir(into, { recursive: true, withFileTypes: true });
    return names
      .filter((each) => each.isFile())
      .map((each) => each.name)
      .toSorted();
  }

  it('copies what can be used, and says what it leaves out', async () => {
    await put(checkout);
    await rules('import', join(folder, 'sigma-1'), '--into', join(folder, 'into'));
    expect(await imported()).toEqual(['LICENSE.md', 'a.yml']);
    // Every match must be able to say it.
    expect(await readFile(join(folder, 'into/rules/linux/a.yml'), 'utf8')).toContain('license: DRL-1.1\nlogsource:');
    expect(output.stderr).toContain('rules/linux/bad.yml:7: unknown modifier "endwith"');
    expect(output.stderr).toContain('no sensor reports it: linux/auditd 1');
    expect(output.stderr).toContain('1 file with rules copied');
  });

  it('reads an archive of a repository', async () => {
    await writeFile(join(folder, 'sigma.tar.gz'), gzipSync(archive(checkout)));
    await rules('import', join(folder, 'sigma.tar.gz'), '--into', join(folder, 'into'));
    expect(await imported()).toEqual(['LICENSE.md', 'a.yml']);
  });

  it('writes nothing outside of the folder', async () => {
    await writeFile(join(folder, 'sigma.tar'), archive({ '../../outside.yml': good, '/etc/absolute.yml': foreign }));
    await rules('import', join(folder, 'sigma.tar'), '--into', join(folder, 'into'));
    expect(await readdir(folder)).toEqual(['into', 'sigma.tar']);
  });

  it('refuses what is no archive', async () => {
    await put({ 'a.zip': 'PK, or so it says' });
    await expect(rules('import', join(folder, 'a.zip'), '--into', join(folder, 'into'))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
    });
  });
});
