import { queryText } from '../url/query-text.js';

/** Parameters of every address that limit the whole console: `scope.cluster=eu1`. */
export const scopeParams = {
  'scope.cluster': 'text',
  'scope.namespace': 'text',
  'scope.repository': 'text',
  'scope.owner': 'text',
} as const;

export const scopeParamNames = Object.keys(scopeParams) as (keyof typeof scopeParams)[];

export const scopeFields = ['cluster', 'namespace', 'repository', 'owner'] as const;
export type ScopeField = (typeof scopeFields)[number];

/** Values of fields, or patterns such as `shop/*`, which must all hold. */
export type Scope = Partial<Record<ScopeField, string>>;

export function scopeOf(search: { [Name in keyof typeof scopeParams]?: string | undefined }): Scope {
  const given = scopeFields.map((field) => [field, search[`scope.${field}`]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** Parameters of an address that set fields of the scope, or with undefined remove them. */
export function scopeSearch(scope: { [Field in ScopeField]?: string | undefined }) {
  return Object.fromEntries(Object.entries(scope).map(([field, value]) => [`scope.${field}`, value]));
}

export function fieldsOf(scope: Scope): ScopeField[] {
  return scopeFields.filter((field) => scope[field] !== undefined);
}

/**
 * A query within the scope, and the fields of the scope that its list lacks.
 * @param known fields of the list
 */
export function scopedQuery(
  scope: Scope,
  known: ReadonlySet<string>,
  q: string | undefined,
): { q: string | undefined; missing: ScopeField[] } {
  const limiting = fieldsOf(scope).filter((field) => known.has(field));
  const terms = Object.fromEntries(limiting.map((field) => [field, scope[field]]));
  return {
    q: limiting.length === 0 ? q : queryText(terms, q || undefined),
    missing: fieldsOf(scope).filter((field) => !known.has(field)),
  };
}

/** Part of a page, and the fields of the scope that do not limit it. */
export interface ScopedPart {
  name: string;
  missing: readonly ScopeField[];
}
