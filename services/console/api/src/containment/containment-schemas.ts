import { containmentActions, containmentKinds, containmentStates } from '@tidewaiter/domain';
import { containmentFields } from '@tidewaiter/query';
import { containmentList, type ContainmentOrderRow } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { countedListOf, exportQuery, listQuery } from '../http/lists.js';
import type { SchemaOf } from '../http/row-schemas.js';

const named = z.string().min(1).max(253);
const reason = z.string().trim().min(1).max(2_000);

export const orderBody = z.strictObject({
  action: z.enum(containmentActions),
  cluster: named,
  subject: z.strictObject({ kind: z.enum(containmentKinds), namespace: named.nullable(), name: named }),
  reason,
  /** Whether the agent only reports what it would do. */
  dryRun: z.boolean().default(false),
});

export const undoBody = z.strictObject({ reason });

export const containmentQuery = listQuery(containmentList, containmentFields, '-created').extend({
  state: z.enum(containmentStates).optional(),
  cluster: named.optional(),
});

export const containmentExportQuery = exportQuery(containmentList, containmentFields, '-created');

const subject = z.object({
  kind: z.enum(containmentKinds),
  namespace: text,
  name: z.string(),
  /** Null where no sensor has reported it. */
  uid: text,
});

/** Columns that no list shows. */
type InternalOfOrder = 'envelope' | 'namespace' | 'report' | 'evidence';

export const orderAnswer = z.object({
  id: z.uuid(),
  incidentId: z.uuid(),
  cluster: z.string(),
  action: z.enum(containmentActions),
  subject,
  /** User, or `policy:` and the name of a rule of automatic containment. */
  author: z.string(),
  reason: z.string(),
  approvedBy: text,
  dryRun: z.boolean(),
  /** Order that this one undoes. */
  undoes: text,
  state: z.enum(containmentStates),
  createdAt: time,
  expiresAt: time,
  /** Code of a refusal or failure. */
  code: text,
} satisfies SchemaOf<ContainmentOrderRow, InternalOfOrder>);

export const orderDetailAnswer = orderAnswer.extend({
  transitions: z.array(
    z.object({
      position: count,
      state: z.enum(containmentStates),
      at: time,
      actor: text,
      code: text,
      detail: text,
    }),
  ),
  /** Calls of the agent, and what it knew before them; null until it reports. */
  report: z
    .object({
      calls: z.array(z.string()),
      notes: z.array(z.string()),
      before: z.record(z.string(), z.unknown()),
      uid: z.string(),
    })
    .nullable(),
  /** State of the object before the action. */
  evidence: z
    .object({
      object: z.record(z.string(), z.unknown()),
      owners: z.array(z.string()),
      images: z.array(z.string()),
      pods: z.array(z.record(z.string(), z.unknown())),
      events: z.array(z.record(z.string(), z.unknown())),
    })
    .nullable(),
});

export const containmentListAnswer = countedListOf(orderAnswer);

export const incidentContainmentAnswer = z.object({
  /** Whether this installation signs orders. */
  isEnabled: z.boolean(),
  /** Suitable actions, the mildest first. */
  offers: z.array(
    z.object({
      cluster: z.string(),
      action: z.enum(containmentActions),
      subject,
      title: z.string(),
      /** Changes that the agent makes, one line each. */
      effects: z.array(z.string()),
      /** Null if it cannot be undone. */
      undoEffect: text,
    }),
  ),
  /** Orders of the incident, oldest first. */
  orders: z.array(orderAnswer),
});
