import { isStaleStatement, PreparedStatements } from './prepared-statements.js';

describe('PreparedStatements', () => {
  const used = (statements: PreparedStatements, text: string, times: number) =>
    Array.from({ length: times }, () => statements.nameOf(text)).at(-1);

  it('names a statement from its third use on, always alike', () => {
    const statements = new PreparedStatements();
    expect(used(statements, 'SELECT 1', 2)).toBeUndefined();
    expect(used(statements, 'SELECT 1', 1)).toBe('tidewaiter_1');
    expect(used(statements, 'SELECT 2', 3)).toBe('tidewaiter_2');
    expect(used(statements, 'SELECT 1', 5)).toBe('tidewaiter_1');
  });

  it('names a limited number of statements, and of those that come once none', () => {
    const statements = new PreparedStatements();
    for (let text = 0; text < 10_000; text += 1) expect(statements.nameOf(`SELECT ${text}`)).toBeUndefined();
    for (let text = 0; text < 10_000; text += 1) used(statements, `SELECT ${text}`, 5);
    expect(statements.size).toBe(150);
  });

  it('is old after a minute, and never repeats a name', () => {
    let now = 0;
    const statements = new PreparedStatements(() => now);
    expect(used(statements, 'SELECT 1', 3)).toBe('tidewaiter_1');
    now = 60_000;
    expect(statements.isOld).toBe(false);
    now = 60_001;
    expect(statements.isOld).toBe(true);
    statements.clear();
    expect(statements.isOld).toBe(false);
    expect(used(statements, 'SELECT 1', 2)).toBeUndefined();
    expect(used(statements, 'SELECT 1', 1)).toBe('tidewaiter_2');
  });

  it('is old after twice the time of before, up to 16 minutes, and anew after a minute once one failed', () => {
    let now = 0;
    const statements = new PreparedStatements(() => now);
    const minutesUntilOld = () => {
      used(statements, 'SELECT 1', 3);
      let minutes = 0;
      for (; !statements.isOld; minutes += 1) now += 60_000;
      statements.clear();
      return minutes - 1;
    };
    expect(Array.from({ length: 6 }, minutesUntilOld)).toEqual([1, 2, 4, 8, 16, 16]);
    statements.expire();
    statements.clear();
    expect(minutesUntilOld()).toBe(1);
  });

  it('is old after a minute where a frequent statement finds no name left', () => {
    let now = 0;
    const statements = new PreparedStatements(() => now);
    used(statements, 'SELECT 1', 3);
    now = 60_001;
    statements.clear();
    for (let text = 0; text < 151; text += 1) used(statements, `SELECT ${text}`, 3);
    now += 60_001;
    expect(statements.isOld).toBe(true);
  });

  it('names nothing after a failure until the connection has dropped its statements', () => {
    const statements = new PreparedStatements();
    used(statements, 'SELECT 1', 3);
    statements.expire();
    expect(statements.isOld).toBe(true);
    expect(used(statements, 'SELECT 1', 5)).toBeUndefined();
    statements.clear();
    expect(used(statements, 'SELECT 1', 3)).toBe('tidewaiter_2');
  });
});

describe('isStaleStatement', () => {
  it.each([
    [{ code: '26000', message: 'prepared statement "tidewaiter_1" does not exist' }, true],
    [{ code: '42P05', message: 'prepared statement "tidewaiter_1" already exists' }, true],
    [{ code: '0A000', message: 'cached plan must not change result type' }, true],
    [{ code: '0A000', message: 'cannot insert into a view' }, false],
    [{ code: '23505', message: 'duplicate key value' }, false],
    [new Error('Connection terminated'), false],
  ])('of %j is %s', (error, expected) => {
    expect(isStaleStatement(error)).toBe(expected);
  });
});
