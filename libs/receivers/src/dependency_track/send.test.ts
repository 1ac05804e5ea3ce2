import { httpSink } from '@tidewaiter/testkit';

import { formOf, sampleImage, sampleSecret, uploadConfig, uploaded } from '../../samples/uploads.js';
import { dependencyTrackSender } from './send.js';

const config = (url: string) => ({ ...uploadConfig, url, apiKey: sampleSecret, autoCreate: true, tags: ['a', 'b'] });

describe('dependencyTrackSender', () => {
  it('uploads the bill of materials to a project of the repository and its tag', async () => {
    const { outcome, requests } = await uploaded(
      await httpSink(() => ({ status: 200, body: { token: 'f90934f5-cb88' } })),
      (url, ...rest) => dependencyTrackSender.send(config(url), ...rest),
    );
    expect(outcome).toEqual({ outcome: 'sent', reference: 'f90934f5-cb88', refused: [] });
    const [request] = requests;
    expect(request).toMatchObject({ method: 'POST', path: '/api/v1/bom', headers: { 'x-api-key': 's3cret' } });
    expect(await formOf(request!)).toEqual({
      projectName: sampleImage.name,
      projectVersion: '1.2',
      autoCreate: 'true',
      projectTags: 'a,b',
      bom: sampleImage.bom,
    });
  });

  it('tries its key without an image, and changes nothing', async () => {
    const { outcome, requests } = await uploaded(
      await httpSink(() => ({ status: 200, body: { name: 'CI' } })),
      (url, { image: _, ...delivery }, context) => dependencyTrackSender.send(config(url), delivery, context),
    );
    expect(outcome).toMatchObject({ outcome: 'sent', note: expect.stringContaining('nothing was uploaded') });
    expect(requests).toMatchObject([{ method: 'GET', path: '/api/v1/team/self', headers: { 'x-api-key': 's3cret' } }]);
  });

  it.each([
    [401, 'DEPENDENCY_TRACK_DENIED', false],
    [403, 'DEPENDENCY_TRACK_DENIED', false],
    [400, 'DEPENDENCY_TRACK_REFUSED', false],
    [404, 'DEPENDENCY_TRACK_REFUSED', false],
    [503, 'DEPENDENCY_TRACK_UNAVAILABLE', true],
  ])('takes status %i for %s', async (status, code, retryable) => {
    const sent = uploaded(await httpSink(() => ({ status, body: 's3cret' })), (url, ...rest) =>
      dependencyTrackSender.send(config(url), ...rest),
    );
    await expect(sent).rejects.toMatchObject({ code, retryable, message: expect.not.stringContaining('s3cret') });
  });
});
