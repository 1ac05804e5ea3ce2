import { AccessDenied, NotFound } from '@tidewaiter/domain';

/**
 * Authenticates the sender of a hook, before any part of its body is parsed.
 * @param prove returns the proof of the sender's identity, which may be `true`; false or null
 * without one
 * @throws NotFound `CONNECTION_UNKNOWN`; AccessDenied `HOOK_UNAUTHORIZED` with `refusal` as its
 * message
 */
export async function admit<Sender, Proof>(
  connection: Sender | undefined,
  prove: (connection: Sender) => Promise<Proof | false | null>,
  refusal: string,
): Promise<{ connection: Sender; proof: Proof }> {
  if (!connection) throw new NotFound('CONNECTION_UNKNOWN', 'no such connection');
  const proof = await prove(connection);
  if (proof === false || proof === null) throw new AccessDenied('HOOK_UNAUTHORIZED', refusal);
  return { connection, proof };
}
