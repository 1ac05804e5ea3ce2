import type { AdvisoryKeeper } from './advisory-keeper.js';

/**
 * Writes the same advisories to two stores: a record that either of them lacks is read again for
 * both.
 */
export function bothKeepers(first: AdvisoryKeeper, second: AdvisoryKeeper): AdvisoryKeeper {
  const most = async (ask: (keeper: AdvisoryKeeper) => Promise<number>) =>
    Math.max(await ask(first), await ask(second));
  return {
    update: (work) => first.update(() => second.update(work)),
    async feed(name) {
      const [one, other] = [await first.feed(name), await second.feed(name)];
      if (!one || !other) return null;
      return Date.parse(one.checkedAt) <= Date.parse(other.checkedAt) ? one : other;
    },
    async noteFeed(feed, changed) {
      await first.noteFeed(feed, changed);
      await second.noteFeed(feed, changed);
    },
    async known(ids) {
      const [one, other] = [await first.known(ids), await second.known(ids)];
      return new Map(
        [...one].flatMap(([id, at]) => (other.has(id) ? [[id, Math.min(at, other.get(id)!)] as const] : [])),
      );
    },
    put: (advisories) => most((keeper) => keeper.put(advisories)),
    idsOf: async (ecosystem) => [...new Set([...(await first.idsOf(ecosystem)), ...(await second.idsOf(ecosystem))])],
    async retire(ecosystem, ids) {
      await first.retire(ecosystem, ids);
      await second.retire(ecosystem, ids);
    },
    putKev: (list, entries) => most((keeper) => keeper.putKev(list, entries)),
    putEpss: (scores) => most((keeper) => keeper.putEpss(scores)),
    putEndOfLife: (products) => most((keeper) => keeper.putEndOfLife(products)),
    putRepositories: (repositories) => most((keeper) => keeper.putRepositories(repositories)),
  };
}
