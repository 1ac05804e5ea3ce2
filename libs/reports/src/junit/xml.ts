// Characters that XML 1.0 cannot represent, including lone surrogates.
// @see https://www.w3.org/TR/xml/#charsets
const unwritable = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

// Invisible characters, written as references so that they cannot mislead a reader of the file.
const invisible = /[\u007F-\u009F\u2028\u2029\p{Cf}]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Markup made by {@link element} and {@link text}; nothing else can be a child. */
export type Xml = string & { readonly xml: unique symbol };

/** Builds an element and escapes its attributes. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly Xml[] = [],
): Xml {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(value, /[&<>"\t\n\r]/g)}"`);
  const content = children.length === 0 ? '/>' : `>${children.join('')}</${name}>`;
  return `<${name}${written.join('')}${content}` as Xml;
}

/** Escapes text between tags. */
export function text(value: string): Xml {
  return escape(value, /[&<>\r]/g) as Xml;
}

function escape(value: string, special: RegExp): string {
  return value
    .replaceAll(unwritable, '\uFFFD')
    .replaceAll(special, (character) => entities[character]!)
    .replaceAll(invisible, (character) => `&#${character.codePointAt(0)};`);
}
