/** Part of a paragraph. */
export interface Inline {
  kind: 'text' | 'code' | 'strong' | 'emphasis';
  text: string;
}

export type Block = { kind: 'code'; text: string } | { kind: 'paragraph'; parts: Inline[] };

const fence = '```';
/** Code, strong text, emphasis, or a link, whose target is in the documents. */
const inline = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^[\]]+)\]\([^()]*\)/g;

/** Reads the Markdown of setup instructions: paragraphs and blocks of code. */
export function readMarkdown(markdown: string): Block[] {
  const blocks: Block[] = [];
  let code: string[] | null = null;
  let words: string[] = [];
  const endParagraph = () => {
    if (words.length > 0) blocks.push({ kind: 'paragraph', parts: readInline(words.join(' ')) });
    words = [];
  };
  for (const line of markdown.split('\n')) {
    if (line.startsWith(fence)) {
      if (code === null) endParagraph();
      else blocks.push({ kind: 'code', text: code.join('\n') });
      code = code === null ? [] : null;
    } else if (code !== null) code.push(line);
    else if (line.trim() === '') endParagraph();
    else words.push(line.trim());
  }
  endParagraph();
  return blocks;
}

function readInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let end = 0;
  const plain = (to: number) => to > end && parts.push({ kind: 'text', text: text.slice(end, to) });
  for (const match of text.matchAll(inline)) {
    const [whole, code, strong, emphasis, link] = match;
    plain(match.index);
    if (code !== undefined) parts.push({ kind: 'code', text: code });
    else if (strong !== undefined) parts.push({ kind: 'strong', text: strong });
    else if (emphasis !== undefined) parts.push({ kind: 'emphasis', text: emphasis });
    else parts.push(...readInline(link ?? ''));
    end = match.index + whole.length;
  }
  plain(text.length);
  return parts;
}
