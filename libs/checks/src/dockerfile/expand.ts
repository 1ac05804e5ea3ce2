import { LimitExceeded } from '@tidewaiter/domain';

import { dockerfileLimits } from './parse.js';

/** Text with expanded variables and without quotes. */
export interface Expansion {
  text: string;
  /**
   * False if the build or the base image sets a part of the value; such a variable stays in the
   * text as `${NAME}`.
   */
  isKnown: boolean;
}

/** Returns the value of a variable; undefined if the file does not set it. */
export type Lookup = (name: string) => Expansion | undefined;
export type Expand = (text: string, lookup: Lookup) => Expansion;

const maxNesting = 20;

interface Cursor {
  text: string;
  at: number;
  lookup: Lookup;
  depth: number;
}

/**
 * Creates an expander that works as BuildKit does: `$x`, `${x}`, `${x:-y}`, `${x-y}`, `${x:+y}`,
 * `${x+y}`, `${x:?y}`. Patterns (`${x#y}`) leave the result unknown. One expander serves one file,
 * because it limits the sum of all expansions.
 * @throws LimitExceeded `maxExpandedLength`: ten lines of `ENV A=$A$A` would fill any memory
 * @see https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expander(escape: string): Expand {
  let length = 0;

  function count(text: string): string {
    length += text.length;
    if (length > dockerfileLimits.maxExpandedLength) {
      throw new LimitExceeded(
        'maxExpandedLength',
        `variables stand for more than ${dockerfileLimits.maxExpandedLength} characters`,
      );
    }
    return text;
  }

  /** Reads to the end, or to the brace that closes a default. */
  function readUntil(cursor: Cursor, isInBraces: boolean): Expansion {
    let text = '';
    let isKnown = true;
    let isQuoted = false;
    while (cursor.at < cursor.text.length) {
      const char = cursor.text.charAt(cursor.at);
      cursor.at += 1;
      if (isInBraces && char === '}' && !isQuoted) return { text, isKnown };
      if (char === '"') isQuoted = !isQuoted;
      else if (char === "'" && !isQuoted) text += readLiteral(cursor);
      else if (char === escape) text += readEscaped(cursor, isQuoted);
      else if (char === '$') {
        const value = readVariable(cursor);
        text += count(value.text);
        isKnown &&= value.isKnown;
      } else text += char;
    }
    return { text, isKnown };
  }

  function readLiteral(cursor: Cursor): string {
    const end = cursor.text.indexOf("'", cursor.at);
    const literal = cursor.text.slice(cursor.at, end < 0 ? undefined : end);
    cursor.at = end < 0 ? cursor.text.length : end + 1;
    return literal;
  }

  function readEscaped(cursor: Cursor, isQuoted: boolean): string {
    const next = cursor.text.charAt(cursor.at);
    cursor.at += 1;
    return isQuoted && next !== '"' && next !== '$' && next !== escape ? escape + next : next;
  }

  function readVariable(cursor: Cursor): Expansion {
    if (cursor.text.charAt(cursor.at) === '{') return readBraced(cursor);
    const [name = ''] = /^(?:[A-Za-z_]\w{0,1000}|\d)/.exec(cursor.text.slice(cursor.at, cursor.at + 1001)) ?? [];
    cursor.at += name.length;
    if (name === '') return { text: '$', isKnown: true };
    return cursor.lookup(name) ?? unknown(name);
  }

  function readBraced(cursor: Cursor): Expansion {
    cursor.at += 1;
    const [name = ''] = /^\w{0,1000}/.exec(cursor.text.slice(cursor.at, cursor.at + 1000)) ?? [];
    cursor.at += name.length;
    const [operator = ''] = /^(?::?[-+?]|##?|%%?|\/\/?)?/.exec(cursor.text.slice(cursor.at, cursor.at + 2)) ?? [];
    cursor.at += operator.length;
    if (cursor.depth >= maxNesting) {
      cursor.at = cursor.text.length;
      return unknown(name);
    }
    const inner: Cursor = { ...cursor, depth: cursor.depth + 1 };
    const word = readUntil(inner, true);
    cursor.at = inner.at;
    return resolve(name, operator, word, cursor.lookup);
  }

  return (text, lookup) => ({ ...readUntil({ text, at: 0, lookup, depth: 0 }, false) });
}

function unknown(name: string): Expansion {
  return { text: `\${${name}}`, isKnown: false };
}

function resolve(name: string, operator: string, word: Expansion, lookup: Lookup): Expansion {
  const value = lookup(name);
  // A variable that the file does not set may come from the base image; then a default is the best
  // guess.
  const isSet = value?.isKnown === true && (!operator.startsWith(':') || value.text !== '');
  switch (operator) {
    case '':
    case '?':
    case ':?':
      return value ?? unknown(name);
    case '-':
    case ':-':
      if (value?.isKnown === false) return value;
      return isSet ? value : word;
    case '+':
    case ':+':
      if (value === undefined || !value.isKnown) return { text: '', isKnown: false };
      return isSet ? word : { text: '', isKnown: true };
    default:
      return unknown(name);
  }
}
