/** Labels of a text: `severity=high repository=shop/app`; null where a word is none. */
export function readLabels(text: string): Record<string, string> | null {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const pairs = words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const);
  if (words.some((word) => word.indexOf('=') < 1)) return null;
  return Object.fromEntries(pairs);
}
