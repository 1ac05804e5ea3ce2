import { type AccessScope, scopeDimensions } from '@tidewaiter/domain';

/** `repositories shop/*, base/*`; null without limits. */
export function limitsText(scopes: readonly AccessScope[] | null): string | null {
  const parts = (scopes ?? []).flatMap((scope) =>
    scopeDimensions.flatMap((dimension) =>
      scope[dimension].length === 0 ? [] : `${dimension} ${scope[dimension].join(', ')}`,
    ),
  );
  return parts.length === 0 ? null : parts.join('; ');
}
