import { bitmap } from './characters.js';

/** Source file whose text a source map has. */
export interface MappedSource {
  /** Path in the project, such as `src/config.js`. */
  name: string;
  content: Buffer;
}

/** Map behind the code that it describes, as builds for development write it. */
const inlineMap = 'sourceMappingURL=data:application/json';
const inlineBase64 = /^[\w=;.-]{0,40};base64,/;
const base64 = bitmap(/[A-Za-z0-9+/=]/);
const mapPath = /\.map$/i;
const codePath = /\.(?:[cm]?js|css)$/i;
const quote = 0x22;
const backslash = 0x5c;
/** A shorter text has no secret with its name, and more of them in a map are none of a program. */
const shortestSource = 12;
const maxSources = 50_000;

/** Whether a file may be a map with the sources of a program. */
export const mayMapSources = (path: string): boolean => mapPath.test(path);

/**
 * Sources of an application in a source map, or in the maps at the end of its code: names and
 * values as they were written, which a bundle has not. Libraries are left out.
 * @see https://tc39.es/ecma426/#sec-source-map-format
 */
export function mappedSources(path: string, content: Buffer): MappedSource[] {
  const maps = mapPath.test(path) ? [content] : codePath.test(path) ? inlineMaps(content) : [];
  const sources = maps.flatMap(sourcesOf).filter(({ name }) => !/(?:^|\/)node_modules\//.test(name));
  return sources.slice(0, maxSources);
}

function inlineMaps(content: Buffer): Buffer[] {
  const maps: Buffer[] = [];
  for (let at = content.indexOf(inlineMap); at !== -1; at = content.indexOf(inlineMap, at)) {
    at += inlineMap.length;
    const [form = ''] = inlineBase64.exec(content.toString('latin1', at, at + 60)) ?? [];
    if (form === '') continue;
    const start = at + form.length;
    for (at = start; at < content.length && base64[content[at]!] === 1;) at += 1;
    maps.push(Buffer.from(content.toString('latin1', start, at), 'base64'));
  }
  return maps;
}

/** Each text with the name at its place; a map of several parts has both lists several times. */
function sourcesOf(map: Buffer): MappedSource[] {
  const names = listsOf(map, '"sources"');
  return listsOf(map, '"sourcesContent"').flatMap((texts, list) =>
    texts.flatMap((content, index) =>
      content === undefined || content.length < shortestSource
        ? []
        : [{ name: pathOf(names[list]?.[index]?.toString() ?? `${index}`), content }],
    ),
  );
}

/** `webpack://app/./src/config.js?1a2b` is `src/config.js`. */
const pathOf = (source: string): string =>
  source
    .replace(/^[a-z][a-z0-9+.-]{0,20}:\/\/[^/]{0,200}\//i, '')
    .replace(/[?#].{0,200}$/, '')
    .replace(/^(?:\.{0,2}\/)+/, '')
    .replace(/[^\x20-\x7e]/g, '_')
    .slice(0, 400);

/**
 * Texts of the lists with a name. Read where they are: an object for each value of a hostile
 * document would take ten times its size.
 */
function listsOf(json: Buffer, name: string): (Buffer | undefined)[][] {
  const lists: (Buffer | undefined)[][] = [];
  for (let at = json.indexOf(name); at !== -1; at = json.indexOf(name, at)) {
    at += name.length;
    const [start = ''] = /^\s{0,8}:\s{0,8}\[/.exec(json.toString('latin1', at, at + 20)) ?? [];
    if (start === '') continue;
    const { texts, end } = textsAt(json, at + start.length);
    lists.push(texts);
    at = end;
  }
  return lists;
}

function textsAt(json: Buffer, start: number): { texts: (Buffer | undefined)[]; end: number } {
  const texts: (Buffer | undefined)[] = [];
  let at = start;
  while (at < json.length && json[at] !== 0x5d) {
    if (json[at] === quote) {
      const end = endOfText(json, at + 1);
      texts.push(decoded(json.subarray(at, end + 1)));
      at = end;
    } else if (json[at] === 0x6e) {
      texts.push(undefined);
      at += 'null'.length - 1;
    }
    at += 1;
  }
  return { texts, end: at };
}

/** Place of the quotation mark that ends a text: the next one that is not escaped. */
function endOfText(json: Buffer, start: number): number {
  for (let at = json.indexOf(quote, start); at !== -1; at = json.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (json[at - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return json.length;
}

function decoded(text: Buffer): Buffer | undefined {
  try {
    return Buffer.from(JSON.parse(text.toString()) as string);
  } catch {
    return undefined;
  }
}
