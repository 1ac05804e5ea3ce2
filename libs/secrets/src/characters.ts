const tokenChars = bitmap(/[A-Za-z0-9_-]/);
const nameChars = bitmap(/[A-Za-z0-9_.-]/);

/** One for each byte that is such a character, by its number. */
export function bitmap(of: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => Number(of.test(String.fromCharCode(code))));
}

/** Takes the code of a character, or NaN beyond the end of a text. */
export const isTokenChar = (code: number): boolean => tokenChars[code] === 1;
export const isNameChar = (code: number): boolean => nameChars[code] === 1;

/** Shannon entropy in bits per character. */
export function entropyOf(value: string): number {
  const counts = new Map<string, number>();
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}
