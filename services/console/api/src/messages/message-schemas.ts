import { messageKinds } from '@tidewaiter/messages';
import { previewChannels } from '@tidewaiter/receivers';
import { z } from 'zod';

export const mailPreviewQuery = z.strictObject({ kind: z.enum(messageKinds) });

export const previewQuery = mailPreviewQuery.extend({
  /** Format of the preview: text of a mail, its HTML, or Slack's blocks. */
  channel: z.enum(previewChannels).default('text'),
});

export const previewAnswer = z.object({
  /** Subject of the mail. */
  title: z.string(),
  mediaType: z.string(),
  content: z.string(),
});
