import type { TokenScope } from '@tidewaiter/store';
import { z } from 'zod';

import { admissionAnswer, admissionReview } from '../admission/admission.js';
import { alertsQuery, alertAnswer } from '../alerts/alert-schemas.js';
import { blastRadiusQuery } from '../blast-radius/blast-radius-query.js';
import { blastContainersAnswer, blastRadiusAnswer } from '../blast-radius/blast-radius-schemas.js';
import { deadLettersQuery, deadLetterAnswer, redriveAnswer } from '../dead-letters/dead-letter-schemas.js';
import {
  deliveryAnswer,
  deliveryDetailAnswer,
  redriveManyAnswer,
  redriveOneAnswer,
  deliveriesQuery,
  redriveManyBody,
  redriveOneBody,
} from '../deliveries/delivery-schemas.js';
import { gateBody, gateAnswer } from '../gate/gate-schemas.js';
import { listOf } from '../http/paging.js';
import {
  findingsQuery,
  imagesQuery,
  imageFindingsAnswer,
  imagesAnswer,
  listedImageAnswer,
  packageAnswer,
} from '../images/image-schemas.js';
import { incidentsQuery, incidentAnswer, incidentDetailAnswer } from '../incidents/incident-schemas.js';
import { previewAnswer, mailPreviewQuery, previewQuery } from '../messages/message-schemas.js';
import { pushChangesAnswer } from '../pushes/push-changes-schemas.js';
import { pushesQuery, pushAnswer, pushDetailAnswer } from '../pushes/push-schemas.js';
import { receiverAnswer } from '../receivers/receiver-schemas.js';
import { replayAnswer, replayBody } from '../routing/replay-schemas.js';
import { rulesQuery, ruleAnswer } from '../rules/rule-schemas.js';
import { searchHitAnswer, searchQuery } from '../search/search-schemas.js';
import { sessionBody } from '../session/session-schemas.js';
import {
  silenceAnswer,
  silencePreviewAnswer,
  silenceBody,
  silencePreviewBody,
  silencesQuery,
} from '../silences/silence-schemas.js';
import { statusAnswer } from '../status/status-schemas.js';
import { workloadFindingsQuery, workloadFindingAnswer } from '../workloads/workload-schemas.js';

/** Route of the API, as documented in OpenAPI. */
export interface ApiRoute {
  method: 'get' | 'post' | 'delete';
  /** Path below `/api/v1`. */
  path: string;
  /** Set for a path outside of `/api/v1`. */
  isAtRoot?: true;
  summary: string;
  status: 200 | 202 | 204;
  query?: z.ZodObject;
  body?: z.ZodType;
  answer?: z.ZodType;
  /** Media type of the answer, where it is not JSON. */
  mediaType?: 'text/html';
  /** Needs no token. */
  isOpen?: true;
  /** Required scope; defaults to `read` for GET and `write` for other methods. */
  scope?: TokenScope;
}

/** Returns the token scope that a route requires. */
export function scopeOf({ method, scope }: Pick<ApiRoute, 'method' | 'scope'>): TokenScope {
  return scope ?? (method === 'get' ? 'read' : 'write');
}

/** All routes. A test compares them with the decorators of the controllers. */
export const routes: readonly ApiRoute[] = [
  list('/pushes', 'Pushes, newest first', pushesQuery, pushAnswer),
  get('/pushes/{id}', 'A push with its images and warnings', pushDetailAnswer),
  get('/pushes/{id}/changes', 'What a push changed against what its tag pointed to before', pushChangesAnswer),
  list('/images', 'Images by their newest push, newest first', imagesQuery, listedImageAnswer),
  get('/images/{digest}', 'The image of a digest, or the images of an index, with their layers', imagesAnswer),
  get('/images/{digest}/packages', 'The packages in an image or in the images of an index', listOf(packageAnswer)),
  {
    ...get(
      '/images/{digest}/findings',
      'What is wrong with an image or the images of an index, worst first, by the rules of a push of it',
      imageFindingsAnswer,
    ),
    query: findingsQuery,
  },
  {
    ...get('/blast-radius', 'Images that hold a package, a file, a secret …, newest push first', blastRadiusAnswer),
    query: blastRadiusQuery,
  },
  {
    ...get('/blast-radius/containers', 'Containers that run such an image, or ran it', blastContainersAnswer),
    query: blastRadiusQuery,
  },
  { ...get('/search', 'What a text names, with links', listOf(searchHitAnswer)), query: searchQuery },
  list('/incidents', 'Incidents, newest first', incidentsQuery, incidentAnswer),
  get(
    '/incidents/{id}',
    'An incident with its timeline and evidence, what is known of its image and how far it reaches',
    incidentDetailAnswer,
  ),
  list(
    '/workloads/findings',
    'Misconfigurations of workloads, newest first',
    workloadFindingsQuery,
    workloadFindingAnswer,
  ),
  list('/alerts', 'What rules found in what runs, newest first', alertsQuery, alertAnswer),
  post('/incidents/{id}/acknowledge', 'Says that somebody looks after an incident', 200, incidentAnswer),
  list('/rules', 'Rules in use, and those that were refused and why, by file', rulesQuery, ruleAnswer),
  post('/incidents/{id}/resolve', 'Resolves an incident', 200, incidentAnswer),
  {
    method: 'post',
    path: '/gate',
    summary: 'Lets an image pass or says why not, by what is stored of it',
    status: 200,
    scope: 'gate',
    body: gateBody,
    answer: gateAnswer,
  },
  {
    method: 'post',
    path: '/admission/validate',
    isAtRoot: true,
    summary: 'Answers an AdmissionReview of Kubernetes by what is stored of the images',
    status: 200,
    scope: 'gate',
    body: admissionReview,
    answer: admissionAnswer,
  },
  list('/deliveries', 'Messages to people and what became of them, newest first', deliveriesQuery, deliveryAnswer),
  get('/deliveries/{id}', 'A message with its alerts and its ledger', deliveryDetailAnswer),
  {
    ...post('/deliveries/{id}/redrive', 'Tries a message again that was given up or waits', 202, redriveOneAnswer),
    body: redriveOneBody,
  },
  {
    ...post('/deliveries/redrive', 'Tries all messages again that were given up or wait', 202, redriveManyAnswer),
    body: redriveManyBody,
  },
  get('/receivers', 'Channels that were given messages, and whether they take them', listOf(receiverAnswer)),
  {
    ...get(
      '/messages/preview',
      'A message of one kind about an image that nobody has, as a channel shows it',
      previewAnswer,
    ),
    query: previewQuery,
  },
  {
    ...get('/messages/preview/mail', 'The same as the HTML of a mail, for a frame', z.string()),
    query: mailPreviewQuery,
    mediaType: 'text/html',
  },
  list('/silences', 'What is silenced, newest first', silencesQuery, silenceAnswer),
  { ...post('/silences', 'Keeps alerts back that meet all matchers', 200, silenceAnswer), body: silenceBody },
  {
    ...post('/silences/preview', 'Shows what fires now and would be kept back', 200, silencePreviewAnswer),
    scope: 'read',
    body: silencePreviewBody,
  },
  {
    method: 'delete',
    path: '/silences/{id}',
    summary: 'Ends a silence; what still fires is told',
    status: 200,
    answer: silenceAnswer,
  },
  {
    ...post(
      '/routes/replay',
      'What a routing.yaml would have made of what happened; nothing is sent',
      200,
      replayAnswer,
    ),
    scope: 'read',
    body: replayBody,
  },
  list('/dead-letters', 'What was given up and not tried again, newest first', deadLettersQuery, deadLetterAnswer),
  post('/dead-letters/{id}/redrive', 'Tries again what was given up', 202, redriveAnswer),
  get('/status', 'Pushes by state, work that waits, age of the advisories', statusAnswer),
  {
    method: 'post',
    path: '/session',
    summary: 'Opens a session of the web pages: sets a cookie',
    status: 204,
    body: sessionBody,
    isOpen: true,
  },
  { method: 'delete', path: '/session', summary: 'Ends the session', status: 204, scope: 'gate' },
  { ...get('/openapi.json', 'This document', z.record(z.string(), z.unknown())), scope: 'gate' },
];

function get(path: string, summary: string, answer: z.ZodType): ApiRoute {
  return { method: 'get', path, summary, status: 200, answer };
}

function list(path: string, summary: string, query: z.ZodObject, item: z.ZodType): ApiRoute {
  return { ...get(path, summary, listOf(item)), query };
}

function post(path: string, summary: string, status: 200 | 202, answer: z.ZodType): ApiRoute {
  return { method: 'post', path, summary, status, answer };
}
