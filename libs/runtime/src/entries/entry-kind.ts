import type { JsonObject, JsonValue } from '@tidewaiter/domain';
import type { Rules } from '@tidewaiter/policy';

/** Rules of the API for entries of a kind; their schema is that of `tidewaiter.yaml`. */
export interface EntryRules {
  /** Name of an entry that has none of its own; undefined if a name is required. */
  nameOf?(document: JsonObject): string;
  /** Adds what the API knows and the document leaves out. */
  complete?(document: JsonObject, author: string): JsonObject;
  /** Keys, at any depth, that hold secrets. */
  secretKeys: readonly string[];
  /** Parts of a document that decide where its secrets are sent: others need them again. */
  destination(document: JsonObject): JsonValue;
  /** Keys that only the file may have, with the reason. */
  fileOnly: Readonly<Record<string, string>>;
  /** Puts the strictest entry in place of one that cannot be read, so that nothing passes by it. */
  standIn(settings: { rules: Rules }, entry: { name: string; document: JsonObject }, reason: string): void;
}
