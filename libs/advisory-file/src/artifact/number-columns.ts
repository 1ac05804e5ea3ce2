/**
 * Changes of published decimals, such as the scores of every CVE each day: the difference of each
 * number to the one before it, in units of its last digit. Bytes of equal weight lie together, so
 * that they compress to little more than their entropy.
 */
export interface NumberColumn {
  /** Digits after the point. */
  decimals: number;
  /** Four planes of one byte for each row. */
  planes: Buffer;
}

const maxDecimals = 9;
const maxScaled = 2 ** 30;
const planeCount = 4;

/** Undefined where numbers do not have few digits: they are written as they are. */
export function differencesOf(before: readonly number[], after: readonly number[]): NumberColumn | undefined {
  const decimals = decimalsOf(before, after);
  if (decimals === undefined) return undefined;
  const scale = 10 ** decimals;
  const count = after.length;
  const planes = Buffer.alloc(count * planeCount);
  for (const [index, value] of after.entries()) {
    const difference = Math.round(value * scale) - Math.round(before[index]! * scale);
    const folded = difference >= 0 ? difference * 2 : -difference * 2 - 1;
    for (let plane = 0; plane < planeCount; plane += 1) {
      planes[plane * count + index] = Math.floor(folded / 256 ** plane) % 256;
    }
  }
  return { decimals, planes };
}

/** Restores the numbers of {@link differencesOf}. @throws RangeError for another number of rows */
export function withDifferences(before: readonly number[], { decimals, planes }: NumberColumn): number[] {
  const count = before.length;
  const isReadable = Number.isInteger(decimals) && decimals >= 0 && decimals <= maxDecimals;
  if (!isReadable || planes.length !== count * planeCount) throw new RangeError('differences of other rows');
  const scale = 10 ** decimals;
  return before.map((value, index) => {
    let folded = 0;
    for (let plane = planeCount - 1; plane >= 0; plane -= 1) folded = folded * 256 + planes[plane * count + index]!;
    const difference = folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
    return (Math.round(value * scale) + difference) / scale;
  });
}

function decimalsOf(...columns: (readonly number[])[]): number | undefined {
  let decimals = 0;
  for (const values of columns) {
    for (const value of values) {
      while (decimals <= maxDecimals && Math.round(value * 10 ** decimals) / 10 ** decimals !== value) decimals += 1;
      if (decimals > maxDecimals || Math.abs(value * 10 ** decimals) >= maxScaled) return undefined;
    }
  }
  // A column that needs more digits has larger numbers in its first rows, too.
  const scale = 10 ** decimals;
  return columns.some((values) => values.some((value) => Math.abs(value * scale) >= maxScaled)) ? undefined : decimals;
}

/** Distances between ascending positions, seven bits a byte. */
export function packPositions(positions: readonly number[]): Buffer {
  const bytes: number[] = [];
  let last = -1;
  for (const position of positions) {
    let distance = position - last - 1;
    last = position;
    for (; distance >= 128; distance = Math.floor(distance / 128)) bytes.push((distance % 128) + 128);
    bytes.push(distance);
  }
  return Buffer.from(bytes);
}

/** Restores the positions of {@link packPositions}. */
export function unpackPositions(bytes: Uint8Array): number[] {
  const positions: number[] = [];
  let last = -1;
  let distance = 0;
  let weight = 1;
  for (const byte of bytes) {
    distance += (byte % 128) * weight;
    weight *= 128;
    if (byte >= 128) continue;
    last += distance + 1;
    positions.push(last);
    distance = 0;
    weight = 1;
  }
  return positions;
}
