import { AccessDenied, InvalidInput, type Secret, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { clean } from '@tidewaiter/messages';
import { redactSecrets } from '@tidewaiter/secrets';

import { OutcomeUnknown } from '../sender.js';

/** Properties that nodemailer adds to an error. */
export interface SmtpError {
  message: string;
  code?: string | number | undefined;
  /** SMTP reply code, where a server answered. */
  responseCode?: number | undefined;
  response?: string | undefined;
  recipient?: string | undefined;
  rejectedErrors?: SmtpError[] | undefined;
}

export interface Dialogue {
  /** `mail.example.org:587` */
  host: string;
  password: Secret | undefined;
  /** Whether the complete mail was written, so that the host may have accepted it. */
  handedOver: boolean;
}

/** Limit on the stored characters of a server reply. */
const maxReplyChars = 200;

/**
 * Whether the mail host asks to retry later.
 * @see https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1
 */
export function isDeferred({ responseCode = 0 }: SmtpError): boolean {
  // 503 is about the order of commands, not about the mail.
  return (responseCode >= 400 && responseCode < 500) || responseCode === 503;
}

/** Formats a rejection: `team@example.org: 550 5.1.1 no such user`. */
export function refusalText(error: SmtpError, password: Secret | undefined): string {
  return `${error.recipient ?? 'a recipient'}: ${replyOf(error, password)}`;
}

/**
 * Classifies a failed attempt. The server's reply goes into the message, but not into the cause: it
 * may quote the mail.
 */
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
  if (code === 'EAUTH')
    return new Unavailable('SMTP_DEFERRED', `${host} cannot authenticate users now (${responseCode})`);
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
  // Remove the password first, whatever it looks like; then all secrets the mail may have
  // contained, before a cut could hide their form.
  const withoutPassword = password ? text.replaceAll(password.reveal(), String(password)) : text;
  return clean(redactSecrets(withoutPassword), maxReplyChars);
}
