import { admit } from './admit.js';

describe('admit', () => {
  it('returns the connection with the proof of its sender', async () => {
    const connection = { id: 'registry/main' };
    expect(await admit(connection, async () => true, 'wrong')).toEqual({ connection, proof: true });
    expect(await admit(connection, async () => ({ run: {} }), 'wrong')).toEqual({ connection, proof: { run: {} } });
  });

  it.each([false, null])('refuses a sender whose proof is %j', async (proof) => {
    await expect(admit({}, async () => proof, 'the token is wrong')).rejects.toMatchObject({
      code: 'HOOK_UNAUTHORIZED',
      message: 'the token is wrong',
    });
  });

  it('rejects an unknown connection without a proof', async () => {
    const prove = async () => Promise.reject(new Error('proof evaluated'));
    await expect(admit(undefined, prove, 'wrong')).rejects.toMatchObject({ code: 'CONNECTION_UNKNOWN' });
  });
});
