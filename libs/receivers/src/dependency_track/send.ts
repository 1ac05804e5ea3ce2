import { httpFailure } from '../http-channel.js';
import { multipart } from '../multipart.js';
import { answerText, exchange, jsonOf, type Post, post, withoutDoubt } from '../outbound.js';
import type { ChannelSender, Outcome, SendContext } from '../sender.js';
import type { DependencyTrackConfig } from './config.js';

const name = 'Dependency-Track';
/** A token, and some fields around it. */
const maxAnswerBytes = 64 * 1024;
/** It answers when it has the document, and evaluates it later. */
const uploadTimeoutMs = 60_000;

/**
 * Uploads the bill of materials of an image: its project is the repository, and the version of the
 * project the tag. A repeated upload replaces the components by the same ones.
 * @see https://docs.dependencytrack.org/usage/cicd/
 */
export const dependencyTrackSender: ChannelSender<DependencyTrackConfig> = {
  async send(config, delivery, context) {
    const { image } = delivery;
    if (!image) return checkKey(config, context);
    const { headers, body } = await multipart(
      {
        projectName: image.name,
        projectVersion: image.version,
        autoCreate: String(config.autoCreate),
        projectTags: config.tags.length === 0 ? undefined : config.tags.join(','),
      },
      { field: 'bom', name: 'bom.json', mediaType: 'application/vnd.cyclonedx+json', text: image.bom },
    );
    const response = await post(
      `${config.url}/api/v1/bom`,
      { ...request(config), headers: { ...request(config).headers, ...headers }, body },
      context,
    );
    if (response.status < 200 || response.status >= 300) {
      await response.discard();
      throw httpFailure(name, response);
    }
    const answer = jsonOf(await answerText(response, maxAnswerBytes)) as { token?: unknown } | undefined;
    return { outcome: 'sent', reference: typeof answer?.token === 'string' ? answer.token : null, refused: [] };
  },
};

/** Tries the key without a change: the answer is about the team that it belongs to. */
async function checkKey(config: DependencyTrackConfig, context: SendContext): Promise<Outcome> {
  const ask = async () => exchange(`${config.url}/api/v1/team/self`, { ...request(config), method: 'GET' }, context);
  const response = await withoutDoubt(name.replaceAll('-', '_'), ask);
  await response.discard();
  if (response.status !== 200) throw httpFailure(name, response);
  return { outcome: 'sent', reference: null, refused: [], note: 'the key is accepted; nothing was uploaded' };
}

function request({ apiKey, http, timeoutMs }: DependencyTrackConfig): Post {
  return { headers: { 'x-api-key': apiKey.reveal() }, http, timeoutMs: timeoutMs || uploadTimeoutMs };
}
