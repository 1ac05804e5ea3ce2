export const alphabets = {
  digits: '0123456789',
  hex: '0123456789abcdef',
  lower: 'abcdefghijklmnopqrstuvwxyz0123456789',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  base32: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  letters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  alnum: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
} as const;

/**
 * Characters that look random and are the same in every run: the examples of the rules are
 * generated on demand, so that repository scanners do not report this one.
 */
export function fake(length: number, alphabet: keyof typeof alphabets = 'alnum'): string {
  const chars = alphabets[alphabet];
  let state = 20_251 + length * 7919;
  let text = '';
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += chars.charAt((state >>> 12) % chars.length);
  }
  return text;
}

/**
 * Joins the parts of a text, for the same reason: no line of this repository contains a documented
 * example as a whole.
 */
export const spelt = (...parts: readonly string[]): string => parts.join('');
