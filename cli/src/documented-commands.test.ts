import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import { parseSettings } from '@tidewaiter/runtime';
import type { Command } from 'commander';
import { parseDocument } from 'yaml';

import { createProgram } from './program.js';

const root = resolve(__dirname, '../..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('decisions') && name !== 'cli.md')
    .map((name) => `docs/${name}`),
];
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** Blocks of a language in a page, without the indent of the list that they are in. */
function blocks(text: string, language: string): string[] {
  const fence = new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\``, 'gm');
  return [...text.matchAll(fence)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

/** Command lines of this program in shell blocks, as words. */
function commandLines(page: string): string[][] {
  const text = read(page);
  const shell = [
    ...blocks(text, 'sh'),
    ...blocks(text, 'console').map((block) => block.replaceAll(/^(?!\$ ).*$/gm, '')),
  ];
  return shell
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, ' ').split('\n'))
    .flatMap((line) => {
      const [, rest] = /(?:^|\$ |; )(?:[A-Z_]+=\S+ )?\.\/tidewaiter ([^|>]*)/.exec(line) ?? [];
      return rest === undefined ? [] : [wordsOf(rest.replace(/\s#.*$/, '').trim())];
    });
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replaceAll(/['"]/g, ''));
}

describe('commands in documents', () => {
  let program: Command;
  beforeAll(async () => {
    program = await createProgram();
  });

  it.each(pages.flatMap((page) => commandLines(page).map((words) => [words.join(' '), page, words] as const)))(
    '%s in %s has a known command and known options',
    (_, __, words) => {
      const { command, rest } = commandOf(program, words);
      expect(command).not.toBe(program);
      const known = [...command.options, ...program.options].flatMap(({ short, long }) => [
        short,
        long,
        '--help',
        '-h',
      ]);
      const flags = rest.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=')[0]);
      expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
    },
  );

  function commandOf(parent: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
    const [name, ...rest] = words;
    const command = parent.commands.find((each) => each.name() === name || each.aliases().includes(name ?? ''));
    return command ? commandOf(command, rest) : { command: parent, rest: words };
  }

  it('finds the commands of the README', () => {
    expect(commandLines('README.md').map(([name]) => name)).toEqual(expect.arrayContaining(['up', 'test', 'scan']));
  });
});

describe('configuration in documents', () => {
  const samples = pages.flatMap((page) => blocks(read(page), 'yaml').map((text) => ({ page, text })));
  const keysOf = (text: string): string[] => {
    const value: unknown = parseDocument(text).toJS();
    return typeof value === 'object' && value !== null ? Object.keys(value) : [];
  };
  /** Stands for the policy files that samples name. */
  const policy = "{ name: ours, description: d, rules: [{ expression: 'true' }] }";
  const settingKeys = [
    ...[
      'registries',
      'sensors',
      'pipelines',
      'signers',
      'signatureGrace',
      'identity',
      'releases',
      'policies',
      'exceptions',
      'reports',
    ],
    ...['access', 'vex', 'admission', 'owners', 'ownerLabels', 'runtime', 'platforms', 'egress', 'slack', 'templates'],
  ];
  const isPart = (text: string, keys: readonly string[]): boolean =>
    keysOf(text).length > 0 && keysOf(text).every((key) => keys.includes(key));

  it.each(samples.filter(({ text }) => isPart(text, settingKeys)))(
    'tidewaiter.yaml in $page loads: $text',
    ({ text }) => {
      expect(() =>
        parseSettings(
          text,
          (path) => (path.endsWith('.yaml') ? policy : 'text'),
          () => [],
        ),
      ).not.toThrow();
    },
  );

  it.each(
    samples.filter(({ text }) => isPart(text, ['global', 'route', 'receivers', 'time_intervals', 'inhibit_rules'])),
  )('routing.yaml in $page loads: $text', ({ text }) => {
    const names = [...text.matchAll(/(?:- name|fallback): (\S+)/g)].map(([, name]) => name ?? '');
    const whole = keysOf(text).includes('route') ? text : `route: { receiver: ${names[0]} }\n${text}`;
    const missing = names.filter((name) => !whole.includes(`- name: ${name}`)).map((name) => `\n  - name: ${name}`);
    expect(() =>
      parseRouting(`${whole.trimEnd()}${missing.join('')}\n`, {
        channels: channelReaders,
        readFile: () => 'https://hooks.example.com/x',
      }),
    ).not.toThrow();
  });
});
