import { createHash } from 'node:crypto';

import { type Bundle, bundleFromJSON, type Envelope, envelopeFromJSON } from '@sigstore/bundle';
import { InvalidInput, limitJsonValues, MalformedFile } from '@tidewaiter/domain';

import { type Artifact, formOf } from './artifact.js';
import { at, listAt } from './json-path.js';
import { provenanceLimits } from './limits.js';

/** Payload of an artifact, with the signatures and proofs for it. */
export interface SignedPayload {
  /** Kind of the payload. */
  form: 'simple-signing' | 'statement';
  /** JSON as the signer wrote it. */
  payload: Buffer;
  /** Bytes that were signed. */
  message: Buffer;
  signatures: Buffer[];
  /** Base64 of the SHA-256 of the public key, if the bundle has it. */
  keyHint: string | null;
  /** Bundle that verifies a certificate's signature; null without a certificate. */
  bundle: Bundle | null;
}

const { maxSignatures, maxAnnotationLength } = provenanceLimits;
const inToto = 'application/vnd.in-toto+json';
const oldBundle = 'application/vnd.dev.sigstore.bundle+json;version=0.1';

/**
 * Parses an artifact that cosign or another tool attached to an image.
 * @throws MalformedFile; InvalidInput `UNSUPPORTED` for content that may be valid, but is neither a
 * simple signing nor an in-toto statement
 */
export function readSigned(artifact: Artifact): SignedPayload {
  const form = formOf(artifact.mediaType);
  if (form === 'simple-signing') return readSimpleSigning(artifact);
  if (form === 'bundle') return readBundle(artifact.content);
  if (form === 'envelope') return readEnvelope(artifact);
  throw new InvalidInput('UNSUPPORTED', `no signature of type ${artifact.mediaType}`);
}

/** @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
function readSimpleSigning({ content, annotations }: Artifact): SignedPayload {
  const signature = annotation(annotations, 'signature');
  const messageSignature = {
    messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(content).digest('base64') },
    signature,
  };
  return {
    form: 'simple-signing',
    payload: content,
    message: content,
    signatures: signature === undefined ? [] : [Buffer.from(signature, 'base64')],
    keyHint: null,
    bundle: certificateBundle(annotations, { messageSignature }),
  };
}

/**
 * Parses a bare envelope as cosign attaches it, with its certificate in the annotations. @see
 * https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
 */
function readEnvelope({ content, annotations }: Artifact): SignedPayload {
  const dsseEnvelope = parseJson(content);
  if (at(dsseEnvelope, 'predicateType') !== undefined) return unsigned(content);
  const bundle = certificateBundle(annotations, { dsseEnvelope });
  return { ...signedEnvelope(toEnvelope(dsseEnvelope)), keyHint: null, bundle };
}

/** Parses a statement without an envelope, as builders attach it that do not sign. */
function unsigned(content: Buffer): SignedPayload {
  return { form: 'statement', payload: content, message: content, signatures: [], keyHint: null, bundle: null };
}

/** @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto */
function readBundle(content: Buffer): SignedPayload {
  const bundle = toBundle(parseJson(content));
  const { content: signer } = bundle.verificationMaterial;
  if (bundle.content.$case !== 'dsseEnvelope') {
    throw new InvalidInput('UNSUPPORTED', 'a bundle that holds no in-toto statement');
  }
  const signed = signedEnvelope(bundle.content.dsseEnvelope);
  if (signer.$case === 'publicKey') return { ...signed, keyHint: signer.publicKey.hint, bundle: null };
  return { ...signed, keyHint: null, bundle };
}

function signedEnvelope({ payloadType, payload, signatures }: Envelope): Omit<SignedPayload, 'bundle' | 'keyHint'> {
  if (payloadType !== inToto) {
    throw new InvalidInput('UNSUPPORTED', 'an envelope that holds no in-toto statement');
  }
  if (signatures.length > maxSignatures) throw new MalformedFile(`an envelope of ${signatures.length} signatures`);
  return {
    form: 'statement',
    payload,
    message: Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]),
    signatures: signatures.map(({ sig }) => sig).filter(({ length }) => length > 0),
  };
}

/**
 * Certificate, log entry and timestamp from cosign's annotations, as a bundle of the first version;
 * null without a certificate.
 */
function certificateBundle(annotations: Artifact['annotations'], content: Record<string, unknown>): Bundle | null {
  const certificate = annotation(annotations, 'certificate');
  if (certificate === undefined) return null;
  const logEntry = annotation(annotations, 'bundle');
  const timestamp = annotation(annotations, 'rfc3161timestamp');
  return toBundle({
    mediaType: oldBundle,
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: derOf(certificate) }] },
      tlogEntries: logEntry === undefined ? [] : [tlogEntry(parseJson(logEntry))],
      ...(timestamp !== undefined && { timestampVerificationData: { rfc3161Timestamps: [rfc3161(timestamp)] } }),
    },
    ...content,
  });
}

/**
 * Converts Rekor's response from the form in which cosign stores it.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#properties
 */
function tlogEntry(entry: unknown): Record<string, unknown> {
  const body = textOf(at(entry, 'Payload', 'body'));
  const kind = parseJson(Buffer.from(body, 'base64'));
  return {
    logIndex: integerOf(at(entry, 'Payload', 'logIndex')),
    logId: { keyId: Buffer.from(textOf(at(entry, 'Payload', 'logID')), 'hex').toString('base64') },
    kindVersion: { kind: textOf(at(kind, 'kind')), version: textOf(at(kind, 'apiVersion')) },
    integratedTime: integerOf(at(entry, 'Payload', 'integratedTime')),
    inclusionPromise: { signedEntryTimestamp: textOf(at(entry, 'SignedEntryTimestamp')) },
    canonicalizedBody: body,
  };
}

function rfc3161(annotated: string): Record<string, unknown> {
  return { signedTimestamp: textOf(at(parseJson(annotated), 'SignedRFC3161Timestamp')) };
}

/**
 * @throws MalformedFile also for a bundle with so many proofs that verifying them would take long
 */
function toBundle(document: unknown): Bundle {
  const proofs = [
    listAt(document, 'verificationMaterial', 'tlogEntries'),
    listAt(document, 'verificationMaterial', 'timestampVerificationData', 'rfc3161Timestamps'),
    listAt(document, 'verificationMaterial', 'x509CertificateChain', 'certificates'),
  ];
  if (proofs.some(({ length }) => length > maxSignatures)) throw new MalformedFile('a bundle of too many proofs');
  return read(() => bundleFromJSON(document), 'a bundle that cannot be read');
}

function toEnvelope(document: unknown): Envelope {
  return read(() => envelopeFromJSON(document), 'an envelope that cannot be read');
}

/** Third-party parsers throw errors of any kind for hostile input. */
function read<Result>(parse: () => Result, problem: string): Result {
  try {
    return parse();
  } catch (cause) {
    throw new MalformedFile(problem, { cause });
  }
}

function annotation(annotations: Artifact['annotations'], name: string): string | undefined {
  const key = `dev.${name === 'signature' ? 'cosignproject' : 'sigstore'}.cosign/${name}`;
  const text = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
  if (text !== undefined && text.length > maxAnnotationLength) throw new MalformedFile(`${key} is too long`);
  return text === '' ? undefined : text;
}

/** First certificate of a PEM text, which is the signer's own. */
function derOf(pem: string): string {
  const [, body] = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/.exec(pem) ?? [];
  if (body === undefined) throw new MalformedFile('a certificate that is no PEM');
  return body.replaceAll(/\s/g, '');
}

function parseJson(content: Buffer | string): unknown {
  const text = content.toString();
  limitJsonValues(text, provenanceLimits.maxProofValues);
  return read(() => JSON.parse(text) as unknown, 'no JSON where there should be');
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new MalformedFile('a proof that lacks a part');
  return value;
}

/** An integer as the text that a bundle holds. */
function integerOf(value: unknown): string {
  if (typeof value !== 'number') throw new MalformedFile('a proof without one of its numbers');
  return String(value);
}
