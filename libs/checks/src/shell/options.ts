import type { Command } from './parse.js';

/** Whether a word of `args` is one of the options, alone or with `=value`. */
export function hasOption({ args }: Pick<Command, 'args'>, ...options: readonly string[]): boolean {
  return args.some((word) => options.some((option) => word === option || word.startsWith(`${option}=`)));
}

/** Value of an option: of `--user=x`, `--user x` and `-u x`. */
export function optionValue({ args }: Pick<Command, 'args'>, ...options: readonly string[]): string | undefined {
  for (const [index, word] of args.entries()) {
    if (options.includes(word)) return args[index + 1];
    const option = options.find((name) => name.startsWith('--') && word.startsWith(`${name}=`));
    if (option !== undefined) return word.slice(option.length + 1);
  }
  return undefined;
}

/**
 * Whether a bundle of short options has a letter before any option that takes the rest as its
 * value.
 */
export function hasLetter({ args }: Pick<Command, 'args'>, letter: string, lettersWithValue: string): boolean {
  return args.some((word) => {
    if (!/^-[A-Za-z0-9#]/.test(word)) return false;
    const bundle = word.slice(1);
    const at = bundle.indexOf(letter);
    return (
      at >= 0 &&
      !bundle
        .slice(0, at)
        .split('')
        .some((before) => lettersWithValue.includes(before))
    );
  });
}

/** Arguments that are not options. */
export function operands({ args }: Pick<Command, 'args'>): string[] {
  return args.filter((word) => !word.startsWith('-'));
}

/**
 * Subcommand and its operands: `install` and `curl` in `apt-get -y install --no-install-recommends
 * curl`.
 */
export function subcommand(command: Pick<Command, 'args'>): { verb: string; names: string[] } {
  const [verb = '', ...names] = operands(command);
  return { verb, names };
}
