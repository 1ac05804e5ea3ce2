import { readDocument, splitDocuments } from '@tidewaiter/pipeline-documents';

import { outcomes, type Target } from '../target.ts';

/** Documents from pipelines: SBOMs, attestations, runs. */
export const pipelineDocuments: Target = {
  name: 'pipeline-documents',
  run: (input) =>
    outcomes(
      splitDocuments(input).map((document) => () => {
        const { content: _, ...read } = readDocument(document);
        return read;
      }),
    ),
};
