import type { Severity } from '@tidewaiter/domain';
import {
  type Message,
  type MessageFact,
  type MessageItem,
  type MessageLink,
  type MessageSection,
  severityWord,
} from '@tidewaiter/messages';

import { type Html, markup } from './markup.js';

/** On white 4.5:1 or more. */
const colors: Record<Severity, string> = {
  critical: '#b3161b',
  high: '#b54708',
  medium: '#8a6100',
  low: '#175cd3',
  negligible: '#5d6675',
  unknown: '#5d6675',
};
const resolvedColor = '#067647';

// Inline, because some mail programs drop style sheets.
const ink = 'color: #16191d; overflow-wrap: anywhere';
const soft = 'color: #5d6675; overflow-wrap: anywhere';
const line = '1px solid #e4e7ec';
const font = markup`-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif`;

// Mail programs that know media queries get true dark colors, and on a phone lines as wide as it
// is; the others invert the light ones, and no image spoils that.
const style = markup`
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #14171c !important; }
  .card { background: #1d2127 !important; border-color: #353b45 !important; }
  .ink { color: #eceff3 !important; }
  .soft { color: #a9b2bf !important; }
  .line { border-color: #353b45 !important; }
  .button { background: #eceff3 !important; color: #14171c !important; }
  .critical { color: #ff8f87 !important; }
  .high { color: #ffab6b !important; }
  .medium { color: #f2cc5b !important; }
  .low { color: #8ab8ff !important; }
  .negligible, .unknown { color: #a9b2bf !important; }
}
@media (max-width: 480px) {
  .cell { padding-left: 18px !important; padding-right: 18px !important; }
  .mark, .what { display: block !important; width: auto !important; }
  .mark { padding-bottom: 0 !important; }
  .mark + .what { padding-top: 2px !important; border-top: 0 !important; }
}
`;

/** The whole message as one HTML document: 600 px, inline styles, nothing fetched from anywhere. */
export function mailHtml(message: Message): string {
  const document = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${message.title}</title>
<style>${style}</style>
</head>
<body class="page" style="margin: 0; padding: 0; background: #eef0f3">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background: #eef0f3"><tr><td align="center" style="padding: 24px 12px">
${card(message)}
</td></tr></table>
</body>
</html>
`;
  return document.html;
}

function card(message: Message): Html {
  const color = message.status === 'resolved' ? resolvedColor : colors[message.severity];
  return markup`<table role="presentation" class="card" width="600" cellpadding="0" cellspacing="0" style="width: 100%; max-width: 600px; background: #ffffff; border: 1px solid #d9dde3; border-radius: 6px; font-family: ${font}">
<tr><td style="height: 5px; line-height: 5px; font-size: 0; background: ${color}; border-radius: 5px 5px 0 0">&nbsp;</td></tr>
<tr><td class="cell" style="padding: 20px 28px 0">
<p class="soft" style="margin: 0 0 8px; font-size: 12px; letter-spacing: 0.04em; ${soft}">${kindTexts[message.kind]}</p>
<h1 class="ink" style="margin: 0; font-size: 21px; line-height: 1.3; ${ink}">${message.title}</h1>
<p class="ink" style="margin: 12px 0 0; font-size: 15px; line-height: 1.5; ${ink}">${message.summary}</p>
</td></tr>
${message.sections.map(sectionRow)}
${factsRow(message.facts)}
${linksRow(message.links)}
<tr><td class="line cell" style="padding: 14px 28px; border-top: ${line}">
<p class="soft" style="margin: 0; font-size: 12px; line-height: 1.5; ${soft}">${message.footer}</p>
</td></tr>
</table>`;
}

const kindTexts: Record<Message['kind'], string> = {
  push: 'Tidewaiter · image push',
  finding: 'Tidewaiter · new advisory',
  incident: 'Tidewaiter · runtime incident',
  summary: 'Tidewaiter · summary',
  sensor: 'Tidewaiter · sensor health',
};

function sectionRow({ title, items, omitted }: MessageSection): Html {
  const isRated = items.some(({ severity }) => severity !== null);
  const more = markup`<p class="soft" style="margin: 6px 0 0; font-size: 13px; ${soft}">+${String(omitted)} more</p>`;
  return markup`<tr><td class="cell" style="padding: 22px 28px 0">
<h2 class="ink" style="margin: 0 0 6px; font-size: 15px; line-height: 1.4; ${ink}">${title}</h2>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">${items.map((item) => itemRow(item, isRated))}</table>
${omitted === 0 ? [] : more}
</td></tr>`;
}

function itemRow({ severity, text, detail, isNew, url }: MessageItem, isRated: boolean): Html {
  const shown = url === undefined ? markup`${text}` : markup`<a class="ink" href="${url}" style="${ink}">${text}</a>`;
  const small = markup`<p class="soft" style="margin: 2px 0 0; font-size: 13px; line-height: 1.45; ${soft}">${detail ?? ''}</p>`;
  const mark = markup`<td class="line mark" valign="top" width="80" style="padding: 7px 8px 7px 0; width: 80px; border-top: ${line}">${severity === null ? [] : severityMark(severity)}</td>`;
  return markup`<tr>
${isRated ? mark : []}
<td class="line what" valign="top" style="padding: 7px 0; border-top: ${line}">
<p class="ink" style="margin: 0; font-size: 14px; line-height: 1.45; font-weight: ${isNew ? 'bold' : 'normal'}; ${ink}">${shown}</p>
${detail === null ? [] : small}
</td>
</tr>`;
}

function severityMark(severity: Severity): Html {
  return markup`<span class="${severity}" style="font-size: 13px; line-height: 1.55; font-weight: bold; color: ${colors[severity]}">● ${severityWord(severity)}</span>`;
}

function factsRow(facts: readonly MessageFact[]): Html | Html[] {
  if (facts.length === 0) return [];
  const rows = facts.map(
    ({ label, value }) => markup`<tr>
<th class="soft" scope="row" align="left" valign="top" width="112" style="padding: 3px 12px 3px 0; width: 112px; font-size: 13px; line-height: 1.5; font-weight: normal; ${soft}">${label}</th>
<td class="ink" valign="top" style="padding: 3px 0; font-size: 13px; line-height: 1.5; ${ink}">${value}</td>
</tr>`,
  );
  return markup`<tr><td class="cell" style="padding: 22px 28px 0">
<table width="100%" cellpadding="0" cellspacing="0">${rows}</table>
</td></tr>`;
}

function linksRow(links: readonly MessageLink[]): Html {
  const buttons = links.map(
    ({ text, url }) =>
      markup`<a class="button" href="${url}" style="display: inline-block; margin: 0 8px 0 0; padding: 9px 16px; border-radius: 4px; background: #16191d; font-size: 14px; color: #ffffff; text-decoration: none">${text}</a>`,
  );
  return markup`<tr><td class="cell" style="padding: 20px 28px 24px">${buttons}</td></tr>`;
}
