import { Injectable } from '@nestjs/common';
import { cut, includesRole, printable, type AccessRole, type AccessScope, roles } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import { type Page, pageOf, type PageRequest } from '../core/page.js';
import { json } from '../core/storable.js';
import { Store } from '../core/store.js';
import { checkLimits } from './limits.js';
import { UserRow } from './user-row.js';

/** Role of a user in effect, as SQL over the alias `person`. */
export const userRole = 'coalesce(person.assigned_role, person.group_role)';

/** Limits of a user in effect: they come with the role. */
export const userScopes =
  'CASE WHEN person.assigned_role IS NULL THEN person.group_scopes ELSE person.assigned_scopes END';

const columns = columnsOf(UserRow, { of: 'person' }).computed<{
  role: AccessRole | null;
  scopes: AccessScope[] | null;
}>({ role: userRole, scopes: userScopes });

export type User = RowOf<typeof columns>;

const responderColumns = columnsOf(UserRow, { of: 'person', only: ['name'] }).computed<{
  role: AccessRole;
  scopes: AccessScope[] | null;
}>({ role: userRole, scopes: userScopes });

/** A user who may work on incidents. */
export type Responder = RowOf<typeof responderColumns>;

/** Claims of an identity provider about a user. */
export interface Identity {
  issuer: string;
  subject: string;
  name: string;
  email: string | null;
  /** Role by the groups; null without one. */
  groupRole: AccessRole | null;
  /** Limits by the groups; null without. */
  groupScopes: AccessScope[] | null;
}

/** Change of a user by an administrator; undefined stays as it is. */
export interface UserChange {
  role?: AccessRole | null | undefined;
  /** Limits of the role; null without. */
  scopes?: AccessScope[] | null | undefined;
  disabled?: boolean | undefined;
}

const maxNameCharacters = 120;

/** Actors of the audit log that no user's name may imitate. */
const reservedName = '^(?:admin$|anonymous$|console$|ci:|cli:)';

/** Users of the console. */
@Injectable()
export class Users {
  constructor(private readonly store: Store) {}

  /**
   * Records a sign-in with the groups of now. A name that another user has gets the subject
   * behind it, as records name users by it.
   */
  async signedIn({ issuer, subject, name, email, groupRole, groupScopes }: Identity): Promise<User> {
    const shown = cut(printable(name), maxNameCharacters);
    const unique = `${shown} (${cut(printable(subject), maxNameCharacters)}, ${cut(printable(issuer), maxNameCharacters)})`;
    const [user] = await this.store.returning(
      columns,
      `INSERT INTO console_user AS person (id, issuer, subject, name, email, group_role, group_scopes, last_sign_in_at)
       SELECT $1, $2, $3, CASE WHEN $4 ~* '${reservedName}'
         OR EXISTS (SELECT FROM console_user WHERE name = $4 AND (issuer, subject) <> ($2, $3))
         OR EXISTS (SELECT FROM service_account WHERE name = $4) THEN $5 ELSE $4 END, $6, $7, $8, now()
       ON CONFLICT (issuer, subject) DO UPDATE SET name = excluded.name, email = excluded.email,
         group_role = excluded.group_role, group_scopes = excluded.group_scopes, last_sign_in_at = now()`,
      [uuidv7(), issuer, subject, shown, unique, email, groupRole, groupScopes && json(groupScopes)],
    );
    return user!;
  }

  /** Users, newest first. */
  async list({ limit, after }: PageRequest): Promise<Page<User>> {
    const rows = await this.store.rows(
      columns,
      'FROM console_user AS person WHERE ($1::uuid IS NULL OR person.id < $1) ORDER BY person.id DESC LIMIT $2',
      [after ?? null, limit + 1],
    );
    return pageOf(rows, limit);
  }

  /** Users who may work on incidents, sorted by their names. */
  async responders(): Promise<Responder[]> {
    return this.store.rows(
      responderColumns,
      `FROM console_user AS person WHERE person.disabled_at IS NULL AND ${userRole} = ANY($1) ORDER BY person.name`,
      [roles.filter((role) => includesRole(role, 'responder'))],
    );
  }

  /**
   * Assigns a role with its limits, or null for those of the groups, and disables or enables;
   * undefined stays as it is. Sessions follow with their next request. Null when there is no such
   * user.
   * @throws InvalidInput `ROLE_NOT_LIMITABLE`
   */
  async change(id: string, { role, scopes = null, disabled }: UserChange): Promise<User | null> {
    checkLimits(role ?? null, scopes);
    return this.store.transaction(async (tx) => {
      const [before] = await tx.rows(columns, 'FROM console_user AS person WHERE person.id = $1 FOR UPDATE', [id]);
      if (!before) return null;
      const [user] = await tx.returning(
        columns,
        `UPDATE console_user AS person SET
         assigned_role = CASE WHEN $2::boolean THEN $3 ELSE person.assigned_role END,
         assigned_scopes = CASE WHEN $2::boolean THEN $5 ELSE person.assigned_scopes END,
         disabled_at = CASE WHEN $4::boolean THEN coalesce(person.disabled_at, now()) WHEN NOT $4::boolean THEN NULL ELSE person.disabled_at END
       WHERE person.id = $1`,
        [id, role !== undefined, role ?? null, disabled ?? null, role == null || scopes === null ? null : json(scopes)],
      );
      tx.record({ subject: user!.name, before: accessOf(before), after: accessOf(user!) });
      return user!;
    });
  }
}

/** Part of a user that an administrator changes. */
function accessOf({ assignedRole, assignedScopes, disabledAt, role, scopes }: User): object {
  return { assignedRole, assignedScopes, disabledAt, role, scopes };
}
