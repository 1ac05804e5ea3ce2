import { type OutgoingMessage, PartlySent, type SendContext, type ChannelSender } from '../sender.js';
import type { EmailConfig } from './config.js';
import { isDeferred, mailFailure, refusalText, type SmtpError } from './mail-failure.js';
import { mailHostPool } from './mail-hosts.js';
import { bare, compose } from './render.js';

const sendTimeoutMs = 90_000;

/**
 * Sends a mail with equal text and HTML content through a mail host. The delivery id is its
 * Message-ID, so that a mail host or mailbox can detect a duplicate.
 * @see https://www.rfc-editor.org/rfc/rfc5321
 */
export const emailSender: ChannelSender<EmailConfig> = {
  async send(config, delivery, context) {
    const { messageId, accepted, rejected } = await transmit(config, delivery, context);
    const deferred = rejected.filter(isDeferred);
    const words = (errors: SmtpError[]) => errors.map((error) => refusalText(error, config.auth?.password));
    if (deferred.length > 0) throw new PartlySent([...delivery.reached, ...accepted], words(deferred).join('; '));
    return { outcome: 'sent', reference: messageId, refused: words(rejected) };
  },
};

interface Attempt {
  messageId: string;
  accepted: string[];
  rejected: SmtpError[];
}

async function transmit(config: EmailConfig, delivery: OutgoingMessage, context: SendContext): Promise<Attempt> {
  const { from, to, smarthost, auth } = config;
  const { messageId, ...content } = compose(config, delivery);
  const { transport, handedOver } = await mailHostPool(config, context);
  try {
    const { accepted, rejectedErrors = [] } = await transport.sendMail({
      ...content,
      messageId,
      envelope: { from: bare(from), to: to.map(bare).filter((address) => !delivery.reached.includes(address)) },
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(sendTimeoutMs)]),
    });
    return { messageId, accepted: accepted.map(String), rejected: rejectedErrors };
  } catch (error) {
    const { rejectedErrors: rejected = [] } = error as SmtpError;
    // If others already have the mail, a rejection of the rest is a result and not a failure.
    if (delivery.reached.length > 0 && rejected.length > 0) return { messageId, accepted: [], rejected };
    const host = `${smarthost.host}:${smarthost.port}`;
    throw mailFailure(error, { host, password: auth?.password, handedOver: handedOver.has(messageId) });
  } finally {
    handedOver.delete(messageId);
  }
}
