import { RE2Set } from 're2js';

// RE2JS does not document the program that it compiles. Everything that is read of it is in this
// file, and is compared with a known program before it is used: a release with another one makes
// searches slower and never wrong.

/** Opcodes of RE2's instructions. @see https://swtch.com/~rsc/regexp/regexp2.html */
export const op = { alt: 1, altMatch: 2, capture: 3, emptyWidth: 4, match: 6, nop: 7, rune: 8, lastRune: 11 };
/** Conditions of empty-width instructions. */
export const empty = { beginLine: 1, endLine: 2, beginText: 4, endText: 8, wordBoundary: 16, noWordBoundary: 32 };

/** Members of an instruction of RE2JS. */
export interface RegexInstruction {
  op: number;
  out: number;
  arg: number;
  matchRune(rune: number): boolean;
}

/** NFA of a set of expressions. */
export interface RegexNfa {
  instructions: readonly RegexInstruction[];
  start: number;
  /** Code points at which the expressions may begin to distinguish characters, in order. */
  classBounds: Int32Array;
}

/** Set of RE2JS, after its compilation. */
export interface CompiledSet {
  prog: { inst: readonly RegexInstruction[]; start: number };
  dfa: { classBounds: Int32Array };
}

export type CompileSet = (expressions: readonly string[]) => unknown;

function compileSet(expressions: readonly string[]): unknown {
  const set = new RE2Set();
  for (const expression of expressions) set.add(expression);
  set.compile();
  return set;
}

/** Compiles a set of expressions to an NFA; only where {@link hasKnownShape}. */
export function nfaOf(expressions: readonly string[]): RegexNfa {
  const { prog, dfa } = compileSet(expressions) as CompiledSet;
  return { instructions: prog.inst, start: prog.start, classBounds: dfa.classBounds };
}

let isKnown: boolean | undefined;

/**
 * Whether the installed RE2JS compiles to the programs that {@link nfaOf} reads; checked once, at
 * the first pattern.
 */
export function readsPrograms(): boolean {
  return (isKnown ??= hasKnownShape(compileSet));
}

/** Expressions that need every instruction and condition that the DFA is built from. */
const samples = ['a', '(b|[0-9])+?$', String.raw`\Ax*\B.`, String.raw`(?m)^(?:)\b(?s:.)$`, '[^y]', '(?i)k', 'z|'];

/** Opcode, next instruction and argument of each instruction of the samples. */
const expectedProgram = `
  5 0 0, 9 2 0, 6 0 0, 3 4 2, 8 5 0, 3 6 3, 1 7 3, 4 8 8, 6 0 1, 4 11 4,
  9 11 0, 1 10 12, 4 13 32, 11 14 0, 6 0 2, 4 16 1, 4 17 16, 10 18 0, 4 19 2, 6 0 3,
  8 21 0, 6 0 4, 8 23 1, 6 0 5, 9 27 0, 7 27 0, 1 24 25, 6 0 6, 1 1 3, 1 28 9,
  1 29 15, 1 30 20, 1 31 22, 1 32 26`
  .trim()
  .split(/,\s+/);
const expectedStart = 33;
const expectedBounds = '10,11,48,58,65,75,76,91,95,96,97,98,99,107,108,120,121,122,123,8490,8491,1114112';
const runes = Array.from('abkKy\n5\u212aé').map((each) => each.codePointAt(0)!);
/** The runes that each rune instruction of the samples consumes, by its number. */
const expectedRunes = new Map([
  [1, '100000000'],
  [4, '010000100'],
  [10, '000000000'],
  [13, '111110111'],
  [17, '111111111'],
  [20, '111101111'],
  [22, '001100010'],
  [24, '000000000'],
]);

/** Whether the samples compile to the expected program. */
export function hasKnownShape(compile: CompileSet): boolean {
  try {
    const { prog, dfa } = compile(samples) as CompiledSet;
    const program = prog.inst.map(({ op, out, arg }) => `${op} ${out} ${arg}`);
    return (
      prog.start === expectedStart &&
      program.length === expectedProgram.length &&
      program.every((each, number) => each === expectedProgram[number]) &&
      [...dfa.classBounds].join() === expectedBounds &&
      [...expectedRunes].every(([number, expected]) => consumedBy(prog.inst[number]!) === expected)
    );
  } catch {
    return false;
  }
}

function consumedBy(instruction: RegexInstruction): string {
  return runes.map((rune) => Number(instruction.matchRune(rune))).join('');
}
