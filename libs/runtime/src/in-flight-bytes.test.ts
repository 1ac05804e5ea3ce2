import { InFlightBytes } from './in-flight-bytes.js';

describe('InFlightBytes', () => {
  it('reserves up to its limit, and any size for a single request', () => {
    const pressure = new InFlightBytes(100);
    const release = pressure.take(500);
    expect(() => pressure.take(1)).toThrow(expect.objectContaining({ code: 'INTAKE_BUSY', retryAfterMs: 2_000 }));
    release();
    release();
    expect(pressure.heldBytes).toBe(0);
    const two = [pressure.take(60), pressure.take(40)];
    expect(() => pressure.take(1)).toThrow();
    two[0]?.();
    expect(() => pressure.take(60)).not.toThrow();
    expect(pressure.heldBytes).toBe(100);
  });
});
