import { httpSink } from './http-sink.js';

const post = async (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body: JSON.stringify(body), headers });

describe('httpSink', () => {
  it('answers as scripted, once each, and records the rejected requests too', async () => {
    const sink = await httpSink(() => ({ status: 204 }));
    sink.next({ status: 429, headers: { 'retry-after': '7' } }, { status: 500, body: { error: 'x' } }, 'drop');
    const limited = await post(sink.url, 1);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await (await post(sink.url, 2)).json()).toEqual({ error: 'x' });
    await expect(post(sink.url, 3)).rejects.toThrow('fetch failed');
    expect((await post(sink.url, 4)).status).toBe(204);
    expect(sink.received.map(({ body }) => body)).toEqual([1, 2, 3, 4]);
    await sink.stop();
  });

  it('stops while a request hangs', async () => {
    const sink = await httpSink(() => 'hang');
    const hanging = post(sink.url, 1);
    await sink.waitFor(1);
    await Promise.all([expect(hanging).rejects.toThrow('fetch failed'), sink.stop()]);
  });

  it('counts the missing requests', async () => {
    const sink = await httpSink(() => ({ status: 200 }));
    await post(sink.url, 1);
    await expect(sink.waitFor(2, 20)).rejects.toThrow('1 of 2 arrived within 20 ms');
    await sink.stop();
  });
});
