import type { Regex } from './re2-source.js';

/** Knowledge about the texts that a part of an expression matches. */
interface Known {
  /**
   * All of these texts, where they are few; an empty text means that the part may match nothing.
   */
  exact: readonly string[] | null;
  /** Texts of which every match contains at least one; null where none are known. */
  needed: readonly string[] | null;
}

const maxTexts = 96;
const maxLength = 24;
const anything: Known = { exact: null, needed: null };
const nothing: Known = { exact: [''], needed: null };

/**
 * Returns literals, in lower case, of which every match contains at least one, ignoring case;
 * undefined where none are known or they are too short to be selective.
 */
export function literalsOf({ source, flags }: Regex): readonly string[] | undefined {
  const [, inline = '', body = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(source) ?? [];
  const reader = new Reader(body, flags.includes('i') || inline.includes('i'));
  const known = reader.read();
  const needed = known === null ? null : bestOf([known.needed, known.exact]);
  return needed !== null && isSelective(needed) ? needed : undefined;
}

/** Minimum length: shorter literals are in almost every text. */
const minLength = 3;

function isSelective(texts: readonly string[]): boolean {
  return texts.every(({ length }) => length >= minLength);
}

function rateOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + 2 ** -length, 0);
}

function bestOf(candidates: readonly (readonly string[] | null)[]): readonly string[] | null {
  const usable = candidates.flatMap((texts) =>
    texts === null || texts.length === 0 || texts.includes('') ? [] : [fewest(texts)],
  );
  return usable.toSorted((a, b) => Number(isSelective(b)) - Number(isSelective(a)) || rateOf(a) - rateOf(b))[0] ?? null;
}

/** Drops texts that contain another one. */
function fewest(texts: readonly string[]): string[] {
  const short = [...new Set(texts)].toSorted((a, b) => a.length - b.length);
  return short.filter((text, index) => !short.slice(0, index).some((other) => text.includes(other)));
}

/** Parser of the common part of RE2's syntax; other syntax yields no literals. */
class Reader {
  #at = 0;

  constructor(
    private readonly body: string,
    private readonly ignoresCase: boolean,
  ) {}

  /** Returns null for syntax that is not supported. */
  read(): Known | null {
    try {
      const known = this.#alternatives();
      return this.#at === this.body.length ? known : null;
    } catch (error) {
      if (error instanceof NotUnderstood) return null;
      throw error;
    }
  }

  #alternatives(): Known {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0]! : either(parts);
  }

  #sequence(): Known {
    const parts: Known[] = [];
    while (this.#at < this.body.length && this.#peek() !== '|' && this.#peek() !== ')') parts.push(this.#repeated());
    return inRow(parts);
  }

  #repeated(): Known {
    let known = this.#single();
    for (;;) {
      const [quantifier, low = ''] = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(this.body.slice(this.#at)) ?? [];
      if (quantifier === undefined) return known;
      this.#at += quantifier.length;
      known = repetition(known, quantifier[0]!, Number(low));
    }
  }

  #single(): Known {
    const char = this.#next();
    if (char === '(') return this.#group();
    if (char === '[') return this.#class();
    if (char === '\\') return this.#escape();
    if (char === '.') return anything;
    if (char === '^' || char === '$') return nothing;
    return this.#literal(char);
  }

  #group(): Known {
    const [opening] = /^\?(?::|P?<\w+>)/.exec(this.body.slice(this.#at)) ?? [];
    if (opening === undefined && this.#peek() === '?') throw new NotUnderstood();
    this.#at += opening?.length ?? 0;
    const known = this.#alternatives();
    if (!this.#take(')')) throw new NotUnderstood();
    return known;
  }

  /**
   * Parses a class: `[ab]` is one of a few characters; `[^a]`, `[a-z]` and `[[:alpha:]]` are any.
   */
  #class(): Known {
    const [whole] = /^\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]/s.exec(this.body.slice(this.#at)) ?? [];
    if (whole === undefined) throw new NotUnderstood();
    this.#at += whole.length;
    const inside = whole.slice(0, -1);
    if (!/^[A-Za-z0-9 /"'=:_@.,;+%~-]{1,6}$/.test(inside) || /[^-]-[^-]/.test(inside)) return anything;
    return either(Array.from(inside, (char) => this.#literal(char)));
  }

  #escape(): Known {
    const char = this.#next();
    if (/[AzbB]/.test(char)) return nothing;
    if (/[dDsSwW]/.test(char)) return anything;
    if (/\w/.test(char)) throw new NotUnderstood();
    return this.#literal(char);
  }

  #literal(char: string): Known {
    // Excludes characters whose lower case has another length or letter; to RE2, the long s and the
    // Kelvin sign match s and k.
    if (char < ' ' || char > '~' || (this.ignoresCase && /[sk]/i.test(char))) return anything;
    return { exact: [char.toLowerCase()], needed: null };
  }

  #peek(): string | undefined {
    return this.body[this.#at];
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }

  #next(): string {
    const char = this.body[this.#at];
    if (char === undefined) throw new NotUnderstood();
    this.#at += 1;
    return char;
  }
}

class NotUnderstood extends Error {}

function either(parts: readonly Known[]): Known {
  const exacts = parts.flatMap(({ exact }) => exact ?? []);
  const isExact = parts.every(({ exact }) => exact !== null) && exacts.length <= maxTexts;
  const needs = parts.map(({ exact, needed }) => bestOf([exact, needed]));
  return {
    exact: isExact ? [...new Set(exacts)] : null,
    needed: needs.every((need) => need !== null) ? needs.flatMap((need) => need ?? []) : null,
  };
}

/**
 * Concatenates parts: known texts are joined to longer ones, and the most selective required texts
 * win.
 */
function inRow(parts: readonly Known[]): Known {
  const candidates: (readonly string[] | null)[] = [];
  let run: readonly string[] = [''];
  let isExact = true;
  for (const { exact, needed } of parts) {
    candidates.push(needed);
    const longer = exact === null ? null : product(run, exact);
    if (longer === null) {
      candidates.push(run);
      isExact = false;
    }
    run = longer ?? exact ?? [''];
  }
  candidates.push(run);
  return { exact: isExact ? run : null, needed: bestOf(candidates) };
}

function product(starts: readonly string[], ends: readonly string[]): string[] | null {
  if (starts.length * ends.length > maxTexts) return null;
  const texts = starts.flatMap((start) => ends.map((end) => start + end));
  return texts.some(({ length }) => length > maxLength) ? null : [...new Set(texts)];
}

function repetition(known: Known, quantifier: string, low: number): Known {
  const mayBeMissing = quantifier === '*' || quantifier === '?' || (quantifier === '{' && low === 0);
  if (quantifier === '?' && known.exact !== null) return either([known, nothing]);
  if (mayBeMissing) return anything;
  return { exact: null, needed: bestOf([known.exact, known.needed]) };
}
