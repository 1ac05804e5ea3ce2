/**
 * JSON for a jsonb parameter. PostgreSQL refuses NUL and lone surrogates, and a hostile label or process name must not be able
 * to fail the statement that keeps it.
 */
export function json(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'string' ? storableText(each) : each));
}

/** The same for text parameters, also inside arrays. */
export function storable(parameter: unknown): unknown {
  if (typeof parameter === 'string') return storableText(parameter);
  return Array.isArray(parameter) ? parameter.map(storable) : parameter;
}

function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\uFFFD') : wellFormed;
}
