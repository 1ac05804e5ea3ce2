import type { Test } from '../expression.js';
import { anyRun, literalOf } from '../sigma-string.js';
import type { Regex } from './regex.js';

type TextTest = Extract<Test, { kind: 'text' }>;

/** What every text holds that meets the test, where that is cheaper to look for than the whole; undefined where nothing is known. */
export function requiredLiteral(test: Test): TextTest | undefined {
  if (test.kind === 'regex') return literalOfRegex(test);
  if (test.kind !== 'text' || !isCostly(test)) return undefined;
  const longest = longestOf(test.text.filter((part) => typeof part === 'string'));
  return longest === undefined ? undefined : containing(longest, test.isCased);
}

/** A string with wildcards between texts. */
function isCostly({ text }: TextTest): boolean {
  const inner = text.slice(text[0] === anyRun ? 1 : 0, text.length > 1 && text.at(-1) === anyRun ? -1 : undefined);
  return literalOf(inner) === undefined;
}

function containing(text: string, isCased: boolean): TextTest {
  return { kind: 'text', text: [anyRun, text, anyRun], isCased };
}

function longestOf(texts: readonly string[]): string | undefined {
  return texts.toSorted((a, b) => b.length - a.length)[0];
}

/**
 * The longest run of plain characters outside of every group, class and quantifier. Alternatives outside of groups leave nothing
 * that is needed.
 */
function literalOfRegex({ source, flags }: Regex): TextTest | undefined {
  const [, inline = '', body = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(source) ?? [];
  const ignoresCase = flags.includes('i') || inline.includes('i');
  // Flags in the middle and numbered characters are rare: nothing is said of them.
  const runs = /\(\?[a-zA-Z-]+\)|\\[uc0-9]/.test(body) ? undefined : plainRuns(body);
  if (!runs) return undefined;
  // To RE2, the long s and the Kelvin sign are letters of these too.
  const safe = ignoresCase ? runs.flatMap((run) => run.toLowerCase().split(/[^\x20-\x7e]|[sk]/)) : runs;
  const longest = longestOf(safe.filter((run) => run !== ''));
  return longest === undefined ? undefined : containing(longest, !ignoresCase);
}

const token =
  /\\[pPx]\{[^}]*\}|\\[pP].|\\x[0-9A-Fa-f]{2}|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|[()|]|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]/gsu;

function plainRuns(body: string): string[] | undefined {
  const runs = [''];
  let depth = 0;
  for (const [piece] of body.matchAll(token)) {
    if (piece === '(') depth += 1;
    else if (piece === ')') depth -= 1;
    else if (depth > 0) continue;
    else if (piece === '|') return undefined;
    else if (isQuantifier(piece)) dropLast(runs);
    else if (isPlain(piece)) {
      runs[runs.length - 1] += piece.length === 2 && piece.startsWith('\\') ? piece.slice(1) : piece;
      continue;
    }
    runs.push('');
  }
  return runs;
}

function isQuantifier(piece: string): boolean {
  return /^(?:[*+?]|\{\d)/.test(piece);
}

/** What a quantifier stands behind may be missing. */
function dropLast(runs: string[]): void {
  const last = runs.at(-1);
  if (last) runs[runs.length - 1] = last.replace(/[^]$/u, '');
}

function isPlain(piece: string): boolean {
  return /^(?:[^\\[\](){}*+?|.^$]|\\[^\w\s])$/su.test(piece);
}
