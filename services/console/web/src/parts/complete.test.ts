import { complete, narrowed } from './complete.js';

/** Completes the part in brackets; returns the query with `|` at the cursor. */
function completed(query: string, completion: string): string {
  const [start, end] = [query.indexOf('['), query.indexOf(']') - 1];
  const { text, cursor } = complete(query.replaceAll(/[[\]]/g, ''), { start, end }, completion);
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

describe('complete', () => {
  it.each([
    ['running [sev]', 'severity>=', 'running severity>=|'],
    ['severity>=[h]', 'high', 'severity>=high |'],
    ['severity>=[h] running', 'high', 'severity>=high| running'],
    ['([run])', 'running', '(running|)'],
    ['state=[op],resolved', 'open', 'state=open|,resolved'],
    ['[]', 'kev', 'kev |'],
  ])('%j with %j', (query, completion, expected) => {
    expect(completed(query, completion)).toBe(expected);
  });
});

describe('narrowed', () => {
  const items = ['severity>=', 'seen>=', 'state='].map((text) => ({ text, description: '' }));
  const known = { start: 4, end: 5, items, problem: null };
  const of = { text: 'kev s running', cursor: 5 };
  const texts = (text: string) => {
    const typed = { text: text.replace('|', ''), cursor: text.indexOf('|') };
    const { items: fitting = [], end = null } = narrowed(known, of, typed) ?? {};
    return [fitting.map((each) => each.text).join(' '), end];
  };

  it.each([
    ['kev s| running', 'severity>= seen>= state=', 5],
    ['kev se| running', 'severity>= seen>=', 6],
    ['kev Sev| running', 'severity>=', 7],
    ['kev sx| running', '', null],
    ['kev s r|unning', '', null],
    ['ke| s running', '', null],
    ['epss s| running', '', null],
  ])('%j', (text, fitting, end) => {
    expect(texts(text)).toEqual([fitting, end]);
  });
});
