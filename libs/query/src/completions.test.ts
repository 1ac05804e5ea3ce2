import { completionsAt } from './completions.js';
import { fieldsOf } from './fields.js';

const fields = fieldsOf({
  severity: { type: 'rank', values: ['critical', 'high', 'low'], description: 'worst finding' },
  state: { type: 'choice', values: ['open', 'resolved'], description: 'of the incident' },
  running: { type: 'flag', description: 'a workload runs it' },
  repository: { type: 'text', description: 'of the image' },
  seen: { type: 'time', description: 'last time' },
});

/** Completes at `|`; returns the whole query for each completion. */
function completed(text: string): string[] {
  const cursor = text.indexOf('|');
  const query = text.replace('|', '');
  const { start, end, items } = completionsAt(query, cursor, fields);
  return items.map((item) => query.slice(0, start) + item.text + query.slice(end));
}

describe('completionsAt', () => {
  it.each([
    ['|', ['severity>=', 'state=', 'running', 'repository=', 'seen>=']],
    ['se|', ['severity>=', 'seen>=']],
    ['running st|', ['running state=']],
    ['state|', ['state=', 'state!=']],
    ['Seen|', ['seen=', 'seen!=', 'seen<', 'seen<=', 'seen>', 'seen>=']],
    ['-ru|', ['-running']],
    ['(ru|', ['(running']],
    ['severity>=|', ['severity>=critical', 'severity>=high', 'severity>=low']],
    ['severity>=h| running', ['severity>=high running']],
    ['severity>=hi|gh running', ['severity>=high running']],
    ['state=open,re|', ['state=open,resolved']],
    ['State:o|', ['State:open']],
    ['running=f|', ['running=false']],
    ['seen>7|', ['seen>7d']],
    ['"se|', []],
    ['shop/|', []],
  ])('completes %j', (text, expected) => {
    expect(completed(text)).toEqual(expected);
  });

  it('names the field whose values only the list knows', () => {
    expect(completionsAt('running repository=shop/', 24, fields)).toEqual({
      start: 19,
      end: 24,
      items: [],
      fieldOfValue: 'repository',
    });
  });
});
