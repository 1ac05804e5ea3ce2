import { captureOutput } from './capture-output.js';

describe('captureOutput', () => {
  it('separates the two streams and restores them', () => {
    const writes = () => [process.stdout.write, process.stderr.write];
    const before = writes();
    const output = captureOutput();
    process.stdout.write('printed ');
    process.stdout.write(Buffer.from('bytes ✓'));
    process.stderr.write('error text');
    output.restore();
    expect(output).toMatchObject({ stdout: 'printed bytes ✓', stderr: 'error text' });
    expect(writes()).toEqual(before);
  });
});
