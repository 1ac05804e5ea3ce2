import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { itWith, programs } from '@tidewaiter/testkit';

import { createProgram } from '../program.js';
import { completionScript, type Shell, shells } from './completion.js';
import { type CommandGrammar, grammarOf } from './grammar.js';

// Shells start slowly on a busy machine.
jest.setTimeout(60_000);

const all = (command: CommandGrammar): CommandGrammar[] => [command, ...command.commands.flatMap(all)];

let commands: CommandGrammar[];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-completion-'));
  const program = await createProgram();
  commands = all(grammarOf(program));
  for (const shell of shells) writeFileSync(join(folder, shell), await completionScript(program, shell));
  mkdirSync(join(folder, 'here/layout'), { recursive: true });
  writeFileSync(join(folder, 'here/report with space.json'), '');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Completed lines that each real shell offers for each input line. */
const ask: Record<Shell, (lines: readonly string[]) => string[][]> = {
  bash: (lines) =>
    read(
      'bash',
      lines,
      `source ${folder}/bash
       while IFS= read -r COMP_LINE; do
         COMP_POINT=\${#COMP_LINE} COMPREPLY=()
         _tidewaiter 2>/dev/null
         for reply in "\${COMPREPLY[@]}"; do printf '%s\\t' "$reply"; done
         echo
       done`,
      ['--norc', '--noprofile', '-c'],
    ),
  fish: (lines) =>
    read(
      'fish',
      lines,
      `source ${folder}/fish
       while read -l line
         complete -C "$line" | while read -l reply; printf '%s\\t' (string split -f 1 \\t -- $reply); end
         echo
       end`,
      ['--no-config', '-c'],
    ),
  // zsh completes only in its line editor: one key makes a second zsh take the lines one by one.
  zsh: (lines) =>
    read(
      'zsh',
      lines,
      `cat >${folder}/lines
       rm -f ${folder}/answers
       zmodload zsh/zpty
       zpty inner zsh -f -i
       zpty -w inner "autoload -Uz compinit && compinit -u -D; source ${folder}/zsh; source ${folder}/asked"
       zpty -w -n inner $'\\C-t'
       zpty -r -m inner output '*<answered>*'
       zpty -d inner
       cat ${folder}/answers`,
      ['-f', '-c'],
    ),
};

/** fish takes a fifth of a second for each of some 400 lines on a busy machine. */
const shellTimeoutMs = 240_000;

jest.setTimeout(shellTimeoutMs);

function read(shell: Shell, lines: readonly string[], script: string, flags: string[]): string[][] {
  const options = {
    input: `${lines.join('\n')}\n`,
    cwd: join(folder, 'here'),
    encoding: 'utf8' as const,
    timeout: shellTimeoutMs,
  };
  const answers = execFileSync(shell, [...flags, script], options)
    .split('\n')
    .slice(0, lines.length);
  return answers.map((answer) => answer.split('\t').filter(Boolean).toSorted());
}

beforeAll(() => {
  writeFileSync(
    join(folder, 'asked'),
    `unsetopt auto_menu auto_list list_beep
     compadd() {
       if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return $?; fi
       typeset -a hits; builtin compadd -O hits "$@"
       for hit in $hits; do printf '%s\\t' "$IPREFIX$hit" >>${folder}/answers; done
     }
     ask() {
       while IFS= read -r BUFFER; do
         CURSOR=$#BUFFER
         zle complete-word
         echo >>${folder}/answers
       done <${folder}/lines
       print -r -- '<answered>'
     }
     zle -C complete-word complete-word _main_complete
     zle -N ask
     bindkey '^T' ask
    `,
  );
});

const at = ({ path }: CommandGrammar) => ['tidewaiter', ...path, ''].join(' ');

describe.each(shells)('in %s', (shell) => {
  const test = itWith(programs(shell));

  test('every command and every option is offered', () => {
    const answers = ask[shell](commands.flatMap((command) => [at(command), `${at(command)}--`]));
    for (const [index, command] of commands.entries()) {
      const [words = [], options = []] = answers.slice(index * 2, index * 2 + 2);
      const suffix = command.values.files === ':' ? ':' : '';
      for (const name of command.commands.map((each) => each.name)) expect(words).toContain(name);
      for (const word of command.values.words) expect(words.map((each) => each.replace(/:$/, ''))).toContain(word);
      if (suffix && shell !== 'zsh') for (const word of command.values.words) expect(words).toContain(word + suffix);
      const long = command.options.flatMap(({ names }) => names.filter((name) => name.startsWith('--')));
      expect(options.map((option) => option.replace(/=$/, ''))).toEqual(expect.arrayContaining(long));
    }
  });

  test('every value of every option is offered', () => {
    const asked = commands.flatMap((command) =>
      command.options
        .filter(({ values }) => values.words.length > 0)
        .flatMap(({ names, values: { words, files } }) => {
          // A scheme comes with its colon, which zsh adds by itself.
          const offered = files === ':' && shell !== 'zsh' ? words.map((word) => `${word}:`) : words;
          return names.map((name) => [`${at(command)}${name} `, offered] as const);
        }),
    );
    expect(asked.length).toBeGreaterThan(20);
    const answers = ask[shell](asked.map(([line]) => line));
    for (const [index, [line, words]] of asked.entries())
      expect([line, answers[index]]).toEqual([line, words.toSorted()]);
  });

  test('files stand behind a scheme, behind a format, and alone', () => {
    const [scheme, format, alone, nothing] = ask[shell]([
      'tidewaiter scan oci:la',
      'tidewaiter scan x -o json=rep',
      'tidewaiter scan --cache-dir l',
      'tidewaiter scan --timeout ',
    ]);
    expect(scheme?.map((each) => each.replace(/^oci:|\/$/g, ''))).toEqual(['layout']);
    expect(format?.map((each) => each.replace(/^json=|\\/g, ''))).toEqual(['report with space.json']);
    expect(alone?.map((each) => each.replace(/\/$/, ''))).toEqual(['layout']);
    expect(nothing).toEqual([]);
  });

  test('a list goes on behind its comma, and a long option takes its value after an equals sign', () => {
    const [list, joined] = ask[shell](['tidewaiter scan --kinds secret,mal', 'tidewaiter scan --fail-on=hi']);
    expect(list?.map((each) => each.replace('secret,', ''))).toEqual(['malware']);
    expect(joined?.map((each) => each.replace('--fail-on=', ''))).toEqual(['high']);
  });
});

it('words need no quotes in any shell', () => {
  const words = commands.flatMap(({ name, values, options }) => [
    name,
    ...values.words,
    ...options.flatMap((each) => each.values.words),
  ]);
  expect(words.filter((word) => !/^[a-z0-9/-]+$/.test(word))).toEqual([]);
});
