import { completed } from '@tidewaiter/collections';
import type { JsonObject, Observation, RuntimeRecord } from '@tidewaiter/domain';

import { eventsOfAmazon } from '../amazon-envelopes.js';
import { isObject, object, text } from '../json.js';
import { observationOf } from '../observation.js';
import { type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { Sensor } from '../sensor.js';
import { readTime } from '../times.js';

/**
 * CloudTrail's events: through EventBridge, SNS, a log file of a trail (`Records`), or as they are.
 * @see
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export const cloudtrail: Sensor = {
  source: 'cloudtrail',
  aliases: ['aws-cloudtrail'],
  title: 'AWS CloudTrail',
  about: {
    reads: "Events of CloudTrail: by EventBridge, SNS, a trail's log file (`Records`), or bare.",
    reports: ['request'],
    repetition: '`eventID`',
    ignores: {
      'log-file': 'notice about a log file in its bucket',
      'subscription-confirmation': 'confirmation request of SNS',
    },
    note: 'A call succeeded when it has no `errorCode`.',
  },
  read: (body, connection) => completed(recordSteps(cloudtrail, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(cloudtrail, body, connection, readDocument),
  observe,
};

function* readDocument(document: JsonObject): Iterable<DocumentEvent | Reason> {
  for (const { event, at } of eventsOfAmazon(document)) {
    // Notice of a trail through SNS: a log file was stored in its bucket.
    if ('s3ObjectKey' in event) yield 'log-file';
    else if (text(event['eventName']) === null || text(event['eventSource']) === null) {
      yield 'malformed';
    } else {
      yield { id: text(event['eventID']), at: readTime(event['eventTime']) ?? at, node: null, event };
    }
  }
}

function observe(record: RuntimeRecord): Observation {
  const { event } = record;
  const identity = object(event['userIdentity']);
  const sourceIp = text(event['sourceIPAddress']);
  const observation = observationOf(record, 'request');
  observation.request = {
    user:
      text(identity['arn']) ??
      text(identity['userName']) ??
      text(identity['principalId']) ??
      text(identity['invokedBy']),
    groups: [],
    accessKeyId: text(identity['accessKeyId']),
    sourceIps: sourceIp === null ? [] : [sourceIp],
    userAgent: text(event['userAgent']),
    verb: text(event['eventName']),
    resource: text(event['eventSource']),
    namespace: text(event['recipientAccountId']) ?? text(identity['accountId']),
    name: firstName(event['requestParameters']),
    status: null,
    // CloudTrail has no other sign of success.
    succeeded: text(event['errorCode']) === null,
  };
  return observation;
}

/**
 * Object of the request, by the parameter with its name: `roleName`, `bucketName`, `repositoryName`
 * …, else by what identifies a secret or a folder of parameters.
 */
function firstName(parameters: JsonObject[string] | undefined): string | null {
  if (!isObject(parameters)) return null;
  for (const [key, value] of Object.entries(parameters)) {
    if (/(?:^n|N)ame$/.test(key) && text(value) !== null) return text(value);
  }
  return text(parameters['secretId']) ?? text(parameters['path']);
}
