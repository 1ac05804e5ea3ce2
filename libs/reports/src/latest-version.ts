/**
 * Latest of some fixed versions of one package, to name one upgrade for all of them. It affects
 * only the output, not the findings, so the order that nearly all ecosystems share suffices:
 * numbers by value, `~` before the end.
 */
export function latestVersion(versions: readonly string[]): string | null {
  let latest: string | null = null;
  for (const version of versions) if (latest === null || compareRoughly(version, latest) > 0) latest = version;
  return latest;
}

function compareRoughly(a: string, b: string): number {
  const left = tokensOf(a);
  const right = tokensOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = compareTokens(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

function tokensOf(version: string): string[] {
  const withEpoch = /^\d{1,9}:/.test(version) ? version : `0:${version}`;
  return withEpoch.match(/\d+|\D/g) ?? [];
}

function compareTokens(a: string, b: string): number {
  if (!isNumber(a) || !isNumber(b)) return weight(a) - weight(b);
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}

function isNumber(token: string): boolean {
  return /^\d/.test(token);
}

/** `~`, the end, letters, numbers, other signs. */
function weight(token: string): number {
  if (token === '~') return -1;
  if (token === '') return 0;
  if (isNumber(token)) return 0x1_0000;
  return /^[a-z]/i.test(token) ? token.charCodeAt(0) : 0x2_0000 + token.charCodeAt(0);
}
