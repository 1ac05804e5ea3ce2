import { isJsonObject, storableText, type UntrustedObject } from './json.js';

/** Text of a config with its place: `config.Healthcheck.Test[1]`. */
export interface ConfigText {
  place: string;
  /** Value; `name=value` in an object, and the words of a list joined by spaces. */
  text: string;
}

/** Limit on texts, which are in memory; a config of four megabytes may have a million. */
const maxTexts = 50_000;
const maxPlaceLength = 200;

/**
 * Every text of a JSON document, whatever the name of its field: builders add fields of their own,
 * and a list of known ones forgets the next. Fields for which `isKnown` holds are left out.
 */
export function configTexts(
  document: UntrustedObject,
  isKnown: (place: string, value: unknown) => boolean,
): ConfigText[] {
  const texts: ConfigText[] = [];
  // By a list of its own: the document may be nested more deeply than calls may be.
  const open: { place: string; value: unknown; name?: string }[] = [{ place: '', value: document }];
  for (let next = open.pop(); next !== undefined && texts.length < maxTexts; next = open.pop()) {
    const { place, value, name } = next;
    if (isKnown(place, value)) continue;
    if (typeof value === 'string') {
      texts.push({ place, text: storableText(name === undefined ? value : `${name}=${value}`) });
    } else if (Array.isArray(value)) {
      if (value.length > 1 && value.every((each) => typeof each === 'string'))
        texts.push({ place, text: storableText(value.join(' ')) });
      for (const [index, each] of value.entries()) open.push({ place: within(place, `[${index}]`), value: each });
    } else if (isJsonObject(value)) {
      for (const [key, each] of Object.entries(value)) {
        // The names of volumes and ports are keys of empty objects.
        if (isJsonObject(each)) texts.push({ place, text: storableText(key) });
        open.push({ place: within(place, place === '' ? key : `.${key}`), value: each, name: key });
      }
    }
  }
  return texts;
}

function within(place: string, part: string): string {
  return place.length > maxPlaceLength ? place : storableText(place + part, maxPlaceLength);
}
