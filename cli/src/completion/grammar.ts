import { findingKinds, runtimeSources, severities } from '@tidewaiter/domain';
import { reportFormats } from '@tidewaiter/reports';
import type { Argument, Command, Option } from 'commander';

import { expressionKeys } from '../find/expression-keys.js';
import { sourceKinds } from '../sources/sources.js';

/** What may stand for an argument, or for the value of an option. */
export interface Values {
  words: readonly string[];
  /** Whether a file may stand: never, in place of a word, or behind a word and `=` or `:`. */
  files: 'never' | 'alone' | '=' | ':';
  /** Several words, with commas between them. */
  isList: boolean;
}

export interface OptionGrammar {
  /** `-o`, `--output` */
  names: string[];
  description: string;
  /** What the help calls the value; undefined for an option that takes none. */
  placeholder: string | undefined;
  values: Values;
}

export interface CommandGrammar {
  name: string;
  /** From below the program: `routes check`; empty for the program. */
  path: string[];
  description: string;
  options: OptionGrammar[];
  /** All arguments alike: no command has two of which words are known. */
  values: Values;
  commands: CommandGrammar[];
}

const nothing: Values = { words: [], files: 'never', isList: false };
const file: Values = { ...nothing, files: 'alone' };
const target: Values = { ...nothing, words: sourceKinds.map(({ scheme }) => scheme), files: ':' };

/** What stands for the placeholders of the help, where commander does not know its choices. */
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
  ...['file', 'dir', 'path'].map((name) => [name, file] as const),
  // Anything may stand for these.
  ...[
    'count',
    'duration',
    'id',
    'identity',
    'jest',
    'label=value',
    'matchers',
    'name',
    'names',
    'port',
    'text',
    'time',
    'url',
    'when',
  ].map((name) => [name, nothing] as const),
]);

/**
 * What a shell needs to know of a command and all below it.
 * @throws Error for a placeholder that nobody has said anything about: a mistake of ours, which a test finds
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
  const placeholder = takesValue ? /[<[](.+)[>\]]$/.exec(option.flags)?.[1] : undefined;
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
