/** A claim by its name, or by a path of names with dots; undefined without it. */
export function claimAt(claims: object, name: string): unknown {
  if (Object.hasOwn(claims, name)) return (claims as Record<string, unknown>)[name];
  let found: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string, unknown>)[part];
  }
  return found;
}

/** A claim that is a text; null without it. */
export function textClaim(claims: object, name: string): string | null {
  const claim = claimAt(claims, name);
  return typeof claim === 'string' && claim !== '' ? claim : null;
}
