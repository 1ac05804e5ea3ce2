import { InvalidInput, limitingScopes, severities } from '@tidewaiter/domain';
import { maxQueryLength, parseQuery, vulnerabilityFields } from '@tidewaiter/query';
import { parseCron, timeZoneProblem } from '@tidewaiter/routing';
import { z } from 'zod';

import { accessScopeShape } from './access-settings.js';
import { name } from './secret-settings.js';

/** Parts of the fleet by which a report is grouped. */
export const groupings = ['owner', 'repository'] as const;

export type Grouping = (typeof groupings)[number];

/**
 * Days within which vulnerabilities of each severity are to be fixed. The first two are those of
 * CISA's Binding Operational Directive 19-02 for federal agencies.
 */
export const fixLimits = z
  .partialRecord(z.enum(severities), z.int().min(0).max(9_999))
  .default({ critical: 15, high: 30, medium: 90, low: 180 });

/** Message of a problem as a refinement; none if `read` accepts the text. */
const readable =
  (read: (text: string) => string | undefined) => (text: string, context: z.core.$RefinementCtx<string>) => {
    const problem = problemOf(read, text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  };

/** Scheduled report of what is unfixed, and for how long. */
export const report = z
  .strictObject({
    name,
    by: z.enum(groupings).default('repository'),
    /** Vulnerabilities that it lists, as in their list. */
    query: z
      .string()
      .max(maxQueryLength)
      .superRefine(readable((text) => void parseQuery(text, vulnerabilityFields, new Date())))
      .default('severity>=high'),
    /** `daily`, `weekly`, `monthly`, each at 08:00, or the five fields of cron. */
    schedule: z
      .string()
      .superRefine(
        readable((text) => (parseCron(text).minutes.length === 1 ? undefined : 'must name one minute of the hour')),
      ),
    /** Time zone of the schedule. */
    location: z.string().superRefine(readable(timeZoneProblem)).default('UTC'),
    /** Receiver of the routing. */
    receiver: z.string().min(1).max(200),
    /** Rights with which it is made: it has nothing else, as for a user with these limits. */
    ...accessScopeShape,
  })
  .transform(({ repositories, clusters, namespaces, owners, ...settings }) => ({
    ...settings,
    scopes: limitingScopes([{ repositories, clusters, namespaces, owners }]),
  }));

/** A scheduled report; its `scopes` are null without limits. */
export type ReportSettings = z.output<typeof report>;

function problemOf(read: (text: string) => string | undefined, text: string): string | undefined {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
}
