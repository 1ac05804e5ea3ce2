import { spdxExceptionIds, spdxLicenseIds } from './spdx-ids.js';

/** License of a package in the terms of SPDX. */
export type License = { id: string } | { expression: string } | { name: string };

const maxCharacters = 2000;
const licenseIds = byLowerCase(spdxLicenseIds);
const exceptionIds = byLowerCase(spdxExceptionIds);
const reference = /^LicenseRef-[A-Za-z0-9.-]{1,200}$/;

/**
 * Classifies a license text as SPDX identifier, SPDX expression or free text, which most metadata
 * has.
 * @see https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
 */
export function readLicense(text: string): License {
  const id = licenseIds.get(text.trim().toLowerCase());
  if (id !== undefined) return { id };
  const expression = readExpression(text);
  return expression === undefined ? { name: text } : { expression };
}

/** Joins the licenses of one package to one expression; undefined if one of them is free text. */
export function joinLicenses(texts: readonly string[]): string | undefined {
  const all = [...new Set(texts.map(expressionOf))];
  if (all.length === 0 || all.includes(undefined)) return undefined;
  return all.length === 1 ? all[0] : all.map((each) => (/ (AND|OR) /.test(each!) ? `(${each})` : each)).join(' AND ');
}

function expressionOf(text: string): string | undefined {
  const license = readLicense(text);
  if ('name' in license) return undefined;
  return 'id' in license ? license.id : license.expression;
}

/**
 * Validates and normalizes an expression. It checks each word against the previous one, so that
 * nesting is a counter and not recursion.
 */
function readExpression(text: string): string | undefined {
  if (text.length > maxCharacters) return undefined;
  const known: string[] = [];
  let depth = 0;
  for (const word of text.match(/[()]|[^\s()]+/g) ?? []) {
    const next = readWord(word, known);
    if (next === undefined) return undefined;
    if (next === '(') depth += 1;
    if (next === ')') depth -= 1;
    if (depth < 0) return undefined;
    known.push(next);
  }
  if (depth > 0 || isOpen(known.at(-1)) || known.at(-1) === 'WITH') return undefined;
  return known.join(' ').replaceAll('( ', '(').replaceAll(' )', ')');
}

/** Returns the word in the spelling of the SPDX list; undefined if it is not allowed. */
function readWord(word: string, known: readonly string[]): string | undefined {
  if (known.at(-1) === 'WITH') return exceptionIds.get(word.toLowerCase());
  if (isOpen(known.at(-1))) return word === '(' ? word : licenseId(word);
  if (word === ')') return word;
  const operator = word.toUpperCase();
  if (operator === 'WITH') return mayHaveException(known) ? operator : undefined;
  return operator === 'AND' || operator === 'OR' ? operator : undefined;
}

/** Whether a license must follow. */
function isOpen(word: string | undefined): boolean {
  return word === undefined || word === '(' || word === 'AND' || word === 'OR';
}

/**
 * Whether `WITH` may follow: only after a single license, not after a bracket or another exception.
 */
function mayHaveException(known: readonly string[]): boolean {
  return known.at(-1) !== ')' && known.at(-2) !== 'WITH';
}

function licenseId(word: string): string | undefined {
  if (reference.test(word)) return word;
  const isOrLater = word.endsWith('+');
  const id = licenseIds.get((isOrLater ? word.slice(0, -1) : word).toLowerCase());
  return id === undefined ? undefined : `${id}${isOrLater ? '+' : ''}`;
}

function byLowerCase(ids: readonly string[]): ReadonlyMap<string, string> {
  return new Map(ids.map((id) => [id.toLowerCase(), id]));
}
