import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

/** Element with its content. Names are without their namespace prefix. */
export interface XmlElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  /** Character data directly inside, trimmed. */
  text: string;
  /** Size as text, children included. */
  length: number;
}

/** Limit on one tag, comment or run of text, in characters: descriptions have some 100,000. */
const maxPieceLength = 2 * 1024 * 1024;
/** Limit on one wanted element; the definition of a kernel's update has 1 MB. */
const maxElementLength = 16 * 1024 * 1024;
const maxDepth = 64;
const minTextLength = 64 * 1024;
const maxAttributes = 64;

const attribute = /([^\s=/>"']{1,200})\s{0,100}=\s{0,100}(?:"([^"<]*)"|'([^'<]*)')/gy;

/**
 * Yields the elements of these names, each with its content, in the order of their ends; of the
 * others nothing is kept. Reads the part of XML that feeds use: no document types and no entities
 * of one's own, so that nothing expands.
 * @throws InvalidInput `XML_INVALID` for text that is not well-formed, or has a document type
 * @throws LimitExceeded `maxPieceLength`, `maxElementLength`, `maxDepth`
 */
export async function* xmlElements(
  bytes: AsyncIterable<Uint8Array>,
  wanted: ReadonlySet<string>,
): AsyncGenerator<XmlElement, void, undefined> {
  const reader = new XmlReader(wanted);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of bytes) {
    text += decode(() => decoder.decode(chunk, { stream: true }));
    // Incomplete markup is searched again with the next text, which must not be a few bytes.
    if (text.length < minTextLength) continue;
    yield* reader.write(text);
    text = '';
  }
  yield* reader.write(text + decode(() => decoder.decode()));
  reader.end();
}

function decode(work: () => string): string {
  let text;
  try {
    text = work();
  } catch (cause) {
    throw new InvalidInput('XML_INVALID', 'it is not UTF-8', { cause });
  }
  if (text.includes('\0')) throw invalid('a character that XML does not have');
  return text;
}

class XmlReader {
  /** Text that is not read yet. */
  #rest = '';
  /** Open elements, the outermost first; those outside of wanted ones have no content. */
  readonly #open: { name: string; element: XmlElement | undefined }[] = [];
  #hasRoot = false;

  constructor(private readonly wanted: ReadonlySet<string>) {}

  *write(text: string): Generator<XmlElement> {
    this.#rest += text;
    let at = 0;
    for (;;) {
      const next = this.#rest.indexOf('<', at);
      if (next === -1) break;
      const end = endOfMarkup(this.#rest, next);
      if (end === undefined) break;
      this.#text(this.#rest.slice(at, next));
      const closed = this.#markup(this.#rest.slice(next, end));
      if (closed) yield closed;
      at = end;
    }
    this.#rest = this.#rest.slice(at);
    if (this.#rest.length > maxPieceLength) {
      throw new LimitExceeded('maxPieceLength', `a tag or text of more than ${maxPieceLength} characters`);
    }
  }

  end(): void {
    const isComplete = this.#hasRoot && this.#open.length === 0 && this.#rest.trim() === '';
    if (!isComplete) throw invalid('it ends inside an element');
  }

  #markup(markup: string): XmlElement | undefined {
    if (markup.startsWith('<!--') || markup.startsWith('<?')) return undefined;
    if (markup.startsWith('<![CDATA[')) {
      this.#add(markup.slice('<![CDATA['.length, -']]>'.length));
      return undefined;
    }
    if (markup.startsWith('<!')) throw invalid('it has a document type');
    if (markup.startsWith('</')) return this.#close(localName(markup.slice(2, -1).trim()));
    const isEmpty = markup.endsWith('/>');
    const name = this.#start(markup.slice(1, isEmpty ? -2 : -1));
    return isEmpty ? this.#close(name) : undefined;
  }

  #start(tag: string): string {
    const [full = ''] = /^[^\s/]{1,200}/.exec(tag) ?? [];
    if (full === '') throw invalid('a tag without a name');
    if (this.#open.length >= maxDepth) throw new LimitExceeded('maxDepth', `elements nested deeper than ${maxDepth}`);
    if (this.#open.length === 0 && this.#hasRoot) throw invalid('a second root element');
    this.#hasRoot = true;
    const name = localName(full);
    const parent = this.#open.at(-1)?.element;
    const isKept = parent !== undefined || this.wanted.has(name);
    const element = isKept
      ? { name, attributes: attributesOf(tag.slice(full.length)), children: [], text: '', length: tag.length }
      : undefined;
    if (element) parent?.children.push(element);
    this.#open.push({ name, element });
    return name;
  }

  #close(name: string): XmlElement | undefined {
    const open = this.#open.pop();
    if (open?.name !== name) throw invalid(`<${open?.name ?? ''}> is closed by </${name.slice(0, 100)}>`);
    const { element } = open;
    if (!element) return undefined;
    element.text = element.text.trim();
    const parent = this.#open.at(-1)?.element;
    if (!parent) return element;
    parent.length += element.length;
    this.#checkLength(parent);
    return undefined;
  }

  #text(text: string): void {
    if (this.#open.length === 0 && text.trim() !== '' && text !== '\uFEFF') throw invalid('text outside of elements');
    if (this.#open.at(-1)?.element) this.#add(decodeEntities(text));
  }

  #add(text: string): void {
    const element = this.#open.at(-1)?.element;
    if (!element) return;
    element.text += text;
    element.length += text.length;
    this.#checkLength(element);
  }

  #checkLength({ length }: XmlElement): void {
    if (length > maxElementLength) {
      throw new LimitExceeded('maxElementLength', `an element of more than ${maxElementLength} characters`);
    }
  }
}

/** Index after the markup that starts at an index; undefined if it continues in the next chunk. */
function endOfMarkup(text: string, start: number): number | undefined {
  for (const [opening, closing] of [
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
    ['<?', '?>'],
  ] as const) {
    if (text.startsWith(opening, start)) return after(text.indexOf(closing, start + opening.length), closing.length);
    // It may be one of these as soon as more of it is there.
    if (opening.startsWith(text.slice(start)) && text.length - start < opening.length) return undefined;
  }
  let quote = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at]!;
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return at + 1;
    else if (character === '<') throw invalid('a tag inside a tag');
  }
  return undefined;
}

function after(index: number, length: number): number | undefined {
  return index === -1 ? undefined : index + length;
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  attribute.lastIndex = 0;
  let at = text.length - text.trimStart().length;
  while (at < text.length) {
    attribute.lastIndex = at;
    const [whole, name, double, single] = attribute.exec(text) ?? [];
    if (whole === undefined || attributes.size >= maxAttributes) throw invalid('a tag with broken attributes');
    attributes.set(localName(name!), decodeEntities(double ?? single ?? ''));
    at += whole.length;
    while (at < text.length && text[at]!.trim() === '') at += 1;
  }
  return attributes;
}

const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['apos', "'"],
  ['gt', '>'],
  ['lt', '<'],
  ['quot', '"'],
]);

/** Replaces the five entities of XML and references to characters; any other entity is an error. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&([^;&\s]{0,12});?/g, (whole, name: string) => {
    const known = entities.get(name);
    if (known !== undefined && whole.endsWith(';')) return known;
    const [, hexadecimal, decimal] = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/i.exec(name) ?? [];
    const code = hexadecimal === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hexadecimal, 16);
    const isSurrogate = code >= 0xd8_00 && code <= 0xdf_ff;
    if (!whole.endsWith(';') || !(code >= 1 && code <= 0x10_ff_ff) || isSurrogate) throw invalid('an unknown entity');
    return String.fromCodePoint(code);
  });
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function invalid(reason: string): InvalidInput {
  return new InvalidInput('XML_INVALID', `not well-formed XML: ${reason}`);
}

/** First child of a name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** Children of a name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}
