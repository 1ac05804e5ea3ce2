/** Text for a channel that reads Markdown: what could format or link is escaped, and an invisible character after an at sign keeps everybody from being called. */
export function inertMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_~|<>[\]()#!]/g, '\\$&').replaceAll('@', '@\u2060');
}
