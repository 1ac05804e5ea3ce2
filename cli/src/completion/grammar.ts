import { findingKinds, runtimeSources, severities } from '@tidewaiter/domain';
import { reportFormats } from '@tidewaiter/reports';
import type { Argument, Command, Option } from 'commander';

import { expressionKeys } from '../find/expression-keys.js';
import { schemes } from '../sources/sources.js';

/** Values of an argument or of an option. */
export interface Values {
  words: readonly string[];
  /** Whether a file may be given: never, in place of a word, or behind a word and `=` or `:`. */
  files: 'never' | 'alone' | '=' | ':';
  /** Several words, with commas between them. */
  isList: boolean;
}

export interface OptionGrammar {
  /** `-o`, `--output` */
  names: string[];
  description: string;
  /** Placeholder of the value in the help; undefined for an option without a value. */
  placeholder: string | undefined;
  values: Values;
}

export interface CommandGrammar {
  name: string;
  /** Names from below the program: `routes check`; empty for the program. */
  path: string[];
  description: string;
  options: OptionGrammar[];
  /** Shared by all arguments: no command has two with known words. */
  values: Values;
  commands: CommandGrammar[];
}

const nothing: Values = { words: [], files: 'never', isList: false };
const file: Values = { ...nothing, files: 'alone' };
const target: Values = { ...nothing, words: schemes, files: ':' };

/** Values of the help's placeholders, for which commander has no choices. */
const placeholders = new Map<string, Values>([
  ['format[=file]', { ...nothing, words: reportFormats.map(({ name }) => name), files: '=' }],
  ['list', { ...nothing, words: findingKinds, isList: true }],
  [
    'os/arch',
    {
      ...nothing,
      words: ['386', 'amd64', 'arm/v6', 'arm/v7', 'arm64', 'ppc64le', 'riscv64', 's390x'].map(
        (arch) => `linux/${arch}`,
      ),
    },
  ],
  ['kind', { ...nothing, words: runtimeSources }],
  ['expression', { ...nothing, words: expressionKeys }],
  ...['severity', 'threshold'].map((name) => [name, { ...nothing, words: severities }] as const),
  ...['image', 'target', 'old', 'new'].map((name) => [name, target] as const),
  ...['file', 'dir', 'folder', 'path', 'place', 'from', 'to'].map((name) => [name, file] as const),
  // Placeholders of free text.
  ...[
    'number:hash',
    'order',
    'query',
    'count',
    'duration',
    'durations',
    'id',
    'identity',
    'incident',
    'jest',
    'key=value',
    'label=value',
    'limits',
    'matchers',
    'name',
    'name[=url]',
    'names',
    'number',
    'object',
    'pattern',
    'reference',
    'port',
    'receiver',
    'registry',
    'text',
    'time',
    'url',
    'when',
    'whom',
  ].map((name) => [name, nothing] as const),
]);

/**
 * Completion grammar of a command and its subcommands.
 * @throws Error for an unknown placeholder: a programming error, which a test finds
 */
export function grammarOf(command: Command, path: string[] = []): CommandGrammar {
  const help = command.createHelp();
  // Commander's own `help COMMAND` repeats `--help`.
  const commands = command.commands.map((each) => grammarOf(each, [...path, each.name()]));
  return {
    name: command.name(),
    path,
    description: command.description(),
    options: help.visibleOptions(command).map(optionGrammar),
    values: command.registeredArguments.map(argumentValues).find((values) => values !== nothing) ?? nothing,
    commands,
  };
}

function optionGrammar(option: Option): OptionGrammar {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const takesValue = option.required || option.optional;
  const placeholder = takesValue ? /^[^<[]*[<[](.+)[>\]]$/.exec(option.flags)?.[1] : undefined;
  const values = placeholder === undefined ? nothing : valuesOf(placeholder, option.argChoices);
  return { names, description: option.description, placeholder, values };
}

function argumentValues(argument: Argument): Values {
  return valuesOf(argument.name(), argument.argChoices);
}

function valuesOf(placeholder: string, choices: readonly string[] | undefined): Values {
  const values = choices ? { ...nothing, words: choices } : placeholders.get(placeholder.replace(/\.{3}$/, ''));
  if (!values) throw new Error(`completion/grammar.ts does not say what <${placeholder}> stands for`);
  return values;
}
