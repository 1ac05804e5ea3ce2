/**
 * Escapes text for a channel that reads Markdown: it cannot format or link, and an invisible
 * character after an at sign prevents mentions.
 */
export function inertMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_~|<>[\]()#!]/g, '\\$&').replaceAll('@', '@\u2060');
}
