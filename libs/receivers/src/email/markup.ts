/** HTML that is safe to put into a document as it is. Only `markup` makes it. */
export interface Html {
  readonly html: string;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A template of HTML: what is put into it is escaped, unless it came out of `markup` itself. */
export function markup(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  const filled = parts.map((part, index) => part + (index < values.length ? htmlOf(values[index]!) : ''));
  return { html: filled.join('') };
}

function htmlOf(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (character) => entities[character] ?? character);
  return 'html' in value ? value.html : value.map(({ html }) => html).join('');
}
