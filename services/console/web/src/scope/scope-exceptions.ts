import { fieldsOf, type Scope, type ScopedPart } from './scope.js';

/** Sentence about what the scope does not limit on a page; null where it limits everything. */
export function exceptionsText(scope: Scope, parts: readonly ScopedPart[]): string | null {
  const fields = fieldsOf(scope);
  const isLimited = parts.some(({ missing }) => fields.some((field) => !missing.includes(field)));
  if (!isLimited) return 'The scope does not apply to this page';
  const texts = fields.flatMap((field) => {
    const names = parts.filter(({ missing }) => missing.includes(field)).map(({ name }) => name);
    return names.length === 0 ? [] : [`${field} does not apply to ${[...new Set(names)].join(', ')}`];
  });
  return texts.length === 0 ? null : texts.join('; ');
}
