import { isAtLeast, Secret } from '@tidewaiter/domain';

import { httpFailure } from '../http-channel.js';
import { multipart } from '../multipart.js';
import { answerText, exchange, jsonOf, type Post, post, withoutDoubt } from '../outbound.js';
import type { ChannelSender, Outcome, SendContext } from '../sender.js';
import type { DefectDojoConfig } from './config.js';
import { genericFindings } from './render.js';

const name = 'DefectDojo';
/** Numbers of the import, and its statistics. */
const maxAnswerBytes = 1024 * 1024;
/** DefectDojo imports while the request waits. */
const importTimeoutMs = 120_000;

/**
 * Imports the findings of an image again into the test of its tag, so that new ones are added and
 * those that are gone are closed. A repeated import changes nothing.
 * @see https://docs.defectdojo.com/ "Import and reimport by API"
 */
export const defectDojoSender: ChannelSender<DefectDojoConfig> = {
  async send(config, delivery, context) {
    const { image, externalUrl } = delivery;
    if (!image) return checkToken(config, context);
    const findings = image.findings.filter(({ severity }) => isAtLeast(severity, config.minSeverity));
    const document = genericFindings(findings, image.analyzedAt.slice(0, 10), `${externalUrl}/images/${image.digest}`);
    const { headers, body } = await multipart(
      {
        scan_type: 'Generic Findings Import',
        product_type_name: config.productType,
        product_name: config.product ?? image.name,
        engagement_name: config.engagement,
        test_title: `${image.name}:${image.version}`,
        auto_create_context: String(config.autoCreate),
        close_old_findings: String(config.closeOldFindings),
        active: 'true',
        verified: 'false',
        minimum_severity: 'Info',
        version: image.version,
        branch_tag: image.version,
        commit_hash: image.revision ?? undefined,
        build_id: image.digest,
        scan_date: image.analyzedAt.slice(0, 10),
      },
      { field: 'file', name: 'findings.json', mediaType: 'application/json', text: JSON.stringify(document) },
    );
    const response = await post(`${config.url}/api/v2/reimport-scan/`, { ...request(config), headers, body }, context);
    if (response.status < 200 || response.status >= 300) {
      await response.discard();
      throw httpFailure(name, response);
    }
    const answer = jsonOf(await answerText(response, maxAnswerBytes)) as
      | { test_id?: unknown; test?: unknown }
      | undefined;
    const test = answer?.test_id ?? answer?.test;
    return { outcome: 'sent', reference: typeof test === 'number' ? `test ${test}` : null, refused: [] };
  },
};

/** Tries the token without a change. */
async function checkToken(config: DefectDojoConfig, context: SendContext): Promise<Outcome> {
  const url = `${config.url}/api/v2/user_profile/`;
  const response = await withoutDoubt(name, async () => exchange(url, { ...request(config), method: 'GET' }, context));
  await response.discard();
  if (response.status !== 200) throw httpFailure(name, response);
  return { outcome: 'sent', reference: null, refused: [], note: 'the token is accepted; nothing was imported' };
}

function request({ token, http, timeoutMs }: DefectDojoConfig): Post {
  const credentials = { authorization: new Secret(`Token ${token.reveal()}`) };
  return { credentials, http, timeoutMs: timeoutMs || importTimeoutMs };
}
