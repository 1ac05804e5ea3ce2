import { likePattern, type Lookups, Parameters, textCondition } from '../core/lists.js';
import { imageLabel } from './owners.js';

/**
 * Condition that a row belongs to an owner, by the repositories of the owner: the first rule of the
 * settings decides, else a label of the newest image.
 * @param condition SQL for whether a row is of one of some repositories, a `text[]`
 */
export function ownedBy(condition: (repositories: string) => string) {
  return async (owner: string, parameters: Parameters, lookups: Lookups): Promise<string> =>
    condition(`${parameters.add(await repositoriesOwnedBy(owner, lookups))}::text[]`);
}

async function repositoriesOwnedBy(owner: string, { store, owners: { rules, labels } }: Lookups): Promise<string[]> {
  const parameters = new Parameters();
  // Rules about namespaces are for what runs there.
  const byName = rules.filter(({ namespace }) => namespace === undefined);
  const patterns = parameters.add(byName.map(({ repository }) => likePattern(repository ?? '*')));
  const named = parameters.add(byName.map((rule) => rule.owner));
  const rows = await store.aggregate<{ repository: string }>(
    `SELECT DISTINCT repository FROM (
       SELECT repository, coalesce(
         (SELECT rule.owner FROM unnest(${patterns}::text[], ${named}::text[]) WITH ORDINALITY AS rule (pattern, owner, place)
          WHERE newest.repository LIKE rule.pattern ORDER BY place LIMIT 1),
         (SELECT trim(image.labels ->> wanted.name) FROM push_image JOIN image ON image.digest = image_digest
            JOIN unnest(${parameters.add([imageLabel, ...labels])}::text[]) WITH ORDINALITY AS wanted (name, place) ON image.labels ? wanted.name
          WHERE push_id = newest.id ORDER BY place, image.digest LIMIT 1)) AS owner
       FROM (SELECT DISTINCT ON (connection, repository) id, repository FROM push WHERE state = 'analyzed'
         ORDER BY connection DESC, repository DESC, received_at DESC, id DESC) AS newest) AS owned
     WHERE ${textCondition('owner', [owner], parameters)}`,
    parameters.values,
  );
  return rows.map(({ repository }) => repository);
}
