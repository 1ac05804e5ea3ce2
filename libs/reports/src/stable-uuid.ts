import { createHash } from 'node:crypto';

/**
 * UUID of version 8 that is the same for the same parts. @see
 * https://www.rfc-editor.org/rfc/rfc9562#section-5.8
 */
export function stableUuid(...parts: readonly string[]): string {
  const hex = createHash('sha256')
    .update(parts.map((part) => part.toWellFormed()).join('\n'))
    .digest('hex');
  const variant = (8 + (Number.parseInt(hex.charAt(16), 16) % 4)).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
