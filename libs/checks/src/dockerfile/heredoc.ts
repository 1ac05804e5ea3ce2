import type { WarningList } from '@tidewaiter/oci';

import { splitWords } from './words.js';

/** A here-document of RUN, COPY or ADD. */
export interface Heredoc {
  /** Delimiter, which is also the file name in COPY and ADD. */
  name: string;
  /** File descriptor that receives the text; 0 by default. */
  fileDescriptor: number;
  /** Variables in the text are expanded, because the delimiter is not quoted. */
  isExpanded: boolean;
  content: string;
}

export interface AwaitedHeredoc extends Omit<Heredoc, 'content'> {
  /** True for `<<-`, which removes tabs at the start of lines. */
  isTabbed: boolean;
}

/**
 * Here-documents that a line opens, in order. @see
 * https://docs.docker.com/reference/dockerfile/#here-documents
 */
export function heredocsOf(text: string, escape: string): AwaitedHeredoc[] {
  if (!text.includes('<<')) return [];
  return splitWords(text, escape).flatMap((word) => {
    const [, descriptor = '', dash = '', quoted = ''] = /^(\d{0,5})<<(-?)([^<\s]{1,1000})$/.exec(word) ?? [];
    const name = quoted.replaceAll(/["']/g, '');
    if (name === '') return [];
    return [{ name, fileDescriptor: Number(descriptor), isExpanded: name === quoted, isTabbed: dash === '-' }];
  });
}

interface Lines {
  lines: readonly string[];
  at: number;
  path: string;
  warnings: WarningList;
}

/**
 * Reads the here-documents from the following lines; comments and continuations have no meaning in
 * them.
 */
export function readHeredocs(source: Lines, awaited: readonly AwaitedHeredoc[], line: number): Heredoc[] {
  return awaited.map(({ isTabbed, ...heredoc }) => {
    const start = source.at;
    const end = endOf(source, heredoc.name, isTabbed);
    if (end === undefined) {
      source.warnings.add(
        'DOCKERFILE_HEREDOC_OPEN',
        source.path,
        `line ${line}: a here-document has no end, so the rest of the file is its text`,
      );
    }
    const lines = source.lines.slice(start, end);
    source.at = (end ?? source.lines.length) + 1;
    return { ...heredoc, content: (isTabbed ? lines.map(withoutTabs) : lines).join('\n') };
  });
}

function endOf({ lines, at }: Lines, name: string, isTabbed: boolean): number | undefined {
  for (let index = at; index < lines.length; index += 1) {
    const line = lines[index]!;
    if ((isTabbed ? withoutTabs(line) : line) === name) return index;
  }
  return undefined;
}

function withoutTabs(line: string): string {
  return line.replace(/^\t+/, '');
}
