import type { Expression, Leaf } from '../expression.js';
import type { EventView } from './event-view.js';
import { standsIn, textTest } from './test-text.js';

export type Matcher = (view: EventView) => boolean;

/** Answers an expression by walking it. */
export function interpreter(expression: Expression): Matcher {
  switch (expression.kind) {
    case 'and': {
      const parts = expression.parts.map(interpreter);
      return (view) => parts.every((part) => part(view));
    }
    case 'or': {
      const parts = expression.parts.map(interpreter);
      return (view) => parts.some((part) => part(view));
    }
    case 'not': {
      const part = interpreter(expression.part);
      return (view) => !part(view);
    }
    case 'leaf':
      return leafMatcher(expression.leaf);
  }
}

export function leafMatcher({ field, test }: Leaf): Matcher {
  switch (test.kind) {
    case 'null':
      return (view) => view.field(field).isNull;
    case 'exists':
      return (view) => view.field(field).isPresent;
    case 'field': {
      const { other, position, isCased } = test;
      return (view) => {
        const texts = isCased ? view.field(field).raw : view.field(field).lower;
        const others = isCased ? view.field(other).raw : view.field(other).lower;
        return texts.some((text) => others.some((each) => standsIn(text, each, position)));
      };
    }
    default: {
      const matches = textTest(test);
      return (view) => {
        const { raw, lower } = view.field(field);
        return raw.some((text, index) => matches(text, lower[index] ?? text));
      };
    }
  }
}
