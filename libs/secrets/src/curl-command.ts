import { basicAuthIn } from './basic-auth.js';
import { commandOf } from './command-line.js';
import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const header =
  /(?:-H|--header)[ =]{0,4}\\?["'](?:[Aa]uthorization|[A-Za-z-]{0,30}(?:[Tt]oken|[Kk]ey)):[ \t]{0,4}(?:[A-Za-z][\w-]{1,20}[ \t]{1,4})?([A-Za-z0-9=~@.+/_-]{8,500})\\?["']/d;
/** A token in place of the user, with an empty password: `curl -u TOKEN:`. */
const tokenAsUser = /[ \t](?:-[A-Za-z]{0,4}u|--user)[ =]{0,4}["']?([A-Za-z0-9_.~-]{16,200}):["']?(?=[ \t\r\n;|&)]|$)/d;
const user = /[ \t](?:-[A-Za-z]{0,4}u|--user)[ =]{0,4}["']?[^\s"':]{0,80}["']?:["']?([^\s"']{6,100})["']?/d;

/**
 * Finds the credential of a user or a token in a command line of curl.
 * @see https://curl.se/docs/manpage.html "--header", "--user"
 */
export function readCurl({ text, start, end }: KeywordPlace, option: 'header' | 'user'): readonly Candidate[] {
  // `curl` must be a program here, not a part of `libcurl.so` or `curl_easy_init`.
  if (text[end] !== ' ' && text[end] !== '\t') return nothing;
  const command = commandOf(text, start);
  const match = option === 'header' ? header.exec(command) : (user.exec(command) ?? tokenIn(command));
  const span = match?.indices?.[1];
  if (span === undefined || (option === 'user' && isVariable(match?.[1] ?? ''))) return nothing;
  const [from, to] = [start + span[0], start + span[1]];
  const asBasic = /[Bb]asic[ \t]{1,4}$/.test(text.slice(from - 12, from)) ? basicAuthIn(text, from, to) : nothing;
  return asBasic.length > 0 ? asBasic : [{ start: from, end: to }];
}

function tokenIn(command: string): RegExpExecArray | null {
  const match = tokenAsUser.exec(command);
  // The name of a user has no such mixture of letters and digits.
  return match && (match[1] ?? '').split(/\d[A-Za-z]|[A-Za-z]\d/).length > 2 ? match : null;
}

function isVariable(value: string): boolean {
  return /^[[{(<]{0,2}[$%]|^\{\{|^\[|<|pass(?:word)?$|^\d{1,6}$|^(?:username|token)$|^\/\//i.test(value);
}
