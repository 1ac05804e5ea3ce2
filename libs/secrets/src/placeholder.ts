import { isPublished } from './published-values.js';

// Template, reference or mask instead of a value, in the syntaxes of shells, Helm, Jinja, Smarty,
// Python, ERB, MSBuild and Azure.
const reference =
  /\$\{|\$\(|\{\{|\}\}|<%|%>|%[({]|\[\[|^%[sdq]$|^\$?\{[\w.-]{1,60}\}$|^\{\$\w|^\$[A-Za-z_]\w{0,60}$|\$[A-Za-z_]\w{0,60}(?:\[|->)|^%[A-Za-z_]\w{0,60}%$|^<.{0,80}>$|^@[\w.]{1,40}@$|^__\w{1,40}__$|\*{4}|\.{3}|#{4}|^ENC\[/;

// Words that stand for a value that the user must fill in.
const filler =
  /example|change[-_]?(?:me|it)|x{4}|placeholder|redacted|replace[-_]?(?:me|this|with)|insert[-_]|your[-_]|[-_]here\b|todo\b|foobar|lorem|\bdummy|dummy[-_]|dummynot|\bsample|sample[-_]|my[-_]?(?:secret|token|pass|api)|secret[-_]?(?:key|token)$|not[-_]?a?[-_]?(?:real|secret)|put[-_]/i;

// In a token this names its mode (`sk_test_`); a value without a form is then a placeholder.
const trial = /(?:^|[-_.])(?:test|fake|mock)(?:[-_.]|$)/i;

/**
 * Whether a value is a template, a filler or a value of public documentation, and so grants no
 * access.
 */
export function isPlaceholder(value: string, hasForm = false): boolean {
  if (reference.test(value) || filler.test(value) || (!hasForm && trial.test(value))) return true;
  return isSequence(value) || isPublished(value);
}

/** Whether the alphabet, the digits or one repeated character make up a third of a value. */
function isSequence(value: string): boolean {
  const needed = Math.max(10, value.length / 3);
  let ascending = 1;
  let same = 1;
  for (let at = 1; at < value.length; at += 1) {
    const step = value.charCodeAt(at) - value.charCodeAt(at - 1);
    ascending = step === 1 ? ascending + 1 : 1;
    same = step === 0 ? same + 1 : 1;
    if (ascending >= needed || same >= needed) return true;
  }
  return false;
}

const camelCase = /^[A-Z]?[a-z]{2,20}(?:\d?[A-Z]{1,2}[a-z]{1,20}){2,8}$/;

/**
 * Whether a value is the name of something in a program, of three words or more, at least half of
 * them pronounceable: `twitterOAuth1Api`, `afterPassword => 'render2FaSettings'`.
 */
export function isIdentifier(value: string): boolean {
  if (!camelCase.test(value)) return false;
  let spoken = 0;
  for (const [run] of value.matchAll(/[A-Z]?[a-z]+/g)) if (isSpoken(run)) spoken += run.length;
  return spoken * 2 >= value.length;
}

const vowels = new Set('aeiouyAEIOUY');

/**
 * Whether a value looks random: mixed letters and digits, and few pronounceable runs of letters.
 */
export function looksRandom(value: string): boolean {
  let digits = 0;
  let letters = 0;
  let spoken = 0;
  for (const [run] of value.matchAll(/[0-9]+|[A-Z]?[a-z]+|[A-Z]+/g)) {
    if (run.charCodeAt(0) < 0x3a) {
      digits += run.length;
      continue;
    }
    letters += run.length;
    if (isSpoken(run)) spoken += run.length;
  }
  return digits >= 2 && letters >= 2 && spoken * 2 <= letters && value.split(/[-_.:/]/).some(isMixed);
}

// `cmp2-qat-1208358310` is a name that a user chose.
const isMixed = (part: string): boolean => part.length >= 8 && /[0-9]/.test(part) && /[A-Za-z]/.test(part);

function isSpoken(run: string): boolean {
  if (run.length < 4) return false;
  let vowelCount = 0;
  let consonants = 0;
  for (const char of run) {
    consonants = vowels.has(char) ? 0 : consonants + 1;
    if (consonants === 0) vowelCount += 1;
    if (consonants > 3) return false;
  }
  const share = vowelCount / run.length;
  return share >= 0.2 && share <= 0.7;
}
