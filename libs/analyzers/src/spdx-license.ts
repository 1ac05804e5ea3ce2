/** SPDX requires a word for an unknown license. */
export function isLicense(text: unknown): text is string {
  return typeof text === 'string' && text !== 'NOASSERTION' && text !== 'NONE';
}
