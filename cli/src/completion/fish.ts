import type { CommandGrammar, OptionGrammar, Values } from './grammar.js';

/**
 * A completion script for fish 3 and newer.
 * @see https://fishshell.com/docs/current/completions.html
 */
export function fishCompletion(program: CommandGrammar): string {
  return `# fish completion of tidewaiter: tidewaiter completion fish | source

# Whether the words so far are these alone: a command is still to come.
function __tidewaiter_at
    set -l words (commandline -opc)[2..]
    test "$words" = "$argv"
end

# Whether the words so far begin with these: the command is known.
function __tidewaiter_in
    set -l words (commandline -opc)[2..]
    test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"
end

# Offers words: HOW files or several words may stand ("," or the character between a word and a file), then the words.
function __tidewaiter_offer
    set -l how $argv[1]
    set -l typed (commandline -ct | string replace -r -- '^--[^=]*=' '')
    set -l parts (string split -r -m 1 , -- $typed)
    if test $how = ,; and test (count $parts) -gt 1
        printf '%s\\n' $parts[1],$argv[2..]
    else if test $how != ,; and string match -q -- "*$how*" $typed
        set parts (string split -m 1 $how -- $typed)
        printf '%s\\n' $parts[1]$how(__fish_complete_path $parts[2] | string replace -r '\\t.*' '')
    else if test $how = :
        printf '%s:\\n' $argv[2..]
    else
        printf '%s\\n' $argv[2..]
    end
end

complete -c tidewaiter -f
${lines(program).join('\n')}
`;
}

function lines(command: CommandGrammar): string[] {
  const { path, options, commands, values } = command;
  const within = (condition: string) => `complete -c tidewaiter -n ${quoted(condition)}`;
  const at = ['__tidewaiter_at', ...path].join(' ');
  const isIn = (...names: string[]) => ['__tidewaiter_in', ...path, ...names].join(' ');
  // A group with options of its own, such as a list with a subcommand.
  const inGroup = [isIn(), ...commands.map(({ name }) => `not ${isIn(name)}`)].join('; and ');
  const start = within(path.length === 0 ? at : inGroup);
  const argument = offer(values);
  return [
    ...commands.map(({ name, description }) => `${within(at)} -a ${name} -d ${quoted(description)}`),
    ...options.map((option) => `${start} ${optionText(option)}`),
    ...(argument ? [`${start} ${argument}`] : []),
    ...commands.flatMap(lines),
  ];
}

function optionText({ names, description, placeholder, values }: OptionGrammar): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = placeholder === undefined ? [] : [offer(values) || '-x'];
  return [...flags, '-d', quoted(description), ...value].join(' ');
}

function offer({ words, files, isList }: Values): string {
  if (files === 'alone') return '-r -F';
  if (words.length === 0) return '';
  const how = isList ? ',' : files;
  return how === 'never'
    ? `-x -a ${quoted(words.join(' '))}`
    : `-x -a ${quoted(`(__tidewaiter_offer ${how} ${words.join(' ')})`)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
