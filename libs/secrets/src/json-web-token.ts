/** Subject and issuer of the example tokens of jwt.io and RFC 7519. */
const exampleClaims = new Set(['1234567890', 'joe']);

/**
 * Decodes a compact JSON Web Token without checking its signature; undefined for other text, or an
 * example.
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-3
 */
export function readJsonWebToken(value: string): { algorithm: string; expires: number | undefined } | undefined {
  const header = jsonOf(value.split('.', 1)[0]!);
  const claims = claimsOf(value);
  const algorithm = header?.['alg'];
  if (typeof algorithm !== 'string' || claims === undefined) return undefined;
  if ([claims['sub'], claims['iss']].some((name) => typeof name === 'string' && exampleClaims.has(name)))
    return undefined;
  return { algorithm, expires: typeof claims['exp'] === 'number' ? claims['exp'] : undefined };
}

/** Claims of a compact JSON Web Token. */
export function claimsOf(value: string): Record<string, unknown> | undefined {
  return jsonOf(value.split('.', 2)[1] ?? '');
}

function jsonOf(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
