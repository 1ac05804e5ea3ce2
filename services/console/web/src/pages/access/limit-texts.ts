import { type AccessScope, scopeDimensions } from '@tidewaiter/domain';

/** Patterns of a part of the fleet as texts, one pattern on each line. */
export type ScopeTexts = Record<keyof AccessScope, string>;

/** Texts of the limits; of one part without patterns if there are none. */
export function textsOf(scopes: readonly AccessScope[] | null): ScopeTexts[] {
  const parts = scopes === null || scopes.length === 0 ? [undefined] : scopes;
  return parts.map(
    (scope) => Object.fromEntries(scopeDimensions.map((name) => [name, scope?.[name].join('\n') ?? ''])) as ScopeTexts,
  );
}

/** Limits that the texts name; null where none names any. Parts without patterns are left out. */
export function scopesOf(texts: readonly ScopeTexts[]): AccessScope[] | null {
  const scopes = texts.map((part) => {
    const patterns = scopeDimensions.map((name) => [name, linesOf(part[name])] as const);
    return Object.fromEntries(patterns) as AccessScope;
  });
  const limiting = scopes.filter((scope) => scopeDimensions.some((name) => scope[name].length > 0));
  return limiting.length === 0 ? null : limiting;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
