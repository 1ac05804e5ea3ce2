/** Whether this is one ASCII digit; false past the end of a text. */
export function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** End of the run of characters that starts at `from`; `from` itself if the run is empty. */
export function endOfRun(text: string, from: number, belongs: (character: string | undefined) => boolean): number {
  let end = from;
  while (belongs(text[end])) end += 1;
  return end;
}

/**
 * Orders two runs of digits by value; the empty run is 0. Never as numbers: versions with thousands
 * of digits exist.
 */
export function compareDigits(a: string, b: string): number {
  const left = withoutLeadingZeros(a);
  const right = withoutLeadingZeros(b);
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  return compareText(left, right);
}

/** Orders two lists of such runs; missing ones count as zero, `1` = `1.0`. */
export function compareNumbers(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const order = compareDigits(a[i] ?? '0', b[i] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

/** Returns the next number, in digits. */
export function increment(digits: string): string {
  let nines = digits.length;
  while (digits[nines - 1] === '9') nines -= 1;
  const head = digits.slice(0, Math.max(nines - 1, 0));
  const raised = nines === 0 ? 1 : Number(digits[nines - 1]) + 1;
  return `${head}${raised}${'0'.repeat(digits.length - nines)}`;
}

/** Orders by code unit, which for the ASCII of versions is the order of bytes. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function withoutLeadingZeros(digits: string): string {
  return digits.slice(endOfRun(digits, 0, (character) => character === '0'));
}
