// What XML 1.0 has no way to write, lone surrogates among it. @see https://www.w3.org/TR/xml/#charsets
const unwritable = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

// Written as references, so that a person who prints the file is not misled.
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

/** Markup that was made by {@link element} and {@link text}; nothing else can be a child. */
export type Xml = string & { readonly xml: unique symbol };

/** One element; attributes are escaped here. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly Xml[] = [],
): Xml {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(value, /[&<>"\t\n\r]/g)}"`);
  const content = children.length === 0 ? '/>' : `>${children.join('')}</${name}>`;
  return `<${name}${written.join('')}${content}` as Xml;
}

/** Text between tags. */
export function text(value: string): Xml {
  return escape(value, /[&<>\r]/g) as Xml;
}

function escape(value: string, special: RegExp): string {
  return value
    .replaceAll(unwritable, '\uFFFD')
    .replaceAll(special, (character) => entities[character]!)
    .replaceAll(invisible, (character) => `&#${character.codePointAt(0)};`);
}
