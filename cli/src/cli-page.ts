import type { Argument, Command, Option } from 'commander';

/** Generates `docs/cli.md` from the definitions of the commands. */
export function cliMarkdown(program: Command): string {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help');
  return `# Command line: arguments and options

Generated from \`cli\` by \`npm run docs\`; do not edit. [Commands](commands.md) has what each is for.

\`\`\`sh
./tidewaiter help scan
\`\`\`

Every command also takes ${help.visibleOptions(program).map(flagsOf).join(', ')}.

${commands.flatMap((command) => sections(command, [])).join('\n')}`;
}

/** Sections of a command and its subcommands. */
function sections(command: Command, parents: readonly string[]): string[] {
  const path = [...parents, command.name()];
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  if (commands.length > 0) return commands.flatMap((each) => sections(each, path));
  const aliases = command.aliases().map((alias) => ` (also \`${alias}\`)`);
  const usage = ['./tidewaiter', ...path, command.usage()].join(' ');
  const rows = [
    ...command.registeredArguments.map((argument) => row(`\`${argument.name()}\``, argumentMeaning(argument))),
    ...command.options
      .filter((option) => !option.hidden)
      .map((option) => row(flagsOf(option), help.optionDescription(option))),
  ];
  const table = rows.length === 0 ? [] : [`| argument or option | meaning |\n| --- | --- |\n${rows.join('\n')}\n`];
  return [
    `## ${path.join(' ')}${aliases.join('')}\n`,
    `${sentence(command.description())}\n`,
    `\`\`\`\n${usage}\n\`\`\`\n`,
    ...table,
  ];
}

function argumentMeaning({ description, required }: Argument): string {
  return required || description === '' ? description : `${description} (optional)`;
}

function flagsOf({ flags }: Pick<Option, 'flags'>): string {
  return `\`${flags}\``;
}

function row(name: string, meaning: string): string {
  return `| ${[name, meaning].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
