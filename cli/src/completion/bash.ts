import type { CommandGrammar, Values } from './grammar.js';

/**
 * A completion script for bash 3.2 and newer. It takes the line apart itself: bash cuts words at
 * `:` and `=`, which stand inside of targets and outputs.
 * @see https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */
export function bashCompletion(program: CommandGrammar): string {
  const all = [program, ...below(program)];
  const groups = all.filter(({ path, commands }) => path.length > 0 && commands.length > 0);
  return `# bash completion of tidewaiter: source <(tidewaiter completion bash)

# Offers words: HOW files or several words may stand ("never", "alone", "," or the character between a word and a file), then the words.
_tidewaiter_offer() {
  local how=$1 before= candidate
  shift
  local typed=$lead$cur
  # What bash takes for the beginning of the word, it will not replace.
  local kept=\${typed%"\${typed##*["$COMP_WORDBREAKS"]}"}
  local -a source=(-W "$*")
  case $how in
    alone) source=(-f) ;;
    ,) if [[ $cur == *,* ]]; then before=\${cur%,*}, cur=\${cur##*,}; fi ;;
    [=:]) if [[ $cur == *"$how"* ]]; then before=\${cur%%"$how"*}$how cur=\${cur#*"$how"} source=(-f); fi ;;
  esac
  [[ \${source[0]} == -f ]] && compopt -o filenames 2>/dev/null
  [[ $how == [,:] ]] && compopt -o nospace 2>/dev/null
  while IFS= read -r candidate; do
    candidate=$lead$before$candidate
    [[ $how == : && \${source[0]} == -W ]] && candidate+=:
    COMPREPLY+=("\${candidate#"$kept"}")
  done < <(compgen "\${source[@]}" -- "$cur")
}

_tidewaiter() {
  local line=\${COMP_LINE:0:COMP_POINT} at= lead=
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local last=$((\${#words[@]} - 1))
  local cur=\${words[last]} previous=\${words[last - 1]}
  COMPREPLY=()
  ((last > 1)) && at=\${words[1]}
  case $at in
${groups.map(subcommandOf).join('\n')}
  esac
  if [[ $cur == --*=* ]]; then
    lead=\${cur%%=*}= previous=\${cur%%=*} cur=\${cur#*=}
  fi
  case "$at $previous" in
${all.flatMap(optionValues).join('\n')}
  esac
  [[ $lead ]] && return
  case "$at" in
${all.map(wordsOf).join('\n')}
  esac
}

complete -F _tidewaiter tidewaiter
`;
}

/**
 * The second word is a subcommand only if the group has it: `pushes` also takes options and a
 * query.
 */
function subcommandOf({ name, commands }: CommandGrammar): string {
  const names = commands.map((command) => command.name).join(' ');
  return `    ${name}) if ((last > 2)) && [[ " ${names} " == *" \${words[2]} "* ]]; then at+=" \${words[2]}"; fi ;;`;
}

function below({ commands }: CommandGrammar): CommandGrammar[] {
  return commands.flatMap((command) => [command, ...below(command)]);
}

function optionValues({ path, options }: CommandGrammar): string[] {
  return options
    .filter(({ placeholder }) => placeholder !== undefined)
    .map(({ names, values }) => {
      const patterns = names.map((name) => `'${path.join(' ')} ${name}'`).join(' | ');
      return `    ${patterns})${offer(values)} return ;;`;
    });
}

function wordsOf({ path, options, commands, values }: CommandGrammar): string {
  const names = options.flatMap((option) => option.names).join(' ');
  const others =
    commands.length > 0 ? ` _tidewaiter_offer never ${commands.map(({ name }) => name).join(' ')};` : offer(values);
  return `    '${path.join(' ')}') if [[ $cur == -* ]]; then _tidewaiter_offer never ${names}; else${others || ' :;'} fi ;;`;
}

function offer({ words, files, isList }: Values): string {
  if (words.length === 0 && files === 'never') return '';
  return ` _tidewaiter_offer ${[isList ? ',' : files, ...words].join(' ')};`;
}
