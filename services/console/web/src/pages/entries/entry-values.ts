/** A document, or a part of it. */
export type Value = unknown;
export type Document = Readonly<Record<string, Value>>;

/** A key of a document in the form. */
export interface EntryField {
  /** Path in the document: `credentials.username`. */
  path: string;
  label: string;
  /** `list`: one on each line; `secret` is never shown. */
  type: 'text' | 'long' | 'day' | 'list' | 'secret' | 'choice' | 'flag';
  isRequired?: boolean;
  placeholder?: string;
  /** Values of a choice; the first one is that of a document without the key. */
  values?: readonly string[];
}

/** Text of a field in the form. */
export function textOf({ path, type, values = [] }: EntryField, document: Document): string {
  const value = path.split('.').reduce<Value>((part, key) => (part as Document | undefined)?.[key], document);
  if (type === 'list') return Array.isArray(value) ? value.join('\n') : '';
  if (type === 'choice' && value === undefined) return values[0] ?? '';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Path of the first field that a user has to fill; undefined where none is left. */
export function firstToFill(
  fields: readonly EntryField[],
  texts: Readonly<Record<string, string>>,
): string | undefined {
  return fields.find(({ path, isRequired }) => isRequired === true && (texts[path] ?? '') === '')?.path;
}

/** The document with the texts of the form; keys that the form does not have stay. */
export function withTexts(
  document: Document,
  fields: readonly EntryField[],
  texts: Readonly<Record<string, string>>,
): Document {
  return fields.reduce((whole, field) => {
    const text = texts[field.path];
    return text === undefined ? whole : withValue(whole, field.path.split('.'), valueOf(field, text));
  }, document);
}

/** Undefined removes the key; for a secret it keeps the stored one. */
function valueOf({ type, values = [] }: EntryField, text: string): Value {
  const trimmed = type === 'long' || type === 'secret' ? text : text.trim();
  if (trimmed.trim() === '') return undefined;
  if (type === 'flag') return trimmed === 'true' ? true : undefined;
  if (type === 'choice' && trimmed === values[0]) return undefined;
  if (type !== 'list') return trimmed;
  return trimmed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** A map that loses its last key goes, too. */
function withValue(document: Document, [key = '', ...rest]: readonly string[], value: Value): Document {
  const { [key]: before, ...others } = document;
  const next = rest.length === 0 ? value : withValue((before as Document | undefined) ?? {}, rest, value);
  const isGone = next === undefined || (rest.length > 0 && Object.keys(next as Document).length === 0);
  return isGone ? others : { ...document, [key]: next };
}
