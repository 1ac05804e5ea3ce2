import { httpSink } from '@tidewaiter/testkit';

import { formOf, sampleImage, sampleSecret, uploadConfig, uploaded } from '../../samples/uploads.js';
import type { DefectDojoConfig } from './config.js';
import { defectDojoSender } from './send.js';

const config = (url: string, more: Partial<DefectDojoConfig> = {}): DefectDojoConfig => ({
  ...{ ...uploadConfig, url, token: sampleSecret, productType: 'Images', product: undefined, engagement: 'Tidewaiter' },
  ...{ autoCreate: true, closeOldFindings: true, minSeverity: 'negligible', ...more },
});

interface Imported {
  findings: Record<string, unknown>[];
}

describe('defectDojoSender', () => {
  it('imports the findings again into the test of the tag', async () => {
    const { outcome, requests } = await uploaded(
      await httpSink(() => ({ status: 201, body: { test_id: 7 } })),
      (url, ...rest) => defectDojoSender.send(config(url), ...rest),
    );
    expect(outcome).toEqual({ outcome: 'sent', reference: 'test 7', refused: [] });
    const [request] = requests;
    expect(request).toMatchObject({ path: '/api/v2/reimport-scan/', headers: { authorization: 'Token s3cret' } });
    const { file, ...fields } = await formOf(request!);
    expect(fields).toMatchObject({
      ...{ scan_type: 'Generic Findings Import', product_type_name: 'Images', product_name: sampleImage.name },
      ...{ engagement_name: 'Tidewaiter', test_title: `${sampleImage.name}:1.2`, auto_create_context: 'true' },
      ...{ close_old_findings: 'true', branch_tag: '1.2', commit_hash: 'f00d', build_id: sampleImage.digest },
    });
    expect((JSON.parse(file!) as Imported).findings).toMatchObject([
      {
        ...{ title: 'CVE-2026-1: a hole (openssl)', severity: 'Critical', cve: 'CVE-2026-1' },
        ...{ vulnerability_ids: ['CVE-2026-1', 'GHSA-1'], component_name: 'openssl', component_version: '3.0.1' },
        ...{ mitigation: 'Upgrade openssl to 3.0.14.', unique_id_from_tool: 'f1', date: '2026-11-25' },
      },
      { title: 'image-root: runs as root', severity: 'Info', unique_id_from_tool: 'f2' },
    ]);
  });

  it('imports an empty list, so that the findings of before are closed', async () => {
    const { requests } = await uploaded(
      await httpSink(() => ({ status: 201, body: {} })),
      (url, ...rest) => defectDojoSender.send(config(url), ...rest),
      { ...sampleImage, findings: [] },
    );
    expect(JSON.parse((await formOf(requests[0]!))['file']!)).toEqual({ findings: [] });
  });

  it('leaves out what is below the least severity', async () => {
    const { requests } = await uploaded(await httpSink(() => ({ status: 201, body: {} })), (url, ...rest) =>
      defectDojoSender.send(config(url, { minSeverity: 'high', product: 'Shop' }), ...rest),
    );
    const { file, product_name: product } = await formOf(requests[0]!);
    expect(product).toBe('Shop');
    expect((JSON.parse(file!) as Imported).findings).toHaveLength(1);
  });

  it('tries its token without an image, and changes nothing', async () => {
    const { requests } = await uploaded(
      await httpSink(() => ({ status: 200, body: {} })),
      (url, { image: _, ...delivery }, context) => defectDojoSender.send(config(url), delivery, context),
    );
    expect(requests).toMatchObject([{ method: 'GET', path: '/api/v2/user_profile/' }]);
  });
});
