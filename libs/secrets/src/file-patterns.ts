/** List of patterns, written as words. */
export const patterns = (words: string): string[] => words.trim().split(/\s+/);

/**
 * Files by the end of their path, in any case: `*` is a part of a name, `**` any folders, a `/` in
 * front the root. The last name, its extension or its folder must be literal, because patterns are
 * looked up by it.
 */
export interface FilePatterns {
  /** Numbers of the lists of patterns that match a path. */
  of(path: string): readonly number[];
}

interface Pattern {
  written: string;
  list: number;
  /** Compiled when a path first needs it, which is rare. */
  expression?: RegExp;
}

/**
 * Finds the lists of patterns for a path by three look-ups: an image has tens of thousands of
 * paths, and few are in any list.
 */
export function indexPatterns(lists: readonly (readonly string[])[]): FilePatterns {
  const byKey = new Map<string, Pattern[]>();
  for (const [list, members] of lists.entries()) {
    for (const written of members.map((member) => member.toLowerCase())) {
      const key = keyOf(written);
      const alike = byKey.get(key);
      if (alike === undefined) byKey.set(key, [{ written, list }]);
      else alike.push({ written, list });
    }
  }
  return {
    of(path) {
      const lower = path.toLowerCase();
      const { name, extension, folder } = partsOf(lower);
      const found = new Set<number>();
      for (const key of [name, `*.${extension}`, `${folder}/`]) {
        for (const pattern of byKey.get(key) ?? []) if (isIn(pattern, lower)) found.add(pattern.list);
      }
      return [...found];
    },
  };
}

/** Literal part of a pattern, by which it is looked up. @throws Error if the pattern has none */
function keyOf(pattern: string): string {
  const { name, extension, folder } = partsOf(pattern);
  if (!name.includes('*')) return name;
  if (extension !== '' && !extension.includes('*')) return `*.${extension}`;
  if (folder !== '' && !folder.includes('*')) return `${folder}/`;
  throw new Error(`pattern without a name: ${pattern}`);
}

function partsOf(path: string): { name: string; extension: string; folder: string } {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const folder = path.slice(path.lastIndexOf('/', slash - 1) + 1, Math.max(0, slash));
  return { name, extension: name.slice(name.lastIndexOf('.') + 1 || name.length), folder };
}

const longestName = 200;

function isIn(pattern: Pattern, path: string): boolean {
  pattern.expression ??= expressionOf(pattern.written);
  return pattern.expression.test(path);
}

function expressionOf(pattern: string): RegExp {
  const source = pattern
    .replace(/^\//, '')
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*|\*/g, (stars) => (stars === '*' ? `[^/]{0,${longestName}}` : `.{1,${longestName}}`));
  return new RegExp(`${pattern.startsWith('/') ? '^' : '(?:^|/)'}${source}$`);
}
