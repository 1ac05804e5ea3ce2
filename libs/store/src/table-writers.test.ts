import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import ts from 'typescript';

import { roleServices, sharedTables, tableWriters } from './core/table-access.js';

const root = join(__dirname, '../../..');
const write =
  /\b(?:INSERT INTO|UPDATE|DELETE FROM) (?:ONLY )?([a-z_]+)\b(?= (?:AS |SET |\(|WHERE |USING |[a-z]+ SET )|`|'|$|\s)/g;
/** Locking rows of a table needs the right to write it. */
const lock = /\bLOCK TABLE ([a-z_]+)|\bFROM ([a-z_]+)\b(?=[^`']*\bFOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)\b)/g;

/** A function or class member of the store, with the tables that its SQL writes and its callees. */
interface Part {
  tables: Set<string>;
  /** `Class.member`, `Class.*` for a repository that is passed on, or `path#function`. */
  calls: Set<string>;
}

/** Names in scope of a file. */
interface Scope {
  /**
   * Class of each parameter and field that holds a repository: `private readonly pushes: Pushes`.
   */
  holders: Map<string, string>;
  /** Functions of the file and those that it imports. */
  functions: Map<string, string>;
}

function sources(pattern: string): ts.SourceFile[] {
  return globSync(join(root, pattern))
    .filter((path) => !/\.test\.ts$|\/migrations\/|\/dist\//.test(path))
    .map((path) => ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
}

function scopeOf(file: ts.SourceFile, classes: ReadonlySet<string>): Scope {
  const scope: Scope = { holders: new Map(), functions: new Map() };
  const visit = (node: ts.Node) => {
    if ((ts.isParameter(node) || ts.isPropertyDeclaration(node)) && node.type) {
      const type = [...node.type.getText().matchAll(/\w+/g)].map(([name]) => name).find((name) => classes.has(name));
      if (type) scope.holders.set(node.name.getText(), type);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const statement of file.statements) {
    for (const name of functionsOf(statement)) scope.functions.set(name, `${file.fileName}#${name}`);
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const path = join(dirname(file.fileName), statement.moduleSpecifier.text).replace(/\.js$/, '.ts');
    const names = statement.importClause?.namedBindings;
    for (const { name } of names && ts.isNamedImports(names) ? names.elements : []) {
      scope.functions.set(name.text, `${path}#${name.text}`);
    }
  }
  return scope;
}

function functionsOf(statement: ts.Statement): string[] {
  if (ts.isFunctionDeclaration(statement)) return [statement.name!.text];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ name, initializer }) =>
    initializer && ts.isArrowFunction(initializer) ? [name.getText()] : [],
  );
}

/** @param own class of a member */
function partOf(node: ts.Node, { holders, functions }: Scope, own: string | null = null): Part {
  const part: Part = { tables: new Set(), calls: new Set() };
  const visit = (each: ts.Node) => {
    if (ts.isStringLiteralLike(each) || ts.isTemplateExpression(each)) {
      for (const [, table] of each.getText().matchAll(write)) part.tables.add(table!);
      for (const [, locked, read] of each.getText().matchAll(lock)) part.tables.add((locked ?? read)!);
    }
    if (ts.isPropertyAccessExpression(each)) {
      if (each.expression.kind === ts.SyntaxKind.ThisKeyword && own) part.calls.add(`${own}.${each.name.text}`);
      const type = holders.get(each.name.text);
      if (type && each.expression.kind === ts.SyntaxKind.ThisKeyword) part.calls.add(`${type}.${memberOf(each)}`);
      return visit(each.expression);
    }
    if (ts.isIdentifier(each)) {
      const called = functions.get(each.text);
      if (called) part.calls.add(called);
      const type = holders.get(each.text);
      if (type && !ts.isParameter(each.parent)) part.calls.add(`${type}.${memberOf(each)}`);
    }
    ts.forEachChild(each, visit);
  };
  visit(node);
  return part;
}

/** Member that is read of a repository; all where the repository is passed to a function. */
function memberOf(repository: ts.Node): string {
  const { parent } = repository;
  if (ts.isPropertyAccessExpression(parent) && parent.expression === repository) return parent.name.text;
  const isPassed = ts.isCallExpression(parent) || ts.isPropertyAssignment(parent);
  return isPassed && ts.isPropertyAccessExpression(repository) ? '*' : '';
}

function partsOfStore(): { parts: Map<string, Part>; classes: Set<string> } {
  const files = sources('libs/store/src/**/*.ts');
  const declared = files.flatMap((file) => file.statements.filter(ts.isClassDeclaration));
  const classes = new Set(declared.map(({ name }) => name!.text).filter((name) => !name.endsWith('Row')));
  const parts = new Map<string, Part>();
  for (const file of files) {
    const scope = scopeOf(file, classes);
    for (const statement of file.statements) {
      for (const name of functionsOf(statement)) parts.set(`${file.fileName}#${name}`, partOf(statement, scope));
      if (!ts.isClassDeclaration(statement)) continue;
      const own = statement.name!.text;
      for (const member of statement.members) {
        const name = member.name?.getText() ?? (ts.isConstructorDeclaration(member) ? 'constructor' : undefined);
        if (name === undefined) continue;
        const part = partOf(member, scope, own);
        // A hook that the constructor registers runs for the users of every member.
        if (name !== 'constructor') part.calls.add(`${own}.constructor`);
        parts.set(`${own}.${name}`, part);
      }
    }
  }
  return { parts, classes };
}

function tablesOf(calls: Iterable<string>, parts: ReadonlyMap<string, Part>): Set<string> {
  const tables = new Set<string>();
  const seen = new Set<string>();
  const waiting = [...calls];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (name.endsWith('.*')) waiting.push(...[...parts.keys()].filter((key) => key.startsWith(name.slice(0, -1))));
    const part = parts.get(name);
    for (const table of part?.tables ?? []) tables.add(table);
    waiting.push(...(part?.calls ?? []));
  }
  return tables;
}

describe('services', () => {
  it('write the tables that this list names', () => {
    const { parts, classes } = partsOfStore();
    const found: Record<string, string[]> = {};
    for (const service of roleServices) {
      const calls = sources(`services/${service}/**/src/**/*.ts`).flatMap((file) => [
        ...partOf(file, scopeOf(file, classes)).calls,
      ]);
      for (const table of tablesOf(calls, parts))
        if (!sharedTables.includes(table)) (found[table] ??= []).push(service);
    }
    expect(found).toEqual(tableWriters);
  });
});
