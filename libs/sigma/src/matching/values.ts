/** Limit on nested lists. */
const maxListDepth = 8;

/**
 * Converts a value to texts: numbers in decimal, booleans as true and false, objects as compact
 * JSON, a list as all of its elements. Null has no text.
 */
export function textsOf(value: unknown): readonly string[] {
  const texts: string[] = [];
  addTexts(value, texts, 0);
  return texts;
}

function addTexts(value: unknown, texts: string[], depth: number): void {
  if (Array.isArray(value)) {
    if (depth < maxListDepth) for (const each of value) addTexts(each, texts, depth + 1);
    return;
  }
  const text = textOf(value);
  if (text !== undefined) texts.push(text);
}

/** Converts one value that is not a list to text; undefined for null. */
export function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? undefined : JSON.stringify(value);
    default:
      return undefined;
  }
}

/** Parses a decimal number; undefined for other text. */
export function numberOf(text: string): number | undefined {
  return /^-?\d{1,300}(?:\.\d{1,300})?$/.test(text) ? Number(text) : undefined;
}
