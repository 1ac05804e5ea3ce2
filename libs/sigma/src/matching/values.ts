/** How deep lists in lists are entered. */
const maxListDepth = 8;

/**
 * What a field says, as texts: numbers in decimal, switches as true and false, objects as compact JSON, a list as all of its
 * elements. Null has no text.
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

/** The text of one value that is no list; undefined for null. */
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

/** Decimal text as a number; undefined for anything else. */
export function numberOf(text: string): number | undefined {
  return /^-?\d{1,300}(?:\.\d{1,300})?$/.test(text) ? Number(text) : undefined;
}
