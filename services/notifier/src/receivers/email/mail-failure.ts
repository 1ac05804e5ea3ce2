import { AccessDenied, InvalidInput, TidewaiterError, Unavailable, type Secret } from '@tidewaiter/domain';
import { clean } from '@tidewaiter/messages';
import { redactSecrets } from '@tidewaiter/secrets';

import { OutcomeUnknown } from '../receiver.js';

/** What nodemailer adds to an error. */
export interface SmtpError {
  message: string;
  code?: string | number | undefined;
  /** Three digits, where a server answered. */
  responseCode?: number | undefined;
  response?: string | undefined;
  recipient?: string | undefined;
  rejectedErrors?: SmtpError[] | undefined;
}

export interface Dialogue {
  /** `mail.example.org:587` */
  host: string;
  password: Secret | undefined;
  /** Whether the whole mail had been written, so that the host may have it. */
  handedOver: boolean;
}

/** Characters of a server's reply that are kept. */
const maxReplyChars = 200;

/** Whether a mail host asks to come back. @see https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1 */
export function isDeferred({ responseCode = 0 }: SmtpError): boolean {
  // 503 is about the order of the commands, not about the mail.
  return (responseCode >= 400 && responseCode < 500) || responseCode === 503;
}

/** `team@example.org: 550 5.1.1 no such user` */
export function refusalText(error: SmtpError, password: Secret | undefined): string {
  return `${error.recipient ?? 'a recipient'}: ${replyOf(error, password)}`;
}

/** What a failed attempt means. A server's reply is kept in words, but not as the cause: it may repeat what it was sent. */
export function mailFailure(error: unknown, { host, password, handedOver }: Dialogue): TidewaiterError {
  if (error instanceof TidewaiterError) return error;
  const failure = error as SmtpError;
  const { responseCode } = failure;
  // An abort is a DOMException, whose code is a number.
  const code = typeof failure.code === 'string' ? failure.code : 'broken off';
  if (code === 'EAUTH' && !isDeferred(failure)) {
    const reason = responseCode ?? 'no way to log in';
    return new AccessDenied('SMTP_DENIED', `${host} does not accept the user name and password (${reason})`);
  }
  if (code === 'EAUTH') return new Unavailable('SMTP_DEFERRED', `${host} cannot log anybody in now (${responseCode})`);
  const reply = replyOf(failure, password);
  if (isDeferred(failure)) return new Unavailable('SMTP_DEFERRED', `${host} asks to come back: ${reply}`);
  if (responseCode === 530) return new AccessDenied('SMTP_DENIED', `${host} wants a user name and password: ${reply}`);
  if (responseCode !== undefined || code === 'EENVELOPE' || code === 'EMESSAGE') {
    return new InvalidInput('SMTP_REFUSED', `${host} refuses: ${reply}`);
  }
  if (handedOver) return new OutcomeUnknown(`${host} did not confirm the mail; it may have arrived`, error);
  return new Unavailable('SMTP_UNREACHABLE', `${host} cannot be reached (${code})`, { cause: error });
}

function replyOf({ response, message }: SmtpError, password: Secret | undefined): string {
  const text = response ?? message;
  // Ours first, whatever it looks like; then all that the mail may have quoted, before a cut could hide what it is.
  const withoutPassword = password ? text.replaceAll(password.reveal(), String(password)) : text;
  return clean(redactSecrets(withoutPassword), maxReplyChars);
}
