import { processRegistry } from './metrics.js';

describe('processRegistry', () => {
  it('exports no gauge whose name ends in _total, which promtool rejects', async () => {
    const text = await processRegistry('scanner').metrics();
    expect(text).toContain('process_cpu_seconds_total{service="scanner"}');
    expect(text).not.toMatch(/^# TYPE \w+_total gauge$/m);
  });
});
