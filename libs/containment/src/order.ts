import {
  containmentActions,
  containmentKinds,
  type ContainmentAction,
  type ContainmentSubject,
} from '@tidewaiter/domain';
import { z } from 'zod';

/**
 * Names become parts of request paths: no slash, no `..`.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/);
const namespace = z
  .string()
  .max(63)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/);

const subject = z
  .strictObject({
    kind: z.enum(containmentKinds),
    namespace: namespace.nullable(),
    name,
    uid: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/)
      .nullable(),
  })
  .refine((each) => (each.kind === 'Node') === (each.namespace === null), 'only a node has no namespace');

/** A containment order, as the hub signs it. */
export const orderSchema = z.strictObject({
  version: z.literal(1),
  /** Used once: an agent refuses a second order with the same id. */
  id: z.uuid(),
  cluster: z.string().min(1).max(253),
  action: z.enum(containmentActions),
  subject,
  /** Display name of the incident: `INC-7`. */
  incident: z.string().regex(/^INC-[0-9]{1,15}$/),
  /** User, or `policy:` and the name of a rule of automatic containment. */
  author: z.string().min(1).max(300),
  reason: z.string().max(4_000),
  issuedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** Whether the agent only reports what it would do. */
  dryRun: z.boolean(),
  /** Id of the order that this one undoes; null for one that acts. */
  undoes: z.uuid().nullable(),
});

export type ContainmentOrder = z.output<typeof orderSchema>;

/** Whether a subject may be part of an order. */
export function isNameable(given: ContainmentSubject): boolean {
  return subject.safeParse(given).success;
}

/** The object in one line: `shop/Deployment/web`, `Node/node-1`. */
export function subjectText({ kind, namespace: place, name: called }: ContainmentSubject): string {
  return [place, kind, called].filter((part) => part !== null).join('/');
}

/** The action in words, for a list or a timeline. */
export function orderTitle(action: ContainmentAction, about: ContainmentSubject): string {
  const words: Record<ContainmentAction, string> = {
    label: 'Label',
    isolate: 'Isolate',
    'scale-to-zero': 'Scale to zero',
    'delete-pod': 'Delete',
    'cordon-node': 'Cordon',
    'revoke-service-account-token': 'Revoke the tokens of',
  };
  return `${words[action]} ${subjectText(about)}`;
}
