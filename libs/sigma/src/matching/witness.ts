import type { Tree } from './tree.js';

/** Tests of which at least one matches whenever a rule does. */
export interface Witness {
  questions: readonly number[];
  /** Estimated frequency with which one of them matches. */
  rate: number;
}

/** Returns the witness with the lowest rate; undefined when a rule may match without any. */
export function witnessOf(tree: Tree, rateOf: (question: number) => number | undefined): Witness | undefined {
  switch (tree.op) {
    case 'ask': {
      const rate = rateOf(tree.question);
      return rate === undefined ? undefined : { questions: [tree.question], rate };
    }
    // An excluded test gives no evidence of what is present.
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
