import type { CommandGrammar, OptionGrammar, Values } from './grammar.js';

/**
 * A completion script for zsh, for a folder of `fpath` or to be sourced after `compinit`.
 * @see https://zsh.sourceforge.io/Doc/Release/Completion-System.html
 */
export function zshCompletion(program: CommandGrammar): string {
  return `#compdef tidewaiter
# zsh completion of tidewaiter: source <(tidewaiter completion zsh)

# Offers words: HOW files or several words may stand ("never", "alone", "," or the character between a word and a file), then the words.
_tidewaiter_offer() {
  local how=$1
  shift
  case $how in
    alone) _files ;;
    ,) compset -P '*,'; compadd -q -S , -- "$@" ;;
    =) if compset -P 1 '*='; then _files; else compadd -- "$@"; fi ;;
    :) if compset -P 1 '*:'; then _files; else compadd -q -S : -- "$@"; fi ;;
    *) compadd -- "$@" ;;
  esac
}

${functions(program).join('\n\n')}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _tidewaiter "$@"
else
  compdef _tidewaiter tidewaiter
fi
`;
}

function functions(command: CommandGrammar): string[] {
  return [functionOf(command), ...command.commands.flatMap(functions)];
}

function functionOf(command: CommandGrammar): string {
  const { options, commands, values } = command;
  const specs = options.flatMap(optionSpecs);
  if (commands.length === 0) return functionText(command, [...specs, `'*: :${action(values)}'`], []);
  const names = commands.map(({ name, description }) => `${name}\\:"${escaped(description)}"`).join(' ');
  const cases = commands.map((each) => `    ${each.name}) ${functionName(each)} ;;`);
  return functionText(command, [...specs, `'1:command:((${names}))'`, `'*:: :->below'`], cases);
}

/** Options of a command end at its subcommand, which may have some of the same names: `-A`. */
function functionText(command: CommandGrammar, specs: string[], cases: string[]): string {
  const dispatch =
    cases.length > 0 ? `\n  [[ $state == below ]] && case $words[1] in\n${cases.join('\n')}\n  esac` : '';
  return `${functionName(command)}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments ${cases.length > 0 ? "-A '-*' " : ''}${specs.map((spec) => `\\\n    ${spec}`).join(' ')}${dispatch}
}`;
}

function functionName({ path }: CommandGrammar): string {
  return ['_tidewaiter', ...path].join('_');
}

/** One for each name, repeatable all of them: what is given twice is commander's to refuse. */
function optionSpecs({ names, description, placeholder, values }: OptionGrammar): string[] {
  return names.map((name) => {
    if (placeholder === undefined) return `'*${name}[${escaped(description)}]'`;
    const joined = name.startsWith('--') ? '=' : '+';
    return `'*${name}${joined}[${escaped(description)}]:${escaped(placeholder)}:${action(values)}'`;
  });
}

function action({ words, files, isList }: Values): string {
  if (words.length === 0 && files === 'never') return ' ';
  const how = isList ? ',' : files;
  // A colon ends the part of a specification that it stands in.
  return ` _tidewaiter_offer ${[how === ':' ? '\\:' : how, ...words].join(' ')}`;
}

/** Within single quotes, the brackets of a specification, and double quotes. */
function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\"`$]/g, String.raw`\$&`).replaceAll("'", String.raw`'\''`);
}
