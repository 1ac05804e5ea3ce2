/** Parameters of a page's address: free text, or one of some values. */
type Shape = Readonly<Record<string, 'text' | readonly string[]>>;

export type SearchOf<Params extends Shape> = {
  [Name in keyof Params]?: (Params[Name] extends readonly (infer Value)[] ? Value : string) | undefined;
};

/** Reads what a page knows of an address; the rest is dropped, and a wrong value counts as none. */
export function searchParams<const Params extends Shape>(params: Params) {
  return (given: Record<string, unknown>): SearchOf<Params> => {
    const known: Record<string, string> = {};
    for (const [name, allowed] of Object.entries(params)) {
      const value = given[name];
      if (typeof value !== 'string' || value === '') continue;
      if (allowed === 'text' || allowed.includes(value)) known[name] = value;
    }
    return known as SearchOf<Params>;
  };
}

/** Every value of an address is text: `?tag=1` is not a number. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  const text = new URLSearchParams(pairs).toString();
  return text === '' ? '' : `?${text}`;
}
