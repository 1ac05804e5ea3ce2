/** Filter of a list as one query: the terms of its controls and what was typed. */
export function queryText(controls: Readonly<Record<string, string | undefined>>, typed: string | undefined): string {
  const terms = Object.entries(controls).flatMap(([field, value]) =>
    value === undefined ? [] : `${field}=${quoted(value)}`,
  );
  // The typed part may have an `or`, which binds less than the terms beside it.
  return [...terms, ...(typed === undefined ? [] : [`(${typed})`])].join(' ');
}

function quoted(value: string): string {
  return /^[\w./-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
