import { resolutions, roles } from '@tidewaiter/domain';
import { z } from 'zod';

const comment = z.string().trim().min(1).max(4_000);

export const assignBody = z.strictObject({
  /** Name of a user or of the caller; null for none. */
  assignee: z.string().max(300).nullable(),
});

export const snoozeBody = z.strictObject({ until: z.iso.datetime({ offset: true }) });

export const commentBody = z.strictObject({ comment });

export const resolveBody = z
  .strictObject({ reason: z.enum(resolutions).optional(), comment: comment.optional() })
  .default({});

export const assigneesQuery = z.strictObject({
  /** Id of an incident that they may see. */
  incident: z.uuid().optional(),
});

export const assigneeAnswer = z.object({
  /** Name under which acts are recorded. */
  name: z.string(),
  role: z.enum(roles),
});
