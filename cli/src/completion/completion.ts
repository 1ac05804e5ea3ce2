import { Argument, type Command } from 'commander';

import type { CommandGrammar } from './grammar.js';

const scripts = {
  bash: async () => (await import('./bash.js')).bashCompletion,
  zsh: async () => (await import('./zsh.js')).zshCompletion,
  fish: async () => (await import('./fish.js')).fishCompletion,
} satisfies Record<string, () => Promise<(program: CommandGrammar) => string>>;

export type Shell = keyof typeof scripts;

export const shells = Object.keys(scripts) as Shell[];

/** Teaches a shell the commands, their options and what may stand for their values. */
export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('write a script that completes this command in a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .action(async (shell: Shell) => {
      process.stdout.write(await completionScript(program, shell));
    });
}

/** The script for one shell, made from the commands as they are. */
export async function completionScript(program: Command, shell: Shell): Promise<string> {
  const [{ grammarOf }, write] = await Promise.all([import('./grammar.js'), scripts[shell]()]);
  return write(grammarOf(program));
}
