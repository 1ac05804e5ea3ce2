/**
 * JSON for a jsonb parameter. PostgreSQL refuses NUL and lone surrogates, and a hostile label or
 * process name must not be able to fail the statement that keeps it.
 */
export function json(value: unknown): string {
  const text = JSON.stringify(value);
  return mayBeUnstorable.test(text) ? storableJson(value) : text;
}

/** Text of JSON from elsewhere, to be written as it is. */
export class JsonText {
  constructor(private readonly text: string) {}

  toString(): string {
    return mayBeUnstorable.test(this.text) ? storableJson(JSON.parse(this.text)) : this.text;
  }
}

/**
 * Escapes of NUL and lone surrogates, as JSON has them. Also matches harmless text
 * that looks like one.
 */
const mayBeUnstorable = /\\u(?:0000|[dD][89a-fA-F])/;

function storableJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'string' ? storableText(each) : each));
}

/** Replaces NUL and lone surrogates in text parameters, also inside arrays. */
export function storable(parameter: unknown): unknown {
  if (typeof parameter === 'string') return storableText(parameter);
  return Array.isArray(parameter) ? parameter.map(storable) : parameter;
}

/** Replaces NUL and lone surrogates in a text. */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\uFFFD') : wellFormed;
}
