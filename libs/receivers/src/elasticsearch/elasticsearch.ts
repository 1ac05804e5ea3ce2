import { receiver } from '../receiver.js';
import { readElasticsearch } from './config.js';

/** An index or a data stream of Elasticsearch or OpenSearch. */
export const elasticsearch = receiver({
  kind: 'elasticsearch',
  read: readElasticsearch,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).elasticsearchSender,
});
