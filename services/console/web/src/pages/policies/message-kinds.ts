import type { QueryOf } from '../../api/types.js';

type Preview = QueryOf<'/api/v1/messages/preview'>;

export const messageKinds = ['push', 'finding', 'incident', 'sensor', 'summary'] as const satisfies Preview['kind'][];

/** Formats of the preview with their labels; `mail` is shown as a page. */
export const previewChannels = [
  ['mail', 'mail'],
  ['text', 'mail, as text'],
  ['slack', 'Slack, as its blocks'],
] as const;

export const previewChannelNames = previewChannels.map(([name]) => name);
