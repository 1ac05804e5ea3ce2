import type { Tree } from './tree.js';

/** Questions of which at least one has the answer yes whenever a rule matches. */
export interface Witness {
  questions: readonly number[];
  /** How often one of them is thought to have the answer yes, in ever so many events. */
  rate: number;
}

/** The witness that is the least often there; undefined when a rule may match without any. */
export function witnessOf(tree: Tree, rateOf: (question: number) => number | undefined): Witness | undefined {
  switch (tree.op) {
    case 'ask': {
      const rate = rateOf(tree.question);
      return rate === undefined ? undefined : { questions: [tree.question], rate };
    }
    // What must not be there says nothing of what is.
    case 'not':
      return undefined;
    case 'and': {
      const parts = tree.parts.flatMap((part) => witnessOf(part, rateOf) ?? []);
      return parts.sort((a, b) => a.rate - b.rate)[0];
    }
    case 'or': {
      const parts = tree.parts.map((part) => witnessOf(part, rateOf));
      if (!parts.every((part) => part !== undefined)) return undefined;
      return {
        questions: parts.flatMap(({ questions }) => questions),
        rate: parts.reduce((sum, { rate }) => sum + rate, 0),
      };
    }
  }
}
