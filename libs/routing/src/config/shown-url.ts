const redacted = '[redacted]';

/**
 * Redacts the parts of a URL that may grant access: user and password, fragment, values of the
 * query, and segments of the path that do not look like names.
 */
export function shownUrl(text: string): string {
  const url = URL.parse(text);
  if (!url) return redacted;
  const user = url.username || url.password ? `${redacted}@` : '';
  const path = url.pathname
    .split('/')
    .map((segment) => (isName(segment) ? segment : redacted))
    .join('/');
  const shown = `${url.protocol}//${user}${url.host}${path}${shownQuery(url.search)}${url.hash && `#${redacted}`}`;
  // The parser adds the slash of an empty path, and more: what holds no secret stays as written.
  return shown === url.href ? text : shown;
}

function shownQuery(search: string): string {
  if (search === '') return '';
  const pairs = search.slice(1).split('&');
  return `?${pairs.map((pair) => (pair.includes('=') ? `${pair.split('=')[0]}=${redacted}` : redacted)).join('&')}`;
}

const wordEnds = /[-_.~]|(?<=[a-z])(?=[A-Z])/;

/** Whether a segment of a path is made of words, and of no more digits than a version or a date. */
function isName(segment: string): boolean {
  const parts = segment.split(wordEnds);
  return parts.every((part) => isWord(part, parts.length)) && segment.replace(/\D/g, '').length <= 8;
}

function isWord(part: string, siblings: number): boolean {
  if (/^v?\d*$/.test(part)) return true;
  // Short words have abbreviations among them. A row of them, such as `xKqPwzVbnm`, is random text.
  if (part.length <= 4 && siblings <= 4) return /^[a-z]+$|^[A-Z]?[a-z]{2,3}$/.test(part);
  return /^(?:[A-Z]?[a-z]{1,19}|[A-Z]{1,20})$/.test(part) && isPronounceable(part);
}

function isPronounceable(word: string): boolean {
  return /[aeiouy]/i.test(word) && !/[^aeiouy]{5}/i.test(word);
}
