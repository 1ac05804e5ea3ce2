/**
 * Names of the code in a compiled program. Analyzers add them to a set for each program, and
 * advisories that list vulnerable functions look them up there.
 */
export const linkedCode = {
  /** A function, or a method as `Type.Method`, without generics and closures. */
  function: (importPath: string, symbol: string): string => `${importPath}.${symbol}`,
  /** Some function of a package. */
  package: (importPath: string): string => `${importPath}.`,
  /** A module of the program. */
  module: (path: string, version: string): string => `${path}@${version}`,
  /**
   * A module whose functions are not known by its own import paths: it replaces another module, or
   * the program has no readable function table.
   */
  opaqueModule: (path: string, version: string): string => `${path}@${version}?`,
  /** A setting of the build: `GOOS=linux`; empty if unknown. */
  setting: (name: 'GOOS' | 'GOARCH', value: string): string => `${name}=${value}`,
};

/** Names of the code in a program, as far as a lookup needs them. */
export interface LinkedNames {
  has(name: string): boolean;
}

/**
 * Whether the vulnerable code is in a program of the image: `linked`, or `not-linked` when the
 * linker left it out of every program with the package.
 */
export const reachabilities = ['linked', 'not-linked'] as const;
export type Reachability = (typeof reachabilities)[number];
