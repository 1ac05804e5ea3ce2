import { TransactionBatcher } from './transaction-batcher.js';

const transaction = () => ({});

/** Batcher that returns its items in upper case, and records its batches. */
function capitals(): { asked: string[][]; gathered: TransactionBatcher<object, string, string> } {
  const asked: string[][] = [];
  const gathered = new TransactionBatcher<object, string, string>(async (_tx, items) => {
    asked.push([...items]);
    if (items.includes('bad')) throw new Error('refused');
    return items.map((item) => item.toUpperCase());
  });
  return { asked, gathered };
}

describe('TransactionBatcher', () => {
  it('runs one statement for simultaneous calls, step by step', async () => {
    const { asked, gathered } = capitals();
    const tx = transaction();
    const steps = async (name: string) => [await gathered.add(tx, name), await gathered.add(tx, `${name}2`)];
    expect(await Promise.all([steps('a'), steps('b'), steps('c')])).toEqual([
      ['A', 'A2'],
      ['B', 'B2'],
      ['C', 'C2'],
    ]);
    expect(asked).toEqual([
      ['a', 'b', 'c'],
      ['a2', 'b2', 'c2'],
    ]);
  });

  it('keeps transactions apart', async () => {
    const { asked, gathered } = capitals();
    await Promise.all([gathered.add(transaction(), 'a'), gathered.add(transaction(), 'b')]);
    expect(asked).toEqual([['a'], ['b']]);
  });

  it('rejects all calls that shared a failed statement, and no later one', async () => {
    const { gathered } = capitals();
    const tx = transaction();
    const outcomes = await Promise.allSettled([gathered.add(tx, 'a'), gathered.add(tx, 'bad')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(gathered.add(tx, 'b')).resolves.toBe('B');
  });
});
