const longestLine = 300;
const longestComment = 4_000;

/** Whether the text at `at` is commented out, in configuration or in XML. */
export function isInComment(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - longestComment), at);
  if (before.lastIndexOf('<!--') > before.lastIndexOf('-->')) return true;
  const line = before.slice(-longestLine);
  return /^[ \t]{0,80}(?:#|;|\/\/[ \t])/.test(line.slice(line.lastIndexOf('\n') + 1));
}
