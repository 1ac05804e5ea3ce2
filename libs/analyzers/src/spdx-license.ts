/** SPDX wants a word where nobody knows. */
export function isLicense(text: unknown): text is string {
  return typeof text === 'string' && text !== 'NOASSERTION' && text !== 'NONE';
}
