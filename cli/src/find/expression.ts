import { InvalidInput, isDigest, printable } from '@tidewaiter/domain';
import { type Fields, listFields, listNames, parseQuery, type QueryExpression } from '@tidewaiter/query';
import { readPackageRange } from '@tidewaiter/versions';

import { expressionKeys, type Parameter, parameterOfKey } from './expression-keys.js';

/** The conditions of a search, as parameters of the API call them. */
export type Conditions = Partial<Record<Parameter, string>>;

/**
 * Reads `package=openssl<3.0.14`, `cve=CVE-2021-44228` …; an id of a vulnerability and a purl may
 * stand alone.
 * @throws InvalidInput `EXPRESSION_INVALID`, naming the position and what is allowed there, or the
 * commands of the lists whose query it is
 */
export function readExpressions(texts: readonly string[]): Conditions {
  const conditions: Conditions = {};
  for (const [index, text] of texts.entries()) {
    const { parameter, value } = readExpression(text, index + 1, texts);
    if (conditions[parameter] !== undefined) {
      throw invalid(index + 1, text, 1, `a condition other than ${parameter}, which is given already`);
    }
    conditions[parameter] = value;
  }
  return conditions;
}

/**
 * Text that names something, for the search of the console; undefined for conditions, and for a
 * query of a list.
 */
export function searchText(texts: readonly string[]): string | undefined {
  const text = texts.join(' ').trim();
  const isCondition = texts.some((each) => /[<>=]/.test(each) || withKey(each) !== each);
  return text === '' || isCondition || listsHint(text) !== '' ? undefined : text;
}

function readExpression(
  text: string,
  number: number,
  texts: readonly string[],
): { parameter: Parameter; value: string } {
  const [, key = '', rest = ''] = /^([a-z]+)=(.*)$/s.exec(withKey(text)) ?? [];
  const parameter = parameterOfKey[key];
  if (parameter === undefined)
    throw invalid(
      number,
      text,
      1,
      `one of ${expressionKeys.map((each) => `${each}=`).join(' ')}${listsHint(texts.join(' '))}`,
    );
  const at = text.length - rest.length;
  const value = rest.trim();
  if (value === '') throw invalid(number, text, at + 1, 'a value');
  if (parameter === 'package') checkPackage(text, value, at, number);
  if (parameter === 'path' && !value.startsWith('/'))
    throw invalid(number, text, at + 1, 'an absolute path, such as /usr/bin/curl');
  if (parameter === 'secret' && !/^[0-9a-f]{64}$/i.test(value)) {
    throw invalid(number, text, at + 1, 'the fingerprint of a secret, 64 hex digits');
  }
  if (parameter !== 'file' && parameter !== 'layer' && parameter !== 'image') return { parameter, value };
  const digest = (/^[0-9a-f]{64}$/i.test(value) ? `sha256:${value}` : value).toLowerCase();
  if (!isDigest(digest)) throw invalid(number, text, at + 1, 'sha256: and 64 hex digits');
  return { parameter, value: digest };
}

/** Names the commands that take the conditions as a query of a list. */
function listsHint(query: string): string {
  const lists = listNames.filter((list) => isQueryOf(query, listFields[list]));
  return lists.length === 0 ? '' : `; this is a query of a list: tidewaiter ${lists.join('|')} '${printable(query)}'`;
}

function isQueryOf(query: string, fields: Fields): boolean {
  try {
    return !hasWords(parseQuery(query, fields, new Date()));
  } catch {
    return false;
  }
}

/** Any text is a query of words. */
function hasWords(expression: QueryExpression): boolean {
  switch (expression.kind) {
    case 'all':
    case 'any':
      return expression.of.some(hasWords);
    case 'not':
      return hasWords(expression.of);
    case 'condition':
      return false;
    case 'words':
      return true;
  }
}

/** Adds the key where the value alone says what it is. */
function withKey(text: string): string {
  if (/^(?:CVE|GHSA)-[\w-]+$/i.test(text)) return `cve=${text}`;
  return text.startsWith('pkg:') ? `package=${text}` : text;
}

function checkPackage(text: string, value: string, at: number, number: number): void {
  try {
    readPackageRange(value, at);
  } catch (cause) {
    if (!(cause instanceof InvalidInput)) throw cause;
    throw new InvalidInput('EXPRESSION_INVALID', `expression ${number}, ${printable(text)}: ${cause.message}`, {
      cause,
    });
  }
}

function invalid(number: number, text: string, position: number, expected: string): InvalidInput {
  return new InvalidInput(
    'EXPRESSION_INVALID',
    `expression ${number}, ${printable(text)}: position ${position}: expected ${expected}`,
  );
}
