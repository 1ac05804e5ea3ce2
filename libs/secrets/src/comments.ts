const longestLine = 300;
const longestComment = 4_000;
const longestDocstring = 40_000;

/** Languages in which a comment explains code; in configuration it may be a setting in reserve. */
const program =
  /\.(?:[cm]?[jt]sx?|vue|svelte|py|pyi|rb|php|phtml|go|rs|java|kt|kts|scala|groovy|cs|swift|[ch]|cc|cpp|hpp|lua|pl|pm|dart|ex|exs|erl)$/i;

/** Whether the text at `at` is commented out, in configuration or in XML. */
export function isInComment(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - longestComment), at);
  if (before.lastIndexOf('<!--') > before.lastIndexOf('-->')) return true;
  const line = before.slice(-longestLine);
  return /^[ \t]{0,80}(?:#|;|\/\/[ \t])/.test(line.slice(line.lastIndexOf('\n') + 1));
}

/**
 * Whether the text at `at` is in a comment, docstring or doctest of a program: most likely an
 * example.
 */
export function isInProgramComment(path: string, text: string, at: number): boolean {
  if (!program.test(path)) return false;
  const line = text.slice(Math.max(0, at - longestLine), at);
  const start = line.slice(line.lastIndexOf('\n') + 1);
  if (/^[ \t]{0,80}(?:#|\/\/|\*(?!\/))|(?:^|[\s;{}(),])\/\/[ \t]/.test(start)) return true;
  if (/\.pyi?$/i.test(path) && /^[ \t]{0,80}(?:>>>|\.\.\.)[ \t]/.test(start)) return true;
  const before = text.slice(Math.max(0, at - longestComment), at);
  const open = before.lastIndexOf('/*');
  // Not the asterisks of a glob: `'src/**'`.
  if (
    open > before.lastIndexOf('*/') &&
    /^(?:|[\s;{}(),])\/\*[\s*!]$/.test(before.slice(Math.max(0, open - 1), open + 3))
  )
    return true;
  return /\.pyi?$/i.test(path) && isInDocstring(text.slice(Math.max(0, at - longestDocstring), at));
}

/**
 * Whether text ends inside `"""` or `'''`, after more than white space: a variable may hold just
 * the secret. Without the start of the file, the count may be that of the other side.
 */
function isInDocstring(before: string): boolean {
  if (before.length >= longestDocstring) return false;
  let open = -1;
  let quotes = '';
  for (const { 0: found, index } of before.matchAll(/"""|'''/g)) {
    if (open === -1) [open, quotes] = [index, found];
    else if (found === quotes) open = -1;
  }
  return open !== -1 && before.slice(open + quotes.length).trim() !== '';
}
